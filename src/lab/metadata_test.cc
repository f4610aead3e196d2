#include "lab/metadata.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace fumidai::lab {
namespace {

using namespace std::chrono_literals;

Time const kNow = *parse_time("2025-06-01T12:00:00Z");

MetadataFacts facts() {
  MetadataFacts facts;
  facts.instance = InstanceId("i-0123456789abcdef0");
  facts.account = "123456789012";
  facts.reservation = "r-0aaaaaaaaaaaaaaaa";
  facts.image = "ami-0bbbbbbbbbbbbbbbb";
  facts.instance_type = "t3.micro";
  facts.architecture = "x86_64";
  facts.launched = *parse_time("2025-06-01T11:00:00Z");
  facts.region = "us-east-1", facts.zone = "us-east-1a", facts.zone_id = "use1-az1";
  facts.private_name = "ip-10-0-1-5.ec2.internal", facts.private_address = "10.0.1.5";
  facts.public_name = "ec2-203-0-113-9.compute-1.amazonaws.com", facts.public_address = "203.0.113.9";
  facts.mac = "02:00:0a:00:01:05", facts.interface_id = "eni-0cccccccccccccccc";
  facts.subnet = "subnet-0dddddddddddddddd", facts.subnet_cidr = "10.0.1.0/24";
  facts.vpc = "vpc-0eeeeeeeeeeeeeeee", facts.vpc_cidr = "10.0.0.0/16";
  facts.group_names = {"web", "ssh"}, facts.group_ids = {"sg-01", "sg-02"};
  facts.key_name = "my-key", facts.public_key = "ssh-ed25519 AAAA my-key";
  facts.user_data = "#!/bin/sh\necho hello\n";
  facts.tags = {{"Name", "private-1"}, {"a/b", "no folder"}};
  facts.profile = ProfileFacts{"arn:aws:iam::123456789012:instance-profile/ssm", "AIPAEXAMPLE", "ssm-role",
                               RoleCredentials{"ASIAROLE", Secret("secret"), "token", kNow, kNow + 6h}};
  facts.identity = RoleCredentials{"ASIAIDENTITY", Secret("other"), "identity-token", kNow, kNow + 6h};
  facts.options.tags = true;
  facts.options.tokens_required = false;
  return facts;
}

wire::HttpRequest request(std::string method, std::string target, wire::HttpHeaders headers = {}) {
  wire::HttpRequest request;
  request.method = std::move(method), request.target = std::move(target),
  request.headers = std::move(headers);
  return request;
}

Metadata const kMetadata(Secret(std::string(32, 'k')));

wire::HttpResponse get(MetadataFacts const& facts, std::string target, wire::HttpHeaders headers = {}) {
  return kMetadata.answer(facts, request("GET", std::move(target), std::move(headers)), kNow);
}

struct Row {
  std::string path, text;
};

std::vector<Row> const kLeaves = {
    {"meta-data/ami-id", "ami-0bbbbbbbbbbbbbbbb"},
    {"meta-data/ami-launch-index", "0"},
    {"meta-data/hostname", "ip-10-0-1-5.ec2.internal"},
    {"meta-data/local-hostname", "ip-10-0-1-5.ec2.internal"},
    {"meta-data/local-ipv4", "10.0.1.5"},
    {"meta-data/public-ipv4", "203.0.113.9"},
    {"meta-data/public-hostname", "ec2-203-0-113-9.compute-1.amazonaws.com"},
    {"meta-data/mac", "02:00:0a:00:01:05"},
    {"meta-data/instance-id", "i-0123456789abcdef0"},
    {"meta-data/instance-type", "t3.micro"},
    {"meta-data/reservation-id", "r-0aaaaaaaaaaaaaaaa"},
    {"meta-data/security-groups", "web\nssh"},
    {"meta-data/instance-action", "none"},
    {"meta-data/instance-life-cycle", "on-demand"},
    {"meta-data/placement/availability-zone", "us-east-1a"},
    {"meta-data/placement/availability-zone-id", "use1-az1"},
    {"meta-data/placement/region", "us-east-1"},
    {"meta-data/public-keys", "0=my-key"},
    {"meta-data/public-keys/0", "openssh-key"},
    {"meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA my-key"},
    {"meta-data/network/interfaces/macs", "02:00:0a:00:01:05/"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/device-number", "0"},
    {"meta-data/network/interfaces/macs/02%3A00%3A0a%3A00%3A01%3A05/device-number", "0"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/interface-id", "eni-0cccccccccccccccc"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/local-ipv4s", "10.0.1.5"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/public-ipv4s", "203.0.113.9"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/ipv4-associations/203.0.113.9", "10.0.1.5"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/subnet-id", "subnet-0dddddddddddddddd"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/subnet-ipv4-cidr-block", "10.0.1.0/24"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/vpc-id", "vpc-0eeeeeeeeeeeeeeee"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/vpc-ipv4-cidr-block", "10.0.0.0/16"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/vpc-ipv4-cidr-blocks", "10.0.0.0/16"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/security-group-ids", "sg-01\nsg-02"},
    {"meta-data/network/interfaces/macs/02:00:0a:00:01:05/owner-id", "123456789012"},
    {"meta-data/iam", "info\nsecurity-credentials/"},
    {"meta-data/iam/security-credentials", "ssm-role"},
    {"meta-data/identity-credentials/ec2", "info\nsecurity-credentials/"},
    {"meta-data/services/domain", "amazonaws.com"},
    {"meta-data/services/partition", "aws"},
    {"meta-data/tags", "instance/"},
    {"meta-data/tags/instance", "Name"},
    {"meta-data/tags/instance/Name", "private-1"},
    {"user-data", "#!/bin/sh\necho hello\n"},
    {"dynamic", "instance-identity/"},
    {"dynamic/instance-identity", "document"},
    {"", "dynamic\nmeta-data\nuser-data"},
};

TEST(Metadata, every_path_is_there_with_a_slash_at_its_end_and_without) {
  auto all = facts();
  for (auto const& row : kLeaves) {
    for (std::string slash : {"", "/"}) {
      auto answer = get(all, "/latest/" + row.path + slash);
      EXPECT_EQ(answer.status, 200u) << row.path << slash;
      EXPECT_EQ(answer.body, row.text) << row.path << slash;
      auto head = kMetadata.answer(all, request("HEAD", "/latest/" + row.path + slash), kNow);
      EXPECT_EQ(head.status, 200u) << row.path << slash;
    }
  }
  EXPECT_EQ(get(all, "/").body, "latest");
  EXPECT_EQ(get(all, "/latest").body, "dynamic\nmeta-data\nuser-data");
  auto root = get(all, "/latest/meta-data/").body;
  EXPECT_EQ(root,
            "ami-id\nami-launch-index\nhostname\niam/\nidentity-credentials/\ninstance-action\ninstance-id\n"
            "instance-life-cycle\ninstance-type\nlocal-hostname\nlocal-ipv4\nmac\nnetwork/\nplacement/\n"
            "public-hostname\npublic-ipv4\npublic-keys/\nreservation-id\nsecurity-groups\nservices/\ntags/");
}

TEST(Metadata, what_is_not_there_is_404_with_a_small_page) {
  auto all = facts();
  for (std::string target :
       {"/latest/meta-data/nothing", "/latest/meta-data/ami-i", "/latest/meta-data/ami-id/x", "/latestx",
        "/1.0/meta-data/", "/latest//meta-data", "/latest/meta-data/managed-ssh-keys/active-keys/ec2-user/",
        "/latest/meta-data/managed-ssh-keys/signer-cert/", "/latest/%zz",
        "/latest/meta-data/tags/instance/a/b", "/latest/../etc/passwd"}) {
    auto answer = get(all, target);
    EXPECT_EQ(answer.status, 404u) << target;
    EXPECT_NE(answer.body.find("<title>404 - Not Found</title>"), answer.body.npos);
  }
}

TEST(Metadata, what_an_instance_does_not_have_is_not_listed) {
  auto bare = facts();
  bare.public_address.clear(), bare.public_key.clear();
  bare.profile.reset(), bare.identity.reset(), bare.user_data.reset();
  bare.options.tags = false;
  for (std::string path :
       {"public-ipv4", "public-hostname", "public-keys/", "iam/info", "iam/security-credentials/",
        "tags/instance/", "identity-credentials/ec2/security-credentials/ec2-instance",
        "network/interfaces/macs/02:00:0a:00:01:05/public-ipv4s"}) {
    EXPECT_EQ(get(bare, "/latest/meta-data/" + path).status, 404u) << path;
  }
  EXPECT_EQ(get(bare, "/latest/user-data").status, 404u);
  auto root = get(bare, "/latest/meta-data/").body;
  for (std::string name : {"public", "iam/", "tags"}) EXPECT_EQ(root.find(name), root.npos) << root;
  bare.profile = ProfileFacts{"arn", "AIPA", "", {}};
  EXPECT_EQ(get(bare, "/latest/meta-data/iam/security-credentials/").status, 404u)
      << "a profile without a role";
  EXPECT_EQ(get(bare, "/latest/meta-data/iam/info").status, 200u);
}

boost::json::object parsed(wire::HttpResponse const& response) {
  return boost::json::parse(response.body).as_object();
}

TEST(Metadata, documents_are_those_of_aws) {
  auto all = facts();
  auto document = parsed(get(all, "/latest/dynamic/instance-identity/document"));
  EXPECT_EQ(document.at("instanceId"), "i-0123456789abcdef0");
  EXPECT_EQ(document.at("region"), "us-east-1");
  EXPECT_EQ(document.at("pendingTime"), "2025-06-01T11:00:00Z");
  EXPECT_EQ(document.at("version"), "2017-09-30");
  EXPECT_TRUE(document.at("kernelId").is_null());
  auto role = parsed(get(all, "/latest/meta-data/iam/security-credentials/ssm-role"));
  EXPECT_EQ(role.at("Code"), "Success");
  EXPECT_EQ(role.at("AccessKeyId"), "ASIAROLE");
  EXPECT_EQ(role.at("SecretAccessKey"), "secret");
  EXPECT_EQ(role.at("Token"), "token");
  EXPECT_EQ(role.at("Expiration"), "2025-06-01T18:00:00Z");
  EXPECT_EQ(role.at("Type"), "AWS-HMAC");
  auto identity =
      parsed(get(all, "/latest/meta-data/identity-credentials/ec2/security-credentials/ec2-instance"));
  EXPECT_EQ(identity.at("AccessKeyId"), "ASIAIDENTITY");
  auto info = parsed(get(all, "/latest/meta-data/iam/info"));
  EXPECT_EQ(info.at("InstanceProfileId"), "AIPAEXAMPLE");
}

TEST(Metadata, a_role_that_does_not_trust_ec2_says_so) {
  auto all = facts();
  all.profile->credentials.reset();
  auto answer = get(all, "/latest/meta-data/iam/security-credentials/ssm-role");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(parsed(answer).at("Code"), "AssumeRoleUnauthorizedAccess");
}

TEST(Metadata, pushed_keys_are_shown_per_user) {
  auto all = facts();
  all.managed_keys =
      ManagedKeys{{{"ec2-user", "#Timestamp=1\nssh-ed25519 A\nsig\n\n"}}, "PEM", {{"AB12", "c3Q="}}};
  EXPECT_EQ(
      kMetadata.answer(all, request("HEAD", "/latest/meta-data/managed-ssh-keys/active-keys/ec2-user/"), kNow)
          .status,
      200u);
  EXPECT_EQ(get(all, "/latest/meta-data/managed-ssh-keys/active-keys/root/").status, 404u);
  EXPECT_EQ(get(all, "/latest/meta-data/managed-ssh-keys/active-keys/ec2-user/").body,
            "#Timestamp=1\nssh-ed25519 A\nsig\n\n");
  EXPECT_EQ(get(all, "/latest/meta-data/managed-ssh-keys/signer-cert/").body, "PEM");
  EXPECT_EQ(get(all, "/latest/meta-data/managed-ssh-keys/signer-ocsp/").body, "AB12");
  EXPECT_EQ(get(all, "/latest/meta-data/managed-ssh-keys/signer-ocsp/AB12").body, "c3Q=");
}

TEST(Metadata, tokens_are_made_for_a_life_between_a_second_and_six_hours) {
  auto all = facts();
  for (std::string life : {"1", "5", "21600"}) {
    auto answer = kMetadata.answer(
        all, request("PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", life}}), kNow);
    EXPECT_EQ(answer.status, 200u) << life;
    EXPECT_EQ(answer.headers.find("X-aws-ec2-metadata-token-ttl-seconds"), life);
    EXPECT_EQ(answer.body.size(), 56u);
  }
  for (std::string life : {"0", "21601", "-1", "", "x", "5x", "99999999999999999999"}) {
    auto answer = kMetadata.answer(
        all, request("PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", life}}), kNow);
    EXPECT_EQ(answer.status, 400u) << life;
  }
  EXPECT_EQ(kMetadata.answer(all, request("PUT", "/latest/api/token"), kNow).status, 400u);
  EXPECT_EQ(
      kMetadata
          .answer(all,
                  request("PUT", "/latest/api/token",
                          {{"X-aws-ec2-metadata-token-ttl-seconds", "5"}, {"X-Forwarded-For", "10.0.0.1"}}),
                  kNow)
          .status,
      403u);
  EXPECT_EQ(get(all, "/latest/api/token").status, 405u);
  EXPECT_EQ(kMetadata.answer(all, request("PUT", "/latest/meta-data/"), kNow).status, 405u);
  EXPECT_EQ(kMetadata.answer(all, request("POST", "/latest/meta-data/"), kNow).status, 405u);
}

