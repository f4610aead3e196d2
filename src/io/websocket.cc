#include "io/websocket.h"

#include "base/bytes.h"
#include "base/log.h"
#include "io/tls_record.h"
#include "wire/json_shape.h"

namespace fumidai::io {

using wire::Opcode;

namespace {

constexpr std::uint16_t kGoingAway = 1001, kProtocolError = 1002, kTooLarge = 1009;

constexpr auto kLastWords = std::chrono::seconds(2);

// Until the peer has closed as well. Clients on the AWS Common Runtime of before July 2024 never see what
// they have not read when the connection ends (aws-c-io, pull requests 642 and 650).
awaitable<Result<void>> await_close(WebSocket& socket) {
  for (;;) CO_CHECK(co_await socket.read());
}

}  // namespace

WebSocket::WebSocket(asio::any_io_executor executor, std::unique_ptr<Stream> stream, wire::Side side,
                     std::size_t most_message, ByteView leftover)
    : stream_(std::move(stream)), side_(side), reader_(side, most_message), writing_(std::move(executor)) {
  reader_.feed(leftover);
}

awaitable<Result<wire::WebSocketMessage>> WebSocket::read() {
  for (;;) {
    auto message = reader_.next();
    if (!message) {
      auto error = message.error();
      // Not closed here: what the peer still sends would cost it the reason. Whoever reads lingers, or
      // leaves.
      auto code = error.code == Errc::too_large ? kTooLarge : kProtocolError;
      if (!is_finished_) co_await finish(code, error.detail, kLastWords);
      co_return error;
    }
    if (!*message) {
      CO_CHECK(co_await read_more());
      continue;
    }
    bool is_data = (*message)->opcode == Opcode::text || (*message)->opcode == Opcode::binary;
    if (is_data) co_return **message;
    CO_CHECK(co_await on_control(**message));
  }
}

awaitable<Result<void>> WebSocket::read_more() {
  if (most_silence_) stream_->expire_after(*most_silence_);
  // What flows needs no wait, and keeps its buffer.
  std::optional<Result<std::size_t>> come;
  if (reader_.holds_memory()) come = stream_->try_read(reader_.prepare(kTlsRecord));
  if (!come) {
    reader_.release_memory();
    CO_CHECK(co_await stream_->wait_readable());
    come = co_await stream_->read_some(reader_.prepare(kTlsRecord));
  }
  CO_TRY(auto count, *come);
  if (count == 0) co_return Error{Errc::closed, "the peer closed the connection"};
  reader_.commit(count);
  last_heard_ = SteadyClock::now();
  if (is_finished_) co_await leavings_.pass_over(count);
  co_return success();
}

awaitable<Result<void>> WebSocket::on_control(wire::WebSocketMessage const& message) {
  if (message.opcode == Opcode::ping && is_finished_) co_return success();
  if (message.opcode == Opcode::ping) {
    Bytes payload = to_bytes(message.payload);
    co_return co_await write(Opcode::pong, payload);
  }
  if (message.opcode == Opcode::close) {
    auto reason = wire::parse_close(message.payload);
    closed_by_peer_ = reason;
    co_await close(reason.code == 1005 ? 1000 : reason.code, "");
    auto code = reason.code == wire::close_code::replaced ? Errc::conflict : Errc::closed;
    co_return Error{
        code, "the peer closed the channel" + (reason.text.empty() ? "" : ": " + escaped(reason.text, 128))};
  }
  co_return success();
}

awaitable<Result<void>> WebSocket::write(Opcode opcode, ByteView payload) {
  auto turn = co_await writing_.enter();
  auto frame = wire::encode_frame(side_, opcode, payload);
  co_return co_await stream_->write(frame);
}

awaitable<Result<void>> WebSocket::write_all(Opcode opcode, std::span<ByteView const> payloads) {
  auto turn = co_await writing_.enter();
  std::size_t size = 0;
  for (auto const& payload : payloads) size += wire::FrameHeader::kMostBytes + payload.size();
  Bytes frames;
  frames.reserve(size);
  for (auto const& payload : payloads) wire::append_frame(frames, side_, opcode, payload);
  co_return co_await stream_->write(frames);
}

awaitable<Result<void>> WebSocket::write_frames(ByteView frames) {
  auto turn = co_await writing_.enter();
  co_return co_await stream_->write(frames);
}

awaitable<Result<void>> WebSocket::ping(std::string_view payload) {
  return write(Opcode::ping, as_bytes(payload));
}

awaitable<void> WebSocket::close(std::uint16_t code, std::string_view reason) {
  // While another write is stuck the peer would not read this one either.
  if (!writing_.is_busy() && !is_finished_) {
    auto payload = wire::encode_close(code, reason);
    stream_->expire_after(kLastWords);
    co_await write(Opcode::close, payload);
  }
  stream_->close();
}

awaitable<void> WebSocket::finish(std::uint16_t code, std::string_view reason,
                                  SteadyClock::duration patience) {
  auto payload = wire::encode_close(code, reason);
  is_finished_ = true;
  most_silence_.reset();
  stream_->expire_after(patience);
  co_await write(Opcode::close, payload);
}

awaitable<void> WebSocket::linger(SteadyClock::duration patience) {
  stream_->expire_after(patience);
  auto answer = await_close(*this);
  co_await within(patience / 2, std::move(answer));
  stream_->finish_writing();
  co_await io::linger(*stream_, patience / 2);
}

wire::HttpResponse upgrade_response(wire::HttpRequest const& request) {
  wire::HttpResponse response;
  auto key = request.headers.find("Sec-WebSocket-Key");
  bool right_version = request.headers.find("Sec-WebSocket-Version").value_or("") == "13";
  if (!request.is_websocket_upgrade() || !right_version || !key || key->size() > 64) {
    response.status = 400;
    response.headers.add("Sec-WebSocket-Version", "13");
    response.body = "This address answers WebSocket upgrades of version 13 only.\n";
    return response;
  }
  response.status = 101;
  response.headers = {{"Upgrade", "websocket"},
                      {"Connection", "Upgrade"},
                      {"Sec-WebSocket-Accept", wire::websocket_accept(*key)}};
  return response;
}

namespace {

awaitable<Result<wire::HttpResponse>> exchange(Stream& stream, wire::HttpRequest const& request,
                                               Bytes& leftover) {
  auto head = wire::encode(request);
  CO_CHECK(co_await stream.write(as_bytes(head)));
  wire::HttpResponseReader reader;
  Bytes chunk(4096);
  while (!reader.is_done()) {
    CO_TRY(auto count, co_await stream.read_some(chunk));
    if (count == 0) co_return Error{Errc::closed, "the server closed the connection during the upgrade"};
    CO_TRY(auto used, reader.feed(ByteView(chunk).first(count)));
    leftover.assign(chunk.begin() + static_cast<std::ptrdiff_t>(used),
                    chunk.begin() + static_cast<std::ptrdiff_t>(count));
  }
  co_return reader.take();
}

// In the server's own sentence, where it has one.
Error refusal(wire::HttpResponse const& response) {
  auto body = wire::parse_json(response.body);
  auto const* said = body && body->is_object() ? body->get_object().if_contains("Message") : nullptr;
  if (said != nullptr && said->is_string())
    return {Errc::denied, escaped(std::string_view(said->get_string()), 1000)};
  return {Errc::denied, "the server answered " + std::to_string(response.status) +
                            " to the WebSocket upgrade: " + escaped(response.body, 300)};
}

}  // namespace

awaitable<Result<std::unique_ptr<WebSocket>>> upgrade_client(std::unique_ptr<Stream> stream,
                                                             wire::HttpRequest request,
                                                             std::size_t most_message,
                                                             SteadyClock::duration limit) {
  auto key = wire::random_websocket_key();
  request.method = "GET";
  for (auto const& header : wire::HttpHeaders{{"Connection", "Upgrade"},
                                              {"Upgrade", "websocket"},
                                              {"Sec-WebSocket-Version", "13"},
                                              {"Sec-WebSocket-Key", key}}) {
    request.headers.set(header.name, header.value);
  }
  stream->expire_after(limit);
  Bytes leftover;
  CO_TRY(auto response, co_await exchange(*stream, request, leftover));
  if (response.status != 101) co_return refusal(response);
  if (response.headers.find("Sec-WebSocket-Accept").value_or("") != wire::websocket_accept(key)) {
    co_return Error{Errc::malformed,
                    "the server's answer to the WebSocket upgrade does not belong to our request"};
  }
  stream->never_expire();
  auto executor = co_await asio::this_coro::executor;
  co_return std::make_unique<WebSocket>(executor, std::move(stream), wire::Side::client, most_message,
                                        leftover);
}

}  // namespace fumidai::io
