#!/bin/bash
# The network: both routes of the public table are active
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_network
has "the administrator" ":user/administrator" "$(aws sts get-caller-identity --query Arn --output text)"
routes() { aws ec2 describe-route-tables --route-table-ids "$1" --query 'RouteTables[0].Routes[].[DestinationCidrBlock,GatewayId,State]' --output text; }
is "the public routes" "$(printf '%s\t%s\t%s\n' 10.0.0.0/16 local active 0.0.0.0/0 "$IGW" active)" "$(routes "$RTPUB")"
is "the private routes" "$(printf '%s\t%s\t%s\n' 10.0.0.0/16 local active)" "$(routes "$RTPRI")"
