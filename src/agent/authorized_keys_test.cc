#include "agent/authorized_keys.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "agent/keys_socket.h"
#include "io/key_signer.h"
#include "io/plain_http.h"
#include "io/test_directory.h"
#include "io/test_loop.h"
#include "io/test_plane.h"

namespace fumidai::agent {
namespace {

using namespace std::chrono_literals;

std::string const kEd = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV2qduH7YekWco7dBXBTSsW7VSNzPTv/Q9fuy1JfQ1B";
std::string const kOtherKey = generate_ssh_key(SshKeyType::ed25519).public_key.line;
constexpr char const* kInstance = "i-0123456789abcdef0";
constexpr char const* kEndpoint = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

// A metadata service with texts that the test decides.
class TestMetadata {
 public:
  explicit TestMetadata(asio::any_io_executor executor)
      : server_(executor,
                [this](wire::HttpRequest request, io::Peer) { return answer(std::move(request)); }) {
    asio::ip::tcp::acceptor acceptor(executor, {asio::ip::make_address("127.0.0.1"), 0});
    acceptor.non_blocking(true);
    auto port = acceptor.local_endpoint().port();
    EXPECT_TRUE(server_.listen_on(acceptor.release()));
    ::setenv(kEndpoint, ("http://127.0.0.1:" + std::to_string(port)).c_str(), 1);
  }
  ~TestMetadata() { ::unsetenv(kEndpoint); }
  awaitable<void> stop() { return server_.stop(100ms); }

  std::map<std::string, std::string> texts;  // by path below /latest/

 private:
  awaitable<wire::HttpResponse> answer(wire::HttpRequest request) {
    wire::HttpResponse response;
    if (request.method == "PUT") {
      response.body = "token";
      co_return response;
    }
    auto found = texts.find(request.target.substr(8));
    if (found == texts.end()) {
      response.status = 404;
    } else {
      response.body = found->second;
    }
    co_return response;
  }

  io::PlainHttpServer server_;
};

class AuthorizedKeys : public testing::Test {
 protected:
  AuthorizedKeys() {
    EXPECT_TRUE(io::write_file(directory / "root.pem", signer->root_pem()));
    EXPECT_TRUE(io::write_file(directory / "tag", kInstance + std::string("\n")));
    sources.root = directory / "root.pem";
    sources.asset_tag = directory / "tag";
    sources.socket = directory / "keys-dir" / kKeysSocket;
  }

  std::string record(std::string const& key, Time expires, std::string const& instance = kInstance) {
    return signer->record({expires, InstanceId(instance), "arn", "r", key}, now);
  }
  void fill(TestMetadata& metadata, std::string file) {
    metadata.texts = {{"meta-data/instance-id", kInstance},
                      {"dynamic/instance-identity/document", R"({"region": "us-east-1"})"},
                      {"meta-data/managed-ssh-keys/signer-cert/", signer->papers(now)->chain},
                      {"meta-data/managed-ssh-keys/active-keys/ec2-user/", std::move(file)}};
  }

