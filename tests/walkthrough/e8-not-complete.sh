#!/bin/bash
# E8: an endpoint that is being made takes no tunnels
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
aws2 ec2 delete-instance-connect-endpoint --instance-connect-endpoint-id "$EICE" >/dev/null
eventually "the endpoint is gone" 30 endpoint_is "$EICE" delete-complete
make_connect_endpoint
refused "There are no available instance connect endpoints." open_tunnel </dev/null
forget EICE # what it was until now
EICE=$(aws2 ec2 describe-instance-connect-endpoints --query 'InstanceConnectEndpoints[?State!=`delete-complete`].InstanceConnectEndpointId | [0]' --output text)
keep EICE
eventually "the endpoint is complete" 30 endpoint_is "$EICE" create-complete
learn_endpoint
push_key
is "hostname" "ip-${I2IP//./-}" "$(by_tunnel hostname)"
