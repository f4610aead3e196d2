#include "wire/sigv4.h"

#include <gtest/gtest.h>

#include "base/rsa.h"
#include "wire/test_vectors.h"

namespace fumidai::wire {
namespace {

HttpRequest request_of(json::value const& from) {
  HttpRequest request;
  request.method = text_of(from.at("method"));
  request.target = text_of(from.at("target"));
  for (auto const& header : from.at("headers").as_array())
    request.headers.add(text_of(header.at(0)), text_of(header.at(1)));
  request.body = text_of(from.at("body"));
  return request;
}

Protocol protocol_of(std::string const& name) {
  if (name == "ec2-query") return Protocol::ec2;
  if (name == "query") return Protocol::query;
  if (name == "openTunnel") return Protocol::tunnel;
  if (name == "rest") return Protocol::rest;
  return Protocol::json;
}

AuthResult<std::string> authenticate(HttpRequest const& request, json::value const& keys,
                                     SignatureRules const& rules, Time now) {
  auto claim = parse_claim(request);
  if (!claim) return claim.error();
  auto const* stored = keys.as_object().if_contains(claim->access_key_id);
  if (stored == nullptr) return AuthRefusal{AuthFault::unknown_key, {}};
  SigningKey key;
  key.secret = Secret(text_of(stored->at("secret")));
  if (stored->at("token").is_string()) key.security_token = text_of(stored->at("token"));
  if (auto const* expires = stored->as_object().if_contains("expires"))
    key.expires = *parse_time(text_of(*expires));
  auto verdict = verify(request, *claim, key, rules, now);
  if (!verdict) return verdict.error();
  return claim->access_key_id;
}

TEST(SigV4, every_vector_is_accepted_or_refused_with_its_code) {
  auto file = read_vectors("sigv4.json");
  int accepted = 0, refused = 0;
  for (auto const& vector : file.at("vectors").as_array()) {
    auto name = text_of(vector.at("name"));
    auto request = request_of(vector.at("request"));
    auto protocol = protocol_of(text_of(vector.at("protocol")));
    SignatureRules rules{text_of(vector.at("service")), text_of(vector.at("region")), protocol};
    auto now = *parse_time(text_of(vector.at("now")));
    auto verdict = authenticate(request, file.at("credentials"), rules, now);
    if (text_of(vector.at("expect")) == "accept") {
      EXPECT_TRUE(verdict) << name << ": " << (verdict ? "" : verdict.error().detail);
      EXPECT_EQ(verdict ? *verdict : "", text_of(vector.at("access_key_id"))) << name;
      accepted++;
      continue;
    }
    refused++;
    ASSERT_FALSE(verdict) << name;
    auto error = auth_error(verdict.error().fault, protocol, verdict.error().detail);
    EXPECT_EQ(error.aws, text_of(vector.at("error").at("code"))) << name;
    EXPECT_EQ(status_of(error, protocol), vector.at("error").at("http").to_number<unsigned>()) << name;
  }
  EXPECT_EQ(accepted, 24);
  EXPECT_EQ(refused, 30);
}

TEST(SigV4, skew_is_told_in_the_words_that_people_search_for) {
  auto file = read_vectors("sigv4.json");
  for (auto const& vector : file.at("vectors").as_array()) {
    auto name = text_of(vector.at("name"));
    if (name != "bad-skew-16-minutes-query" && name != "bad-future-16-minutes-query") continue;
    SignatureRules rules{"iam", "us-east-1", Protocol::query};
    auto verdict = authenticate(request_of(vector.at("request")), file.at("credentials"), rules,
                                *parse_time(text_of(vector.at("now"))));
    auto begin = name == "bad-skew-16-minutes-query" ? "Signature expired: " : "Signature not yet current: ";
    EXPECT_TRUE(verdict.error().detail.starts_with(begin)) << verdict.error().detail;
  }
}

class OwnSignature : public testing::Test {
 protected:
  OwnSignature() {
    request.method = "POST";
    request.target = "/v1/data-channel/alice%40example.com-0a1b";
    request.headers = {{"Host", "127.0.0.1:8443"}, {"Content-Type", "application/json"}};
    request.body = "{}";
  }
  HttpRequest request;
  Time now = *parse_time("2026-11-23T12:00:00Z");
  SignatureRules rules{"ssmmessages", "us-east-1", Protocol::rest};
};

// In a URL, for a service whose URLs live five minutes at most.
class BriefUrl : public OwnSignature {
 protected:
  BriefUrl() { brief.longest_life = std::chrono::seconds(300); }

