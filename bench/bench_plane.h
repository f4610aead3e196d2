#pragma once

// A plane to measure: a server process with a fresh data directory, and what a benchmark needs to talk to it.
// All of it is gone when this goes away.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <vector>

#include "agent/plane_client.h"
#include "client/plane.h"

namespace fumidai::bench {

class BenchPlane {
 public:
  // With more words for `fumidai server`.
  explicit BenchPlane(std::vector<std::string> options = {});
  ~BenchPlane();

  // Ends the server by SIGKILL and starts it again, at the same address.
  void restart();

  client::Plane client() const;
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  io::Path directory() const { return directory_; }
  io::Path database() const { return directory_ / "data" / "fumidai.db"; }
  pid_t server() const { return server_; }

  // Registers agents' identities, all under one key: making ten thousand keys is not what is measured.
  std::vector<agent::Identity> register_agents(std::size_t count, std::string const& role = "SSMServiceRole");

  // Starts the real agent with that identity; its process is the caller's to end.
  pid_t run_agent(agent::Identity const& identity, std::vector<std::string> const& options = {}) const;
  // Starts the real agent on this machine and waits until it is connected; returns its process id.
  pid_t start_agent();
  std::string agent_id() const { return agent_id_; }

 private:
  void start();
  template <class T>
  T run(awaitable<Result<T>> work);

  asio::io_context loop_{1};

  std::vector<std::string> options_;
  io::Path directory_;
  std::uint16_t port_ = 0;
  pid_t server_ = -1, agent_ = -1;
  std::string agent_id_;
};

// Resident memory of a process in KiB, in all and its anonymous part.
struct Memory {
  long total = 0, anonymous = 0;
};
Memory memory_of(pid_t process);
double cpu_seconds_of(pid_t process);

// One that was built beside this one.
io::Path program(char const* name);
// A process that does this until the benchmark ends.
pid_t start_worker(std::function<void()> const& work);
void stop_process(pid_t process, int signal);

// The value below which this part (0 to 1) of the samples is.
double quantile(std::vector<double> samples, double part);

// To its end, on a loop of its own.
void run_alone(awaitable<void> work);

void fail(std::string const& why);

}  // namespace fumidai::bench
