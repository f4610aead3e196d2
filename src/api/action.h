#pragma once

// An action: a struct pair, a typed function, and a row of a table (docs/recipes/add-an-action.md). What is
// common to all is here: the request becomes a shape, the gate is asked, the answer becomes bytes. A function
// never runs without the gate's word, and cannot forget to ask for it.

#include <functional>
#include <type_traits>

#include "api/service.h"
#include "audit/checkpoint_file.h"
#include "identity/authenticator.h"
#include "io/worker.h"
#include "network/price.h"
#include "networks/connect_endpoints.h"
#include "networks/keeper.h"
#include "sessions/gate.h"
#include "sessions/registry.h"
#include "sessions/tunnels.h"
#include "wire/aws_response.h"
#include "wire/query_shape.h"
#include "wire/xml_shape.h"

namespace fumidai::api {

class Lab;

// What actions work with.
struct Plane {
  sessions::Gate& gate;
  sessions::Registry& registry;
  networks::Keeper& networks;
  network::PriceTable const& prices;
  identity::Deployment const& deployment;
  Clock const& clock;
  audit::CheckpointFile const& checkpoints;  // of the audit trail
  io::Worker& worker;                        // for what takes long and is no transaction
  Lab* lab = nullptr;
  sessions::Tunnels* tunnels = nullptr;
  networks::ConnectLimits connect_limits = networks::ConnectLimits::none();
  std::string connect_domain{networks::kAwsDomain};  // which DNS names of connect endpoints end with
};

// One authenticated call.
struct Call {
  Plane& plane;
  Addressed const& addressed;
  model::Caller caller;  // of an anonymous call only address, request id and time
};

// Who may call: whoever proves to be a principal, an agent with its registration key, or anyone at all.
enum class Accepts { principals, instance_keys, anyone };

struct Action {
  Service const* service;
  std::string name;
  Accepts accepts = Accepts::principals;
  // Whether the gate is asked under "service:Name". The rest prove themselves otherwise, or need no
  // permission.
  bool asks_gate = true;
  std::function<awaitable<Result<wire::HttpResponse>>(Call, std::string body)> run;

