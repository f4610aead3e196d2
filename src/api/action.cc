#include "api/action.h"

#include <iterator>
#include <map>

#include "api/ec2/actions.h"
#include "base/bytes.h"

namespace fumidai::api {

namespace {

constexpr std::size_t kMostPreparing = 32;

}  // namespace

Result<void> detail::check_dry_run(Call const& call) {
  if (call.addressed.service->protocol != wire::Protocol::ec2) return success();
  for (auto const& [name, value] : call.addressed.fields) {
    if (name != "DryRun" || equal_ignoring_case(value, "false")) continue;
    if (!equal_ignoring_case(value, "true"))
      return Error{Errc::invalid,
                   "Value (" + escaped(value, 64) + ") for parameter DryRun is invalid. It is true or false.",
                   "InvalidParameterValue"};
    return Error{Errc::conflict, "Request would have succeeded, but DryRun flag is set.", "DryRunOperation"};
  }
  return success();
}

awaitable<Result<bool>> detail::is_to_be_prepared(Call const& call, sessions::Ask const& ask) {
  auto& gate = call.plane.gate;
  std::function<Result<bool>(store::Transaction&)> allows = [&](store::Transaction& transaction) {
    return gate.allows(transaction, ask);
  };
  CO_TRY(bool is_allowed, co_await gate.read(std::move(allows)));
  // A queue that is longer than any client's patience serves nobody.
  if (is_allowed && call.plane.worker.waiting() >= kMostPreparing)
    co_return Error{Errc::limit_exceeded,
                    "Request limit exceeded: others wait for keys. Try again in some seconds."};
  co_return is_allowed;
}

std::vector<Action> const& all_actions() {
  static auto const actions = [] {
    std::vector<Action> all;
    for (auto table : {session_actions(),
                       activation_actions(),
                       instance_actions(),
                       tag_actions(),
                       agent_actions(),
                       user_actions(),
                       access_key_actions(),
                       role_actions(),
                       instance_profile_actions(),
                       managed_policy_actions(),
                       principal_policy_actions(),
                       simulation_actions(),
                       sts_actions(),
                       instance_connect_actions(),
                       fumidai_actions(),
                       diagnosis_actions(),
                       tunnel_actions(),
                       example_actions(),
                       ec2::vpc_actions(),
                       ec2::subnet_actions(),
                       ec2::security_group_actions(),
                       ec2::security_rule_actions(),
                       ec2::key_pair_actions(),
                       ec2::vpc_endpoint_actions(),
                       ec2::connect_endpoint_actions(),
                       ec2::image_actions(),
                       ec2::run_instances_actions(),
                       ec2::instance_actions(),
                       ec2::instance_attribute_actions(),
                       ec2::profile_association_actions(),
                       ec2::internet_gateway_actions(),
                       ec2::route_table_actions(),
                       ec2::address_actions(),
                       ec2::nat_gateway_actions(),
                       ec2::interface_actions(),
                       ec2::network_acl_actions(),
                       ec2::region_actions(),
                       ec2::tag_actions()}) {
      all.insert(all.end(), std::make_move_iterator(table.begin()), std::make_move_iterator(table.end()));
    }
    return all;
  }();
  return actions;
}

Action const* find_action(Service const& service, std::string_view name) {
  static auto const by_name = [] {
    std::map<std::pair<std::string_view, std::string_view>, Action const*> index;
    for (auto const& action : all_actions()) index[{action.service->name, action.name}] = &action;
    return index;
  }();
  auto at = by_name.find({service.name, name});
  return at == by_name.end() ? nullptr : at->second;
}

}  // namespace fumidai::api
