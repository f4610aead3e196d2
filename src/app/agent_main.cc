// fumidai-agent: the outbound agent. Registers this host with a plane, and runs.

#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <thread>

#include "agent/control.h"
#include "agent/identity.h"
#include "agent/keys_socket.h"
#include "agent/platform.h"
#include "app/arguments.h"
#include "app/proxy_environment.h"
#include "app/systemd.h"
#include "base/log.h"
#include "io/idle_memory.h"

namespace fumidai::app {
namespace {

constexpr char const* kHelp =
    R"(The agent on a host that accepts no connections: it dials out to a Fumidai plane.

  fumidai-agent register --url URL --activation-id ID --activation-code CODE [options]
      Register this host; prints its id.
      --ca FILE             the CA of the plane (its ca.pem); without it the roots of this machine count
      --name NAME           the host's name on the plane; default: the activation's, or none
      --session-user USER   as whom sessions run; default: ssm-user where there is one, otherwise the agent's own user
      --region REGION       the plane's region (us-east-1), for planes that do not tell
      --force               register anew, and forget the old identity

  fumidai-agent run [options]
      Stay connected to the plane and serve sessions.
      --ec2                    this is an instance of EC2: who it is and its role come from its metadata service,
                               and the plane is reached as ssm.REGION.amazonaws.com; takes --ca and --session-user
      --endpoint ID            carry the tunnels of this connect endpoint (eice-…) into the network of this host; its role
                               needs fumidai:ServeEndpoint. On SIGTERM it takes no more, and ends with the last of them
      --session-program FILE   what serves one session; default: fumidai-agent-session beside this program
      --keys-dir DIR           where the socket is on which sshd's fumidai-authorized-keys asks for pushed keys; default
                               /run/fumidai-agent, and none with --state-dir. A directory of its own
      --keys-user USER         whose group may ask there; default ec2-instance-connect
      --log-level LEVEL        error, warn, info (default) or debug

