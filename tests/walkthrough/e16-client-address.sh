#!/bin/bash
# E16: an endpoint that preserves the client's address is let in by that or by its group; one that does not, by its own address or its group
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
own=$(aws ec2 describe-network-interfaces --filters Name=interface-type,Values=ec2_instance_connect_endpoint "Name=vpc-id,Values=$VPC" --query 'NetworkInterfaces[0].PrivateIpAddress' --output text)
modify() {
  aws2 ec2 modify-instance-connect-endpoint --instance-connect-endpoint-id "$EICE" "$1" >/dev/null
  eventually "the endpoint is modified" 30 endpoint_is "$EICE" update-complete
}
# shellcheck disable=SC2016  # the instance's own
who() { push_key && by_tunnel 'echo ${SSH_CONNECTION%% *}'; }

say "preserved, and let in by the endpoint's group"
undo modify --no-preserve-client-ip
modify --preserve-client-ip
is "who connects" "$MYIP" "$(who)"
doctor "$connect" "$I2"

say "by the client's address alone"
aws ec2 revoke-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --source-group "$SGEIC" >/dev/null
undo aws ec2 authorize-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --source-group "$SGEIC"
aws ec2 authorize-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --cidr "$MYIP/32" >/dev/null
undo aws ec2 revoke-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --cidr "$MYIP/32"
is "who connects" "$MYIP" "$(who)"
doctor "$connect" "$I2"

say "not preserved: the client's address opens nothing, the endpoint's does"
modify --no-preserve-client-ip
push_key
eventually "the reason is told" 40 is_told_why
doctor "$connect" "$I2" "way to the instance" "$I2" "no-ingress-rule"
aws ec2 authorize-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --cidr "$own/32" >/dev/null
undo aws ec2 revoke-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --cidr "$own/32"
is "who connects" "$own" "$(who)"
doctor "$connect" "$I2"
