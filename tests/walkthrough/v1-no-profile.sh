#!/bin/bash
# V1: without an instance profile there are no credentials, and the node is never listed
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
launch --security-group-ids "$SGI"
stays_away "$I"
not_listed "$I"
has "the metadata service on credentials" 404 "$(metadata "$I" meta-data/iam/security-credentials/)"
doctor "$endpoints" "$I" "instance profile" "$I" -
say "a profile for the running instance"
aws ec2 associate-iam-instance-profile --instance-id "$I" --iam-instance-profile Name=ssm-profile >/dev/null
works "$I"
