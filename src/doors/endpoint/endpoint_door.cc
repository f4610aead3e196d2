#include "doors/endpoint/endpoint_door.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/log.h"
#include "io/linger.h"
#include "sessions/carried_stream.h"
#include "wire/await_target.h"
#include "wire/aws_response.h"

namespace fumidai::doors::endpoint {

using namespace std::chrono_literals;
using model::SessionState;
using wire::TunnelEnd;

namespace {

constexpr auto kOpening = 10s, kClosing = 5s, kLingering = 5s, kStopping = 12s;
// Whoever sees such a URL may use it as well until then, and again: the same words have the same signature.
// The AWS CLI asks for 60 s.
constexpr auto kLongestUrl = 300s;
constexpr std::size_t kMostMessage = 128 * 1024;  // the AWS CLI sends up to 65,000 bytes
constexpr std::size_t kChunk = 48 * 1024;         // half a message of a tunnel that an agent carries
// Of a client whose input has ended, so much is taken at once: its own end lies behind that. The AWS CLI
// sends each empty frame in a TLS record, which costs more than its few bytes tell.
constexpr auto kBetweenEmptyFrames = 100ms;
constexpr std::size_t kMostPassedOver = 16 * 1024, kOfAFrame = 32;

// Of a client that awaits its target.
std::chrono::seconds patience_of(std::string_view words) {
  constexpr int kMost = 10;
  int seconds = kMost;
  std::from_chars(words.data(), words.data() + words.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 1, kMost));
}

// The name without a port, as the client signed it.
std::string host_of(wire::HttpRequest const& request) {
  auto host = request.headers.find("host").value_or("");
  return std::string(host.substr(0, host.rfind(':')));
}

// The place is kept, or targets that lag would have no limit.
awaitable<void> linger(std::unique_ptr<io::Stream> target, io::Places::Place) {
  co_await io::linger(*target, kLingering);
}

}  // namespace

// One tunnel while it is open: two directions that end together, for one reason.
class EndpointDoor::Tunnel {
 public:
  Tunnel(asio::any_io_executor executor, wire::OpenTunnel asked, sessions::Admission admission,
         Address source)
      : asked_(std::move(asked)),
        admission_(std::move(admission)),
        source_(source),
        ended_(executor),
        legs_(executor, "tunnel") {}

  wire::OpenTunnel const& asked() const { return asked_; }
  sessions::Admission const& admission() const { return admission_; }
  Address const& source() const { return source_; }  // of the client
  sessions::SessionRow const& row() const { return admission_.session; }
  sessions::SessionOutcome const& outcome() const { return outcome_; }
  bool has_ended() const { return reason_.has_value(); }

  // Before it is carried; its duration is counted from here.
  void accepted(std::unique_ptr<io::WebSocket> client) {
    deadline_ = io::SteadyClock::now() + asked_.duration;
    client_ = std::move(client);
  }

  // Only the first call counts.
  void end(wire::CloseReason reason, SessionState state, std::string why) {
    if (reason_) return;
    reason_ = std::move(reason);
    outcome_.state = state;
    outcome_.why = std::move(why);
    ended_.notify();
  }
  void end(TunnelEnd how, std::string const& why) {
    bool failed = how == TunnelEnd::target_lost || how == TunnelEnd::target_unreachable ||
                  how == TunnelEnd::endpoint_lost;
    end(wire::close_reason(how, why), failed ? SessionState::failed : SessionState::terminated, why);
  }

  awaitable<void> carry(std::unique_ptr<io::Stream> target) {
    target_ = std::move(target);
    legs_.spawn(read_client());
    legs_.spawn(read_target());
    while (!reason_) {
      if (io::SteadyClock::now() >= deadline_) {
        auto reason = wire::duration_reached(asked_.duration);
        auto why = reason.text;
        end(std::move(reason), SessionState::terminated, std::move(why));
      } else {
        co_await ended_.wait_until(deadline_);
      }
    }
    // What a client said before it left its target may not have taken yet. An agent sees to that itself.
    bool may_lag = client_has_left_ && row().carrier.empty();
    may_lag ? target_->finish_writing() : target_->close();
    co_await close_client();
    if (!may_lag) target_.reset();
  }

  // All that the target said reaches the client before the reason does, whatever the client still sends.
  awaitable<void> close_client() {
    co_await client_->finish(reason_->code, reason_->text, kClosing);
    legs_.cancel();
    co_await legs_.join();
    co_await client_->linger(kLingering);
  }

  // After carry(): the target that may lag, or none.
  std::unique_ptr<io::Stream> let_go() { return std::move(target_); }

