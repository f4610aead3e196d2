#include "agent/plane_client.h"

#include <gtest/gtest.h>

#include "io/test_loop.h"
#include "io/test_plane.h"

namespace fumidai::agent {
namespace {

Identity identity_for(io::TestPlane const& plane) {
  Identity identity;
  identity.url = plane.url();
  identity.ca_pem = plane.ca_pem();
  identity.region = "us-east-1";
  identity.instance_id = "mi-0123456789abcdef0";
  return identity;
}

RoleCredentials fresh() {
  auto now = SystemClock().now();
  return {{"ASIAEXAMPLE", Secret("secret"), "token"}, now, now + std::chrono::hours(1)};
}

std::string operation(wire::HttpRequest const& request) {
  return std::string(request.headers.find("x-amz-target").value_or(""));
}

TEST(PlaneClient, a_url_that_is_none_is_refused_before_anything_is_sent) {
  for (auto url : {"", "plane.example", "http://plane.example", "wss://plane.example", "https://"}) {
    Identity identity;
    identity.url = url;
    EXPECT_FALSE(PlaneClient::make(identity)) << url;
  }
  Identity identity;
  identity.url = "https://plane.example";
  identity.ca_pem = "nonsense";
  EXPECT_FALSE(PlaneClient::make(identity));
}

TEST(PlaneClient, registers_with_a_key_of_its_own_and_is_who_the_plane_says) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    io::TestPlane plane(executor);
    wire::json::value asked;
    plane.answer = [&](wire::HttpRequest const& request) {
      EXPECT_EQ(operation(request), "AmazonSSM.RegisterManagedInstance");
      EXPECT_FALSE(request.headers.find("authorization"));
      asked = *wire::parse_json(request.body);
      return io::json_answer(200, R"({"InstanceId": "mi-0aaaaaaaaaaaaaaaa", "Region": "eu-north-1"})");
    };
    auto client = *PlaneClient::make(identity_for(plane));
    Activation activation{"a-id", Secret("a-code"), "web-1"};
    auto registered = co_await client.register_host(activation);
    EXPECT_TRUE(registered) << registered.error().detail;
    EXPECT_EQ(client.identity().instance_id, "mi-0aaaaaaaaaaaaaaaa");
    EXPECT_EQ(client.identity().region, "eu-north-1");
    EXPECT_EQ(asked.at("ActivationCode").as_string(), "a-code");
    EXPECT_EQ(asked.at("Name").as_string(), "web-1");
    auto public_key = from_base64(std::string(asked.at("PublicKey").as_string()));
    EXPECT_TRUE(check_rsa_public_key(as_text(*public_key)));
    auto signature = sign_pss(client.identity().private_key, "text");
    EXPECT_TRUE(verify_pss(as_text(*public_key), "text", *signature));
    client.disconnect();
    co_await plane.stop();
  });
}

// What the plane answers, and what the agent makes of it.
struct Refusal {
  unsigned status;
  std::string header, body, name, sentence;
  Errc code;
};

std::vector<Refusal> const kRefusals = {
    {400, "", R"({"__type": "InvalidActivation", "message": "No such activation."})", "InvalidActivation",
     "No such activation.", Errc::denied},
    {403, "AccessDeniedException", R"({"message": "no"})", "AccessDeniedException", "no", Errc::denied},
    {500, "", R"({"__type": "InternalServerError", "message": "Sorry."})", "InternalServerError", "Sorry.",
     Errc::unavailable},
    {502, "", "<html>\x1b[31mBad Gateway</html>", "", "the server answered 502: <html>\\x1b[31mBad Gateway",
     Errc::unavailable},
    {400, "", R"({"__type": 5, "message": []})", "", "the server answered 400", Errc::denied},
    {404, "", "", "", "the server answered 404", Errc::denied},
    {400, "", R"({"message": "Signature expired: 1 is now earlier than 2"})", "", "set it right (NTP)",
     Errc::denied},
};

TEST(PlaneClient, a_refusal_keeps_its_name_and_sentence_and_can_be_printed) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    io::TestPlane plane(executor);
    auto client = *PlaneClient::make(identity_for(plane));
    for (auto const& refusal : kRefusals) {
      plane.answer = [&](wire::HttpRequest const&) {
        auto response = io::json_answer(refusal.status, refusal.body);
        if (!refusal.header.empty()) response.headers.add("x-amzn-ErrorType", refusal.header);
        return response;
      };
      client.use_credentials(fresh());
      auto verdict = co_await client.report();
      EXPECT_FALSE(verdict) << refusal.body;
      if (verdict) continue;
      EXPECT_EQ(verdict.error().code, refusal.code) << refusal.body;
      EXPECT_NE(verdict.error().detail.find(refusal.sentence), std::string::npos) << verdict.error().detail;
      EXPECT_EQ(client.last_error_name(), refusal.name) << refusal.body;
    }
    client.disconnect();
    co_await plane.stop();
  });
}

TEST(PlaneClient, an_answer_that_is_no_answer_is_an_error) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    io::TestPlane plane(executor);
    auto client = *PlaneClient::make(identity_for(plane));
    for (std::string body :
         {"", "[]", "nonsense", R"({"AccessKeyId": 5})", R"({"TokenExpirationDate": "soon"})"}) {
      plane.answer = [&](wire::HttpRequest const&) { return io::json_answer(200, body); };
      Activation activation{"a-id", Secret("a-code"), ""};
      auto key = RsaKeyPair();
      auto registered = co_await client.register_host(activation, key);
      EXPECT_TRUE(!registered || client.identity().instance_id.empty()) << body;
      plane.answer = [&](wire::HttpRequest const&) { return io::json_answer(201, "<NoToken/>"); };
      client.use_credentials(fresh());
      Secret token;
      auto channel = co_await client.open_channel("/v1/control-channel/mi-1", "?role=subscribe", 1000, token);
      EXPECT_EQ(channel.error().code, Errc::malformed) << body;
    }
    client.disconnect();
    co_await plane.stop();
  });
}

TEST(PlaneClient, asks_for_new_credentials_when_half_of_their_life_is_over) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    io::TestPlane plane(executor);
    auto key = generate_rsa_key();
    auto identity = identity_for(plane);
    identity.private_key = key.private_key;
    int requested = 0;
    plane.answer = [&](wire::HttpRequest const& request) {
      if (!operation(request).ends_with("RequestManagedInstanceRoleToken")) return io::json_answer(200, "{}");
      requested++;
      auto claim = wire::parse_claim(request);
      EXPECT_TRUE(claim);
      wire::SignatureRules rules{"ssm", "us-east-1", wire::Protocol::json};
      EXPECT_TRUE(wire::verify_rsa(request, *claim, key.public_key, rules, SystemClock().now()));
      auto expires = to_iso_seconds(SystemClock().now() + std::chrono::hours(1));
      return io::json_answer(200, R"({"AccessKeyId": "ASIA2", "SecretAccessKey": "s", "SessionToken": "t",
                                      "TokenExpirationDate": ")" +
                                      expires + "\"}");
    };
    auto client = *PlaneClient::make(identity);
    auto first = co_await client.report();
    auto second = co_await client.report();
    EXPECT_TRUE(first && second);
    EXPECT_EQ(requested, 1);
    auto ageing = fresh();
    ageing.issued_at -= std::chrono::hours(2);
    client.use_credentials(ageing);
    auto third = co_await client.report();
    EXPECT_TRUE(third);
    EXPECT_EQ(requested, 2);
    client.disconnect();
    co_await plane.stop();
  });
}

}  // namespace
}  // namespace fumidai::agent
