#include "bench_plane.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/bytes.h"
#include "base/random.h"
#include "base/rsa.h"

namespace fumidai::bench {

using namespace std::chrono_literals;

namespace {

pid_t start_process(std::vector<std::string> const& words, io::Path const& log) {
  auto child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // also when the benchmark fails
  int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::close_range(3, ~0u, 0);  // a connection of ours ends when we close it
  std::vector<char*> arguments;
  for (auto const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

io::Path program(char const* name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

void stop_process(pid_t process, int signal) {
  if (process <= 0) return;
  ::kill(process, signal);
  ::waitpid(process, nullptr, 0);
}

pid_t start_worker(std::function<void()> const& work) {
  std::fflush(nullptr);
  auto child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  work();
  ::_exit(0);
}

void fail(std::string const& why) {
  std::fprintf(stderr, "the benchmark cannot run: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T BenchPlane::run(awaitable<Result<T>> work) {
  std::optional<Result<T>> outcome;
  asio::co_spawn(loop_, std::move(work), [&](std::exception_ptr, Result<T> value) {
    outcome.emplace(std::move(value));
    loop_.stop();
  });
  loop_.restart();
  loop_.run();
  if (!*outcome) fail(outcome->error().detail);
  if constexpr (!std::is_void_v<T>) return std::move(**outcome);
}

BenchPlane::BenchPlane(std::vector<std::string> options)
    : options_(std::move(options)),
      directory_(std::filesystem::temp_directory_path() / ("fumidai-bench-" + random_hex(10))) {
  std::filesystem::create_directory(directory_);
  std::ofstream(directory_ / "secret") << random_hex(64) << "\n";
  start();
  auto text = *io::read_file(directory_ / "data" / "endpoint");
  port_ = wire::parse_url(trimmed(text))->port;
}

BenchPlane::~BenchPlane() {
  stop_process(agent_, SIGTERM);
  stop_process(server_, SIGTERM);
  std::filesystem::remove_all(directory_);
}

void BenchPlane::start() {
  auto data = directory_ / "data";
  auto listen = "127.0.0.1:" + std::to_string(port_);
  std::vector<std::string> words{program("fumidai").string(),
                                 "server",
                                 "--data-dir",
                                 data.string(),
                                 "--listen",
                                 listen,
                                 "--secret-file",
                                 (directory_ / "secret").string(),
                                 "--log-level",
                                 "error"};
  words.insert(words.end(), options_.begin(), options_.end());
  server_ = start_process(words, directory_ / "server.log");
  for (int i = 0; i < 1000 && !std::filesystem::exists(data / "endpoint"); i++)
    std::this_thread::sleep_for(10ms);
  if (!std::filesystem::exists(data / "endpoint"))
    fail("the server did not start; see " + (directory_ / "server.log").string());
}

void BenchPlane::restart() {
  stop_process(server_, SIGKILL);
  std::filesystem::remove(directory_ / "data" / "endpoint");
  start();
}

client::Plane BenchPlane::client() const {
  auto profile = client::find_profile({(directory_ / "data").string(), "", "", ""});
  if (!profile) fail(profile.error().detail);
  return std::move(*client::Plane::make(std::move(*profile)));
}

std::vector<agent::Identity> BenchPlane::register_agents(std::size_t count, std::string const& role) {
  std::vector<agent::Identity> identities;
  auto plane = client();
  auto key = generate_rsa_key();
  agent::Identity blank;
  blank.url = url();
  blank.ca_pem = plane.profile().ca_pem;
  blank.region = plane.profile().region;
  auto registrar = *agent::PlaneClient::make(blank);
  agent::Activation activation;
  for (std::size_t i = 0; i < count; i++) {
    if (i % 1000 == 0) {
      auto answer = run(
          plane.call("ssm", "AmazonSSM.CreateActivation", {{"IamRole", role}, {"RegistrationLimit", 1000}}));
      activation.id = answer.as_object().at("ActivationId").as_string();
      activation.code = Secret(std::string(answer.as_object().at("ActivationCode").as_string()));
    }
    run(registrar.register_host(activation, key));
    identities.push_back(registrar.identity());
  }
  return identities;
}

pid_t BenchPlane::run_agent(agent::Identity const& identity, std::vector<std::string> const& options) const {
  auto state = directory_ / identity.instance_id;
  if (auto saved = agent::save_identity(state, identity); !saved) fail(saved.error().detail);
  std::vector<std::string> words{program("fumidai-agent").string(), "run", "--state-dir", state.string()};
  words.insert(words.end(), options.begin(), options.end());
  return start_process(words, directory_ / "agent.log");
}

pid_t BenchPlane::start_agent() {
  auto identity = register_agents(1)[0];
  agent_id_ = identity.instance_id;
  agent_ = run_agent(identity);
  auto plane = client();
  for (int i = 0; i < 1000; i++) {
    auto answer = run(plane.call("ssm", "AmazonSSM.GetConnectionStatus", {{"Target", agent_id_}}));
    if (answer.as_object().at("Status").as_string() == "connected") return agent_;
    std::this_thread::sleep_for(10ms);
  }
  fail("the agent did not connect; see " + (directory_ / "agent.log").string());
  return -1;
}

void run_alone(awaitable<void> work) {
  asio::io_context loop(1);
  asio::co_spawn(loop, std::move(work), [&](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    loop.stop();
  });
  loop.run();
}

Memory memory_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  Memory memory;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) memory.total = std::stol(line.substr(6));
    if (line.starts_with("RssAnon:")) memory.anonymous = std::stol(line.substr(8));
  }
  return memory;
}

double cpu_seconds_of(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stat, text);
  auto fields = split(std::string_view(text).substr(text.rfind(')') + 2), ' ');
  return static_cast<double>(std::stol(std::string(fields.at(11))) + std::stol(std::string(fields.at(12)))) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double quantile(std::vector<double> samples, double part) {
  if (samples.empty()) return 0;
  auto at = samples.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

}  // namespace fumidai::bench
