// How long does one policy decision take when a principal has 1,000 statements?
//
//   cmake --preset release && cmake --build --preset release --target policy_decision &&
//   build/release/policy_decision
//
// The budget (docs/design.md) is p99 < 100 microseconds.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "policy/evaluate.h"

namespace {

using namespace fumidai::policy;
using namespace std::chrono;

constexpr int kStatements = 1000, kPerPolicy = 50, kDecisions = 50000, kWarmUp = 1000;

struct Workload {
  std::string name;
  std::vector<std::string> statements;  // taken in turn
};

// Nothing is ever allowed or denied, so that each decision looks at all statements.
std::vector<Workload> workloads() {
  std::vector<std::string> const conditions{
      R"("StringEquals": {"ssm:resourceTag/Env": "dev", "ssm:resourceTag/Team": "a"})",
      R"("StringLike": {"ssm:resourceTag/Env": ["dev-*", "*-test", "*-stage-*"]})",
      R"("StringEquals": {"ssm:resourceTag/Team": "${aws:username}"})",
      R"("IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]})",
      R"("NumericLessThan": {"ec2-instance-connect:maxTunnelDuration": "3600"})",
      R"("DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"})",
      R"("Bool": {"aws:MultiFactorAuthPresent": "true"})",
      R"("ForAnyValue:StringEquals": {"aws:TagKeys": ["Owner", "Cost"]})",
  };
  Workload mixed{"mixed: other actions, other resources, failing conditions", {}};
  for (auto& condition : conditions) {
    mixed.statements.insert(
        mixed.statements.end(),
        {R"("Action": ["ec2:Describe*", "ec2:Get*"], "Resource": "*")",
         R"("Action": "s3:*", "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"])",
         R"("Action": "ssm:StartSession",
             "Resource": "arn:aws:ec2:us-east-1:123456789012:instance/i-00000000000000001")",
         R"("Action": ["ssm:TerminateSession", "ssm:ResumeSession"],
             "Resource": "arn:aws:ssm:*:*:session/${aws:username}-*")",
         R"("Action": "ssm:*", "Resource": "arn:aws:ec2:*:*:instance/*", "Condition": {)" + condition + "}"});
  }
  std::vector<Workload> all{std::move(mixed)};
  for (auto& condition : conditions) {
    all.push_back({"all match but for " + condition,
                   {R"("Action": "ssm:Start*", "Resource": "arn:aws:ec2:*:*:instance/i-*", "Condition": {)" +
                    condition + "}"}});
  }
  return all;
}

PolicySet policies_of(Workload const& workload) {
  PolicySet set;
  for (int first = 0; first < kStatements; first += kPerPolicy) {
    std::string statements;
    for (int i = first; i < first + kPerPolicy; i++) {
      statements += (i == first ? "" : ",") + fmt::format(R"({{"Effect": "{}", )", i % 5 ? "Allow" : "Deny") +
                    workload.statements[static_cast<std::size_t>(i) % workload.statements.size()] + "}";
    }
    auto policy =
        parse_policy(R"({"Version": "2012-10-17", "Statement": [)" + statements + "]}", PolicyKind::identity);
    set.identity.push_back({"bench", std::make_shared<Policy const>(std::move(policy).value())});
  }
  return set;
}

Request request() {
  Request request{{PrincipalType::user, "arn:aws:iam::123456789012:user/alice", "123456789012", "", ""},
                  "ssm:StartSession",
                  "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0",
                  {}};
  auto& context = request.context;
  context.set("aws:username", "alice");
  context.set("aws:userid", "AIDAEXAMPLEALICE00001");
  context.set("aws:PrincipalArn", request.principal.arn);
  context.set("aws:PrincipalAccount", request.principal.account);
  context.set("aws:PrincipalType", "User");
  context.set("aws:SourceIp", "203.0.113.10");
  context.set("aws:CurrentTime", "2025-03-14T09:26:53Z");
  context.set("aws:EpochTime", "1741944413");
  context.set("aws:SecureTransport", "true");
  context.set("aws:UserAgent",
              "aws-cli/2.15.0 Python/3.11.6 Linux/6.1 exe/x86_64 prompt/off command/ssm.start-session");
  context.set("aws:RequestedRegion", "us-east-1");
  context.set("aws:MultiFactorAuthPresent", "false");
  context.set("ssm:SessionDocumentAccessCheck", "false");
  context.set("ec2-instance-connect:maxTunnelDuration", "3600");
  context.set("aws:TagKeys", std::vector<std::string>{"Name", "Env", "Team"});
  context.set("ssm:resourceTag/Env", "production");
  context.set("ssm:resourceTag/Team", "payments");
  return request;
}

void measure(Workload const& workload) {
  auto set = policies_of(workload);
  auto const asked = request();
  std::vector<double> micros;
  for (int i = 0; i < kWarmUp + kDecisions; i++) {
    auto start = steady_clock::now();
    auto decision = decide(set, asked);
    auto took = steady_clock::now() - start;
    if (decision.outcome != Outcome::implicit_deny) std::abort();
    if (i >= kWarmUp) micros.push_back(duration<double, std::micro>(took).count());
  }
  std::sort(micros.begin(), micros.end());
  auto at = [&](std::size_t percent) { return micros[micros.size() * percent / 100]; };
  fmt::print("p50 {:6.1f} us   p99 {:6.1f} us   {}\n", at(50), at(99), workload.name);
  std::fflush(stdout);
}

}  // namespace

int main() {
  fmt::print("one decision over {} statements, {} decisions each:\n", kStatements, kDecisions);
  for (auto& workload : workloads()) measure(workload);
}
