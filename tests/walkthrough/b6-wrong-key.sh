#!/bin/bash
# B6: the bastion's key opens the bastion, and not the private instance
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
scp -i bastion.pem bastion.pem "ec2-user@$BASIP:.ssh/"
undo on_bastion rm .ssh/bastion.pem
refused "Permission denied (publickey" on_bastion ssh -i .ssh/bastion.pem "ec2-user@$PRVIP" hostname
doctor "$bastion" "$PRV"
has "doctor: the key that it takes" "private-key" "$(judged "$PRV" |
  jq -r --arg id "$PRV" '.Targets[].Methods[0].Requirements[] | select(.Need == "key" and .Subject == $id).Reason')"
