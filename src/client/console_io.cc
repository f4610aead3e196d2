#include "client/console_io.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>

namespace fumidai::client {

namespace {
constexpr std::size_t kChunk = 16 * 1024;
}

ConsoleInput::ConsoleInput(asio::any_io_executor executor) : descriptor_(executor) {
  struct stat kind {};
  is_terminal_ = ::isatty(STDIN_FILENO) == 1;
  is_file_ = ::fstat(STDIN_FILENO, &kind) != 0 || S_ISREG(kind.st_mode) || S_ISDIR(kind.st_mode);
  // The kernel cannot wait for files, nor for /dev/null and its like; there, reading does not block.
  if (!is_file_) descriptor_.assign(::dup(STDIN_FILENO));
}

ConsoleInput::~ConsoleInput() = default;

awaitable<Bytes> ConsoleInput::read() {
  if (!is_file_) {
    auto [error] = co_await descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                   asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
  }
  Bytes bytes(kChunk);
  ssize_t count;
  do count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  while (count < 0 && errno == EINTR);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  co_return bytes;
}

bool ConsoleInput::has_data() const {
  struct stat kind {};
  if (is_terminal_ || ::fstat(STDIN_FILENO, &kind) != 0) return false;
  if (S_ISREG(kind.st_mode)) return ::lseek(STDIN_FILENO, 0, SEEK_CUR) < kind.st_size;
  int waiting = 0;
  return ::ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0;
}

awaitable<bool> ConsoleOutput::write(int descriptor, Bytes bytes) {
  auto work = [descriptor, bytes = std::move(bytes)] {
    ByteView rest = bytes;
    while (!rest.empty()) {
      auto count = ::write(descriptor, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) {
        ::usleep(2000);
        continue;
      }
      if (count < 0) return false;
      rest = rest.subspan(static_cast<std::size_t>(count));
    }
    return true;
  };
  co_return co_await worker_.run(std::move(work));
}

void ConsoleOutput::finish(int descriptor) {
  ::shutdown(descriptor, SHUT_WR);
  // Its number stays taken.
  int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nothing, descriptor);
  ::close(nothing);
}

}  // namespace fumidai::client
