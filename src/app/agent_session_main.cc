// fumidai-agent-session: serves one session. Started by fumidai-agent, which writes the job to its standard
// input and reads the result from its standard output.

#include <signal.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>

#include "agent/identity.h"
#include "agent/session_worker.h"
#include "app/proxy_environment.h"

namespace fumidai::app {
namespace {

constexpr char const* kHelp =
    R"(Serves one session: its shell or command, and its data channel. fumidai-agent starts it for each session, with a job on its
standard input; it is not for people to start. See: fumidai-agent --help
)";

// An agent that is gone does not hear it; the plane sees the goodbye on the data channel.
template <class Shape>
void tell_agent(Shape const& shape) {
  auto line = wire::to_json_text(shape) + "\n";
  [[maybe_unused]] auto written = ::write(STDOUT_FILENO, line.data(), line.size());
}

Result<std::string> read_input() {
  std::string text;
  char chunk[4096];
  for (;;) {
    auto count = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("read the job");
    if (count == 0) return text;
    text.append(chunk, static_cast<std::size_t>(count));
    if (text.size() > 1024 * 1024) return Error{Errc::too_large, "a job of more than a megabyte"};
  }
}

Result<agent::SessionResult> serve() {
  TRY(auto text, read_input());
  if (text.empty()) return Error{Errc::closed, "The agent could not get credentials for the session."};
  TRY(auto job, wire::from_json_text<agent::SessionJob>(text));
  TRY(auto content, wire::from_json_text<wire::InteractiveShellContent>(job.content));
  TRY(auto identity, agent::load_identity(job.state_directory));
  TRY(auto plane,
      agent::PlaneClient::make(std::move(identity), agent::kSessionKeepAlive, proxies_of_environment()));
  plane.use_credentials(
      {{job.access_key_id, job.secret_access_key, job.session_token}, job.issued_at, job.expires_at});

  asio::io_context loop(1);
  agent::SessionWorker worker(loop.get_executor(), std::move(plane), std::move(content));
  worker.on_process = [](pid_t id) { tell_agent(agent::SessionStart{id}); };
  asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code cancelled, int) {
    if (!cancelled) worker.stop();
  });
  agent::SessionResult result;
  std::exception_ptr failure;
  asio::co_spawn(loop, worker.run(), [&](std::exception_ptr thrown, agent::SessionResult value) {
    failure = thrown;
    result = std::move(value);
    loop.stop();
  });
  loop.run();
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace
}  // namespace fumidai::app

int main(int argc, char** argv) {
  using namespace fumidai;
  // The agent gives it the ids of the session and of the instance, to be seen in the list of processes.
  if (argc > 1 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) {
    std::fputs(app::kHelp, stdout);
    return 0;
  }
  auto served = app::serve();
  auto result = served ? *served : agent::SessionResult{"Failed", served.error().detail};
  app::tell_agent(result);
  return served ? 0 : 1;
}
