#include "doors/manager/manager_door.h"

#include "base/bytes.h"
#include "base/log.h"
#include "doors/manager/control_channel.h"
#include "wire/agent_message.h"
#include "wire/aws_response.h"
#include "wire/session_payloads.h"
#include "wire/url.h"

namespace fumidai::doors::manager {

using namespace std::chrono_literals;
using sessions::ChannelRole;

namespace {

constexpr auto kOpening = 10s;                           // from the upgrade to the first message
constexpr std::size_t kMostControlMessage = 160 * 1024;  // AWS's agent writes up to 142,000 bytes
constexpr std::size_t kMostOpenMessage = 8 * 1024;
constexpr std::size_t kMostProcessId = 12;

// The part of the path behind the prefix, decoded.
Result<std::string> channel_id(std::string_view path, std::string_view prefix) {
  TRY(auto id, wire::percent_decode(path.substr(prefix.size())));
  if (id.empty() || id.size() > 128 || id.find('/') != id.npos)
    return Error{Errc::malformed, "this path names no channel"};
  return id;
}

// The first message of a channel: TEXT, small, soon.
template <class Open>
awaitable<Result<Open>> read_opening(io::WebSocket& socket) {
  socket.stream().expire_after(kOpening);
  CO_TRY(auto message, co_await socket.read());
  if (message.opcode != wire::Opcode::text)
    co_return Error{Errc::malformed, "an opening message that is not text"};
  if (message.payload.size() > kMostOpenMessage)
    co_return Error{Errc::too_large,
                    "an opening message of " + std::to_string(message.payload.size()) + " bytes"};
  CO_TRY(auto open, wire::from_json_text<Open>(as_text(message.payload)));
  socket.stream().never_expire();
  co_return open;
}

}  // namespace

ManagerDoor::ManagerDoor(asio::any_io_executor executor, identity::Authenticator& authenticator,
                         sessions::Gate& gate, sessions::Registry& registry, sessions::Tunnels& tunnels,
                         std::string region)
    : executor_(executor),
      authenticator_(authenticator),
      gate_(gate),
      registry_(registry),
      tunnels_(tunnels),
      region_(std::move(region)),
      channels_(executor, "channels"),
      writers_(executor, "control writers") {}

awaitable<void> ManagerDoor::serve(wire::HttpRequest request, identity::RequestFacts facts,
                                   std::unique_ptr<io::Stream> stream, Bytes leftover,
                                   io::Places::Place place) {
  Connection connection{std::move(request), std::move(facts), std::move(stream), std::move(leftover),
                        std::move(place)};
  auto path = connection.request.path();
  bool is_control = path.starts_with(kControlPath);
  auto id = channel_id(path, is_control ? kControlPath : kDataPath);
  Result<void> served = identity::check_endpoint(connection.facts, "ssmmessages");
  if (!served) {
    // said below
  } else if (!id) {
    served = id.error();
  } else if (is_control) {
    served = co_await open_control(connection, InstanceId(*id));
  } else {
    served = co_await open_data(connection, SessionId(*id));
  }
  if (served) co_return;
  auto const& error = served.error();
  log_debug("channel refused",
            {{"peer", connection.facts.source_address}, {"path", path}, {"why", error.detail}});
  bool unproven =
      error.code == Errc::unauthenticated || error.code == Errc::malformed || error.code == Errc::too_large;
  if (unproven)
    gate_.count_refusal(connection.facts.source_address,
                        error.aws.empty() ? to_string(error.code) : error.aws);
  if (!connection.stream) co_return;  // upgraded already, and closed since
  auto response = wire::encode(
      wire::error_response(error, wire::Protocol::rest, connection.facts.request_id, gate_.clock().now()));
  connection.stream->expire_after(kOpening);
  co_await connection.stream->write(as_bytes(response));
  connection.stream->close();
}

awaitable<Result<model::Caller>> ManagerDoor::prove(Connection const& connection, std::string action) {
  wire::SignatureRules rules{"ssmmessages", region_, wire::Protocol::rest};
  CO_TRY(auto proven, co_await authenticator_.authenticate(connection.request, rules, connection.facts));
  if (proven.kind == identity::CredentialKind::instance_key) {
    co_return auth_error(wire::AuthFault::unknown_key, wire::Protocol::rest,
                         "The registration key opens no channel; ask for a role token first.");
  }
  sessions::Ask ask;
  ask.caller = proven.caller;
  ask.action = action;
  ask.recorded = sessions::Recorded::counted;
  CO_CHECK(co_await gate_.authorize(std::move(ask)));
  if (!proven.caller.principal.instance) {
    Error why{Errc::denied, "Only the agent of a registered instance can open this channel.", "AccessDenied"};
    gate_.record_refusal(proven.caller, action, escaped(connection.request.path(), 160), why);
    co_return why;
  }
  co_return proven.caller;
}

awaitable<Result<std::shared_ptr<io::WebSocket>>> ManagerDoor::accept(Connection& connection,
                                                                      std::size_t most_message) {
  auto response = io::upgrade_response(connection.request);
  response.headers.add("x-amzn-RequestId", connection.facts.request_id);
  response.headers.add("Date", to_http_date(gate_.clock().now()));
  auto bytes = wire::encode(response);
  connection.stream->expire_after(kOpening);
  CO_CHECK(co_await connection.stream->write(as_bytes(bytes)));
  if (response.status != 101) {
    connection.stream->close();
    connection.stream.reset();
    co_return Error{Errc::malformed, "not a WebSocket upgrade of version 13"};
  }
  co_return std::make_shared<io::WebSocket>(executor_, std::move(connection.stream), wire::Side::server,
                                            most_message, connection.leftover);
}

namespace {

// Tells the registry when the agent is gone, also when its channel is cancelled.
class Presence {
 public:
  Presence(sessions::Registry& registry, InstanceId instance, std::shared_ptr<ControlChannel> channel)
      : registry_(registry), instance_(std::move(instance)), channel_(std::move(channel)) {}
  Presence(Presence&&) = default;
  ~Presence() {
    if (channel_) registry_.agent_left(instance_, channel_.get(), why);
  }

