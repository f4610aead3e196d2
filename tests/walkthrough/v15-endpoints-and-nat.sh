#!/bin/bash
# V15: with endpoints and a NAT gateway the agent uses the endpoints, and nothing of it passes the gateway
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
has_nat
space=fumidai-lab-$(aws ec2 describe-nat-gateways --nat-gateway-ids "$NAT" --query 'NatGateways[0].NatGatewayAddresses[0].NetworkInterfaceId' --output text)
launch_with_role
# Bytes of IP that came to the gateway; to a neighbour's question it answers without.
passed() { ip netns exec "$space" awk '/^IpExt:/ && seen++ { print $8 }' /proc/net/netstat; }
before=$(passed)
works "$I"
has "the name, in the shell" "10.0.1." "$(in_session "$I" 'getent ahostsv4 ssm.us-east-1.amazonaws.com')"
is "bytes to the gateway" "$before" "$(passed)"
in_session "$I" 'curl -s -m 5 http://www.example.com/' >/dev/null
[ "$(passed)" -gt "$before" ] || fail "the count of bytes does not even see curl"
doctor "$endpoints" "$I"
advised "$nat" "$I" "private name" ssm "nothing for it passes a NAT gateway"