  Credentials credentials{"ASIAEXAMPLE", Secret("secret"), "token"};
  SigningKey key{Secret("secret"), "token", now + std::chrono::hours(1)};
  SignatureRules brief{"ssmmessages", "us-east-1", Protocol::tunnel};
};

TEST_F(BriefUrl, lives_no_longer_than_the_service_lets_it) {
  using namespace std::chrono_literals;
  request = {"GET", "/openTunnel?remotePort=22", {{"Host", "127.0.0.1:8443"}}, {}};
  for (auto life : {300s, 301s}) {
    auto signed_request = request;
    signed_request.target =
        presign(request.target, "127.0.0.1:8443", credentials, "us-east-1", "ssmmessages", now, life);
    auto claim = parse_claim(signed_request);
    ASSERT_TRUE(claim);
    EXPECT_TRUE(verify(signed_request, *claim, key, rules, now));
    auto verdict = verify(signed_request, *claim, key, brief, now);
    EXPECT_EQ(verdict.has_value(), life == 300s);
    if (!verdict) {
      EXPECT_EQ(verdict.error().fault, AuthFault::bad_expires);
    }
  }
}

TEST_F(BriefUrl, is_not_prolonged_by_a_date_that_lies_ahead) {
  using namespace std::chrono_literals;
  struct {
    std::chrono::seconds ahead, life;
    bool is_brief;
  } const table[] = {
      {0s, 300s, true}, {60s, 300s, true}, {61s, 300s, false}, {300s, 60s, true}, {300s, 61s, false}};
  for (auto const& [ahead, life, is_brief] : table) {
    HttpRequest url{"GET", "/openTunnel?remotePort=22", {{"Host", "127.0.0.1:8443"}}, {}};
    url.target =
        presign(url.target, "127.0.0.1:8443", credentials, "us-east-1", "ssmmessages", now + ahead, life);
    auto claim = parse_claim(url);
    ASSERT_TRUE(claim);
    EXPECT_TRUE(verify(url, *claim, key, rules, now)) << "where they may be long";
    auto verdict = verify(url, *claim, key, brief, now);
    EXPECT_EQ(verdict.has_value(), is_brief) << ahead.count() << " s ahead for " << life.count() << " s";
    if (!verdict) {
      EXPECT_EQ(auth_error(verdict.error().fault, brief.protocol, "").aws, "RequestExpired");
    }
  }
}

TEST_F(OwnSignature, verifies_and_breaks_with_any_change) {
  Credentials credentials{"ASIAEXAMPLE", Secret("secret"), "token"};
  sign(request, credentials, "us-east-1", "ssmmessages", now);
  SigningKey key{Secret("secret"), "token", now + std::chrono::hours(1)};
  auto claim = parse_claim(request);
  ASSERT_TRUE(claim);
  EXPECT_TRUE(verify(request, *claim, key, rules, now));
  auto altered = request;
  altered.body = "{ }";
  EXPECT_FALSE(verify(altered, *claim, key, rules, now));
  altered = request;
  altered.target += "x";
  EXPECT_FALSE(verify(altered, *claim, key, rules, now));
  SigningKey other{Secret("guess"), "token", key.expires};
  EXPECT_FALSE(verify(request, *claim, other, rules, now));
}

TEST_F(OwnSignature, does_not_cover_a_query_that_hides_its_fields) {
  request.target = "/?%zz&X-Amz-Signature=anything";
  sign(request, {"AKIAEXAMPLE", Secret("secret"), ""}, "us-east-1", "ssmmessages", now);
  auto claim = parse_claim(request);
  ASSERT_FALSE(claim);
  EXPECT_EQ(claim.error().fault, AuthFault::incomplete);
}

TEST_F(OwnSignature, of_an_agent_verifies_with_its_public_key_only) {
  auto pair = generate_rsa_key(), stranger = generate_rsa_key();
  ASSERT_TRUE(sign_rsa(request, "mi-0123456789abcdef0", pair.private_key, "us-east-1", "ssmmessages", now));
  auto claim = parse_claim(request);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->access_key_id, "mi-0123456789abcdef0");
  EXPECT_TRUE(verify_rsa(request, *claim, pair.public_key, rules, now));
  EXPECT_FALSE(verify_rsa(request, *claim, stranger.public_key, rules, now));
  EXPECT_FALSE(verify_rsa(request, *claim, pair.public_key, rules, now + std::chrono::minutes(6)));
}

TEST(SigV4, unsigned_payload_is_refused_where_it_is_not_allowed) {
  auto file = read_vectors("sigv4.json");
  for (auto const& vector : file.at("vectors").as_array()) {
    if (text_of(vector.at("name")) != "unsigned-payload") continue;
    SignatureRules rules{"ssm", "us-east-1", Protocol::json, false};
    EXPECT_FALSE(authenticate(request_of(vector.at("request")), file.at("credentials"), rules,
                              *parse_time(text_of(vector.at("now")))));
  }
}

}  // namespace
}  // namespace fumidai::wire
