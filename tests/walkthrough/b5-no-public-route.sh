#!/bin/bash
# B5: without the public subnet's route to the internet ssh times out, though there is a public address
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
aws ec2 delete-route --route-table-id "$RTPUB" --destination-cidr-block 0.0.0.0/0
undo aws ec2 create-route --route-table-id "$RTPUB" --destination-cidr-block 0.0.0.0/0 --gateway-id "$IGW"
is "PublicIpAddress" "$BASIP" "$(aws ec2 describe-instances --instance-ids "$BAS" --query 'Reservations[0].Instances[0].PublicIpAddress' --output text)"
refused "timed out" on_bastion true
doctor "$bastion" "$PRV" "way to the bastion" "$BAS" no-way-back
