#include "audit/event.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/bytes.h"

namespace fumidai::audit {

namespace {

// What peers say of themselves need not be UTF-8, and JSON must be.
json::string text(std::string_view view) {
  auto clean = to_utf8(view);
  return json::string(clean.data(), clean.size());
}

Event by_caller(model::Caller const& caller, std::string_view kind) {
  Event event;
  event.at = caller.at;
  event.kind = kind;
  event.principal = caller.principal.arn;
  event.request_id = caller.request_id;
  event.source = caller.source_address;
  return event;
}

Event of_plane(std::string_view kind, std::string_view outcome, Time at) {
  Event event;
  event.at = at;
  event.kind = kind;
  event.outcome = outcome;
  event.principal = "fumidai";
  event.detail = "{}";
  return event;
}

// Of a tunnel, which is one: made by this request, or named by it.
std::string session_in(json::object const& facts) {
  auto const* made = facts.if_contains("made");
  auto const& holder = made != nullptr && made->is_object() ? made->get_object() : facts;
  auto const* session = holder.if_contains("session");
  return session != nullptr && session->is_string() ? std::string(session->get_string()) : "";
}

}  // namespace

json::object Event::to_json() const {
  boost::system::error_code failure;
  auto parsed = json::parse(json::string_view(detail.data(), detail.size()), failure);
  return {{"chain", text(chain)},
          {"seq", seq},
          {"time", text(to_iso(at))},
          {"kind", text(kind)},
          {"outcome", text(outcome)},
          {"principal", text(principal)},
          {"action", text(action)},
          {"resource", text(resource)},
          {"session", text(session_id)},
          {"request", text(request_id)},
          {"source", text(source)},
          {"detail", failure ? json::value(text(detail)) : parsed},
          {"mac", text(mac)}};
}

Event Decided::to_event() const {
  auto event = by_caller(caller, "api.call");
  event.outcome = allowed ? "allowed" : "denied";
  event.action = action;
  event.resource = resource;
  event.session_id = session_in(facts);
  auto body = facts;
  body["decidedBy"] = text(decided_by);
  body["wouldChange"] = text(would_change);
  body["userAgent"] = text(std::string_view(caller.user_agent).substr(0, 256));
  event.detail = json::serialize(body);
  return event;
}

Event SessionStarted::to_event() const {
  auto event = by_caller(caller, "session.start");
  event.outcome = "allowed";
  event.action = "ssm:StartSession";
  event.resource = resource;
  event.session_id = session.text();
  auto body = facts;
  body["decidedBy"] = text(decided_by);
  body["wouldChange"] = text(would_change);
  event.detail = json::serialize(body);
  return event;
}

Event SessionEnded::to_event() const {
  auto event = of_plane("session.end", state == "Failed" ? "failed" : "done", at);
  event.principal = owner;
  event.session_id = session.text();
  event.detail = json::serialize(json::object{{"target", text(target.text())},
                                              {"state", text(state)},
                                              {"why", text(why)},
                                              {"milliseconds", duration.count()},
                                              {"bytesIn", bytes_in},
                                              {"bytesOut", bytes_out}});
  return event;
}

Event StreamAltered::to_event() const {
  auto event = of_plane("session.altered", "denied", at);
  event.session_id = session.text();
  event.source = source;
  event.detail = json::serialize(json::object{{"sender", text(sender)}, {"sequence", sequence}});
  return event;
}

Event AgentConnected::to_event() const {
  auto event = of_plane("agent.connect", "allowed", at);
  event.principal = principal;
  event.action = "ssmmessages:OpenControlChannel";
  event.resource = instance.text();
  event.source = source;
  event.detail = json::serialize(
      json::object{{"agentVersion", text(agent_version)}, {"replacedAnother", replaced_another}});
  return event;
}

Event AgentDisconnected::to_event() const {
  auto event = of_plane("agent.disconnect", "done", at);
  event.resource = instance.text();
  event.detail = json::serialize(json::object{{"why", text(why)}});
  return event;
}

Event InstanceRegistered::to_event() const {
  auto event = of_plane("instance.register", "allowed", at);
  event.principal = "activation/" + std::string(activation);
  event.action = "ssm:RegisterManagedInstance";
  event.resource = instance.text();
  event.source = source;
  event.request_id = request_id;
  return event;
}

Event PlaneStarted::to_event() const {
  auto event = of_plane("plane.start", "done", at);
  event.detail = json::serialize(json::object{{"version", text(version)}});
  return event;
}

Event CheckpointLost::to_event() const {
  return of_plane(kCheckpointLost, "failed", at);
}

Event PlaneStopped::to_event() const {
  return of_plane("plane.stop", "done", at);
}

}  // namespace fumidai::audit
