#include "identity/instance_identity.h"

namespace fumidai::identity {

Role instance_identity_role(Deployment const& deployment) {
  Role role;
  role.name = kInstanceIdentityRole;
  role.id = deployment.region.account + ":" + role.name;
  role.path = "/";
  return role;
}

RoleSession agent_session(Role const& role, InstanceId const& instance) {
  return {role.name, role.id, instance.text(), instance};
}

RoleSession instance_identity(Deployment const& deployment, InstanceId const& instance) {
  auto role = instance_identity_role(deployment);
  return {role.name, role.id, instance.text()};
}

}  // namespace fumidai::identity
