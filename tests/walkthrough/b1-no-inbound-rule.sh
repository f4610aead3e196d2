#!/bin/bash
# B1: without the bastion group's inbound rule ssh to it times out
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
aws ec2 revoke-security-group-ingress --group-id "$SGB" --protocol tcp --port 22 --cidr "$MYIP/32" >/dev/null
undo aws ec2 authorize-security-group-ingress --group-id "$SGB" --protocol tcp --port 22 --cidr "$MYIP/32"
refused "timed out" on_bastion true
doctor "$bastion" "$PRV" "way to the bastion" "$BAS" no-ingress-rule
