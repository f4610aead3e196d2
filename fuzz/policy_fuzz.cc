// A policy document from a stranger: reading it must not crash, deciding with it must not either, and a Deny
// beside it must win. The first byte says what kind of policy it is; the rest is the document.

#include <memory>
#include <string_view>

#include "input.h"
#include "policy/explain.h"
#include "policy/start_session.h"

namespace {

using namespace fumidai::policy;
using fumidai::fuzz::require;

Request request() {
  Request request{{PrincipalType::user, "arn:aws:iam::123456789012:user/alice", "123456789012", "", ""},
                  "ssm:StartSession",
                  "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0",
                  {}};
  request.context.set("aws:username", "alice");
  request.context.set("aws:SourceIp", "203.0.113.10");
  request.context.set("aws:CurrentTime", "2025-03-14T09:26:53Z");
  request.context.set("aws:MultiFactorAuthPresent", "false");
  request.context.set("aws:TagKeys", std::vector<std::string>{"Name", "Env"});
  request.context.set("ec2-instance-connect:remotePort", "22");
  request.context.set("ssm:resourceTag/Env", "test-1");
  request.context.set("aws:PrincipalTag/star", "*?${a:b}");
  return request;
}

NamedPolicy deny_all() {
  constexpr auto kText = R"({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})";
  return {"stop", std::make_shared<Policy const>(parse_policy(kText, PolicyKind::identity).value())};
}

void decide_with(NamedPolicy const& read, PolicyKind kind) {
  static auto const asked = request();
  static auto const stop = deny_all();
  if (kind == PolicyKind::trust) {
    auto assume = asked;
    assume.action = "sts:AssumeRole";
    require(explain_trust(read, assume).decision.outcome == decide_trust(read, assume).outcome);
    return;
  }
  PolicySet set;
  (kind == PolicyKind::identity ? set.identity : set.resource).push_back(read);
  auto explanation = explain(set, asked);
  require(explanation.decision.allowed() == explanation.decision.ground.has_value() ||
          explanation.decision.outcome == Outcome::explicit_deny);
  require(!explanation.text().empty());
  decide_start_session(set, {asked, asked, false});
  set.identity.push_back(stop);
  require(decide(set, asked).outcome == Outcome::explicit_deny);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  auto kind = data[0] == 't'   ? PolicyKind::trust
              : data[0] == 'r' ? PolicyKind::resource
                               : PolicyKind::identity;
  auto policy = parse_policy({reinterpret_cast<char const*>(data + 1), size - 1}, kind);
  if (!policy) {
    require(!policy.error().aws.empty() && !policy.error().detail.empty());
    return 0;
  }
  decide_with({"p", std::make_shared<Policy const>(*std::move(policy))}, kind);
  return 0;
}
