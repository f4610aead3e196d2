// How long does it take to be there? `fumidai ssh HOST true` through a connect endpoint against plain `ssh`
// through a jump host, and what a tunnel alone takes to its first byte. All on this machine, and the same
// sshd at the end of both. Needs root, and Debian's openssh-server.
//   build/release/tunnel_connect [TIMES]

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "bench_endpoint.h"
#include "client/channel_tunnel.h"
#include "client/websocket_tunnel.h"
#include "own_world.h"
#include "tunnel_ends.h"

namespace fumidai::bench {
namespace {

constexpr std::uint16_t kPort = 2222;

double since(io::SteadyTime begun) {
  return std::chrono::duration<double, std::milli>(io::SteadyClock::now() - begun).count();
}

void run_words(std::string const& command) {
  if (std::system(command.c_str()) != 0) fail("this failed: " + command);
}

// One sshd for the jump and for the host, and what a client needs to log in.
class Ssh {
 public:
  explicit Ssh(io::Path directory) : directory_(std::move(directory)) {
    run_words("mkdir -p /run/sshd && cd " + directory_.string() +
              " && ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f person");
    write("sshd_config", "Port " + std::to_string(kPort) + "\nHostKey " + file("host") +
                             "\nAuthorizedKeysFile " + file("person.pub") +
                             "\nStrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\n");
    write("ssh_config", "Host *\n  User root\n  IdentityFile " + file("person") + "\n  Port " +
                            std::to_string(kPort) +
                            "\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n"
                            "  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n");
    run_words("/usr/sbin/sshd -f " + file("sshd_config") + " -o PidFile=none");
  }

  std::string file(char const* name) const { return (directory_ / name).string(); }

 private:
  void write(char const* name, std::string const& text) const { std::ofstream(directory_ / name) << text; }

  io::Path directory_;
};

void measure_command(char const* what, std::string const& command, int times) {
  std::vector<double> samples;
  for (int i = 0; i < times; i++) {
    auto begun = io::SteadyClock::now();
    run_words(command);
    samples.push_back(since(begun));
  }
  std::printf("  %-48s p50 %6.1f ms\n", what, quantile(samples, 0.5));
}

using Open = std::function<awaitable<Result<std::unique_ptr<client::Tunnel>>>()>;

awaitable<void> measure_first_byte(char const* what, Open open, int times) {
  std::vector<double> samples;
  for (int i = 0; i < times; i++) {
    auto begun = io::SteadyClock::now();
    auto tunnel = co_await open();
    if (!tunnel) fail(tunnel.error().detail);
    auto carried = co_await echo_once(**tunnel);
    if (!carried) fail(carried.error().detail);
    samples.push_back(since(begun));
  }
  std::printf("  %-48s p50 %6.1f ms\n", what, quantile(samples, 0.5));
}

awaitable<void> measure(int times) {
  auto target = start_target();
  BenchEndpoint endpoint;
  co_await endpoint.open();
  auto plane = endpoint.plane().client();
  auto asked = endpoint.tunnel_to(target);
  auto by_channel = [&] {
    return client::open_channel_tunnel(plane.another(), asked, {}, client::time_to_tell());
  };
  auto by_websocket = [&] {
    return client::open_websocket_tunnel(plane, asked, endpoint.dns_name(), client::time_to_tell());
  };
  std::printf("tunnel_connect, %d times each\n", times);
  co_await measure_first_byte("the first byte by a tunnel of our client:", by_channel, times);
  co_await measure_first_byte("the first byte by AWS's openTunnel:", by_websocket, times);
  Ssh ssh(endpoint.plane().directory());
  std::string host = BenchEndpoint::kAddress;
  auto plain = "ssh -F " + ssh.file("ssh_config");
  measure_command("ssh HOST true, with nothing between:", plain + " " + host + " true", times);
  measure_command("ssh -J JUMP HOST true:", plain + " -J 127.0.0.1 " + host + " true", times);
  auto ours = program("fumidai").string() + " ssh --data-dir " +
              (endpoint.plane().directory() / "data").string() + " --port " + std::to_string(kPort) +
              " root@" + host + " -F " + ssh.file("ssh_config") + " true 2> /dev/null";
  measure_command("fumidai ssh HOST true:", ours, times);
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  using namespace fumidai::bench;
  int times = argc > 1 ? std::atoi(argv[1]) : 20;
  return in_own_world([=] {
    run_alone(measure(times));
    return 0;
  });
}
