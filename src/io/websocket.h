#pragma once

// A WebSocket over a stream, on either side. Reading answers pings; writing may be done by several coroutines
// of the loop, one message after another. Lives in the coroutine that serves the connection.

#include <memory>

#include "io/linger.h"
#include "io/stream.h"
#include "wire/http.h"
#include "wire/websocket.h"

namespace fumidai::io {

class WebSocket {
 public:
  // `leftover` is what the stream had already yielded after the upgrade.
  WebSocket(asio::any_io_executor executor, std::unique_ptr<Stream> stream, wire::Side side,
            std::size_t most_message, ByteView leftover = {});

  // The next text or binary message, valid until the next read. Errors: closed (with the peer's reason),
  // conflict (a newer connection took the place of this one), malformed and too_large (the peer is told why),
  // deadline_exceeded.
  awaitable<Result<wire::WebSocketMessage>> read();

  // Waits for its turn, then until the connection took all of it.
  awaitable<Result<void>> write(wire::Opcode opcode, ByteView payload);
  // Several messages in one go, which costs one TLS record where it would have been many.
  awaitable<Result<void>> write_all(wire::Opcode opcode, std::span<ByteView const> payloads);
  // The same, of frames that wire::append_frame() made for this side.
  awaitable<Result<void>> write_frames(ByteView frames);
  awaitable<Result<void>> ping(std::string_view payload);

  // A peer from which nothing comes for so long, not even a ping, is gone: what waits on the connection ends
  // with deadline_exceeded.
  void end_after_silence_of(SteadyClock::duration silence) { most_silence_ = silence; }

  // How the peer closed, once it has.
  std::optional<wire::CloseReason> const& closed_by_peer() const { return closed_by_peer_; }

  // When something last came: data, pings and pongs alike.
  SteadyTime last_heard() const { return last_heard_; }

  // Says why, if that is possible at once, and closes.
  awaitable<void> close(std::uint16_t code, std::string_view reason);
  // Says why after all that is being written, for which it waits so long. Whoever calls it writes no more.
  awaitable<void> finish(std::uint16_t code, std::string_view reason, SteadyClock::duration patience);
  // After finish(), when nobody reads any more: passes over what the peer still sends, until it has closed as
  // well or so long, and closes. Closing before that could cost the peer what it has not read yet.
  awaitable<void> linger(SteadyClock::duration patience);
  void close_now() { stream_->close(); }
  Stream& stream() { return *stream_; }

 private:
  awaitable<Result<void>> read_more();
  awaitable<Result<void>> on_control(wire::WebSocketMessage const& message);

  std::unique_ptr<Stream> stream_;
  wire::Side side_;
  wire::WebSocketReader reader_;
  Turnstile writing_;
  std::optional<wire::CloseReason> closed_by_peer_;
  SteadyTime last_heard_ = SteadyClock::now();
  std::optional<SteadyClock::duration> most_silence_;
  bool is_finished_ = false;
  Leavings leavings_;  // what comes after that
};

// The server's answer to an upgrade request: 101, or 400 when the request is none that RFC 6455 allows.
wire::HttpResponse upgrade_response(wire::HttpRequest const& request);

// The client's upgrade over a connected stream. Errors: denied with the status and body that the server gave.
awaitable<Result<std::unique_ptr<WebSocket>>> upgrade_client(std::unique_ptr<Stream> stream,
                                                             wire::HttpRequest request,
                                                             std::size_t most_message,
                                                             SteadyClock::duration limit);

}  // namespace fumidai::io
