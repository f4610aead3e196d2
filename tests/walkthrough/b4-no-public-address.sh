#!/bin/bash
# B4: a bastion without a public address cannot be connected to
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
aws ec2 terminate-instances --instance-ids "$BAS" >/dev/null
aws ec2 wait instance-terminated --instance-ids "$BAS"
aws ec2 modify-subnet-attribute --subnet-id "$PUB" --no-map-public-ip-on-launch
undo aws ec2 modify-subnet-attribute --subnet-id "$PUB" --map-public-ip-on-launch
BAS=$(aws ec2 run-instances --image-id "$AMI" --instance-type t3.micro --key-name bastion-key --subnet-id "$PUB" --security-group-ids "$SGB" --query 'Instances[0].InstanceId' --output text)
undo_bastion() { # the next case makes the bastion method again
  aws ec2 terminate-instances --instance-ids "$BAS" "$PRV"
  aws ec2 wait instance-terminated --instance-ids "$BAS" "$PRV"
  aws ec2 delete-security-group --group-id "$SGP"
  aws ec2 delete-security-group --group-id "$SGB"
  aws ec2 delete-key-pair --key-name bastion-key
  aws ec2 delete-key-pair --key-name private-key
  forget SGB SGP BAS PRV BASIP PRVIP
}
undo undo_bastion
aws ec2 wait instance-running --instance-ids "$BAS"
is "PublicIpAddress" None "$(aws ec2 describe-instances --instance-ids "$BAS" --query 'Reservations[0].Instances[0].PublicIpAddress' --output text)"
doctor "$bastion" "$PRV" "way to the bastion" "$BAS" no-public-address
