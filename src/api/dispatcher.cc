#include "api/dispatcher.h"

#include "base/bytes.h"
#include "base/log.h"

namespace fumidai::api {

namespace {

wire::HttpResponse not_found(std::string const& request_id, Time now, std::string const& detail) {
  wire::HttpResponse response;
  response.status = 404;
  response.headers = {{"x-amzn-RequestId", request_id},
                      {"Date", to_http_date(now)},
                      {"Content-Type", "text/plain; charset=utf-8"}};
  response.body = detail + "\n";
  return response;
}

Error unknown_operation(Addressed const& addressed) {
  bool json = addressed.service->protocol == wire::Protocol::json;
  auto text = json ? "The operation " + escaped(addressed.operation, 64) + " of " +
                         std::string(addressed.service->name) + " is not served here."
                   : "The action " + escaped(addressed.operation, 64) + " is not valid for this web service.";
  return {Errc::unsupported, text, json ? "UnknownOperationException" : "InvalidAction"};
}

}  // namespace

awaitable<wire::HttpResponse> Dispatcher::handle(wire::HttpRequest request, identity::RequestFacts facts) {
  auto now = plane_.clock.now();
  auto addressed = address_of(request);
  if (!addressed) {
    bool is_json = request.headers.find("x-amz-target").has_value();
    if (is_json)
      co_return wire::error_response(addressed.error(), wire::Protocol::json, facts.request_id, now);
    co_return not_found(facts.request_id, now, addressed.error().detail);
  }
  auto const& service = *addressed->service;
  auto const* action = find_action(service, addressed->operation);
  if (action == nullptr)
    co_return wire::error_response(unknown_operation(*addressed), service.protocol, facts.request_id, now);
  auto response = co_await run(*addressed, *action, std::move(request), facts);
  if (response) co_return *std::move(response);
  auto const& error = response.error();
  if (error.code == Errc::unauthenticated) plane_.gate.count_refusal(facts.source_address, error.aws);
  if (error.code == Errc::system || error.code == Errc::corrupt) {
    log_error(
        "a request failed",
        {{"operation", action->policy_action()}, {"request", facts.request_id}, {"error", error.detail}});
  }
  co_return wire::error_response(error, service.protocol, facts.request_id, now);
}

awaitable<Result<wire::HttpResponse>> Dispatcher::run(Addressed const& addressed, Action const& action,
                                                      wire::HttpRequest request,
                                                      identity::RequestFacts const& facts) {
  CO_TRY(auto caller, co_await prove(action, request, facts));
  Call call{plane_, addressed, std::move(caller)};
  co_return co_await action.run(std::move(call), std::move(request.body));
}

awaitable<Result<model::Caller>> Dispatcher::prove(Action const& action, wire::HttpRequest const& request,
                                                   identity::RequestFacts const& facts) {
  if (action.accepts == Accepts::anyone) {
    CO_CHECK(identity::check_endpoint(facts, action.service->name));
    model::Caller nobody;
    nobody.source_address = facts.source_address;
    nobody.request_id = facts.request_id;
    nobody.at = plane_.clock.now();
    co_return nobody;
  }
  auto protocol = action.service->protocol;
  wire::SignatureRules rules{std::string(action.service->name), plane_.deployment.region.name, protocol};
  CO_TRY(auto proven, co_await authenticator_.authenticate(request, rules, facts));
  bool by_instance_key = proven.kind == identity::CredentialKind::instance_key;
  if (by_instance_key != (action.accepts == Accepts::instance_keys)) {
    co_return wire::auth_error(wire::AuthFault::unknown_key, protocol);
  }
  if (proven.caller.is_user_session() && action.service == &kIam) {  // AWS refuses it in these words
    co_return wire::auth_error(wire::AuthFault::unknown_key, protocol);
  }
  co_return proven.caller;
}

}  // namespace fumidai::api
