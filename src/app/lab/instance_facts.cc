#include "app/lab/instance_facts.h"

#include "base/bytes.h"
#include "identity/instance_identity.h"
#include "inventory/pushed_keys.h"
#include "networks/images.h"
#include "networks/instances.h"
#include "networks/vpcs.h"

namespace fumidai::app {

namespace {

// Short: whoever has them keeps what they allow until they end, or the gate sees that the role is gone.
constexpr std::chrono::hours kCredentialLifetime{1};

Result<lab::RoleCredentials> issue(sessions::Gate& gate, identity::RoleSession session) {
  auto now = gate.clock().now();
  TRY(auto credentials,
      identity::issue_credentials(gate.deployment(), std::move(session), now, kCredentialLifetime));
  return lab::RoleCredentials{credentials.access_key_id, credentials.secret_access_key,
                              credentials.session_token, credentials.issued_at, credentials.expires_at};
}

Result<std::optional<lab::ProfileFacts>> profile_facts(store::Transaction& transaction, sessions::Gate& gate,
                                                       InstanceId const& instance,
                                                       lab::Metadata::Credentials wanted) {
  TRY(auto role, gate.networks().role_of(transaction, instance));
  if (!role) return std::optional<lab::ProfileFacts>();
  auto const& profile = role->profile;
  lab::ProfileFacts facts{model::instance_profile_arn(gate.deployment().region, profile.path, profile.name),
                          profile.id,
                          role->role ? role->role->name : "",
                          {}};
  if (wanted == lab::Metadata::Credentials::profile && role->role && role->is_trusting) {
    TRY(facts.credentials, issue(gate, identity::agent_session(*role->role, instance)));
  }
  return std::optional(std::move(facts));
}

void tell_place(lab::MetadataFacts& facts, networks::State const& state, network::Location const& at) {
  auto const& region = state.network.region;
  auto const& interface = *at.interface;
  facts.zone = at.subnet->zone;
  facts.zone_id = networks::zone_id(region, at.subnet->zone);
  facts.private_address = interface.private_address.text();
  facts.private_name = networks::private_host_name(region, interface.private_address);
  if (auto address = state.network.public_address(interface)) {
    facts.public_address = address->text();
    facts.public_name = networks::public_host_name(region, *address);
  }
  facts.mac = network::mac_address(interface.id);
  facts.interface_id = interface.id.text();
  facts.subnet = at.subnet->id.text();
  facts.subnet_cidr = at.subnet->cidr.text();
  facts.vpc = at.vpc->id.text();
  facts.vpc_cidr = at.vpc->cidr.text();
  for (auto const& id : interface.groups) {
    facts.group_ids.push_back(id.text());
    auto const* group = state.network.security_groups.find(id);
    if (group) facts.group_names.push_back(group->name);
  }
}

Result<lab::ManagedKeys> managed_keys(store::Transaction& transaction, io::KeySigner& signer,
                                      InstanceId const& instance, bool are_wanted, Time now) {
  auto papers = signer.papers(now);
  lab::ManagedKeys keys{{}, papers->chain, papers->staples};
  if (!are_wanted) return keys;
  TRY(auto live, inventory::live_keys(transaction, instance, now));
  for (auto const& each : live)
    keys.active[each.user] +=
        signer.record({each.expires, instance, each.caller, each.request_id, each.key}, now);
  return keys;
}

}  // namespace

Result<lab::MetadataFacts> metadata_facts(store::Transaction& transaction, sessions::Gate& gate,
                                          io::KeySigner& signer, networks::State const& state,
                                          InstanceId const& id, lab::Metadata::Credentials wanted) {
  auto const* instance = state.network.instances.find(id);
  auto const* launch = state.launches.find(id);
  if (!instance || !launch) return Error{Errc::not_found, "there is no instance " + id.text()};
  TRY(auto at, state.network.locate(id));
  lab::MetadataFacts facts;
  facts.instance = id;
  facts.account = gate.deployment().region.account;
  facts.region = state.network.region;
  facts.reservation = launch->reservation;
  facts.launch_index = launch->index;
  facts.image = launch->image;
  facts.instance_type = instance->type;
  facts.architecture = networks::architecture();
  facts.launched = launch->launched_at;
  tell_place(facts, state, at);
  facts.key_name = instance->key_name;
  facts.public_key = state.public_key_of(*instance);
  if (!launch->user_data.empty()) {
    TRY(auto bytes, from_base64(launch->user_data));
    facts.user_data = std::string(as_text(bytes));
  }
  facts.tags = state.tags_of(id.text());
  facts.options = {launch->metadata.enabled, launch->metadata.tokens_required, launch->metadata.tags};
  if (wanted == lab::Metadata::Credentials::identity) {
    TRY(facts.identity, issue(gate, identity::instance_identity(gate.deployment(), id)));
  }
  TRY(facts.profile, profile_facts(transaction, gate, id, wanted));
  TRY(facts.managed_keys,
      managed_keys(transaction, signer, id, wanted == lab::Metadata::Credentials::pushed_keys,
                   gate.clock().now()));
  return facts;
}

}  // namespace fumidai::app