  ControlChannel& channel() { return *channel_; }
  std::string why = "the plane stopped";

 private:
  sessions::Registry& registry_;
  InstanceId instance_;
  std::shared_ptr<ControlChannel> channel_;
};

awaitable<void> carry(std::shared_ptr<sessions::LiveSession> session, sessions::LiveSession::Role role,
                      std::shared_ptr<io::WebSocket> socket, std::string source, std::string version,
                      io::Places::Place) {
  co_await session->serve(role, std::move(socket), std::move(source), std::move(version));
}

// A reason has room for 123 bytes; the whole refusal is in the audit trail.
awaitable<void> refuse_to_carry(io::WebSocket& socket, InstanceId const& instance,
                                std::string const& endpoint, Error const& why) {
  if (why.code != Errc::denied)
    co_return co_await socket.close(wire::close_code::internal_error, "the plane failed; its log tells why");
  co_await socket.close(wire::close_code::policy_violation,
                        "the role of " + instance.text() + " lacks fumidai:ServeEndpoint on " +
                            escaped(endpoint, 22) + ": attach FumidaiServeEndpoint");
}

awaitable<void> attend(Presence agent, io::Places::Place) {
  agent.why = co_await agent.channel().read_until_closed();
}

}  // namespace

awaitable<Result<void>> ManagerDoor::open_control(Connection& connection, InstanceId instance) {
  CO_TRY(auto caller, co_await prove(connection, "ssmmessages:OpenControlChannel"));
  if (*caller.principal.instance != instance) {
    auto name = escaped(instance.text(), 64);
    Error why{Errc::denied, "The control channel of " + name + " belongs to its own agent.", "AccessDenied"};
    gate_.record_refusal(caller, "ssmmessages:OpenControlChannel", name, why);
    co_return why;
  }
  CO_TRY(auto socket, co_await accept(connection, kMostControlMessage));
  auto open = co_await read_opening<wire::OpenControlChannel>(*socket);
  bool admitted = open && registry_.redeem(ChannelRole::control, instance.text(), open->token_value);
  if (!admitted) {
    co_await socket->close(wire::close_code::policy_violation, "the token does not open this channel");
    co_return Error{Errc::unauthenticated, "a control channel with a bad token"};
  }
  std::string complaint;
  if (open->serves_endpoint) {
    // Whoever carries the tunnels of an endpoint is trusted with what goes through them.
    auto endpoint = escaped(*open->serves_endpoint, 64);
    auto served = co_await tunnels_.admit_carrier(caller, endpoint);
    if (!served) {
      co_await refuse_to_carry(*socket, instance, endpoint, served.error());
      co_return served.error();
    }
    complaint = *std::move(served);
  }
  connection.place.proven();
  auto process = open->process.value_or("").substr(0, kMostProcessId);
  auto channel = std::make_shared<ControlChannel>(instance, socket, registry_, writers_, gate_.clock(),
                                                  std::move(process));
  sessions::AgentArrival arrival{instance,
                                 caller.principal.arn,
                                 connection.facts.source_address,
                                 open->agent_version,
                                 open->serves_endpoint.value_or(""),
                                 caller};
  registry_.agent_arrived(arrival, channel);
  Presence presence(registry_, instance, channel);
  // Its host can be reached all the same, and the endpoint may yet come.
  if (!complaint.empty()) {
    auto notice = wire::to_json_text(wire::SessionNotice{complaint});
    channel->send(wire::make_message(wire::message_type::session_notice, notice, gate_.clock().now()));
  }
  channels_.spawn(attend(std::move(presence), std::move(connection.place)));
  co_return success();
}

awaitable<Result<void>> ManagerDoor::open_data(Connection& connection, SessionId id) {
  // Agents sign the upgrade; clients have nothing but the token in their first message.
  std::optional<InstanceId> instance;
  if (connection.request.headers.find("authorization")) {
    CO_TRY(auto caller, co_await prove(connection, "ssmmessages:OpenDataChannel"));
    instance = caller.principal.instance;
  }
  CO_TRY(auto socket, co_await accept(connection, sessions::kMostDataMessage));
  auto open = co_await read_opening<wire::OpenDataChannel>(*socket);
  auto session = registry_.find(id);
  auto role = instance ? ChannelRole::agent : ChannelRole::client;
  bool admitted = open && session && registry_.redeem(role, id.text(), open->token_value);
  // An agent must be the target's, and must not pose as a client, nor a client as an agent.
  if (admitted && instance)
    admitted = session->row().agent() == *instance && open->client_instance_id == instance->text();
  if (admitted && !instance) admitted = !open->client_instance_id;
  if (!admitted) {
    co_await socket->close(wire::close_code::policy_violation, "the token does not open this channel");
    co_return Error{Errc::unauthenticated, "a data channel with a bad token"};
  }
  connection.place.proven();
  log_info("data channel open", {{"session", id.text()},
                                 {"role", instance ? "agent" : "client"},
                                 {"peer", connection.facts.source_address},
                                 {"version", open->client_version.value_or("")}});
  using Role = sessions::LiveSession::Role;
  channels_.spawn(carry(session, instance ? Role::agent : Role::client, socket,
                        connection.facts.source_address, open->client_version.value_or(""),
                        std::move(connection.place)));
  co_return success();
}

awaitable<void> ManagerDoor::stop() {
  channels_.cancel();
  co_await channels_.join();
  writers_.cancel();
  co_await writers_.join();
}

}  // namespace fumidai::doors::manager
