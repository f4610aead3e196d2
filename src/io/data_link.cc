#include "io/data_link.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/random.h"

namespace fumidai::io {

using namespace std::chrono_literals;
namespace message_type = wire::message_type;

namespace {

constexpr std::size_t kMostBatch = 64 * 1024;
// What is as long as this is passed on before more of it is taken.
constexpr std::size_t kLong = 16 * 1024;
// What is due meanwhile may be another message, sooner.
constexpr auto kLongestSleep = 1s;
constexpr std::uint16_t kUnacceptable = 1003;
// A connection on which nothing was said for so long was one all the same.
constexpr auto kOfUse = 1min;

Error closed_error() {
  return {Errc::closed, "the session is over"};
}

}  // namespace

DataLink::DataLink(asio::any_io_executor executor, DataLinkOptions options, Clock const& clock,
                   Connect connect, Control control)
    : options_(options),
      connect_(std::move(connect)),
      control_(std::move(control)),
      channel_(options.channel, clock),
      output_(executor),
      arrived_(executor),
      window_(executor),
      sent_(executor),
      closing_(executor),
      wanted_(executor),
      owed_(executor) {}

awaitable<Result<void>> DataLink::run() {
  auto delay = options_.first_retry;
  auto heard = SteadyClock::now();  // from the other side, on any connection
  for (bool first = true; !closed_;) {
    auto socket = co_await connect_();
    auto error = socket ? Error{} : socket.error();
    if (socket) {
      if (!std::exchange(first, false)) channel_.reconnected();
      auto opened = SteadyClock::now();
      auto ended = co_await serve(*socket);
      if (!ended) error = ended.error();
      // A connection that was of no use is like none.
      if (std::exchange(accepted_, false) || SteadyClock::now() - opened > kOfUse) {
        heard = SteadyClock::now();
        delay = options_.first_retry;
      }
    }
    bool is_final = (!socket && (error.code == Errc::not_found || error.code == Errc::denied)) ||
                    error.code == Errc::conflict || SteadyClock::now() - heard > options_.most_outage;
    if (is_final && !closed_) {
      close();
      co_return error;
    }
    auto wait = delay / 2 +
                std::chrono::milliseconds(random_below(static_cast<std::uint64_t>(delay.count()) / 2 + 1));
    if (!closed_) co_await closing_.wait_until(SteadyClock::now() + wait);
    delay = std::min(delay * 2, options_.most_retry);
  }
  co_return success();
}

// One connection, from its beginning to its end.
awaitable<Result<void>> DataLink::serve(std::shared_ptr<WebSocket> socket) {
  paused_ = false;
  listening_ = false;
  socket_ = socket;
  if (on_connection) on_connection(true, "");
  auto ended = co_await carry(*socket);
  socket->close_now();
  socket_.reset();
  bool replaced = !ended && ended.error().code == Errc::conflict;
  if (on_connection && !closed_ && !replaced) on_connection(false, ended ? "" : ended.error().detail);
  co_return ended;
}

awaitable<Result<void>> DataLink::carry(WebSocket& socket) {
  using namespace asio::experimental::awaitable_operators;
  auto first = co_await (read_loop(socket) || write_loop(socket) || resend_loop() || ping_loop(socket) ||
                         acknowledge_loop());
  switch (first.index()) {
    case 0: co_return std::get<0>(std::move(first));
    case 1: co_return std::get<1>(std::move(first));
    case 2: co_return std::get<2>(std::move(first));
    case 3: co_return std::get<3>(std::move(first));
    default: co_return std::get<4>(std::move(first));
  }
}

awaitable<Result<void>> DataLink::read_loop(WebSocket& socket) {
  while (!closed_) {
    listening_ = false;
    while (!channel_.wants_input() && !closed_) co_await wanted_.wait();
    listening_ = true;
    listening_since_ = SteadyClock::now();
    CO_TRY(auto bytes, co_await socket.read());
    auto message = wire::AgentMessage::parse(bytes.payload);
    auto mine = message ? channel_.receive(*message, SteadyClock::now()) : Result<bool>(message.error());
    if (!mine) {
      co_await socket.close(kUnacceptable, mine.error().detail);
      co_return mine.error();
    }
    // Whatever comes from the peer lifts a pause, but the pause itself.
    if (message->type != message_type::peer_returned)
      paused_ = message->type == message_type::pause_publication;
    accepted_ = true;
    if (!*mine) on_control(*message);
    if (channel_.has_output()) output_.notify();
    if (channel_.has_delivery()) arrived_.notify();
    if (channel_.owes_acknowledgement()) owed_.notify();
    window_.notify();
    if (bytes.payload.size() >= kLong) co_await let_others_run();
  }
  co_return closed_error();
}

void DataLink::on_control(wire::AgentMessage const& message) {
  if (message.type == message_type::peer_returned) return channel_.reconnected();
  bool is_gate =
      message.type == message_type::pause_publication || message.type == message_type::start_publication;
  if (!is_gate) control_(message);
}

awaitable<Result<void>> DataLink::write_loop(WebSocket& socket) {
  for (;;) {
    while (!channel_.has_output() && posted_.empty()) co_await output_.wait();
    std::vector<Bytes> posted(std::make_move_iterator(posted_.begin()),
                              std::make_move_iterator(posted_.end()));
    posted_.clear();
    std::vector<ByteView> views(posted.begin(), posted.end());
    std::vector<wire::DataChannel::Message> held;  // an acknowledgement may come while we still write
    for (std::size_t bytes = 0; bytes < kMostBatch && channel_.has_output();) {
      auto message = channel_.take_output(SteadyClock::now());
      if (!message) break;
      bytes += message->size();
      views.emplace_back(*message);
      held.push_back(std::move(message));
    }
    CO_CHECK(co_await socket.write_all(wire::Opcode::binary, views));
    sent_.notify();
    if (channel_.wants_input()) wanted_.notify();
  }
}

awaitable<Result<void>> DataLink::resend_loop() {
  for (;;) {
    auto next = channel_.next_tick();
    if (next == SteadyTime::max()) {
      co_await sent_.wait();
      continue;
    }
    auto now = SteadyClock::now();
    if (now < next) {
      co_await sleep_for(std::min<SteadyClock::duration>(next - now, kLongestSleep));
      continue;
    }
    if (!paused_) channel_.tick(now);
    if (channel_.has_output()) output_.notify();
    co_await sleep_for(20ms);
  }
}

awaitable<Result<void>> DataLink::acknowledge_loop() {
  for (;;) {
    while (!channel_.owes_acknowledgement()) co_await owed_.wait();
    co_await sleep_for(wire::DataChannel::kLongestOwed);
    channel_.acknowledge_owed();
    if (channel_.has_output()) output_.notify();
  }
}

awaitable<Result<void>> DataLink::ping_loop(WebSocket& socket) {
  for (;;) {
    co_await sleep_for(options_.ping_every == SteadyClock::duration() ? SteadyClock::duration(24h)
                                                                      : options_.ping_every);
    // While nobody takes what came, nothing is read, and nothing could be heard.
    auto quiet_since = std::max(socket.last_heard(), listening_since_);
    bool silent =
        options_.dead_after > 0s && listening_ && SteadyClock::now() - quiet_since > options_.dead_after;
    if (silent)
      co_return Error{
          Errc::deadline_exceeded,
          "nothing was heard for " +
              in_words(std::chrono::duration_cast<std::chrono::milliseconds>(options_.dead_after))};
    CO_CHECK(co_await socket.ping("keepalive"));
  }
}

awaitable<Result<void>> DataLink::send(wire::PayloadType type, ByteView payload) {
  while ((!channel_.can_send() || paused_) && !closed_) co_await window_.wait();
  if (closed_) co_return closed_error();
  channel_.send(type, payload);
  output_.notify();
  if (channel_.wants_input()) wanted_.notify();
  if (payload.size() >= kLong) co_await let_others_run();
  co_return success();
}

awaitable<Result<std::optional<wire::DataChannel::Delivery>>> DataLink::receive_until(SteadyTime deadline) {
  if (deaf_) co_return closed_error();
  while (!channel_.has_delivery()) {
    if (closed_ || deaf_) co_return closed_error();
    if (SteadyClock::now() >= deadline) co_return std::optional<wire::DataChannel::Delivery>();
    co_await arrived_.wait_until(deadline);
  }
  auto delivery = channel_.take_delivery();
  if (channel_.has_output()) output_.notify();
  if (channel_.owes_acknowledgement()) owed_.notify();
  wanted_.notify();
  co_return delivery;
}

awaitable<Result<wire::DataChannel::Delivery>> DataLink::receive() {
  CO_TRY(auto delivery, co_await receive_until(SteadyTime::max()));
  co_return *std::move(delivery);
}

void DataLink::post(Bytes message) {
  posted_.push_back(std::move(message));
  output_.notify();
}

awaitable<bool> DataLink::drain(SteadyClock::duration patience) {
  auto left = channel_.unacknowledged_bytes();
  auto deadline = SteadyClock::now() + patience;
  while (!closed_ && (!channel_.all_acknowledged() || !posted_.empty())) {
    if (SteadyClock::now() >= deadline) co_return false;
    co_await window_.wait_until(std::min(deadline, SteadyClock::now() + 50ms));
    if (channel_.unacknowledged_bytes() < left) deadline = SteadyClock::now() + patience;
    left = channel_.unacknowledged_bytes();
  }
  co_return channel_.all_acknowledged();
}

void DataLink::stop_receiving() {
  deaf_ = true;
  arrived_.notify();
}

void DataLink::close() {
  closed_ = true;
  for (auto* signal : {&output_, &arrived_, &wanted_, &window_, &sent_, &closing_, &owed_}) signal->notify();
  if (socket_) socket_->close_now();
}

}  // namespace fumidai::io
