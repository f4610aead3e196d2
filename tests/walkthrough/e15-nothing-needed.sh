#!/bin/bash
# E15: the instance has no role, no agent, no way out and no public address, and needs none
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
has_no_nat
is "profile and public address" $'None\tNone' "$(aws ec2 describe-instances --instance-ids "$I2" --query 'Reservations[0].Instances[0].[IamInstanceProfile,PublicIpAddress]' --output text)"
not_listed "$I2"
push_key
is "what is open to the internet" "closed" "$(by_tunnel 'timeout 3 bash -c "</dev/tcp/198.51.100.20/80" 2>/dev/null && echo open || echo closed')"
