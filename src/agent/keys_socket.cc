#include "agent/keys_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

#include "base/log.h"
#include "wire/authorized_keys.h"

namespace fumidai::agent {

using namespace std::chrono_literals;
using asio::as_tuple;
using asio::use_awaitable;
using asio::local::stream_protocol;

namespace {

constexpr std::size_t kMostAtOnce = 16, kLongestQuestion = 64;
constexpr auto kPauseAfterFailure = 100ms;

// The group of a user of /etc/passwd; by hand, as the C library's look-up does not work in a static program.
std::optional<gid_t> group_of(std::string const& user) {
  auto text = io::read_file("/etc/passwd");
  if (!text) return std::nullopt;
  for (auto line : split(*text, '\n')) {
    auto parts = split(line, ':');
    if (parts.size() < 4 || parts[0] != user) continue;
    gid_t group = 0;
    auto [end, failure] = std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), group);
    if (failure == std::errc()) return group;
  }
  return std::nullopt;
}

// A directory with something else in it is somebody else's, and its mode not ours to change.
Result<void> check_own(io::Path const& directory) {
  std::error_code failure;
  for (auto const& entry : std::filesystem::directory_iterator(directory, failure)) {
    if (entry.path().filename() == kKeysSocket && entry.is_socket(failure)) continue;
    return Error{Errc::invalid, "the directory of the socket for pushed keys, " + directory.string() +
                                    ", has other files in it; give one of its own with --keys-dir"};
  }
  if (failure) return Error{Errc::system, "look into " + directory.string() + ": " + failure.message()};
  return success();
}

Result<void> prepare(io::Path const& directory, std::string const& user) {
  CHECK(io::make_directory(directory, 0700));
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0) return system_error("stat " + directory.string());
  if (!S_ISDIR(found.st_mode) || found.st_uid != ::geteuid())
    return Error{Errc::invalid, directory.string() +
                                    " is not a directory of the agent's user; give another with --keys-dir"};
  CHECK(check_own(directory));
  auto group = group_of(user);
  bool is_shared = group && ::chown(directory.c_str(), static_cast<uid_t>(-1), *group) == 0;
  if (::chmod(directory.c_str(), is_shared ? 0750 : 0700) != 0)
    return system_error("chmod " + directory.string());
  if (!is_shared)
    log_info("pushed keys are for the agent's own user only",
             {{"no user", user}, {"directory", directory.string()}});
  return success();
}

}  // namespace

Result<std::unique_ptr<KeysSocket>> KeysSocket::make(asio::any_io_executor executor, Identity identity,
                                                     io::Path const& directory, std::string const& user,
                                                     wire::ProxyRules proxies) {
  auto path = (directory / kKeysSocket).string();
  if (path.size() > 100)
    return Error{Errc::invalid, path + " is too long for a socket; give a shorter directory with --keys-dir"};
  CHECK(prepare(directory, user));
  ::unlink(path.c_str());  // of an agent that ended: the state directory's lock says that no other runs
  stream_protocol::acceptor acceptor(executor);
  boost::system::error_code failure;
  acceptor.open({}, failure);
  if (!failure) acceptor.bind(path, failure);
  if (!failure) acceptor.listen(kMostAtOnce, failure);
  if (failure) return Error{Errc::system, "listen on " + path + ": " + failure.message()};
  // The directory decides who may come.
  if (::chmod(path.c_str(), 0666) != 0) return system_error("chmod " + path);
  return std::unique_ptr<KeysSocket>(
      new KeysSocket(executor, std::move(identity), std::move(proxies), std::move(acceptor)));
}

awaitable<void> KeysSocket::run() {
  for (;;) {
    auto [failure, socket] = co_await acceptor_.async_accept(as_tuple(use_awaitable));
    if (failure == asio::error::operation_aborted) co_return;
    if (failure) {
      co_await io::sleep_for(kPauseAfterFailure);
      continue;
    }
    tasks_.spawn(serve(std::move(socket)));
    while (tasks_.size() >= kMostAtOnce) co_await io::sleep_for(kPauseAfterFailure);
  }
}

awaitable<void> KeysSocket::serve(Socket socket) {
  auto conversation = [](KeysSocket& self, Socket& with) -> awaitable<Result<bool>> {
    std::string question;
    auto buffer = asio::dynamic_buffer(question, kLongestQuestion);
    auto [failure, size] = co_await asio::async_read_until(with, buffer, '\n', as_tuple(use_awaitable));
    if (failure) co_return false;
    auto user = question.substr(0, size - 1);
    auto keys = co_await self.keys_of(user);
    if (!keys)
      log_warn("no pushed keys are known", {{"user", escaped(user, 64)}, {"why", keys.error().detail}});
    auto answer = wire::write_keys_answer(keys);
    co_await asio::async_write(with, asio::buffer(answer), as_tuple(use_awaitable));
    co_return true;
  };
  co_await io::within(kKeysAnswer + 1s, conversation(*this, socket));
}

awaitable<Result<std::vector<std::string>>> KeysSocket::keys_of(std::string user) {
  if (!wire::is_os_user(user)) co_return std::vector<std::string>();  // nobody can push to it
  co_return co_await io::within(kKeysAnswer, ask_plane(std::move(user)));
}

awaitable<Result<std::vector<std::string>>> KeysSocket::ask_plane(std::string user) {
  auto turn = co_await turns_.enter();
  if (!plane_) {
    CO_TRY(plane_, PlaneClient::make(identity_, {}, proxies_));
  }
  auto keys = co_await plane_->pushed_keys(std::move(user));
  plane_->disconnect();
  co_return keys;
}

}  // namespace fumidai::agent
