#pragma once

// The local socket on which an agent tells the keys that were pushed to its host: for sshd's
// AuthorizedKeysCommand (agent/authorized_keys.h), where there is no metadata service. What is said on it is
// in wire/authorized_keys.h.

#include <boost/asio/local/stream_protocol.hpp>
#include <memory>

#include "agent/plane_client.h"
#include "io/file.h"
#include "io/task_group.h"

namespace fumidai::agent {

inline constexpr char const* kKeysDirectory = "/run/fumidai-agent";
inline constexpr char const* kKeysSocket = "keys";  // in that directory
inline constexpr char const* kKeysUser = "ec2-instance-connect";
// Of one who asks, for everything. The command gives up later.
inline constexpr std::chrono::milliseconds kKeysAnswer{3500};

class KeysSocket {
 public:
  // Makes the directory, which has to be the socket's alone, so that only our own user and the group of
  // `user` may enter it; without such a user, only we. Errors: invalid, with what to do; system.
  static Result<std::unique_ptr<KeysSocket>> make(asio::any_io_executor executor, Identity identity,
                                                  io::Path const& directory, std::string const& user,
                                                  wire::ProxyRules proxies = {});

  // Until it is cancelled. A few are served at once, the rest waits.
  awaitable<void> run();

 private:
  using Socket = asio::local::stream_protocol::socket;

  KeysSocket(asio::any_io_executor executor, Identity identity, wire::ProxyRules proxies,
             asio::local::stream_protocol::acceptor acceptor)
      : acceptor_(std::move(acceptor)),
        identity_(std::move(identity)),
        proxies_(std::move(proxies)),
        turns_(executor),
        tasks_(executor, "keys") {}

  awaitable<void> serve(Socket socket);
  awaitable<Result<std::vector<std::string>>> keys_of(std::string user);
  awaitable<Result<std::vector<std::string>>> ask_plane(std::string user);

  asio::local::stream_protocol::acceptor acceptor_;
  Identity identity_;
  wire::ProxyRules proxies_;
  std::optional<PlaneClient> plane_;  // made when somebody asks: most hosts are never asked
  io::Turnstile turns_;
  io::TaskGroup tasks_;
};

}  // namespace fumidai::agent
