#!/bin/bash
# V4: without the endpoint of ssm the agent cannot register
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$EP_SSM" >/dev/null
undo has_endpoint_again EP_SSM ssm
launch_with_role
stays_away "$I"
not_listed "$I"
doctor "$endpoints" "$I" "interface endpoint" ssm -
