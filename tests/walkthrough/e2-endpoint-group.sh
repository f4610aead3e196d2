#!/bin/bash
# E2: the endpoint's group lets nothing out
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
aws ec2 revoke-security-group-egress --group-id "$SGEIC" --protocol tcp --port 22 --source-group "$SGI2" >/dev/null
undo aws ec2 authorize-security-group-egress --group-id "$SGEIC" --protocol tcp --port 22 --source-group "$SGI2"
push_key
eventually "the reason is told" 40 is_told_why
doctor "$connect" "$I2" "way to the instance" "$I2" "no-egress-rule"
