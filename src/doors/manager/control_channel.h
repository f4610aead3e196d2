#pragma once

// One agent's control channel: orders go out, results of sessions come in. Lives in the task that reads it;
// an idle one costs a reader that waits and nothing else.

#include <list>

#include "io/task_group.h"
#include "io/websocket.h"
#include "sessions/registry.h"

namespace fumidai::doors::manager {

class ControlChannel : public sessions::AgentLink, public std::enable_shared_from_this<ControlChannel> {
 public:
  ControlChannel(InstanceId instance, std::shared_ptr<io::WebSocket> socket, sessions::Registry& registry,
                 io::TaskGroup& writers, Clock const& clock, std::string process);

  // Returns why it ended.
  awaitable<std::string> read_until_closed();

  void send(Bytes message) override;
  void close(std::uint16_t code, std::string why) override;
  io::SteadyTime connected_since() const override { return since_; }
  std::string const& process() const override { return process_; }

 private:
  awaitable<void> write_outbox();
  awaitable<void> leave(std::uint16_t code);
  Result<void> on_message(ByteView bytes);

  InstanceId instance_;
  std::shared_ptr<io::WebSocket> socket_;
  sessions::Registry& registry_;
  io::TaskGroup& writers_;
  Clock const& clock_;
  std::string process_;
  io::SteadyTime since_ = io::SteadyClock::now();
  std::list<Bytes> outbox_;  // an empty deque would keep half a kilobyte
  std::size_t outbox_bytes_ = 0;
  bool is_writing_ = false;
  std::string closed_why_;
};

}  // namespace fumidai::doors::manager