 private:
  awaitable<void> read_client() {
    wire::EmptyFrames empty;
    std::size_t passed_over = 0;
    while (!reason_) {
      auto message = co_await client_->read();
      if (!message) {
        // Ordinary: ssh kills its ProxyCommand, which says nothing more.
        bool is_broken = message.error().code != Errc::closed;
        client_has_left_ = true;
        end({1000, ""}, SessionState::terminated, is_broken ? message.error().detail : "");
        co_return;
      }
      if (message->opcode != wire::Opcode::binary) {
        end(TunnelEnd::protocol_error, "a tunnel carries binary frames only");
        co_return;
      }
      auto step = empty.take(message->payload.size());
      if (step == wire::EmptyFrames::Step::half_close) target_->finish_writing();
      if (step != wire::EmptyFrames::Step::forward) {
        if (empty.is_over()) passed_over += kOfAFrame + message->payload.size();
        if (passed_over >= kMostPassedOver) {
          passed_over = 0;
          co_await io::sleep_for(kBetweenEmptyFrames);
        }
        continue;
      }
      outcome_.bytes_in += static_cast<std::int64_t>(message->payload.size());
      auto written = co_await target_->write(message->payload);
      if (!written) {
        broken_ = written.error();  // what it had said before comes first
        co_return;
      }
    }
  }

  awaitable<void> read_target() {
    Bytes chunk;
    while (!reason_) {
      if (chunk.empty()) {
        auto ready = co_await target_->wait_readable();
        if (!ready) co_return end_by(ready.error());
        chunk.resize(kChunk);
      }
      auto count = co_await target_->read_some(chunk);
      if (!count) co_return end_by(count.error());
      if (*count == 0) break;
      outcome_.bytes_out += static_cast<std::int64_t>(*count);
      auto written = co_await client_->write(wire::Opcode::binary, ByteView(chunk).first(*count));
      if (!written) break;
      if (*count < kChunk / 8) chunk = Bytes();  // an idle tunnel holds no buffer
    }
    if (broken_) co_return end_by(*broken_);
    end(TunnelEnd::target_closed, "");
  }

  void end_by(Error const& error) {
    end(error.code == Errc::unavailable ? TunnelEnd::endpoint_lost : TunnelEnd::target_lost, error.detail);
  }

  wire::OpenTunnel asked_;
  sessions::Admission admission_;
  Address source_;
  io::SteadyTime deadline_;
  std::unique_ptr<io::WebSocket> client_;
  std::unique_ptr<io::Stream> target_;
  io::Signal ended_;
  io::TaskGroup legs_;
  bool client_has_left_ = false;
  std::optional<Error> broken_;  // the way to the target
  std::optional<wire::CloseReason> reason_;
  sessions::SessionOutcome outcome_;
};

EndpointDoor::EndpointDoor(asio::any_io_executor executor, identity::Authenticator& authenticator,
                           sessions::Gate& gate, sessions::Registry& registry, sessions::Tunnels& tunnels,
                           std::string region)
    : executor_(executor),
      authenticator_(authenticator),
      gate_(gate),
      registry_(registry),
      tunnels_(tunnels),
      region_(std::move(region)),
      tasks_(executor, "tunnels") {}

awaitable<void> EndpointDoor::serve(wire::HttpRequest request, identity::RequestFacts facts,
                                    std::unique_ptr<io::Stream> stream, Bytes leftover,
                                    io::Places::Place place) {
  auto upgrade = io::upgrade_response(request);
  Connection connection{std::move(request),  std::move(facts), std::move(stream),
                        std::move(leftover), std::move(place), std::move(upgrade)};
  auto opened = co_await open(connection);
  if (!opened) co_await refuse(connection, opened.error());
}

awaitable<void> EndpointDoor::refuse(Connection& connection, Error const& error) {
  log_debug("tunnel refused", {{"peer", connection.facts.source_address}, {"why", error.detail}});
  if (error.code == Errc::unauthenticated) gate_.count_refusal(connection.facts.source_address, error.aws);
  auto response =
      wire::error_response(error, wire::Protocol::tunnel, connection.facts.request_id, gate_.clock().now());
  if (!connection.is_upgrade()) response.headers.add("Sec-WebSocket-Version", "13");
  auto bytes = wire::encode(response);
  connection.stream->expire_after(kOpening);
  co_await connection.stream->write(as_bytes(bytes));
  connection.stream->close();
}

awaitable<Result<void>> EndpointDoor::open(Connection& connection) {
  if (!connection.is_upgrade())
    co_return Error{Errc::invalid, "A tunnel is opened by a WebSocket upgrade of version 13."};
  wire::SignatureRules rules{"ec2-instance-connect", region_, wire::Protocol::tunnel};
  rules.longest_life = kLongestUrl;
  CO_TRY(auto proven, co_await authenticator_.authenticate(connection.request, rules, connection.facts));
  CO_TRY(auto asked, tunnels_.read(proven.caller, connection.request.target));
  CO_TRY(auto admission,
         co_await tunnels_.admit(std::move(proven.caller), asked, host_of(connection.request)));
  connection.place.proven();
  auto source = Address::parse(connection.facts.source_address).value_or(Address());
  auto tunnel = std::make_shared<Tunnel>(executor_, std::move(asked), std::move(admission), source);
  // From here on it can be ended by others, though it is not open yet.
  open_.insert(tunnel.get());
  registry_.tunnel_opened(tunnel->row(),
                          [tunnel](std::string const& why) { tunnel->end(TunnelEnd::revoked, why); });
  tasks_.spawn(carry(std::move(tunnel), std::move(connection)));
  co_return success();
}

