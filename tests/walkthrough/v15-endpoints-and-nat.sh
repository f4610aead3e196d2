#!/bin/bash
# V15: with endpoints and a NAT gateway the agent uses the endpoints, and nothing of it passes the gateway
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
has_nat
space=fumidai-lab-$(aws ec2 describe-nat-gateways --nat-gateway-ids "$NAT" --query 'NatGateways[0].NatGatewayAddresses[0].NetworkInterfaceId' --output text)
launch_with_role
# All TCP that the gateway ever translated.
passed() { ip netns exec "$space" cat /proc/net/nf_conntrack 2>/dev/null | grep -c 'dport=443' || true; }
works "$I"
has "the name, in the shell" "10.0.1." "$(in_session "$I" 'getent ahostsv4 ssm.us-east-1.amazonaws.com')"
is "connections through the gateway" 0 "$(passed)"
doctor "$endpoints" "$I"
advised "$nat" "$I" "private name" ssm "nothing for it passes a NAT gateway"
