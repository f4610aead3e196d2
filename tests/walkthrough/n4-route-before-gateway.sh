#!/bin/bash
# N4: a route that is made while the gateway is pending is accepted, and works once it is available
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_neither
EIP=$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)
NAT=$(aws ec2 create-nat-gateway --subnet-id "$PUB" --allocation-id "$EIP" --query NatGateway.NatGatewayId --output text)
aws ec2 create-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0 --nat-gateway-id "$NAT" >/dev/null
keep EIP NAT
aws ec2 wait nat-gateway-available --nat-gateway-ids "$NAT"
works "$INS"
doctor "$nat" "$INS"
