// The instance profile of an instance: AssociateIamInstanceProfile, DescribeIamInstanceProfileAssociations,
// ReplaceIamInstanceProfileAssociation, DisassociateIamInstanceProfile.

#include "api/ec2/actions.h"
#include "api/ec2/instance_profile.h"
#include "networks/instances.h"

namespace fumidai::api::ec2 {

namespace {

struct AssociationDescription {
  std::string association_id, instance_id;
  ProfileReference iam_instance_profile;
  std::string state = "associated";
  Time timestamp{};
  static constexpr auto kId = &AssociationDescription::association_id;
};
BOOST_DESCRIBE_STRUCT(AssociationDescription, (),
                      (association_id, instance_id, iam_instance_profile, state, timestamp))

std::vector<FilterKey<AssociationDescription>> filter_keys(AssociationDescription const*) {
  return {{"instance-id", [](auto const& each) { return Texts{each.instance_id}; }},
          {"state", [](auto const& each) { return Texts{each.state}; }}};
}

AssociationDescription describe(Profiles const& profiles, network::Instance const& instance,
                                networks::Launch const& launch) {
  AssociationDescription description;
  description.association_id = launch.profile_association;
  description.instance_id = launch.id.text();
  if (instance.profile) description.iam_instance_profile = profiles.of(instance.profile->name);
  description.timestamp = launch.profile_associated_at;
  return description;
}

struct AssociateRequest {
  std::string instance_id;
  std::optional<ProfileName> iam_instance_profile;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(AssociateRequest, (), (instance_id, iam_instance_profile))

struct ReplaceRequest {
  std::string association_id;
  std::optional<ProfileName> iam_instance_profile;
  static constexpr wire::Limit kLimits[] = {{"association_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ReplaceRequest, (), (association_id, iam_instance_profile))

struct DisassociateRequest {
  std::string association_id;
  static constexpr wire::Limit kLimits[] = {{"association_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DisassociateRequest, (), (association_id))

struct AssociationResponse {
  AssociationDescription iam_instance_profile_association;
};
BOOST_DESCRIBE_STRUCT(AssociationResponse, (), (iam_instance_profile_association))

struct DescribeAssociationsRequest {
  std::vector<std::string> association_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeAssociationsRequest, (), (association_id, filter, max_results, next_token))

struct DescribeAssociationsResponse {
  std::vector<AssociationDescription> iam_instance_profile_association_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeAssociationsResponse, (), (iam_instance_profile_association_set, next_token))

Result<void> with_profile(store::Transaction& transaction, Call const& call, AssociateRequest const& request,
                          sessions::Ask& ask) {
  ask.resources = {arn_of(call, networks::kInstance, request.instance_id)};
  return tell_profile(transaction, call, request.iam_instance_profile.value_or(ProfileName()), ask);
}

// The instance of an association; any, for one that is not there.
Result<std::string> instance_of(store::Transaction& transaction, Call const& call,
                                std::string const& association) {
  TRY(auto state, call.plane.networks.read(transaction));
  for (auto const& launch : state->launches) {
    if (!association.empty() && launch.profile_association == association)
      return arn_of(call, networks::kInstance, launch.id.text());
  }
  return arn_of(call, networks::kInstance, "*");
}

Result<void> with_other_profile(store::Transaction& transaction, Call const& call,
                                ReplaceRequest const& request, sessions::Ask& ask) {
  TRY(auto instance, instance_of(transaction, call, request.association_id));
  ask.resources = {std::move(instance)};
  return tell_profile(transaction, call, request.iam_instance_profile.value_or(ProfileName()), ask);
}

Result<void> without_profile(store::Transaction& transaction, Call const& call,
                             DisassociateRequest const& request, sessions::Ask& ask) {
  TRY(auto instance, instance_of(transaction, call, request.association_id));
  ask.resources = {std::move(instance)};
  return success();
}

// Gives an instance the profile by `give(State&, name) -> Result<std::string>`, which returns the
// association.
template <class Request, class Give>
Result<AssociationResponse> give_profile(store::Transaction& transaction, Call const& call,
                                         Request const& request, Give give) {
  TRY(auto name, find_profile(transaction, call, request.iam_instance_profile.value_or(ProfileName())));
  TRY(auto profiles, Profiles::read(transaction, call));
  return call.plane.networks.change(transaction, [&](State& state) -> Result<AssociationResponse> {
    TRY(auto association, give(state, name));
    TRY(auto found, networks::find_association(state, association));
    auto description = describe(profiles, *found.instance, *found.launch);
    description.state = "associating";
    return AssociationResponse{std::move(description)};
  });
}

Result<AssociationResponse> associate(store::Transaction& transaction, Call const& call,
                                      AssociateRequest const& request) {
  return give_profile(transaction, call, request, [&](State& state, std::string const& name) {
    return networks::associate_profile(state, request.instance_id, name, call.caller.at);
  });
}

Result<AssociationResponse> replace(store::Transaction& transaction, Call const& call,
                                    ReplaceRequest const& request) {
  return give_profile(transaction, call, request, [&](State& state, std::string const& name) {
    return networks::replace_profile(state, request.association_id, name, call.caller.at);
  });
}

Result<AssociationResponse> disassociate(store::Transaction& transaction, Call const& call,
                                         DisassociateRequest const& request) {
  TRY(auto profiles, Profiles::read(transaction, call));
  return call.plane.networks.change(transaction, [&](State& state) -> Result<AssociationResponse> {
    TRY(auto found, networks::find_association(state, request.association_id));
    auto description = describe(profiles, *found.instance, *found.launch);
    description.state = "disassociating";
    CHECK(networks::disassociate_profile(state, request.association_id));
    return AssociationResponse{std::move(description)};
  });
}

Result<DescribeAssociationsResponse> describe_associations(store::Transaction& transaction, Call const& call,
                                                           DescribeAssociationsRequest const& request) {
  TRY(auto state, call.plane.networks.read(transaction));
  TRY(auto profiles, Profiles::read(transaction, call));
  std::vector<AssociationDescription> all;
  for (auto const& launch : state->launches) {
    if (!launch.profile_association.empty())
      all.push_back(describe(profiles, *state->network.instances.find(launch.id), launch));
  }
  return list_of<DescribeAssociationsResponse>(call, request, networks::kProfileAssociation,
                                               request.association_id, std::move(all));
}

}  // namespace

std::vector<Action> profile_association_actions() {
  return {
      changes(kEc2, "AssociateIamInstanceProfile", associate, with_profile),
      looks(kEc2, "DescribeIamInstanceProfileAssociations", describe_associations),
      changes(kEc2, "ReplaceIamInstanceProfileAssociation", replace, with_other_profile),
      changes(kEc2, "DisassociateIamInstanceProfile", disassociate, without_profile),
  };
}

}  // namespace fumidai::api::ec2
