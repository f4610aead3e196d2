#include "client/plane.h"

#include <boost/describe/class.hpp>

namespace fumidai::client {

namespace {

struct StartRequest {
  std::string target;
  std::optional<std::string> document_name, reason;
  std::map<std::string, std::vector<std::string>> parameters;
};
BOOST_DESCRIBE_STRUCT(StartRequest, (), (target, document_name, reason, parameters))

struct SessionIdRequest {
  std::string session_id;
};
BOOST_DESCRIBE_STRUCT(SessionIdRequest, (), (session_id))

struct AccessResponse {
  std::string session_id;
  std::optional<Secret> token_value;
  std::string stream_url;
};
BOOST_DESCRIBE_STRUCT(AccessResponse, (), (session_id, token_value, stream_url))

struct SessionFilter {
  std::string key, value;
  static constexpr wire::Rename kNames[] = {{"key", "key"}, {"value", "value"}};
};
BOOST_DESCRIBE_STRUCT(SessionFilter, (), (key, value))

struct DescribeRequest {
  std::string state;
  std::vector<SessionFilter> filters;
};
BOOST_DESCRIBE_STRUCT(DescribeRequest, (), (state, filters))

struct Described {
  std::string details;
};
BOOST_DESCRIBE_STRUCT(Described, (), (details))

struct DescribeResponse {
  std::vector<Described> sessions;
};
BOOST_DESCRIBE_STRUCT(DescribeResponse, (), (sessions))

struct ResolveRequest {
  std::string target;
};
BOOST_DESCRIBE_STRUCT(ResolveRequest, (), (target))

struct Candidate {
  std::string instance_id;
};
BOOST_DESCRIBE_STRUCT(Candidate, (), (instance_id))

struct ResolveResponse {
  std::vector<Candidate> candidates;
};
BOOST_DESCRIBE_STRUCT(ResolveResponse, (), (candidates))

Access to_access(AccessResponse response) {
  return {
      std::move(response.session_id), std::move(response.token_value), std::move(response.stream_url), {}};
}

Error with_hint(Error error) {
  bool nobody_listens = error.code == Errc::unavailable && error.detail.starts_with("cannot connect to ");
  if (nobody_listens) error.detail += "; does the server run? It is started with: fumidai server";
  return error;
}

}  // namespace

Result<Plane> Plane::make(Profile profile) {
  TRY(auto endpoint, wire::parse_url(profile.endpoint));
  TRY(auto tls, io::TlsContext::client(profile.ca_pem));
  io::Outbound outbound(std::move(tls), profile.proxies);
  return Plane(std::move(profile), std::move(outbound), std::move(endpoint));
}

awaitable<Result<void>> Plane::connect() {
  auto connected = co_await until(time_to_tell(), api_.connect(kTold));
  if (!connected) co_return with_hint(connected.error());
  co_return success();
}

awaitable<Result<Access>> Plane::start_session(SessionOrder order) {
  StartRequest request;
  request.target = order.target;
  if (!order.document.empty()) request.document_name = order.document;
  if (!order.reason.empty()) request.reason = order.reason;
  request.parameters = std::move(order.parameters);
  CO_TRY(auto response,
         co_await api_.call<AccessResponse>("ssm", "AmazonSSM.StartSession", std::move(request), signer()));
  co_return to_access(std::move(response));
}

awaitable<Result<Access>> Plane::resume_session(std::string session_id) {
  SessionIdRequest request{session_id};
  CO_TRY(auto response,
         co_await api_.call<AccessResponse>("ssm", "AmazonSSM.ResumeSession", std::move(request), signer()));
  auto access = to_access(std::move(response));
  if (!access.token) access.ended_why = co_await details_of(std::move(session_id));
  co_return access;
}

awaitable<std::string> Plane::details_of(std::string session_id) {
  DescribeRequest request{"History", {{"SessionId", std::move(session_id)}}};
  auto found =
      co_await api_.call<DescribeResponse>("ssm", "AmazonSSM.DescribeSessions", std::move(request), signer());
  if (!found || found->sessions.empty()) co_return "";
  co_return found->sessions.front().details;
}

awaitable<Result<void>> Plane::terminate_session(std::string session_id) {
  SessionIdRequest request{std::move(session_id)};
  CO_CHECK(co_await api_.call<SessionIdRequest>("ssm", "AmazonSSM.TerminateSession", std::move(request),
                                                signer()));
  co_return success();
}

awaitable<Result<wire::json::value>> Plane::call(std::string service, std::string target,
                                                 wire::json::object body) {
  wire::json::value request = std::move(body);
  auto answer = co_await api_.call(std::move(service), std::move(target), std::move(request), signer());
  if (!answer) co_return with_hint(answer.error());
  co_return answer;
}

Error Plane::silent() const {
  return {Errc::deadline_exceeded,
          "the server at " + api_.endpoint().origin() +
              " did not answer in time: it is overloaded or stopped, or a firewall "
              "before it drops what is sent there. Look at the server first, then at "
              "the way to it"};
}

awaitable<Result<std::string>> Plane::resolve_target(std::string target) {
  bool is_id = target.starts_with("mi-") || target.starts_with("i-");
  if (is_id) co_return target;
  ResolveRequest request{target};
  auto asking = api_.call<ResolveResponse>("fumidai", "Fumidai.ResolveTarget", std::move(request), signer());
  auto response = co_await until(time_to_tell(), std::move(asking));
  if (!response) co_return with_hint(response.error());
  auto const& candidates = response->candidates;
  if (candidates.size() != 1) co_return Error{Errc::malformed, "the plane did not name one instance"};
  co_return candidates[0].instance_id;
}

}  // namespace fumidai::client
