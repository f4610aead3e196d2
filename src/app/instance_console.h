#pragma once

// What is written on the console of an instance, kept by the instance's first process: everybody in there
// writes to a fifo, and its end is in a file of the host's. Header only, and without the library: the program
// is static.

#include <unistd.h>

#include <string>
#include <string_view>

namespace fumidai::app {

class InstanceConsole {
 public:
  // Descriptors: the fifo does not block, and the file is open to append and to read.
  InstanceConsole(int fifo, int file) : fifo_(fifo), file_(file) {}

  int fifo() const { return fifo_; }

  // What the fifo holds now, and no more: one who never stops writing keeps nobody else from being heard.
  void carry() {
    char chunk[kChunk];
    for (std::size_t i = 0; i < kFifo / kChunk; i++) {
      auto count = ::read(fifo_, chunk, sizeof chunk);
      if (count <= 0) return;
      write({chunk, static_cast<std::size_t>(count)});
    }
  }

  void say(std::string const& text) { write("fumidai-instance-init: " + text + "\n"); }

 private:
  static constexpr std::size_t kChunk = 16 * 1024, kFifo = 64 * 1024;  // what a fifo holds
  static constexpr off_t kKept = 64 * 1024;

  void write(std::string_view text) {
    [[maybe_unused]] auto written = ::write(file_, text.data(), text.size());
    if (::lseek(file_, 0, SEEK_END) > 2 * kKept) shorten();
  }

  void shorten() {
    std::string kept(static_cast<std::size_t>(kKept), '\0');
    auto count = ::pread(file_, kept.data(), kept.size(), ::lseek(file_, 0, SEEK_END) - kKept);
    if (count < 0 || ::ftruncate(file_, 0) != 0) return;
    [[maybe_unused]] auto written = ::write(file_, kept.data(), static_cast<std::size_t>(count));
  }

  int fifo_, file_;
};

}  // namespace fumidai::app
