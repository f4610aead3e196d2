#include <boost/json.hpp>

#include "lab/metadata.h"

namespace fumidai::lab {

namespace json = boost::json;

namespace {

using Tree = std::map<std::string, std::string>;

std::string lines(std::vector<std::string> const& texts) {
  std::string all;
  for (auto const& text : texts) all += (all.empty() ? "" : "\n") + text;
  return all;
}

// As the service writes it: a member a line.
std::string pretty(json::object const& object) {
  std::string text = "{";
  for (auto const& [name, value] : object) {
    text += text == "{" ? "\n  " : ",\n  ";
    text += json::serialize(json::value(name)) + " : " + json::serialize(value);
  }
  return text + "\n}";
}

std::string credentials_document(std::optional<RoleCredentials> const& credentials, std::string const& role,
                                 Time now) {
  if (!credentials) {
    return pretty({{"Code", "AssumeRoleUnauthorizedAccess"},
                   {"Message", "EC2 cannot assume the role " + role +
                                   ". Its trust policy has to allow sts:AssumeRole to ec2.amazonaws.com."},
                   {"LastUpdated", to_iso_seconds(now)}});
  }
  return pretty({{"Code", "Success"},
                 {"LastUpdated", to_iso_seconds(credentials->updated)},
                 {"Type", "AWS-HMAC"},
                 {"AccessKeyId", credentials->access_key_id},
                 {"SecretAccessKey", credentials->secret_access_key.reveal()},
                 {"Token", credentials->session_token},
                 {"Expiration", to_iso_seconds(credentials->expires)}});
}

std::string identity_document(MetadataFacts const& facts) {
  return pretty({{"accountId", facts.account},
                 {"architecture", facts.architecture},
                 {"availabilityZone", facts.zone},
                 {"billingProducts", nullptr},
                 {"devpayProductCodes", nullptr},
                 {"marketplaceProductCodes", nullptr},
                 {"imageId", facts.image},
                 {"instanceId", facts.instance.text()},
                 {"instanceType", facts.instance_type},
                 {"kernelId", nullptr},
                 {"pendingTime", to_iso_seconds(facts.launched)},
                 {"privateIp", facts.private_address},
                 {"ramdiskId", nullptr},
                 {"region", facts.region},
                 {"version", "2017-09-30"}});
}

void add_instance(Tree& tree, MetadataFacts const& facts) {
  tree["ami-id"] = facts.image;
  tree["ami-launch-index"] = std::to_string(facts.launch_index);
  tree["hostname"] = tree["local-hostname"] = facts.private_name;
  tree["local-ipv4"] = facts.private_address;
  tree["mac"] = facts.mac;
  tree["instance-id"] = facts.instance.text();
  tree["instance-type"] = facts.instance_type;
  tree["instance-action"] = "none";
  tree["instance-life-cycle"] = "on-demand";
  tree["reservation-id"] = facts.reservation;
  tree["security-groups"] = lines(facts.group_names);
  tree["placement/availability-zone"] = facts.zone;
  tree["placement/availability-zone-id"] = facts.zone_id;
  tree["placement/region"] = facts.region;
  tree["services/domain"] = facts.domain;
  tree["services/partition"] = facts.partition;
  if (!facts.public_address.empty()) {
    tree["public-ipv4"] = facts.public_address;
    tree["public-hostname"] = facts.public_name;
  }
  if (!facts.public_key.empty()) tree["public-keys/0/openssh-key"] = facts.public_key;
}

void add_interface(Tree& tree, MetadataFacts const& facts) {
  auto at = "network/interfaces/macs/" + facts.mac + "/";
  tree[at + "device-number"] = "0";
  tree[at + "interface-id"] = facts.interface_id;
  tree[at + "local-hostname"] = facts.private_name;
  tree[at + "local-ipv4s"] = facts.private_address;
  tree[at + "mac"] = facts.mac;
  tree[at + "owner-id"] = facts.account;
  tree[at + "security-group-ids"] = lines(facts.group_ids);
  tree[at + "security-groups"] = lines(facts.group_names);
  tree[at + "subnet-id"] = facts.subnet;
  tree[at + "subnet-ipv4-cidr-block"] = facts.subnet_cidr;
  tree[at + "vpc-id"] = facts.vpc;
  tree[at + "vpc-ipv4-cidr-block"] = tree[at + "vpc-ipv4-cidr-blocks"] = facts.vpc_cidr;
  if (facts.public_address.empty()) return;
  tree[at + "public-hostname"] = facts.public_name;
  tree[at + "public-ipv4s"] = facts.public_address;
  tree[at + "ipv4-associations/" + facts.public_address] = facts.private_address;
}

void add_roles(Tree& tree, MetadataFacts const& facts, Time now) {
  tree["identity-credentials/ec2/info"] =
      pretty({{"Code", "Success"}, {"LastUpdated", to_iso_seconds(now)}, {"AccountId", facts.account}});
  if (facts.identity) {
    tree["identity-credentials/ec2/security-credentials/ec2-instance"] =
        credentials_document(facts.identity, "", now);
  }
  if (!facts.profile) return;
  tree["iam/info"] = pretty({{"Code", "Success"},
                             {"LastUpdated", to_iso_seconds(now)},
                             {"InstanceProfileArn", facts.profile->arn},
                             {"InstanceProfileId", facts.profile->id}});
  auto const& role = facts.profile->role;
  if (!role.empty()) {
    tree["iam/security-credentials/" + role] = credentials_document(facts.profile->credentials, role, now);
  }
}

void add_managed_keys(Tree& tree, ManagedKeys const& keys) {
  for (auto const& [user, text] : keys.active) tree["managed-ssh-keys/active-keys/" + user] = text;
  if (!keys.signer_certificate.empty()) tree["managed-ssh-keys/signer-cert"] = keys.signer_certificate;
  for (auto const& [name, text] : keys.staples) tree["managed-ssh-keys/signer-ocsp/" + name] = text;
}

}  // namespace

std::map<std::string, std::string> metadata_tree(MetadataFacts const& facts, Time now) {
  Tree meta;
  add_instance(meta, facts);
  add_interface(meta, facts);
  add_roles(meta, facts, now);
  if (facts.managed_keys) add_managed_keys(meta, *facts.managed_keys);
  if (facts.options.tags) {
    // AWS refuses keys with other characters while tags are shown here; a '/' would make a folder.
    for (auto const& [key, value] : facts.tags)
      if (key.find('/') == key.npos) meta["tags/instance/" + key] = value;
  }
  Tree tree;
  for (auto& [path, text] : meta) tree["meta-data/" + path] = std::move(text);
  tree["dynamic/instance-identity/document"] = identity_document(facts);
  if (facts.user_data) tree["user-data"] = *facts.user_data;
  return tree;
}

}  // namespace fumidai::lab
