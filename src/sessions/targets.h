#pragma once

// What a session can aim at: a host that registered itself (mi-…), or an instance of a VPC (i-…). The first
// has its tags from Systems Manager, the second from EC2.

#include <string>
#include <vector>

#include "inventory/instances.h"
#include "inventory/tags.h"
#include "networks/keeper.h"

namespace fumidai::sessions {

bool is_of_vpc(InstanceId const& id);  // i-…

Result<inventory::Tags> tags_of_target(store::Transaction& transaction, networks::Keeper& networks,
                                       InstanceId const& id);

// The targets that a person can mean by `text`: an id, a name, or a tag as KEY=VALUE. The name of an instance
// of a VPC is its tag Name.
Result<std::vector<inventory::Instance>> match_targets(store::Transaction& transaction,
                                                       networks::Keeper& networks, std::string const& text);

// The one that a person means. Errors, as InvalidTarget: not_found; conflict, with those that it may be.
Result<inventory::Instance> the_target(store::Transaction& transaction, networks::Keeper& networks,
                                       std::string const& text);

// An instance of a VPC is called what its tag Name says, as in EC2's console.
std::string name_of_target(networks::State const& state, inventory::Instance const& target);

// All of them; instances that are terminated are not.
Result<std::vector<inventory::Instance>> all_targets(store::Transaction& transaction,
                                                     networks::Keeper& networks);

// "stopped. Start it: aws ec2 start-instances …": what an instance that does not run is.
std::string state_in_words(network::Instance const& instance);

}  // namespace fumidai::sessions
