#!/bin/bash
# V14: an instance group without any inbound rule works
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
is "inbound rules" "[]" "$(aws ec2 describe-security-groups --group-ids "$SGI" --query 'SecurityGroups[0].IpPermissions' --output json)"
works "$INS"
doctor "$endpoints" "$INS"
