#pragma once

// Small files, read and written whole. Blocking: for start-up, shutdown and workers.

#include <chrono>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace fumidai::io {

using Path = std::filesystem::path;

// Error: not_found, too_large, system.
Result<std::string> read_file(Path const& path, std::size_t most = 16 * 1024 * 1024);

// Error: system, when that cannot be told (a directory that may not be entered).
Result<bool> exists(Path const& path);

// Replaces the file in one step: whoever reads it sees the old text or the new one, also after a crash.
Result<void> write_file(Path const& path, std::string_view text, int mode = 0644);

// For what is made anew before each use: not in one step, and without waiting for the disk.
Result<void> write_scratch_file(Path const& path, std::string_view text, int mode = 0644);

// Creates the directory with this mode and its parents with 0755, whatever the umask is.
Result<void> make_directory(Path const& path, int mode = 0755);

void remove_file(Path const& path);

// Holds an advisory lock on a file until it goes away. Error: conflict, when another process holds it for
// longer than the caller waits.
class FileLock {
 public:
  static Result<FileLock> take(Path const& path, std::chrono::milliseconds patience = {});
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace fumidai::io
