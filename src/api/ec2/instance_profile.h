#pragma once

// Instance profiles as EC2's requests name them and its answers show them.

#include <map>

#include "api/ec2/ec2.h"

namespace fumidai::api::ec2 {

// By one of them.
struct ProfileName {
  std::optional<std::string> arn, name;
};
BOOST_DESCRIBE_STRUCT(ProfileName, (), (arn, name))

struct ProfileReference {
  std::string arn, id;
};
BOOST_DESCRIBE_STRUCT(ProfileReference, (), (arn, id))

// All that there are, by their names.
class Profiles {
 public:
  static Result<Profiles> read(store::Transaction& transaction, Call const& call);

  // One that was deleted since has no id.
  ProfileReference of(std::string const& name) const;

 private:
  std::map<std::string, ProfileReference> by_name_;
  std::string arn_prefix_;
};

// The name of a profile that is there. Errors: InvalidParameterValue; MissingParameter when it names none.
Result<std::string> find_profile(store::Transaction& transaction, Call const& call, ProfileName const& named);

// For the policies: an instance gets the role of this profile, which takes iam:PassRole. Of a profile that is
// not there nothing is told: the action will refuse it.
Result<void> tell_profile(store::Transaction& transaction, Call const& call, ProfileName const& named,
                          sessions::Ask& ask);

}  // namespace fumidai::api::ec2
