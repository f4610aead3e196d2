#pragma once

// For tests: a directory of its own, which is removed with all that is in it.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/random.h"
#include "io/file.h"

namespace fumidai::io {

class TestDirectory {
 public:
  TestDirectory() : path_(std::filesystem::temp_directory_path() / ("fumidai-test-" + random_hex(16))) {
    std::filesystem::create_directory(path_);
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(TestDirectory const&) = delete;

  Path const& path() const { return path_; }
  Path operator/(std::string const& name) const { return path_ / name; }

 private:
  Path path_;
};

// The permission bits, as ls shows them; -1 when there is no such file.
inline int mode_of(Path const& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<int>(found.st_mode & 07777) : -1;
}

}  // namespace fumidai::io
