// How long from StartSession to the first prompt of a shell? Budget: 30 ms on loopback.
//   build/release/session_start [SESSIONS]

#include <pty.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>

#include "bench_session.h"

namespace fumidai::bench {
namespace {

struct Samples {
  std::vector<double> handshake, command, shell;
};

struct Kind {
  char const* document;
  std::map<std::string, std::vector<std::string>> parameters;
  std::vector<double> Samples::*first_output;
};

double since(io::SteadyTime begun) {
  return std::chrono::duration<double, std::milli>(io::SteadyClock::now() - begun).count();
}

awaitable<void> measure(BenchPlane const& plane, int count, Samples& samples) {
  auto executor = co_await asio::this_coro::executor;
  auto client = plane.client();
  Kind kinds[] = {{"AWS-StartNonInteractiveCommand",
                   {{"command", {"/bin/echo prompt"}}, {"separateOutputStream", {"true"}}},
                   &Samples::command},
                  {"", {}, &Samples::shell}};
  for (int i = 0; i < count; i++) {
    for (auto const& kind : kinds) {
      BenchSession session(executor, client);
      std::string document = kind.document;
      auto parameters = kind.parameters;
      auto begun = io::SteadyClock::now();
      auto opened = co_await session.open(plane.agent_id(), document, parameters);
      if (!opened) fail(opened.error().detail);
      samples.handshake.push_back(since(begun));
      auto output = co_await session.link().receive();
      if (!output) fail(output.error().detail);
      (samples.*kind.first_output).push_back(since(begun));
      co_await session.close();
    }
  }
}

// In the environment that a login gives.
[[noreturn]] void start_login_shell() {
  auto const* user = ::getpwuid(::getuid());
  std::string home = user->pw_dir, name = user->pw_name, shell = user->pw_shell;
  ::clearenv();
  for (auto const& [variable, value] :
       {std::pair<char const*, std::string>{"HOME", home},
        {"USER", name},
        {"LOGNAME", name},
        {"SHELL", shell},
        {"TERM", "xterm-256color"},
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}})
    ::setenv(variable, value.c_str(), 1);
  [[maybe_unused]] int status = ::chdir(home.c_str());
  // Under its own name: bash that is called sh reads other profiles.
  auto login_name = "-" + shell.substr(shell.rfind('/') + 1);
  ::execl(shell.c_str(), login_name.c_str(), nullptr);
  ::_exit(127);
}

// What a login shell takes for itself on this machine, from its start to its prompt: reading profiles is not
// ours.
double shell_alone() {
  std::vector<double> samples;
  for (int i = 0; i < 20; i++) {
    auto begun = io::SteadyClock::now();
    int terminal = -1;
    auto child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) start_login_shell();
    char first = 0;
    if (::read(terminal, &first, 1) == 1) samples.push_back(since(begun));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(terminal);
  }
  return quantile(samples, 0.5);
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  using namespace fumidai::bench;
  int count = argc > 1 ? std::atoi(argv[1]) : 100;
  BenchPlane plane;
  plane.start_agent();
  Samples samples;
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, measure(plane, count, samples), [&](std::exception_ptr) { loop.stop(); });
  loop.run();
  auto say = [](char const* what, std::vector<double> const& values) {
    std::printf("  %-44s p50 %5.1f ms, p99 %5.1f ms\n", what, quantile(values, 0.5), quantile(values, 0.99));
  };
  std::printf(
      "session_start, %d sessions of each kind, our client with our agent on loopback, from StartSession "
      "to\n",
      count);
  say("the end of the handshake:", samples.handshake);
  say("the first output of a command:", samples.command);
  say("the first prompt of a login shell:", samples.shell);
  auto alone = shell_alone();
  std::printf(
      "  a login shell alone takes %.1f ms to its prompt on this machine: what is ours of the prompt's time "
      "is %.1f ms (budget 30)\n",
      alone, quantile(samples.shell, 0.5) - alone);
}
