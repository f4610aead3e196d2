#!/bin/bash
# B2: without the reference to the bastion's group the private instance does not answer; the bastion does
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
aws ec2 revoke-security-group-ingress --group-id "$SGP" --protocol tcp --port 22 --source-group "$SGB" >/dev/null
undo aws ec2 authorize-security-group-ingress --group-id "$SGP" --protocol tcp --port 22 --source-group "$SGB"
has "on the bastion" "ip-10-0-0-" "$(on_bastion hostname)"
refused "timed out" on_bastion ssh -i .ssh/private.pem "ec2-user@$PRVIP" hostname
doctor "$bastion" "$PRV" "way to the instance" "$PRV" no-ingress-rule
