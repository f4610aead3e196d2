#pragma once

// The life of a session. The tables of the store know the same moves (store/migrations.cc, session_moves).

#include <optional>
#include <string_view>

namespace fumidai::model {

enum class SessionState { connecting, connected, disconnected, terminating, terminated, failed };

enum class SessionEvent {
  both_attached,   // client and agent have their channels
  one_lost,        // the channel of one of them broke
  stop_requested,  // TerminateSession, a limit, an error of ours
  ended,           // the far end is done, or both channels are closed
  broke,           // it could not be started, or failed
};

// AWS's words, on the wire and in the store.
constexpr std::string_view to_string(SessionState state) {
  using enum SessionState;
  switch (state) {
    case connecting: return "Connecting";
    case connected: return "Connected";
    case disconnected: return "Disconnected";
    case terminating: return "Terminating";
    case terminated: return "Terminated";
    case failed: return "Failed";
  }
  return "";
}

constexpr bool is_over(SessionState state) {
  return state == SessionState::terminated || state == SessionState::failed;
}

// Nothing when the event is not possible in this state.
constexpr std::optional<SessionState> next(SessionState state, SessionEvent event) {
  using enum SessionState;
  using enum SessionEvent;
  if (is_over(state)) return {};
  switch (event) {
    case both_attached:
      return state == connecting || state == disconnected ? std::optional(connected) : std::nullopt;
    case one_lost: return state == connected ? std::optional(disconnected) : std::nullopt;
    case stop_requested: return state == terminating ? std::nullopt : std::optional(terminating);
    case ended: return terminated;
    case broke: return failed;
  }
  return {};
}

static_assert(next(SessionState::connecting, SessionEvent::both_attached) == SessionState::connected);
static_assert(next(SessionState::disconnected, SessionEvent::both_attached) == SessionState::connected);
static_assert(!next(SessionState::connecting, SessionEvent::one_lost));
static_assert(!next(SessionState::terminated, SessionEvent::stop_requested));
static_assert(!next(SessionState::terminating, SessionEvent::both_attached));

}  // namespace fumidai::model
