#include "sessions/instance_role.h"

namespace fumidai::sessions {

std::string InstanceRole::obstacle() const {
  if (!role) return "its instance profile " + profile.name + " has no role";
  if (!is_trusting)
    return "the trust policy of its role " + role->name + " does not let ec2.amazonaws.com assume it";
  if (!refused_action.empty())
    return "its role " + role->name + " does not allow " + refused_action +
           (is_denied ? " (" + refusal + ")" : " (attach the policy AmazonSSMManagedInstanceCore)");
  return {};
}

network::InstanceProfile InstanceRole::facts() const {
  return {profile.name, role ? role->name : "", is_trusting, role && refused_action.empty(), refusal,
          is_denied};
}

}  // namespace fumidai::sessions
