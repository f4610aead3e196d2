#!/bin/bash
# B7: the same rule again is refused
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
refused "InvalidPermission.Duplicate" aws ec2 authorize-security-group-ingress --group-id "$SGB" --protocol tcp --port 22 --cidr "$MYIP/32"
is "the exit status of a refusal" 254 $refused_with
doctor "$bastion" "$PRV"
