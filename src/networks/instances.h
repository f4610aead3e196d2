#pragma once

// Instances: launched, stopped, changed and terminated as EC2 does it (api-surface.md 1.3, 2.3). What callers
// ask for is a state that begins (pending, stopping, shutting-down); whoever runs the machines reports when
// it has come about (started, stopped, terminated).

#include "networks/resource.h"

namespace fumidai::networks {

using network::InstanceState;

std::int64_t code_of(InstanceState state);  // 16 is running

struct NewInstances {
  std::string image, type = "t3.micro", subnet;
  std::vector<std::string> groups = {};     // none: the VPC's default one
  std::string private_address = {};         // empty: one that is free
  std::optional<bool> public_address = {};  // nothing: as the subnet says
  std::string key_name = {};
  std::string user_data = {};  // base64
  std::string profile = {};    // the name of an instance profile that is there; empty for none
  MetadataOptions metadata = {};
  bool is_protected = false;
  std::string client_token = {};
  std::int64_t least = 1, most = 1;
};
// Pending, all in one reservation: as many as there is room for, up to `most`. Errors: those of the image,
// the type, the subnet, the groups (InvalidParameter for those of another VPC) and the addresses;
// InvalidKeyPair.NotFound, InvalidParameterValue (user data, counts), InstanceLimitExceeded.
Result<std::vector<InstanceId>> run_instances(State& state, NewInstances const& wanted, Time now);

struct StateChange {
  InstanceId id;
  InstanceState before, now;

  friend bool operator==(StateChange const&, StateChange const&) = default;
};
using StateChanges = std::vector<StateChange>;
using Ids = std::vector<std::string>;

// All of them, or none. Errors: InvalidInstanceID.Malformed and .NotFound, which names all that are missing;
// IncorrectInstanceState; OperationNotPermitted for a protected one.
Result<StateChanges> start_instances(State& state, Ids const& ids, Time now);  // with a new public address
Result<StateChanges> stop_instances(State& state, Ids const& ids, Time now);   // loses an automatic one
Result<StateChanges> stop_by_force(State& state, Ids const& ids,
                                   Time now);  // asks no process to end, or no longer
Result<StateChanges> terminate_instances(State& state, Ids const& ids, Time now);
Result<void> reboot_instances(State& state, Ids const& ids, Time now);  // Launch::rebooted_at

// Reports of whoever runs the machines. What no longer fits (a machine that came up after it was to be
// terminated) and reports of unknown ones change nothing.
void started(State& state, InstanceId const& id, Time now);
// Also by itself, from within.
void stopped(State& state, InstanceId const& id, Time now);
// Its interface goes, and its addresses are free. It stays described for an hour. Not asked for: `failure`
// says why.
void terminated(State& state, InstanceId const& id, Time now, std::string const& failure = "");

// One that is pending: it is terminated, or stopped again when it has run before. Any other stays as it is.
void did_not_start(State& state, InstanceId const& id, Time now, std::string const& why);

bool is_forgotten(network::Instance const& instance, Launch const& launch, Time now);
// Those that have been described long enough.
void forget_terminated(State& state, Time now);

// Those with an id; not_found also for one that is forgotten. The launch is always there.
struct Found {
  network::Instance* instance;
  Launch* launch;
};
Result<Found> find_instance(State& state, std::string const& id);
// One that is not terminated. Error: IncorrectInstanceState.
Result<Found> find_living(State& state, std::string const& id);

// One attribute a call.
struct InstanceChange {
  std::optional<std::vector<std::string>> groups = {};
  std::optional<bool> source_dest_check = {}, is_protected = {};
  std::optional<std::string> type = {}, user_data = {};  // of stopped instances
};
// Errors: InvalidParameterCombination for two attributes, or none; IncorrectInstanceState; those of the
// value.
Result<void> modify_instance(State& state, std::string const& id, InstanceChange const& change);
// Error: InvalidParameterValue for a hop limit that is not 1 to 64.
Result<void> modify_metadata(State& state, std::string const& id, MetadataOptions const& options);

// The instance profile of an instance. Each returns the id of the association. Errors: IncorrectState for a
// second profile, IncorrectInstanceState, InvalidAssociationID.NotFound.
Result<std::string> associate_profile(State& state, std::string const& instance, std::string const& profile,
                                      Time now);
Result<std::string> replace_profile(State& state, std::string const& association, std::string const& profile,
                                    Time now);
Result<void> disassociate_profile(State& state, std::string const& association);
Result<Found> find_association(State& state, std::string const& association);

// Names of hosts: ip-10-0-1-5.ec2.internal, ec2-203-0-113-10.compute-1.amazonaws.com.
std::string private_host_name(std::string_view region, Address const& address);
std::string public_host_name(std::string_view region, Address const& address);

}  // namespace fumidai::networks
