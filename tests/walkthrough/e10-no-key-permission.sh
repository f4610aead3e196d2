#!/bin/bash
# E10: a caller who may not SendSSHPublicKey: ssh is not started
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
has_user no-pusher '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ec2:DescribeInstances","ec2:DescribeInstanceConnectEndpoints","ec2-instance-connect:OpenTunnel"],"Resource":"*"}}'
refused "AccessDeniedException" as no-pusher aws2 ec2-instance-connect ssh --instance-id "$I2" --connection-type eice
