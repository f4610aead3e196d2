#!/bin/bash
# E4: the endpoint's group needs no inbound rule
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
is "inbound rules" "[]" "$(aws ec2 describe-security-groups --group-ids "$SGEIC" --query 'SecurityGroups[0].IpPermissions' --output json)"
push_key
is "hostname" "ip-${I2IP//./-}" "$(by_tunnel hostname)"
