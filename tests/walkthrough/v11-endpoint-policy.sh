#!/bin/bash
# V11: an endpoint whose policy denies refuses the agent
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
aws ec2 modify-vpc-endpoint --vpc-endpoint-id "$EP_SSM" --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}' >/dev/null
undo aws ec2 modify-vpc-endpoint --vpc-endpoint-id "$EP_SSM" --reset-policy
launch_with_role
stays_away "$I"
not_listed "$I"
agent_refused "$I" ssm:UpdateInstanceInformation
doctor "$endpoints" "$I" "role's permissions" "$EP_SSM" -
