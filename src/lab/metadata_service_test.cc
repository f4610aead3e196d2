// The metadata service as an instance sees it: with curl, over its link.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "io/plain_http.h"
#include "lab/metadata.h"
#include "lab/test_instance.h"

namespace fumidai::lab {
namespace {

// In a namespace, which only this thread enters.
int listen_in(std::string const& network_namespace) {
  int result = -1;
  std::thread([&] {
    int space = ::open(("/run/netns/" + network_namespace).c_str(), O_RDONLY | O_CLOEXEC);
    if (::setns(space, CLONE_NEWNET) != 0) return;
    ::close(space);
    result = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(80);
    at.sin_addr.s_addr = htonl(0xa9fea9fe);
    EXPECT_EQ(::bind(result, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(result, 64), 0);
  }).join();
  return result;
}

class Service {
 public:
  Service(std::string const& network_namespace, MetadataFacts facts)
      : facts_(std::move(facts)), server_(loop_.get_executor(), [this](wire::HttpRequest request, io::Peer) {
          return answer(std::move(request));
        }) {
    EXPECT_TRUE(server_.listen_on(listen_in(network_namespace)));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Service() {
    asio::co_spawn(loop_, server_.stop(std::chrono::seconds(1)), [](std::exception_ptr) {});
    thread_.join();
  }

 private:
  awaitable<wire::HttpResponse> answer(wire::HttpRequest request) {
    co_return metadata_.answer(facts_, request, SystemClock().now());
  }

  MetadataFacts facts_;
  Metadata metadata_{random_secret(32)};
  asio::io_context loop_{1};
  io::PlainHttpServer server_;
  std::thread thread_;
};

MetadataFacts facts_of(InstanceSpec const& spec) {
  MetadataFacts facts;
  facts.instance = spec.id;
  facts.zone = "us-east-1a", facts.region = "us-east-1";
  facts.private_address = spec.address;
  facts.mac = "02:00:0a:00:01:05";
  return facts;
}

// As the EC2 Instance Connect scripts ask: a token for five seconds, one second for each request, trailing
// slashes.
constexpr char const* kAsk = R"END(
base=http://169.254.169.254/latest
token=$(curl -s -f -m 1 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 5' $base/api/token) || exit 1
get() { curl -s -m 1 -w '|%{http_code}\n' -H "X-aws-ec2-metadata-token: $token" "$@"; }
get $base/meta-data/instance-id/
get $base/meta-data/placement/availability-zone/
get $base/meta-data/services/domain/
get -o /dev/null --head $base/meta-data/managed-ssh-keys/active-keys/ec2-user/
get -o /dev/null --head $base/meta-data/instance-id/
curl -s -m 1 -o /dev/null -w '%{http_code}\n' $base/meta-data/instance-id
curl -s -m 1 -o /dev/null -w '%{http_code}\n' -X PUT $base/api/token
)END";

TEST(MetadataService, an_instance_reads_it_with_curl) {
  FUMIDAI_NEEDS_LAB();
  TestInstance instance;
  Service service(instance.router(), facts_of(instance.spec));
  std::string expected =
      instance.spec.id.text() + "|200\nus-east-1a|200\namazonaws.com|200\n|404\n|200\n401\n400\n";
  auto from_namespace = run({"/usr/sbin/ip", "netns", "exec", instance.inside(), "/bin/sh", "-c", kAsk});
  EXPECT_EQ(from_namespace.output, expected);
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers());
  EXPECT_EQ(instance.ssh(kAsk).output, expected) << "the same from within the instance";
}

TEST(MetadataService, awss_agent_takes_it_for_an_instance_of_ec2) {
  FUMIDAI_NEEDS_LAB();
  auto const* directory = std::getenv("FUMIDAI_TEST_SSM_AGENT_DIR");
  if (directory == nullptr)
    GTEST_SKIP()
        << "skipped: FUMIDAI_TEST_SSM_AGENT_DIR is not set: it names a folder with AWS's amazon-ssm-agent";
  TestInstance instance;
  auto agent = amazon_ssm_agent(directory);
  ASSERT_TRUE(agent) << agent.error().detail;
  instance.spec.agent = *agent;
  Service service(instance.router(), facts_of(instance.spec));
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers()) << instance.console();
  auto knows_itself = [&] {
    auto log = instance.ssh("sudo -n cat /var/log/amazon/ssm/amazon-ssm-agent.log").output;
    return log.find("EC2") != log.npos;
  };
  EXPECT_TRUE(wait_until(knows_itself)) << instance.console();
  EXPECT_EQ(instance.ssh("pgrep -c -f amazon-ssm-agent").status, 0);
  EXPECT_TRUE(stop_instance(instance.spec.directory));
}

TEST(MetadataService, our_agent_is_started) {
  FUMIDAI_NEEDS_LAB();
  if (!std::filesystem::exists(TestInstance::program("fumidai-agent")))
    GTEST_SKIP() << "skipped: fumidai-agent is not built";
  TestInstance instance;
  instance.spec.agent = our_agent(TestInstance::program("fumidai-agent"),
                                  TestInstance::program("fumidai-agent-session"), "us-east-1");
  ASSERT_TRUE(start_instance(instance.spec));
  ASSERT_TRUE(instance.answers());
  EXPECT_EQ(instance.ssh("/usr/bin/fumidai-agent --version").status, 0);
  // It finds its programs' libraries in the image.
  EXPECT_NE(instance.ssh("/usr/bin/fumidai-agent-session < /dev/null").output.find("Failed"),
            std::string::npos);
}

}  // namespace
}  // namespace fumidai::lab
