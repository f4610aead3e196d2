#pragma once

// As whom an instance speaks: its agent by the role of its instance profile or activation, and each instance
// of EC2 by a role that it has from AWS, with or without an instance profile. The credentials of the latter
// prove which instance asks and allow nothing: it is in no store, and as no role that is made can be called
// so, no policy is ever attached to it.

#include "identity/deployment.h"
#include "identity/roles.h"
#include "identity/temporary_credentials.h"

namespace fumidai::identity {

inline constexpr char const* kInstanceIdentityRole = "aws:ec2-instance";

// Its sessions are assumed-role/aws:ec2-instance/i-…, and ACCOUNT:aws:ec2-instance:i-… by their ids.
Role instance_identity_role(Deployment const& deployment);
RoleSession agent_session(Role const& role, InstanceId const& instance);
RoleSession instance_identity(Deployment const& deployment, InstanceId const& instance);

}  // namespace fumidai::identity
