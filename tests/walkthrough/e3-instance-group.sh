#!/bin/bash
# E3: the instance's group lets the endpoint's not in
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
aws ec2 revoke-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --source-group "$SGEIC" >/dev/null
undo aws ec2 authorize-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --source-group "$SGEIC"
push_key
eventually "the reason is told" 40 is_told_why
doctor "$connect" "$I2" "way to the instance" "$I2" "no-ingress-rule"
