#!/bin/bash
# N4: a route that is made before the gateway is available is accepted, and works once it is
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_neither
EIP=$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)
read -r NAT state < <(aws ec2 create-nat-gateway --subnet-id "$PUB" --allocation-id "$EIP" --query 'NatGateway.[NatGatewayId,State]' --output text)
is "the gateway, as it is made" pending "$state"
aws ec2 create-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0 --nat-gateway-id "$NAT" >/dev/null
keep EIP NAT
eventually "the gateway is available" 30 gateway_is "$NAT" available
works "$INS"
doctor "$nat" "$INS"
