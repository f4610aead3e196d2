#pragma once

// What the subcommands that talk to a plane have in common.

#include <CLI/App.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "client/plane.h"

namespace fumidai::app {

// --data-dir, --profile, --json.
struct ClientArguments {
  client::ProfileOptions profile;
  bool json = false;
  bool is_patient = false;  // the answer may take long; all else is told within client::kTold
};
void add_client_arguments(CLI::App& command, ClientArguments& arguments);
void add_json_argument(CLI::App& command, ClientArguments& arguments);

// Runs one coroutine on a loop of its own and returns what it returned.
template <class T>
Result<T> run_on_loop(asio::io_context& loop, awaitable<Result<T>> work) {
  std::optional<Result<T>> outcome;
  std::exception_ptr failure;
  asio::co_spawn(loop, std::move(work), [&](std::exception_ptr thrown, Result<T> value) {
    failure = thrown;
    outcome.emplace(std::move(value));
    loop.stop();  // connections that are kept for further calls have timers
  });
  loop.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(*outcome);
}

// The plane that the arguments and the environment name, by the environment's proxy.
Result<client::Plane> make_plane(client::ProfileOptions const& options);

// One call to the plane, with its answer.
Result<boost::json::value> call_plane(ClientArguments const& arguments, std::string service,
                                      std::string target, boost::json::object body);

// Rows as columns that line up, for people.
void print_table(std::vector<std::vector<std::string>> const& rows);
void print_json(boost::json::value const& value);

std::string own_program();  // its path, for running it again

// A word of ssh's ProxyCommand: quoted for the shell by which ssh runs that, after ssh has replaced what
// follows a percent sign.
std::string in_proxy_command(std::string_view word);

// The text, the list of a member: empty when it is not there.
std::string text_of(boost::json::value const& object, char const* member);
boost::json::array const& list_of(boost::json::value const& object, char const* member);

}  // namespace fumidai::app
