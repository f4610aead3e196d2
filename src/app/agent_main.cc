// fumidai-agent: the outbound agent. Registers this host with a plane, and runs.

#include <signal.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>

#include "agent/control.h"
#include "agent/identity.h"
#include "agent/platform.h"
#include "app/systemd.h"
#include "base/log.h"

namespace fumidai::app {
namespace {

struct Options {
  std::string url, ca_file, activation_id, activation_code, state_directory = "/var/lib/fumidai-agent", name,
                                                            session_user, region = "us-east-1";
  std::string session_program, log_level = "info";
  bool force = false;
};

int fail(Error const& error) {
  std::fprintf(stderr, "fumidai-agent: %s\n", error.detail.c_str());
  return 1;
}

Result<void> register_host(Options const& options) {
  io::Path state = std::filesystem::absolute(options.state_directory);
  if (auto known = agent::load_identity(state); known && !options.force) {
    return Error{Errc::conflict, "this host is registered already, as " + known->instance_id + " at " +
                                     known->url + "; use --force to register it anew"};
  }
  agent::Identity identity;
  identity.url = options.url;
  identity.region = options.region;
  identity.session_user = options.session_user;
  if (!options.ca_file.empty()) {
    TRY(identity.ca_pem, io::read_file(options.ca_file));
  }
  TRY(auto plane, agent::PlaneClient::make(std::move(identity)));
  // Before an activation is spent: can what it gives us be kept?
  CHECK(io::make_directory(state, 0700));
  CHECK(io::write_file(state / ".writable", "", 0600));
  io::remove_file(state / ".writable");

  agent::Activation activation{options.activation_id, Secret(options.activation_code), options.name};
  asio::io_context loop(1);
  Result<void> outcome = success();
  asio::co_spawn(loop, plane.register_host(activation),
                 [&](std::exception_ptr failure, Result<void> verdict) {
                   if (failure) std::rethrow_exception(failure);
                   outcome = std::move(verdict);
                   loop.stop();  // the connection that is kept for further calls has timers
                 });
  loop.run();
  CHECK(std::move(outcome));
  CHECK(agent::save_identity(state, plane.identity()));
  std::printf("%s\n", plane.identity().instance_id.c_str());
  return success();
}

io::Path session_program(Options const& options) {
  if (!options.session_program.empty()) return std::filesystem::absolute(options.session_program);
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / agent::kSessionProgram;
}

Result<void> run_agent(Options const& options) {
  LogLevel level;
  if (!parse_log_level(options.log_level, level))
    return Error{Errc::invalid, "the log level is one of error, warn, info, debug"};
  set_log_level(level);
  io::Path state = std::filesystem::absolute(options.state_directory);
  TRY(auto identity, agent::load_identity(state));
  auto program = session_program(options);
  if (!std::filesystem::exists(program))
    return Error{Errc::not_found, "the program that serves sessions is missing: " + program.string()};
  TRY(auto plane, agent::PlaneClient::make(std::move(identity)));

  asio::io_context loop(1);
  agent::Agent agent(loop.get_executor(), std::move(plane), {state, program});
  asio::co_spawn(loop, agent.run(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  // Sessions go on without us, and with the next process of ours.
  asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([](boost::system::error_code, int) {
    log_info("stopping");
    std::_Exit(0);
  });
  notify_systemd("READY=1");
  loop.run();
  return success();
}

}  // namespace
}  // namespace fumidai::app

int main(int argc, char** argv) {
  using namespace fumidai::app;
  Options options;
  CLI::App app{"The agent on a host that accepts no connections: it dials out to a Fumidai plane",
               "fumidai-agent"};
  app.set_version_flag("--version", std::string("fumidai-agent ") + FUMIDAI_VERSION + " (" +
                                        fumidai::agent::kAgentVersion + ")");
  app.require_subcommand(1);
  auto* enrol = app.add_subcommand("register", "Register this host with an activation; prints its id");
  enrol->add_option("--url", options.url, "The plane: https://HOST[:PORT]")->required();
  enrol->add_option("--ca", options.ca_file,
                    "The CA of the plane (its ca.pem); without it the roots of this machine count");
  enrol->add_option("--activation-id", options.activation_id)->required();
  enrol->add_option("--activation-code", options.activation_code)->required();
  enrol->add_option(
      "--session-user", options.session_user,
      "As whom sessions run; default: ssm-user where there is one, otherwise the agent's own user");
  enrol->add_option("--region", options.region, "The plane's region")->capture_default_str();
  enrol->add_flag("--force", options.force, "Register anew, and forget the old identity");
  auto* run = app.add_subcommand("run", "Stay connected to the plane and serve sessions");
  run->add_option("--session-program", options.session_program,
                  "The program that serves one session; default: fumidai-agent-session beside this one");
  run->add_option("--log-level", options.log_level, "error, warn, info or debug")->capture_default_str();
  for (auto* command : {enrol, run})
    command->add_option("--state-dir", options.state_directory, "Where the agent keeps its identity")
        ->capture_default_str();
  enrol->add_option("--name", options.name,
                    "The host's name on the plane; default: the activation's, or none");
  CLI11_PARSE(app, argc, argv);
  auto verdict = app.got_subcommand(enrol) ? register_host(options) : run_agent(options);
  return verdict ? 0 : fail(verdict.error());
}