  std::string policy_action() const { return std::string(service->name) + ":" + name; }
};

// An empty answer.
struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

// What a call is about, for the policies: sets the resources of the question (without it: "*"), and what else
// policies may look at. Asked in the transaction that decides, before the request has been validated.
template <class Request>
using About = Result<void> (*)(store::Transaction&, Call const&, Request const&, sessions::Ask&);

namespace detail {

template <class Request>
Result<Request> read_request(Call const& call, std::string const& body) {
  Result<Request> request = Request{};
  auto protocol = call.addressed.service->protocol;
  if (protocol == wire::Protocol::query || protocol == wire::Protocol::ec2) {
    request = wire::from_query<Request>(call.addressed.fields);
  } else if (!trimmed(body).empty()) {
    request = wire::from_json_text<Request>(body);
  }
  return request;
}

// Whether EC2's caller only asks if he could (aws-requests.md 3.4).
Result<void> check_dry_run(Call const& call);

template <class Request>
Result<void> check_request(Call const& call, Request const& request) {
  CHECK(wire::validate(request, call.addressed.service->protocol));
  return check_dry_run(call);
}

template <class Response>
wire::HttpResponse write_response(Call const& call, Response const& response) {
  auto const& [service, operation, fields, resource] = call.addressed;
  auto now = call.plane.clock.now();
  switch (service->protocol) {
    case wire::Protocol::query:
      return wire::query_response(operation, service->xml_namespace, wire::to_xml_members(response),
                                  call.caller.request_id, now);
    case wire::Protocol::ec2:
      return wire::ec2_response(operation, service->xml_namespace,
                                wire::to_xml_members(response, wire::XmlStyle::ec2), call.caller.request_id,
                                now);
    case wire::Protocol::rest:
      return wire::channel_response(operation, wire::to_xml_members(response), call.caller.request_id, now);
    default: return wire::json_response(wire::to_json(response), call.caller.request_id, now);
  }
}

// The call and the request must outlive the question.
template <class Request>
sessions::Ask ask_for(Call const& call, Request const& request, About<Request> about,
                      sessions::Recorded recorded) {
  sessions::Ask ask;
  ask.caller = call.caller;
  ask.action = std::string(call.addressed.service->name) + ":" + call.addressed.operation;
  ask.recorded = recorded;
  ask.facts = wire::to_facts(request);
  if (about != nullptr) {
    ask.complete = [about, &call, &request](store::Transaction& transaction, sessions::Ask& question) {
      return about(transaction, call, request, question);
    };
  }
  return ask;
}

// A request with something to make that takes long and needs no store, such as a key: it is made on the
// plane's worker, so that no other change waits for it, and only for who may have it. The decision comes
// after.
template <class Request>
concept Prepares = requires(Request& request) {
  request.prepare();
};

// Whether it is worth the time; what is not is refused in its turn. Error: limit_exceeded, when too many
// wait.
awaitable<Result<bool>> is_to_be_prepared(Call const& call, sessions::Ask const& ask);

template <Prepares Request>
awaitable<Result<void>> prepare(Call const& call, sessions::Ask const& ask, Request& request) {
  if (!check_request(call, request)) co_return success();
  CO_TRY(bool is_wanted, co_await is_to_be_prepared(call, ask));
  auto work = [&] {
    request.prepare();
    return true;
  };
  if (is_wanted) co_await call.plane.worker.run(std::move(work));
  co_return success();
}

}  // namespace detail

// Reads the store; changes nothing.
template <class Request, class Response>
Action looks(Service const& service, std::string name,
             Result<Response> (*find)(store::Transaction&, Call const&, Request const&),
             std::type_identity_t<About<Request>> about = nullptr,
             sessions::Recorded recorded = sessions::Recorded::each) {
  auto run = [find, about, recorded](Call call, std::string body) -> awaitable<Result<wire::HttpResponse>> {
    CO_TRY(auto request, detail::read_request<Request>(call, body));
    auto ask = detail::ask_for(call, request, about, recorded);
    Response response;
    sessions::Gate::Work work = [&](store::Transaction& transaction) -> Result<void> {
      CHECK(detail::check_request(call, request));
      TRY(response, find(transaction, call, request));
      return success();
    };
    CO_CHECK(co_await call.plane.gate.look(std::move(ask), std::move(work)));
    co_return detail::write_response(call, response);
  };
  return {&service, std::move(name), Accepts::principals, true, std::move(run)};
}

// Changes the store, in the transaction of its event. `after` runs when that is durable.
template <class Request, class Response>
Action changes(Service const& service, std::string name,
               Result<Response> (*make)(store::Transaction&, Call const&, Request const&),
               std::type_identity_t<About<Request>> about = nullptr,
               void (*after)(Call const&, Request const&, Response const&) = nullptr,
               sessions::Recorded recorded = sessions::Recorded::each) {
  auto run = [make, about, after, recorded](Call call,
                                            std::string body) -> awaitable<Result<wire::HttpResponse>> {
    CO_TRY(auto request, detail::read_request<Request>(call, body));
    auto ask = detail::ask_for(call, request, about, recorded);
    if constexpr (detail::Prepares<Request>) CO_CHECK(co_await detail::prepare(call, ask, request));
    Response response;
    sessions::Gate::Work work = [&](store::Transaction& transaction) -> Result<void> {
      CHECK(detail::check_request(call, request));
      TRY(response, make(transaction, call, request));
      return success();
    };
    std::function<boost::json::object()> made = [&] { return wire::to_facts(response); };
    CO_CHECK(co_await call.plane.gate.change(std::move(ask), std::move(work), std::move(made)));
    if (after != nullptr) after(call, request, response);
    co_return detail::write_response(call, response);
  };
  return {&service, std::move(name), Accepts::principals, true, std::move(run)};
}

// Works on what lives here, after the gate has been asked.
template <class Request, class Response>
Action acts(Service const& service, std::string name,
            awaitable<Result<Response>> (*act)(Call const&, Request const&),
            std::type_identity_t<About<Request>> about = nullptr,
            sessions::Recorded recorded = sessions::Recorded::each) {
  auto run = [act, about, recorded](Call call, std::string body) -> awaitable<Result<wire::HttpResponse>> {
    CO_TRY(auto request, detail::read_request<Request>(call, body));
    auto ask = detail::ask_for(call, request, about, recorded);
    CO_CHECK(co_await call.plane.gate.authorize(std::move(ask)));
    CO_CHECK(detail::check_request(call, request));
    CO_TRY(auto response, co_await act(call, request));
    co_return detail::write_response(call, response);
  };
  return {&service, std::move(name), Accepts::principals, true, std::move(run)};
}

// Asks the gate itself (StartSession, by admit), or needs nobody's permission: the row says who may call.
template <class Request, class Response>
Action serves(Service const& service, std::string name, Accepts accepts,
              awaitable<Result<Response>> (*serve)(Call const&, Request const&)) {
  auto run = [serve](Call call, std::string body) -> awaitable<Result<wire::HttpResponse>> {
    CO_TRY(auto request, detail::read_request<Request>(call, body));
    CO_TRY(auto response, co_await serve(call, request));
    co_return detail::write_response(call, response);
  };
  return {&service, std::move(name), accepts, false, std::move(run)};
}

// The tables, one a file.
std::vector<Action> session_actions();
std::vector<Action> activation_actions();
std::vector<Action> instance_actions();
std::vector<Action> tag_actions();
std::vector<Action> agent_actions();
std::vector<Action> user_actions();
std::vector<Action> access_key_actions();
std::vector<Action> role_actions();
std::vector<Action> instance_profile_actions();
std::vector<Action> managed_policy_actions();
std::vector<Action> principal_policy_actions();
std::vector<Action> simulation_actions();
std::vector<Action> sts_actions();
std::vector<Action> instance_connect_actions();
std::vector<Action> fumidai_actions();
std::vector<Action> diagnosis_actions();
std::vector<Action> tunnel_actions();
std::vector<Action> example_actions();

// All of them.
std::vector<Action> const& all_actions();
Action const* find_action(Service const& service, std::string_view name);

}  // namespace fumidai::api
