#pragma once

// What the audit trail records. Each kind of event is a type; to_event() makes the one form in which all are
// stored, chained and exported. No event carries a secret or the content of a session.

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "model/caller.h"

namespace fumidai::audit {

namespace json = boost::json;

struct Event {
  // Its place, given when it is appended.
  std::string chain;
  std::int64_t seq = 0;

  Time at{};
  std::string kind;     // api.call, session.start, session.end, agent.connect, …
  std::string outcome;  // allowed, denied, done, failed
  std::string principal, action, resource, session_id, request_id, source;
  std::string detail;  // a JSON object, kept as the text that was authenticated
  std::string mac;     // base64

  json::object to_json() const;
};

// A request that the gate decided. For a denied one this is all that happened; a change or a session that was
// allowed has it in its own transaction.
struct Decided {
  model::Caller const& caller;
  std::string action;
  std::string resource;
  bool allowed;
  // Which statement decided, and what would change it: for `fumidai explain`.
  std::string decided_by;
  std::string would_change;
  // What was asked for, without secrets; as "made" what came of it. A "session" in either is the event's.
  json::object facts = {};

  Event to_event() const;
};

struct SessionStarted {
  model::Caller const& caller;
  SessionId session;
  std::string resource;
  json::object facts;  // target, document, parameters, reason
  std::string decided_by;
  std::string would_change;

  Event to_event() const;
};

struct SessionEnded {
  SessionId session;
  InstanceId target;
  std::string owner;
  std::string state;
  std::string why;
  std::chrono::milliseconds duration;
  std::int64_t bytes_in, bytes_out;
  Time at;

  Event to_event() const;
};

// A peer showed one payload to some and another to others, under one number.
struct StreamAltered {
  SessionId session;
  std::string sender;  // agent, client
  std::int64_t sequence;
  std::string source;
  Time at;

  Event to_event() const;
};

struct AgentConnected {
  InstanceId instance;
  std::string principal, source, agent_version;
  bool replaced_another;
  Time at;

  Event to_event() const;
};

struct AgentDisconnected {
  InstanceId instance;
  std::string why;
  Time at;

  Event to_event() const;
};

struct InstanceRegistered {
  InstanceId instance;
  std::string activation, source, request_id;
  Time at;

  Event to_event() const;
};

struct PlaneStarted {
  std::string version;
  Time at;

  Event to_event() const;
};

// The plane started with events in its store and without its checkpoint file: what was cut off before, nobody
// here knows.
struct CheckpointLost {
  Time at;

  Event to_event() const;
};
inline constexpr std::string_view kCheckpointLost = "audit.checkpoint-lost";

struct PlaneStopped {
  Time at;

  Event to_event() const;
};

}  // namespace fumidai::audit
