#!/bin/bash
# N5: the same route again is refused
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_nat
refused RouteAlreadyExists aws ec2 create-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0 --nat-gateway-id "$NAT"
works "$INS"
doctor "$nat" "$INS"
