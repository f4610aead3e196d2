#!/bin/bash
# V7: an endpoint group that lets 443 in from nowhere cuts the agent off
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
aws ec2 revoke-security-group-ingress --group-id "$SGE" --protocol tcp --port 443 --cidr 10.0.1.0/24 >/dev/null
undo aws ec2 authorize-security-group-ingress --group-id "$SGE" --protocol tcp --port 443 --cidr 10.0.1.0/24
launch_with_role
stays_away "$I"
not_listed "$I"
doctor "$endpoints" "$I" "way to the service" ssm no-ingress-rule "way to the service" ssmmessages no-ingress-rule
