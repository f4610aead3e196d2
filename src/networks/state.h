#pragma once

// What EC2's API keeps of a region: its networks, and what belongs to their parts and no reader of the
// network needs. A value, as the network is: changes make another one of it (networks/vpcs.h and its
// neighbours), the keeper stores the difference.

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "network/network.h"

namespace fumidai::networks {

using network::Network;
using network::Table;

using KeyPairId = Id<struct KeyPairTag>;          // key-…
using ResourceId = Id<struct ResourceTag>;        // of any kind that can have tags
using ClientTokenId = Id<struct ClientTokenTag>;  // the action's name and the caller's token

using Tags = std::map<std::string, std::string>;

struct KeyPair {
  KeyPairId id;
  std::string name, type;   // rsa, ed25519
  std::string fingerprint;  // as EC2 computes it: otherwise for imported keys than for made ones
  std::string public_key;   // a line of OpenSSH
  Time created_at{};

  friend bool operator==(KeyPair const&, KeyPair const&) = default;
};

// How an instance's metadata service behaves.
struct MetadataOptions {
  bool enabled = true;
  bool tokens_required = true;  // IMDSv2 only
  std::int64_t hop_limit = 1;
  bool tags = false;  // of the instance, in it

  friend bool operator==(MetadataOptions const&, MetadataOptions const&) = default;
};

// By this tag an instance of a lab has another agent than the lab's usual one, or none.
inline constexpr std::string_view kAgentTag = "fumidai-agent";
inline constexpr std::string_view kNoAgent = "none", kAmazonAgent = "amazon";

// How an instance was started, and what else its owner said about it.
struct Launch {
  InstanceId id;
  std::string reservation, image, client_token = {};
  std::int64_t index = 0;  // among those of its reservation
  Time launched_at{};      // or started again
  Time state_since{};
  std::string user_data = {};  // base64, as it came
  MetadataOptions metadata = {};
  bool protected_from_termination = false;
  bool wants_public_address = false;          // an automatic one, at each start
  bool is_new = false;                        // until it has run
  Time rebooted_at{};                         // when that was asked for, last
  std::string reason_code = {}, reason = {};  // of its state: "Client.UserInitiatedShutdown"
  std::string profile_association = {};       // iip-assoc-…; of the profile in network::Instance
  Time profile_associated_at{};
  std::string public_key = {};  // of the key pair, as it was then
  bool stops_by_force = false;  // when it was last stopped: without asking its processes to end

  friend bool operator==(Launch const&, Launch const&) = default;
};

struct Tagged {
  ResourceId id;
  Tags tags;

  friend bool operator==(Tagged const&, Tagged const&) = default;
};

// What a call with a client token made: the same call again is answered with it.
struct ClientToken {
  ClientTokenId id;
  std::string digest;             // of the request
  std::vector<std::string> made;  // ids
  Time at{};

  friend bool operator==(ClientToken const&, ClientToken const&) = default;
};

struct State {
  Network network;
  Table<KeyPair> key_pairs = {};
  Table<Launch> launches = {};
  Table<Tagged> tagged = {};
  Table<ClientToken> client_tokens = {};

  Tags const& tags_of(std::string const& id) const;  // none: empty
  KeyPair const* key_pair_named(std::string const& name) const;
  // With which an instance was launched; empty without one. It stays when its pair is deleted.
  std::string public_key_of(network::Instance const& instance) const;

  friend bool operator==(State const&, State const&) = default;
};

}  // namespace fumidai::networks
