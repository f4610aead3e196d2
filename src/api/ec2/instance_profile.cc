#include "api/ec2/instance_profile.h"

#include "api/iam.h"
#include "base/bytes.h"
#include "identity/instance_profiles.h"

namespace fumidai::api::ec2 {

namespace {

std::string arn_of_profile(Call const& call, identity::InstanceProfile const& profile) {
  return model::instance_profile_arn(call.plane.deployment.region, profile.path, profile.name);
}

Error no_such_profile(std::string_view member, std::string const& value, std::string_view what) {
  return networks::invalid_parameter("Value (" + escaped(value, 128) + ") for parameter iamInstanceProfile." +
                                     std::string(member) + " is invalid. Invalid IAM Instance Profile " +
                                     std::string(what));
}

Result<identity::InstanceProfile> look_up(store::Transaction& transaction, Call const& call,
                                          ProfileName const& named) {
  if (!named.name && !named.arn)
    return Error{Errc::invalid, "The request must contain the parameter IamInstanceProfile",
                 "MissingParameter"};
  if (named.name && named.arn)
    return Error{Errc::invalid, "An instance profile may be named by Name or by Arn, not by both.",
                 "InvalidParameterCombination"};
  auto refused =
      named.name ? no_such_profile("name", *named.name, "name") : no_such_profile("arn", *named.arn, "ARN");
  auto name = named.name ? *named.name : named.arn->substr(named.arn->rfind('/') + 1);
  auto profile = identity::find_instance_profile(transaction, name);
  if (!profile && profile.error().code == Errc::not_found) return refused;
  if (profile && named.arn && arn_of_profile(call, *profile) != *named.arn) return refused;
  return profile;
}

}  // namespace

Result<Profiles> Profiles::read(store::Transaction& transaction, Call const& call) {
  TRY(auto all, identity::list_instance_profiles(transaction, "/"));
  Profiles profiles;
  profiles.arn_prefix_ = model::instance_profile_arn(call.plane.deployment.region, "/", "");
  for (auto const& profile : all)
    profiles.by_name_[profile.name] = {arn_of_profile(call, profile), profile.id};
  return profiles;
}

ProfileReference Profiles::of(std::string const& name) const {
  auto at = by_name_.find(name);
  return at == by_name_.end() ? ProfileReference{arn_prefix_ + name, ""} : at->second;
}

Result<std::string> find_profile(store::Transaction& transaction, Call const& call,
                                 ProfileName const& named) {
  TRY(auto profile, look_up(transaction, call, named));
  return profile.name;
}

Result<void> tell_profile(store::Transaction& transaction, Call const& call, ProfileName const& named,
                          sessions::Ask& ask) {
  auto profile = look_up(transaction, call, named);
  if (!profile) return profile.error().code == Errc::invalid ? success() : Result<void>(profile.error());
  if (!profile->role) return success();
  TRY(auto role, arn_of_role(transaction, call, *profile->role));
  ask.also.push_back({"iam:PassRole", std::move(role), {{"iam:PassedToService", {"ec2.amazonaws.com"}}}});
  return success();
}

}  // namespace fumidai::api::ec2
