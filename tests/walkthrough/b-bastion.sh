#!/bin/bash
# The bastion method: a shell on the private instance, through the bastion
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
say "ssh to the bastion, and from there on"
has "the shell's host" "ip-${PRVIP//./-}" "$(on_bastion ssh -i .ssh/private.pem "ec2-user@$PRVIP" hostname)"
doctor "$bastion" "$PRV"