  Both: --state-dir DIR   where the agent keeps its identity; default /var/lib/fumidai-agent
  HTTPS_PROXY and NO_PROXY of the environment count, as with curl: http://[USER:PASSWORD@]HOST:PORT
)";

constexpr char const* kStateDirectory = "/var/lib/fumidai-agent";

template <class Value>
Result<Value> run_to_end(asio::io_context& loop, awaitable<Result<Value>> work) {
  std::optional<Result<Value>> outcome;
  asio::co_spawn(loop, std::move(work), [&](std::exception_ptr failure, Result<Value> value) {
    if (failure) std::rethrow_exception(failure);
    outcome.emplace(std::move(value));
    loop.stop();  // connections that are kept have timers
  });
  loop.restart();
  loop.run();
  return *std::move(outcome);
}

// By hand: the C library's look-up does not work in a static program.
bool is_local_user(std::string const& name) {
  auto users = io::read_file("/etc/passwd");
  return !users || ("\n" + *users).find("\n" + name + ":") != std::string::npos;
}

Result<void> register_host(Arguments const& options) {
  io::Path state = std::filesystem::absolute(options.value("--state-dir", kStateDirectory));
  if (auto known = agent::load_identity(state); known && !options.has("--force")) {
    return Error{Errc::conflict, "this host is registered already, as " + known->instance_id + " at " +
                                     known->url + "; use --force to register it anew"};
  }
  agent::Identity identity;
  identity.url = options.value("--url");
  identity.region = options.value("--region", "us-east-1");
  identity.session_user = options.value("--session-user");
  if (options.has("--ca")) {
    TRY(identity.ca_pem, io::read_file(options.value("--ca")));
  }
  asio::io_context loop(1);
  TRY(auto plane, agent::PlaneClient::make(std::move(identity), {}, proxies_of_environment()));
  // Before an activation is spent: can what it gives us be kept?
  CHECK(io::make_directory(state, 0700));
  CHECK(io::write_file(state / ".writable", "", 0600));
  io::remove_file(state / ".writable");

  agent::Activation activation{options.value("--activation-id"), Secret(options.value("--activation-code")),
                               options.value("--name")};
  CHECK(run_to_end(loop, plane.register_host(activation)));
  CHECK(agent::save_identity(state, plane.identity()));
  std::printf("%s\n", plane.identity().instance_id.c_str());
  auto const& user = plane.identity().session_user;
  if (!user.empty() && !is_local_user(user))
    std::fprintf(
        stderr,
        "note: /etc/passwd has no user %s; unless it comes from elsewhere, sessions fail until there is "
        "one (useradd -m %s)\n",
        user.c_str(), user.c_str());
  return success();
}

io::Path session_program(Arguments const& options) {
  if (options.has("--session-program")) return std::filesystem::absolute(options.value("--session-program"));
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / agent::kSessionProgram;
}

awaitable<Result<agent::Identity>> ask_metadata() {
  CO_TRY(auto metadata, agent::InstanceMetadata::make());
  agent::Identity identity;
  identity.of_ec2 = true;
  CO_TRY(identity.instance_id, co_await metadata.instance_id());
  CO_TRY(identity.region, co_await metadata.region());
  identity.url = "https://ssm." + identity.region + ".amazonaws.com";
  identity.channel_url = "https://ssmmessages." + identity.region + ".amazonaws.com";
  co_return identity;
}

// Kept for the processes of sessions. The service may be later than we are: asked until it answers.
Result<agent::Identity> identity_of_ec2(asio::io_context& loop, Arguments const& options,
                                        io::Path const& state) {
  CHECK(io::make_directory(state, 0700));
  for (;;) {
    auto identity = run_to_end(loop, ask_metadata());
    if (identity) {
      identity->session_user = options.value("--session-user");
      if (options.has("--ca")) {
        TRY(identity->ca_pem, io::read_file(options.value("--ca")));
      }
      CHECK(agent::save_identity(state, *identity));
      return identity;
    }
    if (identity.error().code == Errc::invalid) return identity.error();
    log_warn("no identity yet", {{"why", identity.error().detail}});
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

// Where the state directory is the host's own, the socket is at the host's own place, if that can be; other
// agents have none by themselves. Without it all else works.
Result<std::unique_ptr<agent::KeysSocket>> keys_socket(asio::io_context& loop, Arguments const& options,
                                                       agent::Identity const& identity) {
  bool is_wanted = options.has("--keys-dir");
  if (!is_wanted && options.has("--state-dir")) return nullptr;
  auto directory = std::filesystem::absolute(options.value("--keys-dir", agent::kKeysDirectory));
  auto socket =
      agent::KeysSocket::make(loop.get_executor(), identity, directory,
                              options.value("--keys-user", agent::kKeysUser), proxies_of_environment());
  if (socket || is_wanted) return socket;
  log_info("pushed keys are not told to sshd", {{"why", socket.error().detail}});
  return nullptr;
}

Result<void> check_endpoint(std::string const& id) {
  if (id.empty()) return success();
  bool is_one = id.starts_with("eice-") && id.find_first_not_of("0123456789abcdef", 5) == id.npos;
  if (!is_one)
    return Error{Errc::invalid, "'" + escaped(id, 64) +
                                    "' is no connect endpoint; it looks like eice-… and is made "
                                    "with: aws ec2 create-instance-connect-endpoint"};
  return success();
}

// Each tunnel is two connections.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Sessions go on without us, and with the next process of ours. Tunnels do not: they are waited for, until we
// are told a second time.
awaitable<void> end_on_signal(agent::Agent& agent, bool carries_tunnels) {
  using namespace asio::experimental::awaitable_operators;
  asio::signal_set signals(co_await asio::this_coro::executor, SIGTERM, SIGINT);
  co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
  if (carries_tunnels) co_await (agent.drain() || signals.async_wait(asio::as_tuple(asio::use_awaitable)));
  log_info("stopping");
  std::_Exit(0);
}

Result<void> run_agent(Arguments const& options) {
  LogLevel level;
  if (!parse_log_level(options.value("--log-level", "info"), level))
    return Error{Errc::invalid, "the log level is one of error, warn, info, debug"};
  set_log_level(level);
  io::Path state = std::filesystem::absolute(options.value("--state-dir", kStateDirectory));
  io::use_little_memory_for_tls();
  io::keep_memory_between_messages();
  asio::io_context loop(1);
  TRY(auto identity,
      options.has("--ec2") ? identity_of_ec2(loop, options, state) : agent::load_identity(state));
  auto lock = io::FileLock::take(state / "lock");
  if (!lock && lock.error().code == Errc::conflict)
    return Error{Errc::conflict, "another agent runs with the state directory " + state.string() +
                                     "; stop it, or register another one with --state-dir"};
  if (!lock) return lock.error();
  auto program = session_program(options);
  TRY(auto has_program, io::exists(program));
  if (!has_program)
    return Error{Errc::not_found, "the program that serves sessions is missing: " + program.string()};
  TRY(auto plane,
      agent::PlaneClient::make(std::move(identity), agent::kControlKeepAlive, proxies_of_environment()));

  TRY(auto keys, keys_socket(loop, options, plane.identity()));
  if (keys)
    asio::co_spawn(loop, keys->run(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  loop.restart();
  auto endpoint = std::string(options.value("--endpoint"));
  CHECK(check_endpoint(endpoint));
  if (!endpoint.empty()) raise_descriptor_limit();  // which sessions would inherit
  agent::Agent agent(loop.get_executor(), std::move(plane), {state, program, endpoint});
  asio::co_spawn(loop, agent.run(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  asio::co_spawn(loop, end_on_signal(agent, !endpoint.empty()), asio::detached);
  notify_systemd("READY=1");
  loop.run();
  return success();
}

Result<void> run_command(std::string_view command, std::vector<std::string_view> const& words) {
  if (command == "register") {
    TRY(auto options, Arguments::parse(words, {{"--url", true, true},
                                               {"--activation-id", true, true},
                                               {"--activation-code", true, true},
                                               {"--ca"},
                                               {"--name"},
                                               {"--session-user"},
                                               {"--region"},
                                               {"--state-dir"},
                                               {"--force", false}}));
    return register_host(options);
  }
  if (command == "run") {
    TRY(auto options, Arguments::parse(words, {{"--endpoint"},
                                               {"--session-program"},
                                               {"--log-level"},
                                               {"--state-dir"},
                                               {"--keys-dir"},
                                               {"--keys-user"},
                                               {"--ec2", false},
                                               {"--ca"},
                                               {"--session-user"}}));
    return run_agent(options);
  }
  return Error{Errc::invalid,
               "'" + escaped(command, 64) + "' is not a command; there are register and run, see --help"};
}

}  // namespace
}  // namespace fumidai::app

int main(int argc, char** argv) {
  using namespace fumidai;
  std::vector<std::string_view> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" ||
      (words.size() == 2 && words[1] == "--help")) {
    std::fputs(app::kHelp, words.empty() ? stderr : stdout);
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version") {
    std::printf("fumidai-agent %s (%s)\n", FUMIDAI_VERSION, agent::kAgentVersion);
    return 0;
  }
  auto done = app::run_command(words[0], {words.begin() + 1, words.end()});
  if (done) return 0;
  std::fprintf(stderr, "fumidai-agent: %s\n", done.error().detail.c_str());
  return 1;
}
