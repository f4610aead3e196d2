#!/bin/bash
# E9: a caller who may not OpenTunnel
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
has_user looker '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ec2:DescribeInstances","ec2:DescribeInstanceConnectEndpoints"],"Resource":"*"}}'
refused '"ErrorCode":"AccessDenied"' as looker open_tunnel
