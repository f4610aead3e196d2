#include "io/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/random.h"
#include "io/descriptor.h"

namespace fumidai::io {

namespace {

Result<void> write_all(int descriptor, std::string_view text, Path const& path) {
  while (!text.empty()) {
    auto count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("write " + path.string());
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return success();
}

}  // namespace

Result<bool> exists(Path const& path) {
  if (::access(path.c_str(), F_OK) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return system_error("look at " + path.string());
}

Result<std::string> read_file(Path const& path, std::size_t most) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error("open " + path.string());
  std::string text;
  char chunk[16 * 1024];
  for (;;) {
    auto count = ::read(file.get(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("read " + path.string());
    if (count == 0) return text;
    text.append(chunk, static_cast<std::size_t>(count));
    if (text.size() > most)
      return Error{Errc::too_large, path.string() + " has more than " + std::to_string(most) + " bytes"};
  }
}

Result<void> write_file(Path const& path, std::string_view text, int mode) {
  auto temporary = path;
  temporary += ".new-" + random_hex(8);
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0) return system_error("create " + temporary.string());
  auto written = write_all(file.get(), text, temporary);
  // The mode must hold whatever the umask is: credentials are written this way.
  if (written && (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0 || ::fsync(file.get()) != 0))
    written = system_error("write " + temporary.string());
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
    written = system_error("rename to " + path.string());
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<void> write_scratch_file(Path const& path, std::string_view text, int mode) {
  ::unlink(path.c_str());
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0) return system_error("create " + path.string());
  CHECK(write_all(file.get(), text, path));
  if (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0) return system_error("chmod " + path.string());
  return success();
}

Result<void> make_directory(Path const& path, int mode) {
  std::error_code cannot_tell;
  if (std::filesystem::is_directory(path, cannot_tell)) return success();
  if (path.has_parent_path() && path.parent_path() != path) CHECK(make_directory(path.parent_path(), 0755));
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) {
    // Whatever the umask is: what others have to look into is made this way.
    if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) return system_error("chmod " + path.string());
    return success();
  }
  if (errno != EEXIST) return system_error("create the directory " + path.string());
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return success();
  return Error{Errc::invalid, path.string() + " is not a directory"};
}

void remove_file(Path const& path) {
  ::unlink(path.c_str());
}

Result<FileLock> FileLock::take(Path const& path, std::chrono::milliseconds patience) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return system_error("open " + path.string());
  constexpr std::chrono::milliseconds kPause{10};
  for (; ::flock(file.get(), LOCK_EX | LOCK_NB) != 0; patience -= kPause) {
    if (patience < kPause) return Error{Errc::conflict, path.string() + " is locked by another process"};
    std::this_thread::sleep_for(kPause);
  }
  // Whoever held it before us may have removed the file: then ours is not the one that others find.
  struct stat ours {
  }, found{};
  bool is_same = ::fstat(file.get(), &ours) == 0 && ::stat(path.c_str(), &found) == 0 &&
                 ours.st_ino == found.st_ino && ours.st_dev == found.st_dev;
  if (!is_same) return take(path, patience);
  return FileLock(file.release());
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace fumidai::io
