#pragma once

// Resource names, as policies and events write them (docs/wire/aws-requests.md).

#include <string>
#include <string_view>

#include "base/id.h"

namespace fumidai::model {

// Where this deployment is, in AWS's terms.
struct Region {
  std::string name;     // us-east-1
  std::string account;  // twelve digits
};

std::string user_arn(Region const& region, std::string_view path, std::string_view name);
std::string role_arn(Region const& region, std::string_view path, std::string_view name);
std::string instance_profile_arn(Region const& region, std::string_view path, std::string_view name);
// A policy of the account's own.
std::string policy_arn(Region const& region, std::string_view path, std::string_view name);
std::string assumed_role_arn(Region const& region, std::string_view role, std::string_view session_name);
// i-… is an EC2 instance, mi-… a managed one.
std::string instance_arn(Region const& region, InstanceId const& instance);
std::string connect_endpoint_arn(Region const& region, std::string_view endpoint);  // eice-…
std::string session_arn(Region const& region, SessionId const& session);
// Documents of AWS have no account in their name.
std::string document_arn(Region const& region, std::string_view document);

// The part after the last ':' or '/' of a session or instance ARN; empty for others.
std::string_view resource_of(std::string_view arn, std::string_view type);

bool is_managed_instance_id(std::string_view text);  // mi- and 17 lower-case hex digits
bool is_instance_id(std::string_view text);          // i- or mi- and 8 or 17 hex digits

}  // namespace fumidai::model
