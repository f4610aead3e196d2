#pragma once

// The instance metadata service, for one instance: what a request to 169.254.169.254 is answered. Pure: who
// asks is known by the link that the request came over, and what there is to tell are facts given by the
// caller. Source: EC2 user guide, "Instance metadata"; what the programs on an instance read of it is in
// ec2-instance-connect.md 2.2 and session-manager.md 4.4.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/secret.h"
#include "wire/http.h"

namespace fumidai::lab {

struct MetadataOptions {
  bool http_endpoint = true;    // enabled; disabled answers 403 to everything
  bool tokens_required = true;  // http_tokens: required (IMDSv2 only) or optional
  bool tags = false;            // instance_metadata_tags
};

struct RoleCredentials {
  std::string access_key_id;
  Secret secret_access_key;
  std::string session_token;
  Time updated, expires;
};

struct ProfileFacts {
  std::string arn, id, role;  // of the instance profile; role is a name, empty when the profile has none
  // Needed for the requests that wants_credentials() names; nothing when the role's trust policy refuses EC2.
  std::optional<RoleCredentials> credentials;
};

// Keys pushed for a minute, per user, and who signed them (ec2-instance-connect.md 2.4 to 2.6).
struct ManagedKeys {
  std::map<std::string, std::string> active;  // user -> the file of active keys; users without one are absent
  std::string signer_certificate;             // PEM chain, leaf first
  std::map<std::string, std::string> staples;  // name -> base64 of the OCSP response
};

struct MetadataFacts {
  InstanceId instance;
  std::int64_t launch_index = 0;  // among those that were launched with it
  std::string account, reservation, image, instance_type, architecture;
  Time launched;
  std::string region, zone, zone_id;
  std::string private_name, private_address;
  std::string public_name, public_address;  // empty without a public address
  std::string mac, interface_id, subnet, subnet_cidr, vpc, vpc_cidr;
  std::vector<std::string> group_names, group_ids;
  std::string key_name, public_key;  // of the key pair at launch; empty without one
  std::optional<std::string> user_data;
  std::map<std::string, std::string> tags;
  std::optional<ProfileFacts> profile;
  // Of the role that each instance has by itself; asked for like those of the profile.
  std::optional<RoleCredentials> identity;
  std::optional<ManagedKeys> managed_keys;
  std::string domain = "amazonaws.com", partition = "aws";
  MetadataOptions options;
};

class Metadata {
 public:
  // The key makes tokens: 32 random bytes, the same for all instances, new at each start or kept.
  explicit Metadata(Secret key) : key_(std::move(key)) {}

  // Any request of HTTP/1.1, HEAD among them (its body is not sent by the server).
  wire::HttpResponse answer(MetadataFacts const& facts, wire::HttpRequest const& request, Time now) const;

  // Which credentials the answer to this path would show, or that it shows pushed keys, which are signed:
  // making some costs, so who fills in the facts asks.
  enum class Credentials { none, profile, identity, pushed_keys };
  static Credentials wants_credentials(wire::HttpRequest const& request);

  // A token of IMDSv2: its expiry and a MAC over that and the instance, so that no table of them grows.
  std::string make_token(InstanceId const& instance, std::chrono::seconds life, Time now) const;
  // When the token of this instance expires; nothing when it is not one, or has.
  std::optional<Time> token_expiry(InstanceId const& instance, std::string_view token, Time now) const;

 private:
  wire::HttpResponse issue_token(MetadataFacts const& facts, wire::HttpRequest const& request,
                                 Time now) const;

  Secret key_;
};

// What there is under /latest/, as path -> text ("meta-data/instance-id"). Folders are the paths' parts.
std::map<std::string, std::string> metadata_tree(MetadataFacts const& facts, Time now);

}  // namespace fumidai::lab