TEST(Metadata, a_token_counts_for_its_instance_until_it_expires) {
  auto mine = facts();
  mine.options.tokens_required = true;
  auto ask = [&](MetadataFacts const& of, std::string token, Time at) {
    wire::HttpHeaders headers;
    headers.add("X-aws-ec2-metadata-token", token);
    return kMetadata.answer(of, request("GET", "/latest/meta-data/instance-id", headers), at);
  };
  auto token = kMetadata.make_token(mine.instance, 5s, kNow);
  EXPECT_EQ(ask(mine, token, kNow).body, "i-0123456789abcdef0");
  EXPECT_EQ(ask(mine, token, kNow + 4999ms).status, 200u);
  EXPECT_EQ(ask(mine, token, kNow + 1001ms).headers.find("X-aws-ec2-metadata-token-ttl-seconds"), "4");
  EXPECT_EQ(ask(mine, token, kNow + 5s).status, 401u);
  auto other = mine;
  other.instance = InstanceId("i-0fedcba9876543210");
  EXPECT_EQ(ask(other, token, kNow).status, 401u) << "the token of another instance";
  for (std::string wrong :
       {std::string(), std::string("x"), token.substr(4), token + "AAAA", std::string(56, 'A')})
    EXPECT_EQ(ask(mine, wrong, kNow).status, 401u) << wrong;
  EXPECT_FALSE(Metadata(Secret(std::string(32, 'j'))).token_expiry(mine.instance, token, kNow));
}

