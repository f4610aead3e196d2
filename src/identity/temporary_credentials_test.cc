#include "identity/temporary_credentials.h"

#include "identity/test_store.h"

namespace fumidai::identity {
namespace {

using namespace std::chrono_literals;

class Temporary : public TestStore {
 protected:
  Result<TemporaryCredentials> issue(std::optional<model::SessionPolicies> policies = {}) {
    return issue_credentials(deployment, RoleSession{"ops", "AROAX", "hana", {}, std::move(policies)},
                             kTestTime, 1h);
  }
  std::optional<TemporaryCredentials> open(std::string id, std::string token) {
    return open_session_token(deployment, id, token);
  }
  std::optional<model::SessionPolicies> policies_in(TemporaryCredentials const& issued) {
    return std::get<RoleSession>(open(issued.access_key_id, issued.session_token)->bearer).policies;
  }
};

TEST_F(Temporary, a_token_holds_what_was_issued) {
  auto issued = issue(model::SessionPolicies{"{\"a\":1}", {"arn:aws:iam::aws:policy/X"}});
  ASSERT_TRUE(issued);
  EXPECT_TRUE(issued->access_key_id.starts_with("ASIA"));
  auto opened = open(issued->access_key_id, issued->session_token);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->secret_access_key.equals(issued->secret_access_key.reveal()));
  EXPECT_EQ(opened->expires_at, kTestTime + 1h);
  auto const& session = std::get<RoleSession>(opened->bearer);
  EXPECT_EQ(session.role, "ops");
  EXPECT_EQ(session.name, "hana");
  ASSERT_TRUE(session.policies);
  EXPECT_EQ(session.policies->document, "{\"a\":1}");
  EXPECT_EQ(session.policies->arns.size(), 1u);
}

TEST_F(Temporary, a_user_s_token_is_the_user_s) {
  auto issued = issue_credentials(deployment, UserSession{"hana", "AIDAX"}, kTestTime, 1h);
  ASSERT_TRUE(issued);
  auto opened = open(issued->access_key_id, issued->session_token);
  ASSERT_TRUE(opened);
  ASSERT_TRUE(std::holds_alternative<UserSession>(opened->bearer));
  EXPECT_EQ(std::get<UserSession>(opened->bearer).user, "hana");
  EXPECT_EQ(std::get<UserSession>(opened->bearer).user_id, "AIDAX");
}

TEST_F(Temporary, without_policies_there_is_no_limit_and_with_none_there_is_one) {
  auto free = issue(), bound = issue(model::SessionPolicies{});
  EXPECT_FALSE(policies_in(*free));
  EXPECT_TRUE(policies_in(*bound));
}

TEST_F(Temporary, a_token_belongs_to_its_key_and_cannot_be_altered) {
  auto one = issue(), other = issue();
  EXPECT_FALSE(open(one->access_key_id, other->session_token));
  auto altered = one->session_token;
  altered[20] = altered[20] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(open(one->access_key_id, altered));
  EXPECT_FALSE(open(one->access_key_id, ""));
}

TEST_F(Temporary, policies_that_do_not_fit_are_refused) {
  auto refused = issue(model::SessionPolicies{std::string(7000, 'x'), {}});
  EXPECT_EQ(aws_name(refused), "PackedPolicyTooLarge");
  EXPECT_TRUE(issue(model::SessionPolicies{std::string(2048, '"'), {}}));
}

}  // namespace
}  // namespace fumidai::identity
