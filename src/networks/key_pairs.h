#pragma once

// Key pairs: the public halves, under the names by which instances are launched with them (api-surface.md
// 2.3). The private half of one that EC2 makes is in no state.

#include "base/ssh_key.h"
#include "networks/resource.h"

namespace fumidai::networks {

// Errors: InvalidParameterValue for a name that is none; InvalidKeyPair.Duplicate.
Result<KeyPairId> add_key_pair(State& state, std::string const& name, SshPublicKey const& key, Time now);

// KeyPair::public_key of a pair with this key and name.
std::string line_of(SshPublicKey const& key, std::string const& name);

// From the text of a .pub file. Error: InvalidKey.Format.
Result<SshPublicKey> read_public_key(std::string_view text);

// By name, or by id when the name is empty. Nothing, and no error, when there is none.
Result<std::optional<KeyPairId>> delete_key_pair(State& state, std::string const& name,
                                                 std::string const& id);

Error no_such_key_pair(std::string_view name);

}  // namespace fumidai::networks
