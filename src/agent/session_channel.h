#pragma once

// How an agent opens the data channel of one session, as often as it takes, and what it says there of itself.

#include <memory>

#include "agent/plane_client.h"
#include "io/data_link.h"
#include "wire/session_payloads.h"

namespace fumidai::agent {

// With which the connection of a session is made: a vanished plane is noticed within half a minute.
inline constexpr io::KeepAlive kSessionKeepAlive{std::chrono::seconds(10), std::chrono::seconds(5), 3};

class SessionChannel {
 public:
  SessionChannel(PlaneClient plane, std::string session_id)
      : plane_(std::move(plane)), session_id_(std::move(session_id)) {}

  // A new connection, with the opening said. Errors: not_found, when the plane says that the session is over;
  // unavailable.
  awaitable<Result<std::shared_ptr<io::WebSocket>>> connect();

  // The word that ends a session from this side, after all else that was said.
  awaitable<void> say_goodbye(io::DataLink& link);

  std::string const& session_id() const { return session_id_; }
  PlaneClient const& plane() const { return plane_; }
  Clock const& clock() const { return clock_; }

 private:
  Bytes state_message(char const* state) const;

  PlaneClient plane_;
  std::string session_id_;
  SystemClock clock_;
  bool announced_ = false;
};

// What the agent's side says first. `properties` as AWS's agent repeats them from the document.
Bytes handshake_request(std::string const& session_type, boost::json::value properties = nullptr);

}  // namespace fumidai::agent
