#!/bin/bash
# V5: without the endpoint of ssmmessages there is no control channel
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$EP_SSMMESSAGES" >/dev/null
undo has_endpoint_again EP_SSMMESSAGES ssmmessages
launch_with_role
eventually "the node is listed" 30 is_online "$I"
is "describe-instance-information" Online "$(ping_status_of "$I")"
stays_away "$I"
doctor "$endpoints" "$I" "interface endpoint" ssmmessages -
