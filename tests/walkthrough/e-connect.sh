#!/bin/bash
# Method E: a connect endpoint; ssh by the CLI, by ProxyCommand, and by its listener
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
say "aws ec2-instance-connect ssh: it pushes a key of its own"
has "hostname" "ip-${I2IP//./-}" "$(echo hostname | aws2 ec2-instance-connect ssh --instance-id "$I2" --os-user ec2-user --connection-type eice)"
say "a key by hand, and open-tunnel as ssh's ProxyCommand"
push_key
# shellcheck disable=SC2016  # the instance's own
is "who connects" "$(aws ec2 describe-network-interfaces --filters Name=interface-type,Values=ec2_instance_connect_endpoint "Name=vpc-id,Values=$VPC" --query 'NetworkInterfaces[0].PrivateIpAddress' --output text)" \
  "$(by_tunnel 'echo ${SSH_CONNECTION%% *}')"
say "open-tunnel that listens"
open_tunnel --local-port 2222 >/dev/null 2>&1 &
undo end $!
listens() { [ -n "$(ss -Hltn 'sport = :2222')" ]; }
eventually "it listens" 20 listens
push_key
is "hostname" "ip-${I2IP//./-}" "$(ssh -o ConnectTimeout=20 -i tmpkey -p 2222 ec2-user@localhost hostname)"
doctor "$connect" "$I2"
