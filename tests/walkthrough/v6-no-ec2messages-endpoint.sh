#!/bin/bash
# V6: without the endpoint of ec2messages sessions work; doctor advises
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$EP_EC2MESSAGES" >/dev/null
undo has_endpoint_again EP_EC2MESSAGES ec2messages
launch_with_role
works "$I"
doctor "$endpoints" "$I"
advised "$endpoints" "$I" "interface endpoint" ec2messages "sessions work without"
