#!/bin/bash
# N7: a public gateway needs an address
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_neither
refused "The request must contain the parameter AllocationId" aws ec2 create-nat-gateway --subnet-id "$PUB"
doctor "$nat" "$INS" "way to the service" "ssm, ssmmessages" no-route
would_mend "$nat" "$INS" "create-nat-gateway"
