#include <algorithm>

#include "io/stream.h"

namespace fumidai::io {

namespace {

// One direction.
class Pipe {
 public:
  Pipe(asio::any_io_executor executor, std::size_t most) : capacity(most), changed(executor) {}
  ByteView waiting() const { return ByteView(bytes_).subspan(taken_); }
  // What is left is moved once for each write, and not for each read.
  void take(std::size_t count) {
    taken_ += count;
    if (taken_ == bytes_.size()) forget_taken();
  }
  void add(ByteView more) {
    forget_taken();
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }

  std::size_t capacity;
  bool closed = false;
  Signal changed;

 private:
  void forget_taken() {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(std::exchange(taken_, 0)));
  }

  Bytes bytes_;
  std::size_t taken_ = 0;
};

class MemoryStream : public Stream {
 public:
  MemoryStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override { close(); }

  awaitable<Result<std::size_t>> read_some(MutableByteView into) override {
    CO_CHECK(co_await wait_readable());
    auto count = std::min(into.size(), in_->waiting().size());
    std::copy_n(in_->waiting().begin(), count, into.begin());
    in_->take(count);
    in_->changed.notify();
    co_return count;
  }

  awaitable<Result<void>> wait_readable() override {
    while (in_->waiting().empty() && !in_->closed) {
      if (SteadyClock::now() >= deadline_) co_return expired();
      co_await in_->changed.wait_until(deadline_);
    }
    if (closed_) co_return Error{Errc::closed, "the stream is closed"};
    co_return success();
  }

  awaitable<Result<void>> write(ByteView bytes) override {
    while (!bytes.empty()) {
      if (closed_ || out_->closed) co_return Error{Errc::closed, "the stream is closed"};
      auto count = std::min(bytes.size(), out_->capacity - out_->waiting().size());
      out_->add(bytes.first(count));
      bytes = bytes.subspan(count);
      out_->changed.notify();
      if (bytes.empty()) break;
      if (SteadyClock::now() >= deadline_) co_return expired();
      co_await out_->changed.wait_until(deadline_);
    }
    co_return success();
  }

  void finish_writing() override {
    out_->closed = true;
    out_->changed.notify();
  }

  void set_deadline(SteadyTime deadline) override { deadline_ = deadline; }

  void close() override {
    closed_ = true;
    for (auto* pipe : {in_.get(), out_.get()}) {
      pipe->closed = true;
      pipe->changed.notify();
    }
  }

 private:
  Error expired() {
    close();
    return {Errc::deadline_exceeded, "no answer in time"};
  }

  std::shared_ptr<Pipe> in_, out_;
  SteadyTime deadline_ = SteadyTime::max();
  bool closed_ = false;
};

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_streams(asio::any_io_executor executor,
                                                                           std::size_t capacity) {
  auto there = std::make_shared<Pipe>(executor, capacity), back = std::make_shared<Pipe>(executor, capacity);
  return {std::make_unique<MemoryStream>(back, there), std::make_unique<MemoryStream>(there, back)};
}

}  // namespace fumidai::io