awaitable<Result<void>> EndpointDoor::accept(Tunnel& tunnel, Connection& connection) {
  connection.upgrade.headers.add("x-amzn-RequestId", connection.facts.request_id);
  auto bytes = wire::encode(connection.upgrade);
  connection.stream->expire_after(kOpening);
  auto written = co_await connection.stream->write(as_bytes(bytes));
  if (!written) {
    tunnel.end({wire::close_code::internal_error, ""}, SessionState::failed, written.error().detail);
    co_return written.error();
  }
  connection.stream->never_expire();
  tunnel.accepted(std::make_unique<io::WebSocket>(executor_, std::move(connection.stream), wire::Side::server,
                                                  kMostMessage, connection.leftover));
  // An idle tunnel keeps none of it.
  connection.request = {}, connection.leftover = {}, connection.upgrade = {};
  co_return success();
}

awaitable<Result<std::unique_ptr<io::Stream>>> EndpointDoor::reach_within(Tunnel& tunnel,
                                                                          std::chrono::seconds patience) {
  auto target = co_await io::within(patience, reach(tunnel));
  if (target || target.error().code != Errc::deadline_exceeded) co_return target;
  auto const& asked = tunnel.asked();
  auto id = tunnel.row().target.text();
  if (!id.starts_with("i-")) id.clear();
  co_return Error{Errc::unavailable, wire::no_answer(asked.address.text(), asked.port, id, patience)};
}

awaitable<Result<std::unique_ptr<io::Stream>>> EndpointDoor::reach(Tunnel& tunnel) {
  auto const& asked = tunnel.asked();
  if (!tunnel.row().carrier.empty())
    co_return co_await sessions::open_carried(executor_, registry_, gate_.clock(), tunnel.admission());
  if (dialer_ == nullptr) co_return Error{Errc::unavailable, sessions::no_process_of(asked.endpoint)};
  co_return co_await dialer_->dial(network::ConnectEndpointId(asked.endpoint), tunnel.source(), asked.address,
                                   asked.port);
}

// A tunnel is open before its target is: a target that cannot be reached is told by the reason of its end,
// which the AWS CLI shows. Our own client awaits the target, and goes another way where this one fails.
awaitable<void> EndpointDoor::reach_and_carry(Tunnel& tunnel, Connection& connection) {
  auto awaited = connection.request.headers.find(wire::kAwaitTarget);
  bool is_awaited = awaited.has_value();
  Result<void> accepted = success();
  if (!is_awaited) accepted = co_await accept(tunnel, connection);
  if (!accepted) co_return;
  auto reaching = is_awaited ? reach_within(tunnel, patience_of(*awaited)) : reach(tunnel);
  auto target = co_await std::move(reaching);
  if (!target) tunnel.end(TunnelEnd::target_unreachable, target.error().detail);
  if (tunnel.has_ended()) {  // or by others, meanwhile
    if (is_awaited) co_return co_await refuse(connection, wire::target_unreachable(tunnel.outcome().why));
    co_return co_await tunnel.close_client();
  }
  if (is_awaited) accepted = co_await accept(tunnel, connection);
  if (!accepted) co_return;
  auto const& row = tunnel.row();
  registry_.tunnel_connected(row.id);
  log_info("tunnel open", {{"session", row.id.text()}, {"owner", row.owner}, {"to", row.reason}});
  co_await tunnel.carry(*std::move(target));
}

awaitable<void> EndpointDoor::carry(std::shared_ptr<Tunnel> tunnel, Connection connection) {
  auto row = tunnel->row();
  std::exception_ptr failure;
  try {
    co_await reach_and_carry(*tunnel, connection);
  } catch (...) {
    failure = std::current_exception();
    tunnel->end(TunnelEnd::endpoint_lost, "The plane failed.");
  }
  open_.erase(tunnel.get());
  co_await registry_.tunnel_closed(row, tunnel->outcome());
  if (failure) std::rethrow_exception(failure);
  if (auto target = tunnel->let_go()) tasks_.spawn(linger(std::move(target), std::move(connection.place)));
}

void EndpointDoor::on_commit(store::Transaction& transaction) {
  auto lost = tunnels_.lost_endpoints(transaction);
  if (!lost || lost->empty()) return;
  asio::post(executor_, [this, lost = *std::move(lost)] {
    for (auto* tunnel : open_) {
      auto const& endpoint = tunnel->asked().endpoint;
      if (std::find(lost.begin(), lost.end(), endpoint) != lost.end())
        tunnel->end(TunnelEnd::endpoint_deleted, endpoint + " was deleted.");
    }
    for (auto const& endpoint : lost) registry_.terminate_all_through(endpoint, endpoint + " was deleted.");
  });
}

awaitable<void> EndpointDoor::stop() {
  for (auto* tunnel : open_) tunnel->end(TunnelEnd::plane_stops, "The plane was stopped.");
  auto deadline = io::SteadyClock::now() + kStopping;
  while (tasks_.size() > 0 && io::SteadyClock::now() < deadline) co_await io::sleep_for(20ms);
  tasks_.cancel();  // what a full disk holds up is recorded by the next process
  co_await tasks_.join();
}

}  // namespace fumidai::doors::endpoint
