// What must hold for any policies and any request; tried on generated ones.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "policy/evaluate.h"
#include "policy/test_support.h"

namespace fumidai::policy {
namespace {

using List = std::vector<NamedPolicy>;

// Statements over a vocabulary so small that they meet each other and the requests often.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::string statement(std::string_view effect) {
    auto text =
        R"({"Effect": ")" + std::string(effect) + "\", " +
        pick({R"("Action")", R"("Action")", R"("NotAction")"}) + ": " +
        pick({R"("*")", R"("ssm:*")", R"("ssm:StartSession")", R"(["ec2:*", "ssm:T*"])"}) + ", " +
        pick({R"("Resource")", R"("Resource")", R"("NotResource")"}) + ": " +
        pick({R"("*")", R"("arn:aws:ec2:*:*:instance/*")", R"("arn:aws:ssm:*:*:session/${aws:username}-*")"});
    if (random_() % 2) {
      text += R"(, "Condition": {)" +
              pick({R"("StringEquals": {"aws:ResourceTag/Env": "dev"})",
                    R"("StringNotEquals": {"aws:ResourceTag/Env": "${aws:username}"})",
                    R"("Bool": {"aws:MultiFactorAuthPresent": true})",
                    R"("IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"})",
                    R"("ForAllValues:StringLike": {"aws:TagKeys": ["N*"]})"}) +
              "}";
    }
    return text + "}";
  }

  NamedPolicy policy() {
    std::string statements = statement(effect());
    for (auto more = random_() % 3; more > 0; more--) statements += "," + statement(effect());
    return named("generated", document(statements));
  }

  List policies() {
    List list;
    for (auto count = 1 + random_() % 3; count > 0; count--) list.push_back(policy());
    return list;
  }

  PolicySet set() {
    PolicySet set{.identity = policies()};
    if (random_() % 3 == 0) set.boundary = policies();
    if (random_() % 3 == 0) set.session = policies();
    return set;
  }

  Request request() {
    auto principals = {alice(), dev_session(), root()};
    auto request = start_session(principals.begin()[random_() % 3]);
    request.action = pick({"ssm:StartSession", "ssm:TerminateSession", "ec2:RunInstances"});
    request.resource = pick({kNode, "arn:aws:ssm:us-east-1:123456789012:session/alice-1", "*"});
    if (random_() % 2) request.context.set("aws:ResourceTag/Env", pick({"dev", "alice"}));
    if (random_() % 2) request.context.set("aws:MultiFactorAuthPresent", pick({"true", "false"}));
    if (random_() % 3 == 0) {
      request.context.set("aws:TagKeys", std::vector<std::string>{"Name", pick({"Nick", "Env"})});
    }
    return request;
  }

  template <class Sequence>
  void shuffle(Sequence& items) {
    std::shuffle(items.begin(), items.end(), random_);
  }

  List& layer_of(PolicySet& set) {
    std::vector<List*> there{&set.identity};
    if (set.boundary) there.push_back(&*set.boundary);
    if (set.session) there.push_back(&*set.session);
    return *there[random_() % there.size()];
  }

 private:
  std::string effect() { return pick({"Allow", "Allow", "Deny"}); }
  std::string pick(std::initializer_list<char const*> choices) {
    return choices.begin()[random_() % choices.size()];
  }

  std::mt19937 random_;
};

TEST(Properties, one_more_deny_never_allows_and_never_softens_a_deny) {
  Generator generator(1);
  int turned = 0;
  for (int i = 0; i < 3000; i++) {
    auto set = generator.set();
    auto request = generator.request();
    auto before = decide(set, request).outcome;
    generator.layer_of(set).push_back(named("more", document(generator.statement("Deny"))));
    auto after = decide(set, request).outcome;
    EXPECT_TRUE(after == before || after == Outcome::explicit_deny);
    turned += before == Outcome::allow && after == Outcome::explicit_deny;
  }
  EXPECT_GT(turned, 20) << "the vocabulary no longer makes statements meet";
}

TEST(Properties, one_more_allow_never_denies) {
  Generator generator(2);
  int turned = 0;
  for (int i = 0; i < 3000; i++) {
    auto set = generator.set();
    auto request = generator.request();
    auto before = decide(set, request).outcome;
    generator.layer_of(set).push_back(named("more", document(generator.statement("Allow"))));
    auto after = decide(set, request).outcome;
    EXPECT_TRUE(after == before || (before == Outcome::implicit_deny && after == Outcome::allow));
    turned += before != after;
  }
  EXPECT_GT(turned, 20);
}

TEST(Properties, the_order_of_statements_and_policies_has_no_effect) {
  Generator generator(3);
  std::array<int, 3> seen{};
  auto reorder = [&](List& policies) {
    for (auto& each : policies) {
      Policy changed = *each.policy;
      generator.shuffle(changed.statements);
      each.policy = std::make_shared<Policy const>(std::move(changed));
    }
    generator.shuffle(policies);
  };
  for (int i = 0; i < 2000; i++) {
    auto set = generator.set();
    auto request = generator.request();
    auto before = decide(set, request);
    seen[static_cast<std::size_t>(before.outcome)]++;
    for (int round = 0; round < 3; round++) {
      reorder(set.identity);
      if (set.boundary) reorder(*set.boundary);
      if (set.session) reorder(*set.session);
      auto after = decide(set, request);
      EXPECT_EQ(after.outcome, before.outcome);
      EXPECT_EQ(after.lacking, before.lacking);
    }
  }
  for (auto count : seen) EXPECT_GT(count, 100) << "an outcome that is hardly tried";
}

}  // namespace
}  // namespace fumidai::policy
