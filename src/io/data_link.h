#pragma once

// One end of a data channel over WebSockets that come and go: the protocol of wire::DataChannel, driven. Used
// by the agent's side and by the client's. Belongs to one loop; lives as long as its session.

#include <deque>
#include <functional>
#include <memory>

#include "io/wait.h"
#include "io/websocket.h"
#include "wire/data_channel.h"

namespace fumidai::io {

struct DataLinkOptions {
  wire::DataChannelOptions channel;
  SteadyClock::duration ping_every{};  // zero: never
  SteadyClock::duration dead_after{};  // silence after which a connection counts as lost
  SteadyClock::duration most_outage =
      SteadyClock::duration::max();  // without a connection, before it gives up
  std::chrono::milliseconds first_retry{100}, most_retry{5000};
};

class DataLink {
 public:
  // Makes a connection and says the opening message on it. Its failure is final when it is not_found (the
  // session is over) or denied, or when the outage has lasted too long; otherwise it is tried again. A
  // connection whose place a newer one took is not made again either: two would take it from each other for
  // ever.
  using Connect = std::function<awaitable<Result<std::shared_ptr<WebSocket>>>()>;
  // Takes messages that are not of the stream: channel_closed and the like.
  using Control = std::function<void(wire::AgentMessage const&)>;

  DataLink(asio::any_io_executor executor, DataLinkOptions options, Clock const& clock, Connect connect,
           Control control);

  // Told when the connection is made and when it is lost (with the reason).
  std::function<void(bool connected, std::string const& why)> on_connection;

  // Keeps the link connected until close(), or until connecting fails for good.
  awaitable<Result<void>> run();

  bool can_send() const { return channel_.can_send() && !paused_; }
  // Waits for room in the window. Error: closed.
  awaitable<Result<void>> send(wire::PayloadType type, ByteView payload);
  // See wire::DataChannel.
  void omit_digests() { channel_.omit_digests(); }
  void accept_no_digests() { channel_.accept_no_digests(); }
  void widen(wire::DataChannelOptions const& wide) { channel_.widen(wide); }
  // The peer's next payload. Error: closed.
  awaitable<Result<wire::DataChannel::Delivery>> receive();
  bool has_delivery() const { return channel_.has_delivery(); }
  // The same, or nothing at the deadline.
  awaitable<Result<std::optional<wire::DataChannel::Delivery>>> receive_until(SteadyTime deadline);

  // A message that is not of the stream, written before what waits.
  void post(Bytes message);

  // Waits until the peer has acknowledged everything, but no longer than `patience` without progress.
  awaitable<bool> drain(SteadyClock::duration patience);

  // Nobody takes what comes any more: receive() ends with closed, while what was sent still goes out.
  void stop_receiving();

  void close();
  bool is_closed() const { return closed_; }
  bool is_connected() const { return socket_ != nullptr; }

 private:
  awaitable<Result<void>> serve(std::shared_ptr<WebSocket> socket);
  awaitable<Result<void>> carry(WebSocket& socket);
  awaitable<Result<void>> read_loop(WebSocket& socket);
  awaitable<Result<void>> write_loop(WebSocket& socket);
  awaitable<Result<void>> resend_loop();
  awaitable<Result<void>> ping_loop(WebSocket& socket);
  awaitable<Result<void>> acknowledge_loop();
  void on_control(wire::AgentMessage const& message);

  DataLinkOptions options_;
  Connect connect_;
  Control control_;
  wire::DataChannel channel_;
  std::shared_ptr<WebSocket> socket_;
  std::deque<Bytes> posted_;
  Signal output_, arrived_, window_, sent_, closing_;
  Signal wanted_;  // the channel may want input again
  Signal owed_;    // an acknowledgement
  bool paused_ = false;
  bool accepted_ = false;   // a message of the present connection
  bool listening_ = false;  // reads from the connection, since then
  SteadyTime listening_since_{};
  bool deaf_ = false;  // stop_receiving()
  bool closed_ = false;
};

}  // namespace fumidai::io
