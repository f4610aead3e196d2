#pragma once

// Hosts that registered themselves, what their agents told of them, and whether these are connected.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "store/transaction.h"

namespace fumidai::inventory {

struct Instance {
  InstanceId id;
  std::string activation_id, iam_role, name, public_key /* base64 */, fingerprint;
  Time registered_at{};
  std::string agent_name, agent_version, platform_type, platform_name, platform_version, ip_address,
      computer_name;
  std::optional<Time> last_ping_at;
  std::optional<Time> connected_at;  // set while a control channel is open
  std::optional<Time> disconnected_at;

  bool is_connected() const { return connected_at.has_value(); }
  // Online, ConnectionLost: as DescribeInstanceInformation shows it. One that only reports, as where the way
  // to ssmmessages is missing, is Online while the last report is young.
  std::string_view ping_status(Time now) const;
};

// What an agent tells of its host. Absent members leave what is known.
struct InstanceReport {
  std::optional<std::string> agent_name, agent_version, platform_type, platform_name, platform_version,
      ip_address, computer_name;
};

Result<void> add_instance(store::Transaction& transaction, Instance const& instance);
// Error: not_found with InvalidInstanceId.
Result<Instance> find_instance(store::Transaction& transaction, InstanceId const& id);
Result<std::vector<Instance>> list_instances(store::Transaction& transaction);
Result<void> remove_instance(store::Transaction& transaction, InstanceId const& id);
Result<void> report_instance(store::Transaction& transaction, InstanceId const& id,
                             InstanceReport const& report, Time now);
Result<void> replace_public_key(store::Transaction& transaction, InstanceId const& id,
                                std::string const& public_key);

Result<void> mark_connected(store::Transaction& transaction, InstanceId const& id,
                            std::string const& agent_version, Time now);
Result<void> mark_disconnected(store::Transaction& transaction, InstanceId const& id, Time now);
// At start: whoever was connected to the process before is not any more.
Result<void> mark_all_disconnected(store::Transaction& transaction, Time now);

// The instances that a person can mean by `text`: an id, a name, or a tag as KEY=VALUE. No more than so many.
inline constexpr std::int64_t kMostMatched = 21;
Result<std::vector<Instance>> match_instances(store::Transaction& transaction, std::string const& text);

// "not connected since 2025-01-02T03:04:05Z (3 hours ago), last seen …": why a session cannot start.
std::string absence_in_words(Instance const& instance, Time now);

InstanceId random_managed_instance_id();

}  // namespace fumidai::inventory
