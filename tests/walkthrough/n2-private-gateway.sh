#!/bin/bash
# N2: a gateway in the private subnet becomes available, and what is sent to it is lost
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_neither
say "a gateway in the private subnet"
EIP=$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)
undo aws ec2 release-address --allocation-id "$EIP"
NAT=$(aws ec2 create-nat-gateway --subnet-id "$PRI" --allocation-id "$EIP" --query NatGateway.NatGatewayId --output text)
undo eventually "the gateway is deleted" 30 gateway_is "$NAT" deleted
undo aws ec2 delete-nat-gateway --nat-gateway-id "$NAT"
eventually "the gateway is available" 30 gateway_is "$NAT" available
is "the gateway" available "$(gateway_state "$NAT")"
aws ec2 create-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0 --nat-gateway-id "$NAT" >/dev/null
undo aws ec2 delete-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0
launch_with_role
stays_away "$I"
doctor "$nat" "$I" "way to the service" "ssm, ssmmessages" nat-in-private-subnet