  using Keys = std::vector<std::string>;
  io::TestDirectory directory;
  Time const now = SystemClock().now();
  std::unique_ptr<io::KeySigner> signer = *io::KeySigner::make(io::make_signer_authority(now), "us-east-1");
  KeysSources sources;
};

TEST_F(AuthorizedKeys, of_an_instance_are_those_that_its_root_vouches_for) {
  io::run_on_loop([this](auto executor) -> awaitable<void> {
    TestMetadata metadata(executor);
    auto stranger = *io::KeySigner::make(io::make_signer_authority(now), "us-east-1");
    auto forged = stranger->record({now + 60s, InstanceId(kInstance), "arn", "r", kOtherKey}, now);
    fill(metadata, record(kEd, now + 60s) + forged + record(kOtherKey, now - 1s) +
                       record(kOtherKey, now + 60s, "i-0123456789abcdef1") + "broken\n\n");
    auto told = co_await authorized_keys("ec2-user", "", sources);
    EXPECT_TRUE(told) << told.error().detail;
    EXPECT_EQ(*told, Keys{kEd});
    told = co_await authorized_keys("ec2-user", parse_ssh_public_key(kEd)->openssh_fingerprint(), sources);
    EXPECT_EQ(*told, Keys{kEd});
    told = co_await authorized_keys("ec2-user", "SHA256:other", sources);
    EXPECT_EQ(*told, Keys());
    for (auto user : {"nobody", "../ec2-user", "a b", ""}) {
      told = co_await authorized_keys(user, "", sources);
      EXPECT_EQ(*told, Keys()) << user;
    }
    metadata.texts["meta-data/managed-ssh-keys/signer-cert/"] = stranger->papers(now)->chain;
    told = co_await authorized_keys("ec2-user", "", sources);
    EXPECT_FALSE(told);
    co_await metadata.stop();
  });
}

// A plane that knows one key for one user.
void answer_as_plane(io::TestPlane& plane, int& asked) {
  plane.answer = [&asked](wire::HttpRequest const& request) {
    if (request.headers.find("x-amz-target") == "AmazonSSM.RequestManagedInstanceRoleToken")
      return io::json_answer(
          200,
          R"({"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","TokenExpirationDate":9999999999})");
    asked++;
    EXPECT_EQ(request.headers.find("x-amz-target"), "Fumidai.ListPushedKeys");
    auto body = *wire::parse_json(request.body);
    EXPECT_EQ(body.at("InstanceId").as_string(), "mi-0123456789abcdef0");
    if (body.at("User").as_string() == "eve")
      return io::json_answer(400, R"({"__type":"X","message":"not for you"})");
    return io::json_answer(
        200, body.at("User").as_string() == "hana" ? R"({"Keys":[")" + kEd + R"("]})" : R"({"Keys":[]})");
  };
}

Identity identity_for(io::TestPlane const& plane) {
  Identity identity;
  identity.url = plane.url();
  identity.ca_pem = plane.ca_pem();
  identity.region = "us-east-1";
  identity.instance_id = "mi-0123456789abcdef0";
  identity.private_key = generate_rsa_key().private_key;
  return identity;
}

TEST_F(AuthorizedKeys, of_a_host_come_from_its_agent) {
  io::run_on_loop([this](auto executor) -> awaitable<void> {
    io::TestPlane plane(executor);
    int asked = 0;
    answer_as_plane(plane, asked);
    auto socket = KeysSocket::make(executor, identity_for(plane), directory / "keys-dir", "nobody-here");
    EXPECT_TRUE(socket) << socket.error().detail;
    EXPECT_EQ(io::mode_of(directory / "keys-dir"), 0700);
    io::TaskGroup tasks(executor, "test");
    tasks.spawn((*socket)->run());
    sources.agent_alone = true;
    auto told = co_await authorized_keys("hana", parse_ssh_public_key(kEd)->openssh_fingerprint(), sources);
    EXPECT_TRUE(told) << told.error().detail;
    EXPECT_EQ(*told, Keys{kEd});
    told = co_await authorized_keys("hana", "SHA256:other", sources);
    EXPECT_EQ(*told, Keys());
    told = co_await authorized_keys("kim", "", sources);
    EXPECT_EQ(*told, Keys());
    told = co_await authorized_keys("eve", "", sources);
    EXPECT_EQ(told.error().detail, "not for you");
    EXPECT_EQ(asked, 4);
    tasks.cancel();
    co_await tasks.join();
    co_await plane.stop();
  });
}

TEST_F(AuthorizedKeys, come_from_the_agent_when_no_metadata_service_answers) {
  io::run_on_loop([this](auto executor) -> awaitable<void> {
    ::setenv(kEndpoint, "http://127.0.0.1:1", 1);
    auto told = co_await authorized_keys("hana", "", sources);
    EXPECT_EQ(told.error().code, Errc::unavailable) << "no agent either";
    io::TestPlane plane(executor);
    int asked = 0;
    answer_as_plane(plane, asked);
    auto socket = *KeysSocket::make(executor, identity_for(plane), directory / "keys-dir", "nobody-here");
    io::TaskGroup tasks(executor, "test");
    tasks.spawn(socket->run());
    told = co_await authorized_keys("hana", "", sources);
    EXPECT_TRUE(told) << told.error().detail;
    EXPECT_EQ(*told, Keys{kEd});
    tasks.cancel();
    co_await tasks.join();
    co_await plane.stop();
    ::unsetenv(kEndpoint);
  });
}

TEST_F(AuthorizedKeys, are_none_from_an_agent_that_says_nothing) {
  io::run_on_loop([this](auto executor) -> awaitable<void> {
    EXPECT_TRUE(io::make_directory(directory / "keys-dir"));
    asio::local::stream_protocol::acceptor silent(executor, {sources.socket.string()});
    sources.agent_alone = true;
    auto began = io::SteadyClock::now();
    auto told = co_await authorized_keys("hana", "", sources);
    EXPECT_EQ(told.error().code, Errc::deadline_exceeded);
    EXPECT_LT(io::SteadyClock::now() - began, 5s);
  });
}

TEST_F(AuthorizedKeys, are_told_in_a_directory_of_their_own_alone) {
  asio::io_context loop;
  auto make = [&](io::Path const& at) {
    return KeysSocket::make(loop.get_executor(), {}, at, "nobody-here");
  };
  auto refused = make(directory.path());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("--keys-dir"), std::string::npos);
  EXPECT_FALSE(make(directory / std::string(120, 'x')));
  EXPECT_FALSE(make(directory / "tag"));
  ASSERT_TRUE(make(directory / "own"));
  EXPECT_TRUE(make(directory / "own")) << "one was left behind by an agent that was killed";
}

}  // namespace
}  // namespace fumidai::agent
