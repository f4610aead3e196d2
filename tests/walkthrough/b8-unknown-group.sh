#!/bin/bash
# B8: a reference to a group that does not exist is refused
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
refused "InvalidGroup.NotFound" aws ec2 authorize-security-group-ingress --group-id "$SGP" --protocol tcp --port 2222 --source-group sg-0123456789abcdef0
doctor "$bastion" "$PRV"
