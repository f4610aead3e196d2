#pragma once

// The role that an instance of a VPC has by its instance profile, and whether its agent may connect with it.

#include <optional>
#include <string>

#include "identity/instance_profiles.h"
#include "identity/roles.h"
#include "network/instance.h"

namespace fumidai::sessions {

struct InstanceRole {
  identity::InstanceProfile profile;
  std::optional<identity::Role> role = {};  // the profile's
  bool is_trusting = false;                 // lets ec2.amazonaws.com hand it to the instance
  std::string refused_action = {};  // one that the agent needs and the role does not allow; empty: none
  std::string refusal = {};         // of it, a sentence
  bool is_denied = false;           // by a statement that says so

  bool lets_agent_connect() const { return role && is_trusting && refused_action.empty(); }
  // Why not, as a sentence's end: "its role ssm-role does not allow ssmmessages:OpenControlChannel".
  std::string obstacle() const;
  // For those who judge the network.
  network::InstanceProfile facts() const;
};

}  // namespace fumidai::sessions
