#!/bin/bash
# E1: with AWS's limits a VPC has one connect endpoint, also where its subnets are several
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
refused ResourceLimitExceeded aws2 ec2 create-instance-connect-endpoint --subnet-id "$PRI"
refused ResourceLimitExceeded aws2 ec2 create-instance-connect-endpoint --subnet-id "$PUB"
