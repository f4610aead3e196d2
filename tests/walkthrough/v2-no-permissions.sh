#!/bin/bash
# V2: with a role without the managed policy the agent is refused
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
policy=arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore
aws iam detach-role-policy --role-name ssm-role --policy-arn $policy
undo aws iam attach-role-policy --role-name ssm-role --policy-arn $policy
launch_with_role
stays_away "$I"
not_listed "$I"
agent_refused "$I" ssm:UpdateInstanceInformation
doctor "$endpoints" "$I" "role's permissions" ssm-role -
