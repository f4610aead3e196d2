#include "model/arn.h"

#include <algorithm>

namespace fumidai::model {

namespace {

std::string arn(std::string_view service, std::string_view region, std::string_view account,
                std::string_view resource) {
  return "arn:aws:" + std::string(service) + ":" + std::string(region) + ":" + std::string(account) + ":" +
         std::string(resource);
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string user_arn(Region const& region, std::string_view path, std::string_view name) {
  return arn("iam", "", region.account, "user" + std::string(path) + std::string(name));
}

std::string role_arn(Region const& region, std::string_view path, std::string_view name) {
  return arn("iam", "", region.account, "role" + std::string(path) + std::string(name));
}

std::string instance_profile_arn(Region const& region, std::string_view path, std::string_view name) {
  return arn("iam", "", region.account, "instance-profile" + std::string(path) + std::string(name));
}

std::string policy_arn(Region const& region, std::string_view path, std::string_view name) {
  return arn("iam", "", region.account, "policy" + std::string(path) + std::string(name));
}

std::string assumed_role_arn(Region const& region, std::string_view role, std::string_view session_name) {
  return arn("sts", "", region.account,
             "assumed-role/" + std::string(role) + "/" + std::string(session_name));
}

std::string instance_arn(Region const& region, InstanceId const& instance) {
  if (instance.text().starts_with("mi-"))
    return arn("ssm", region.name, region.account, "managed-instance/" + instance.text());
  return arn("ec2", region.name, region.account, "instance/" + instance.text());
}

std::string connect_endpoint_arn(Region const& region, std::string_view endpoint) {
  return arn("ec2", region.name, region.account, "instance-connect-endpoint/" + std::string(endpoint));
}

std::string session_arn(Region const& region, SessionId const& session) {
  return arn("ssm", region.name, region.account, "session/" + session.text());
}

std::string document_arn(Region const& region, std::string_view document) {
  bool of_aws = document.starts_with("AWS-");
  return arn("ssm", region.name, of_aws ? "" : region.account, "document/" + std::string(document));
}

std::string_view resource_of(std::string_view text, std::string_view type) {
  auto marker = ":" + std::string(type) + "/";
  auto at = text.find(marker);
  return at == text.npos ? std::string_view() : text.substr(at + marker.size());
}

bool is_managed_instance_id(std::string_view text) {
  return text.size() == 20 && text.starts_with("mi-") && is_hex(text.substr(3));
}

bool is_instance_id(std::string_view text) {
  if (is_managed_instance_id(text)) return true;
  return (text.size() == 10 || text.size() == 19) && text.starts_with("i-") && is_hex(text.substr(2));
}

}  // namespace fumidai::model
