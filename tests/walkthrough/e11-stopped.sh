#!/bin/bash
# E11: a stopped instance takes no keys
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
launch --security-group-ids "$SGI2"
aws ec2 stop-instances --instance-ids "$I" >/dev/null
aws ec2 wait instance-stopped --instance-ids "$I"
I2=$I
refused EC2InstanceStateInvalidException push_key
