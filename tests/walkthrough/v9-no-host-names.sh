#!/bin/bash
# V9: private DNS is refused while the VPC gives no host names
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
aws ec2 modify-vpc-attribute --vpc-id "$VPC" --no-enable-dns-hostnames
undo aws ec2 modify-vpc-attribute --vpc-id "$VPC" --enable-dns-hostnames
refused "(InvalidParameter)" aws ec2 create-vpc-endpoint --vpc-id "$VPC" --vpc-endpoint-type Interface --service-name com.amazonaws.us-east-1.ec2 \
  --subnet-ids "$PRI" --security-group-ids "$SGE" --private-dns-enabled
doctor "$endpoints" "$INS" "private name" ssm - "private name" ssmmessages -
