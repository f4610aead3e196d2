#include "sessions/targets.h"

#include <algorithm>

#include "base/bytes.h"
#include "sessions/unknown_target.h"

namespace fumidai::sessions {

namespace {

bool is_gone(network::Instance const& instance) {
  return instance.state == network::InstanceState::terminated;
}

bool contains(std::vector<inventory::Instance> const& targets, InstanceId const& id) {
  return std::ranges::find(targets, id, &inventory::Instance::id) != targets.end();
}

constexpr std::size_t kMostNamed = inventory::kMostMatched - 1;  // who finds one more knows that there are

Error several_targets(networks::State const& state, std::vector<inventory::Instance> const& targets,
                      std::string_view text) {
  auto words = "'" + printable(text, 64) +
               "' means several instances; say which by its id, or remove what is gone (mi-… with aws ssm "
               "deregister-managed-instance --instance-id …, i-… with aws ec2 terminate-instances "
               "--instance-ids …):";
  for (std::size_t i = 0; i < std::min(targets.size(), kMostNamed); i++)
    words += "\n  " + targets[i].id.text() + "  " + printable(name_of_target(state, targets[i]), 64) +
             (targets[i].is_connected() ? "" : "  (not connected)");
  if (targets.size() > kMostNamed) words += "\n  and more";
  return {Errc::conflict, std::move(words), "InvalidTarget"};
}

// One whose agent never reported has nothing but its id.
Result<inventory::Instance> as_target(store::Transaction& transaction, InstanceId const& id) {
  auto registered = inventory::find_instance(transaction, id);
  if (registered || registered.error().code != Errc::not_found) return registered;
  inventory::Instance unknown;
  unknown.id = id;
  return unknown;
}

}  // namespace

bool is_of_vpc(InstanceId const& id) {
  return id.text().starts_with("i-");
}

Result<inventory::Tags> tags_of_target(store::Transaction& transaction, networks::Keeper& networks,
                                       InstanceId const& id) {
  if (!is_of_vpc(id)) return inventory::tags_of(transaction, inventory::kManagedInstance, id.text());
  TRY(auto state, networks.read(transaction));
  return state->tags_of(id.text());
}

Result<std::vector<inventory::Instance>> match_targets(store::Transaction& transaction,
                                                       networks::Keeper& networks, std::string const& text) {
  TRY(auto found, inventory::match_instances(transaction, text));
  auto equals = text.find('=');
  auto key = equals == text.npos ? std::string("Name") : text.substr(0, equals);
  auto value = equals == text.npos ? text : text.substr(equals + 1);
  TRY(auto state, networks.read(transaction));
  for (auto const& instance : state->network.instances) {
    auto const& tags = state->tags_of(instance.id.text());
    auto tag = tags.find(key);
    bool is_named = tag != tags.end() && tag->second == value;
    bool is_meant = is_named || (instance.id.text() == text && !contains(found, instance.id));
    if (is_gone(instance) || !is_meant) continue;
    TRY(auto target, as_target(transaction, instance.id));
    found.push_back(std::move(target));
  }
  return found;
}

Result<inventory::Instance> the_target(store::Transaction& transaction, networks::Keeper& networks,
                                       std::string const& text) {
  TRY(auto targets, match_targets(transaction, networks, text));
  if (targets.empty()) return unknown_target(text);
  if (targets.size() == 1) return targets.front();
  TRY(auto state, networks.read(transaction));
  return several_targets(*state, targets, text);
}

std::string name_of_target(networks::State const& state, inventory::Instance const& target) {
  auto const& tags = state.tags_of(target.id.text());
  auto tag = is_of_vpc(target.id) ? tags.find("Name") : tags.end();
  return tag == tags.end() ? target.name : tag->second;
}

Result<std::vector<inventory::Instance>> all_targets(store::Transaction& transaction,
                                                     networks::Keeper& networks) {
  TRY(auto all, inventory::list_instances(transaction));
  TRY(auto state, networks.read(transaction));
  std::erase_if(all, [](auto const& target) { return is_of_vpc(target.id); });
  for (auto const& instance : state->network.instances) {
    if (is_gone(instance)) continue;
    TRY(auto target, as_target(transaction, instance.id));
    all.push_back(std::move(target));
  }
  return all;
}

std::string state_in_words(network::Instance const& instance) {
  using enum network::InstanceState;
  auto words = std::string(to_string(instance.state)) + ".";
  auto start = "aws ec2 start-instances --instance-ids " + instance.id.text() + ".";
  if (instance.state == pending) words += " It is being started; try again in a moment.";
  if (instance.state == stopping) words += " Start it when it has stopped: " + start;
  if (instance.state == stopped) words += " Start it: " + start;
  return words;
}

}  // namespace fumidai::sessions
