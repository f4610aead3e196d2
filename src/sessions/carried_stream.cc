#include "sessions/carried_stream.h"

#include <algorithm>

#include "io/tunnel_client.h"
#include "wire/session_payloads.h"

namespace fumidai::sessions {

using namespace std::chrono_literals;

namespace {

constexpr auto kOpening = 9s;  // what the agent needs at most to dial, and some more
constexpr std::size_t kBetween = 64 * 1024;

// The two ends of the data channel's connection, both of them in this process, and the session between that
// and the agent.
struct Leg {
  Registry& registry;
  std::shared_ptr<LiveSession> session;
  std::unique_ptr<io::TunnelClient> client;
  std::shared_ptr<io::WebSocket> near;  // until the client takes it
};

awaitable<Result<std::shared_ptr<io::WebSocket>>> take_near(std::shared_ptr<io::WebSocket>& near) {
  if (near) co_return std::exchange(near, nullptr);
  co_return Error{Errc::not_found, "the tunnel is over"};
}

awaitable<void> run(std::shared_ptr<Leg> leg) {
  co_await leg->client->run();
  leg->session->end(model::SessionState::terminated, "");
}

class CarriedStream : public io::Stream {
 public:
  explicit CarriedStream(std::shared_ptr<Leg> leg) : leg_(std::move(leg)) {}
  ~CarriedStream() override { close(); }

  awaitable<Result<std::size_t>> read_some(MutableByteView into) override {
    CO_CHECK(co_await wait_readable());
    auto count = std::min(into.size(), held_.size() - taken_);
    std::copy_n(held_.begin() + static_cast<std::ptrdiff_t>(taken_), count, into.begin());
    taken_ += count;
    if (taken_ == held_.size()) {
      held_ = Bytes();
      taken_ = 0;
    }
    co_return count;
  }

  awaitable<Result<void>> wait_readable() override {
    if (!held_.empty() || has_ended_) co_return success();
    CO_TRY(held_, co_await leg_->client->read());
    has_ended_ = held_.empty();
    co_return success();
  }

  awaitable<Result<void>> write(ByteView bytes) override { return leg_->client->write(bytes); }

  void finish_writing() override {
    auto say = [](std::shared_ptr<Leg> leg) -> awaitable<void> { co_await leg->client->finish_writing(); };
    leg_->registry.spawn(say(leg_));
  }

  void set_deadline(io::SteadyTime) override {}  // a tunnel has its own

  void close() override {
    if (std::exchange(is_closed_, true)) return;
    auto finish = [](std::shared_ptr<Leg> leg) -> awaitable<void> { co_await leg->client->close(); };
    leg_->registry.spawn(finish(leg_));
  }

 private:
  std::shared_ptr<Leg> leg_;
  Bytes held_;
  std::size_t taken_ = 0;
  bool has_ended_ = false;
  bool is_closed_ = false;
};

awaitable<void> serve(std::shared_ptr<LiveSession> session, std::shared_ptr<io::WebSocket> far) {
  co_await session->serve(LiveSession::Role::client, std::move(far), "the plane", wire::kNativeClientVersion);
}

}  // namespace

awaitable<Result<std::unique_ptr<io::Stream>>> open_carried(asio::any_io_executor executor,
                                                            Registry& registry, Clock const& clock,
                                                            Admission admission) {
  admission.session.duration_limit = {};
  CO_TRY(auto session, registry.start_unrecorded(admission));
  session->hold_little();
  auto [near, far] = io::memory_streams(executor, kBetween);
  auto leg = std::make_shared<Leg>(Leg{registry, session, nullptr, nullptr});
  leg->near =
      std::make_shared<io::WebSocket>(executor, std::move(near), wire::Side::client, kMostDataMessage);
  auto far_socket =
      std::make_shared<io::WebSocket>(executor, std::move(far), wire::Side::server, kMostDataMessage);
  // The leg owns the client, and outlives what the client calls.
  leg->client = std::make_unique<io::TunnelClient>(
      executor, clock, wire::kNativeClientVersion, [own = leg.get()] { return take_near(own->near); },
      io::TunnelRoom::little);
  registry.spawn(serve(session, std::move(far_socket)));
  registry.spawn(run(leg));
  auto stream = std::make_unique<CarriedStream>(leg);
  CO_CHECK(co_await leg->client->open(io::SteadyClock::now() + kOpening));
  co_return stream;
}

}  // namespace fumidai::sessions
