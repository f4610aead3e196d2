#pragma once

// An instance in a VPC, with the facts that decide whether one can get into it. Facts that others know (its
// role, its agent) are inputs here, and false until someone who knows says otherwise.

#include <optional>
#include <string>
#include <string_view>

#include "network/ids.h"

namespace fumidai::network {

enum class InstanceState { pending, running, shutting_down, terminated, stopping, stopped };

// AWS's words.
constexpr std::string_view to_string(InstanceState state) {
  using enum InstanceState;
  switch (state) {
    case pending: return "pending";
    case running: return "running";
    case shutting_down: return "shutting-down";
    case terminated: return "terminated";
    case stopping: return "stopping";
    case stopped: return "stopped";
  }
  return "";
}

struct InstanceProfile {
  std::string name;
  std::string role = {};          // empty: the profile has none
  bool trusts_ec2 = false;        // the role's trust policy lets ec2.amazonaws.com assume it
  bool allows_the_agent = false;  // its policies allow what AmazonSSMManagedInstanceCore does
  // Where they do not: a sentence, and whether a statement denies it, which no further policy outweighs.
  std::string refusal = {};
  bool is_denied = false;

  friend bool operator==(InstanceProfile const&, InstanceProfile const&) = default;
};

struct AgentFacts {
  bool installed = false;
  std::optional<bool> running = {};  // nothing: nobody knows
  bool connected = false;            // has a control channel now
  bool carries_tunnels = false;      // to its own instance, where an endpoint has nobody

  friend bool operator==(AgentFacts const&, AgentFacts const&) = default;
};

struct Instance {
  InstanceId id;
  InterfaceId interface;  // the primary one
  InstanceState state = InstanceState::running;
  std::string type = {};      // t3.micro
  std::string key_name = {};  // of the key pair at launch; empty for none
  std::optional<InstanceProfile> profile = {};
  bool source_dest_check = true;  // it sends and takes under its own address only
  bool has_metadata = true;  // its metadata service answers, from which an agent has identity and credentials
  AgentFacts agent = {};

  friend bool operator==(Instance const&, Instance const&) = default;
};

}  // namespace fumidai::network
