#!/bin/bash
# V8: an instance group that lets nothing out cuts the agent off
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
aws ec2 revoke-security-group-egress --group-id "$SGI" --protocol all --cidr 0.0.0.0/0 >/dev/null
undo aws ec2 authorize-security-group-egress --group-id "$SGI" --protocol all --cidr 0.0.0.0/0
launch_with_role
stays_away "$I"
not_listed "$I"
doctor "$endpoints" "$I" "way to the service" ssm no-egress-rule "way to the service" ssmmessages no-egress-rule