TEST(Metadata, without_a_token_it_depends_on_the_options) {
  auto all = facts();
  EXPECT_EQ(get(all, "/latest/meta-data/instance-id").status, 200u);
  EXPECT_EQ(get(all, "/latest/meta-data/instance-id", {{"X-aws-ec2-metadata-token", "x"}}).status, 401u)
      << "a wrong token is no better than none where none is needed";
  all.options.tokens_required = true;
  EXPECT_EQ(get(all, "/latest/meta-data/instance-id").status, 401u);
  EXPECT_EQ(get(all, "/latest/meta-data/nothing").status, 401u) << "what there is is not told either";
  all.options.http_endpoint = false;
  auto token = kMetadata.make_token(all.instance, 5s, kNow);
  EXPECT_EQ(get(all, "/latest/meta-data/instance-id", {{"X-aws-ec2-metadata-token", token}}).status, 403u);
  EXPECT_EQ(kMetadata.answer(all, request("PUT", "/latest/api/token"), kNow).status, 403u);
}

TEST(Metadata, who_fills_in_the_facts_learns_which_credentials_are_asked_for) {
  using enum Metadata::Credentials;
  auto wanted = [](std::string target) { return Metadata::wants_credentials(request("GET", target)); };
  EXPECT_EQ(wanted("/latest/meta-data/iam/security-credentials/"), none);
  EXPECT_EQ(wanted("/latest/meta-data/iam/security-credentials/ssm-role"), profile);
  EXPECT_EQ(wanted("/latest/meta-data/iam/security-credentials/ssm-role/"), profile);
  EXPECT_EQ(wanted("/latest/meta-data/%69am/security-credentials/ssm-role"), profile);
  EXPECT_EQ(wanted("/latest/meta-data/identity-credentials/ec2/security-credentials/ec2-instance"), identity);
  EXPECT_EQ(wanted("/latest/meta-data/instance-id"), none);
  EXPECT_EQ(wanted("/latest/meta-data/managed-ssh-keys/signer-cert/"), none);
  EXPECT_EQ(wanted("/latest/meta-data/managed-ssh-keys/active-keys/ec2-user/"), pushed_keys);
}

}  // namespace
}  // namespace fumidai::lab
