#include "app/server_config.h"

#include <toml++/toml.h>

#include <functional>
#include <map>

namespace fumidai::app {

namespace {

using Setter = std::function<Result<void>(toml::node const&, ServerConfig&)>;

Error wrong_type(std::string wanted) {
  return {Errc::invalid, "must be " + std::move(wanted)};
}

Setter text(std::string ServerConfig::*member) {
  return [member](toml::node const& node, ServerConfig& config) -> Result<void> {
    auto value = node.value<std::string>();
    if (!value) return wrong_type("a string");
    config.*member = *value;
    return success();
  };
}

Setter truth(bool ServerConfig::*member) {
  return [member](toml::node const& node, ServerConfig& config) -> Result<void> {
    auto value = node.value<bool>();
    if (!value || !node.is_boolean()) return wrong_type("true or false");
    config.*member = *value;
    return success();
  };
}

Setter texts(std::vector<std::string> ServerConfig::*member) {
  return [member](toml::node const& node, ServerConfig& config) -> Result<void> {
    auto const* list = node.as_array();
    if (list == nullptr) return wrong_type("a list of strings");
    (config.*member).clear();
    for (auto const& entry : *list) {
      auto value = entry.value<std::string>();
      if (!value) return wrong_type("a list of strings");
      (config.*member).push_back(*value);
    }
    return success();
  };
}

template <class Assign>
Setter seconds(std::int64_t least, std::int64_t most, Assign assign) {
  return [=](toml::node const& node, ServerConfig& config) -> Result<void> {
    auto value = node.value<std::int64_t>();
    bool fits = value && node.is_integer() && *value >= least && *value <= most;
    if (!fits)
      return wrong_type("a number of seconds from " + std::to_string(least) + " to " + std::to_string(most));
    assign(config, std::chrono::seconds(*value));
    return success();
  };
}

template <class Assign>
Setter count(std::int64_t least, std::int64_t most, Assign assign) {
  return [=](toml::node const& node, ServerConfig& config) -> Result<void> {
    auto value = node.value<std::int64_t>();
    bool fits = value && node.is_integer() && *value >= least && *value <= most;
    if (!fits) return wrong_type("a number from " + std::to_string(least) + " to " + std::to_string(most));
    assign(config, static_cast<std::size_t>(*value));
    return success();
  };
}

std::map<std::string, Setter, std::less<>> const& settings() {
  static std::map<std::string, Setter, std::less<>> const all = {
      {"listen", texts(&ServerConfig::listen)},
      {"public_url", text(&ServerConfig::public_url)},
      {"names", texts(&ServerConfig::names)},
      {"region", text(&ServerConfig::region)},
      {"secret_file", text(&ServerConfig::secret_file)},
      {"tls_certificate", text(&ServerConfig::tls_certificate)},
      {"tls_key", text(&ServerConfig::tls_key)},
      {"tls_ca", text(&ServerConfig::tls_ca)},
      {"log_level", text(&ServerConfig::log_level)},
      {"lab_label", text(&ServerConfig::lab_label)},
      {"lab_ssm_agent", text(&ServerConfig::lab_ssm_agent)},
      {"lab_image", text(&ServerConfig::lab_image)},
      {"aws_limits", truth(&ServerConfig::aws_limits)},
      {"connect_domain", text(&ServerConfig::connect_domain)},
      {"connect_proxy", text(&ServerConfig::connect_proxy)},
      {"drain_seconds", seconds(0, 3600, [](auto& config, auto value) { config.drain = value; })},
      {"session_idle_seconds",
       seconds(60, 86400, [](auto& config, auto value) { config.session_limits.idle = value; })},
      {"session_longest_seconds",
       seconds(0, 30 * 86400, [](auto& config, auto value) { config.session_limits.duration = value; })},
      {"connections",
       count(16, 1'000'000, [](auto& config, auto value) { config.limits.connections = value; })},
      {"unproven_connections_per_address",
       count(1, 1'000'000, [](auto& config, auto value) { config.limits.unproven_per_address = value; })},
  };
  return all;
}

std::string place(io::Path const& path, toml::source_region const& source) {
  return path.string() + ":" + std::to_string(source.begin.line);
}

}  // namespace

Result<void> read_config_file(io::Path const& path, ServerConfig& config) {
  TRY(auto content, io::read_file(path, 1024 * 1024));
  toml::table table;
  try {
    table = toml::parse(content);
  } catch (toml::parse_error const& error) {
    return Error{Errc::malformed, place(path, error.source()) + ": " + std::string(error.description())};
  }
  for (auto const& [key, node] : table) {
    auto setting = settings().find(std::string_view(key.str()));
    if (setting == settings().end()) {
      std::string known;
      for (auto const& [name, setter] : settings()) known += (known.empty() ? "" : ", ") + name;
      return Error{Errc::invalid, place(path, node.source()) + ": unknown setting '" +
                                      std::string(key.str()) + "'; known ones: " + known};
    }
    auto set = setting->second(node, config);
    if (!set)
      return Error{Errc::invalid,
                   place(path, node.source()) + ": " + std::string(key.str()) + " " + set.error().detail};
  }
  return success();
}

}  // namespace fumidai::app
