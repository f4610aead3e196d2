// fumidai-authorized-keys: what sshd runs as its AuthorizedKeysCommand. Prints the keys that were pushed to a
// user of this machine and have not expired; none, when nothing is known, with the reason in the system's
// log.

#include <syslog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "agent/authorized_keys.h"

namespace fumidai::app {
namespace {

constexpr char const* kHelp =
    R"(Prints the SSH keys that were pushed to a user of this machine (aws ec2-instance-connect send-ssh-public-key), for sshd:

  AuthorizedKeysCommand /usr/lib/fumidai/authorized-keys %u %f
  AuthorizedKeysCommandUser ec2-instance-connect

  fumidai-authorized-keys [--socket FILE] USER [FINGERPRINT]
      --socket FILE   ask the agent that listens there, and nobody else. Without it an instance asks its metadata service, and
                      other machines ask the agent at /run/fumidai-agent/keys
)";

using Keys = std::vector<std::string>;

Result<Keys> run_to_end(awaitable<Result<Keys>> work) {
  asio::io_context loop(1);
  std::optional<Result<Keys>> outcome;
  asio::co_spawn(loop, std::move(work), [&](std::exception_ptr failure, Result<Keys> value) {
    if (failure) std::rethrow_exception(failure);
    outcome.emplace(std::move(value));
    loop.stop();  // connections that are kept have timers
  });
  loop.run();
  return *std::move(outcome);
}

int print_keys(std::string const& user, std::string const& fingerprint, agent::KeysSources sources) {
  ::openlog("fumidai-authorized-keys", LOG_PID | LOG_PERROR, LOG_AUTHPRIV);
  auto keys = run_to_end(agent::authorized_keys(user, fingerprint, std::move(sources)));
  if (!keys) {
    ::syslog(LOG_WARNING, "no pushed keys for %s: %s", escaped(user, 64).c_str(),
             keys.error().detail.c_str());
    return 1;
  }
  for (auto const& key : *keys) std::printf("%s\n", key.c_str());
  return 0;
}

}  // namespace
}  // namespace fumidai::app

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  auto sources = fumidai::agent::default_keys_sources();
  if (words.size() >= 2 && words[0] == "--socket") {
    sources.agent_alone = true;
    sources.socket = words[1];
    words.erase(words.begin(), words.begin() + 2);
  }
  if (words.empty() || words.size() > 2 || words[0].starts_with('-')) {
    bool is_asked = words.size() == 1 && words[0] == "--help";
    std::fputs(fumidai::app::kHelp, is_asked ? stdout : stderr);
    return is_asked ? 0 : 2;
  }
  return fumidai::app::print_keys(words[0], words.size() == 2 ? words[1] : "", std::move(sources));
}
