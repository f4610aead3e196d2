#include "app/client_command.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>

#include "app/proxy_environment.h"
#include "wire/json_shape.h"

namespace fumidai::app {

namespace json = boost::json;

void add_client_arguments(CLI::App& command, ClientArguments& arguments) {
  command.add_option("--data-dir", arguments.profile.data_directory,
                     "The data directory of a server on this machine");
  command.add_option("--profile", arguments.profile.name, "A profile of AWS's credentials file");
}

void add_json_argument(CLI::App& command, ClientArguments& arguments) {
  command.add_flag("--json", arguments.json, "Print JSON, for programs");
}

Result<client::Plane> make_plane(client::ProfileOptions const& options) {
  TRY(auto profile, client::find_profile(options));
  profile.proxies = proxies_of_environment();
  return client::Plane::make(std::move(profile));
}

namespace {

awaitable<Result<json::value>> after_connecting(client::Plane& plane, awaitable<Result<json::value>> asking) {
  CO_CHECK(co_await plane.connect());
  co_return co_await std::move(asking);
}

}  // namespace

Result<json::value> call_plane(ClientArguments const& arguments, std::string service, std::string target,
                               json::object body) {
  asio::io_context loop(1);  // before the plane: a connection that is kept must not outlive its loop
  TRY(auto plane, make_plane(arguments.profile));
  auto asking = plane.call(std::move(service), std::move(target), std::move(body));
  if (arguments.is_patient) return run_on_loop(loop, after_connecting(plane, std::move(asking)));
  return run_on_loop(loop, plane.until(client::time_to_tell(), std::move(asking)));
}

void print_table(std::vector<std::vector<std::string>> const& rows) {
  std::vector<std::size_t> widths;
  for (auto const& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); i++)
      widths[i] = std::max(widths[i], wire::character_count(row[i]));
  }
  for (auto const& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); i++) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - wire::character_count(row[i]) + 2, ' ');
    }
    std::printf("%s\n", line.c_str());
  }
}

void print_json(json::value const& value) {
  std::printf("%s\n", json::serialize(value).c_str());
}

std::string own_program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

std::string in_proxy_command(std::string_view word) {
  std::string quoted = "'";
  for (char each : word)
    quoted += each == '\'' ? std::string("'\\''") : each == '%' ? std::string("%%") : std::string(1, each);
  return quoted + "'";
}

std::string text_of(json::value const& object, char const* member) {
  auto const* value = object.is_object() ? object.get_object().if_contains(member) : nullptr;
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

json::array const& list_of(json::value const& object, char const* member) {
  static json::array const none;
  auto const* list = object.as_object().if_contains(member);
  return list != nullptr && list->is_array() ? list->get_array() : none;
}

}  // namespace fumidai::app
