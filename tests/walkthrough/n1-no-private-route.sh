#!/bin/bash
# N1: without the private subnet's route to it the gateway idles
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_nat
aws ec2 delete-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0
undo aws ec2 create-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0 --nat-gateway-id "$NAT"
launch_with_role
stays_away "$I"
doctor "$nat" "$I" "way to the service" "ssm, ssmmessages" no-route
would_mend "$nat" "$I" "create-route --route-table-id $RTPRI --destination-cidr-block 0.0.0.0/0 --nat-gateway-id $NAT"
