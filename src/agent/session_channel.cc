#include "agent/session_channel.h"

#include "agent/platform.h"

namespace fumidai::agent {

using namespace std::chrono_literals;
namespace json = boost::json;
namespace message_type = wire::message_type;

namespace {
constexpr std::size_t kMostDataMessage = 128 * 1024;
}

awaitable<Result<std::shared_ptr<io::WebSocket>>> SessionChannel::connect() {
  Secret token;
  auto channel = co_await plane_.open_channel("/v1/data-channel/" + wire::percent_encode(session_id_),
                                              "?role=publish_subscribe", kMostDataMessage, token);
  if (!channel) {
    // Only the plane's own word ends a session; whatever else is in the way may pass.
    bool is_over = plane_.last_error_name() == "DoesNotExistException";
    co_return Error{is_over ? Errc::not_found : Errc::unavailable, channel.error().detail};
  }
  wire::OpenDataChannel open;
  open.request_id = Uuid::random().text();
  open.token_value = token;
  open.client_instance_id = plane_.identity().instance_id;
  open.client_version = kAgentVersion;  // by which the plane knows one of ours
  auto text = wire::to_json_text(open);
  CO_CHECK(co_await (*channel)->write(wire::Opcode::text, as_bytes(text)));
  if (!std::exchange(announced_, true)) {
    auto message = state_message("Connected");
    CO_CHECK(co_await (*channel)->write(wire::Opcode::binary, message));
  }
  co_return std::shared_ptr<io::WebSocket>(std::move(*channel));
}

awaitable<void> SessionChannel::say_goodbye(io::DataLink& link) {
  if (link.is_closed()) co_return;
  link.post(state_message("Terminating"));
  co_await link.drain(500ms);
}

Bytes SessionChannel::state_message(char const* state) const {
  wire::AgentSessionState said{1, state, session_id_};
  return wire::make_message(message_type::agent_session_state, wire::to_json_text(said), clock_.now(),
                            wire::AgentMessage::kSyn | wire::AgentMessage::kFin);
}

Bytes handshake_request(std::string const& session_type, json::value properties) {
  wire::HandshakeRequest request;
  request.agent_version = kAgentVersion;
  request.requested_client_actions.push_back(
      {std::string(wire::action::session_type),
       json::object{{"SessionType", session_type}, {"Properties", std::move(properties)}}});
  request.requested_client_actions.push_back(
      {std::string(wire::action::native_stream), json::object{{"Agent", kAgentName}, {"Version", 1}}});
  // What a tunnel carries is recorded by nobody, and TLS guards it.
  if (session_type == "Port") {
    for (auto action : {wire::action::no_digests, wire::action::large_messages, wire::action::wide_window})
      request.requested_client_actions.push_back({std::string(action)});
  }
  auto text = wire::to_json_text(request);
  return to_bytes(as_bytes(text));
}

}  // namespace fumidai::agent
