#!/bin/bash
# Clean-up, in the order that dependencies ask for; nothing is left
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
has_only_endpoints
has_nat
if [ -n "${FUMIDAI_TEST_AWS2:-}" ]; then has_connect_endpoint; fi
say "in the wrong order"
refused DependencyViolation aws ec2 delete-vpc --vpc-id "$VPC"
refused DependencyViolation aws ec2 delete-security-group --group-id "$SGB"
say "in the right one"
if [ -n "${EICE:-}" ]; then
  aws2 ec2 delete-instance-connect-endpoint --instance-connect-endpoint-id "$EICE" >/dev/null
  eventually "the connect endpoint is gone" 30 endpoint_is "$EICE" delete-complete
  aws ec2 terminate-instances --instance-ids "$I2" >/dev/null
  aws ec2 wait instance-terminated --instance-ids "$I2"
  for group in "$SGI2" "$SGEIC"; do aws ec2 revoke-security-group-egress --group-id "$group" --protocol tcp --port 22 --source-group "$SGI2" >/dev/null 2>&1 || true; done
  aws ec2 revoke-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --source-group "$SGEIC" >/dev/null
  aws ec2 delete-security-group --group-id "$SGI2" >/dev/null
  aws ec2 delete-security-group --group-id "$SGEIC" >/dev/null
fi
aws ec2 terminate-instances --instance-ids "$BAS" "$PRV" "$INS" >/dev/null
aws ec2 wait instance-terminated --instance-ids "$BAS" "$PRV" "$INS"
aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$EP_SSM" "$EP_SSMMESSAGES" "$EP_EC2MESSAGES" >/dev/null
aws ec2 delete-nat-gateway --nat-gateway-id "$NAT" >/dev/null
eventually "the gateway is deleted" 30 gateway_is "$NAT" deleted
aws ec2 release-address --allocation-id "$EIP"
are_gone() { [ -z "$(endpoint_states)" ]; }
eventually "the endpoints are gone" 30 are_gone
for group in "$SGP" "$SGB" "$SGI" "$SGE"; do aws ec2 delete-security-group --group-id "$group" >/dev/null; done
aws ec2 disassociate-route-table --association-id "$PUBASSOC"
aws ec2 disassociate-route-table --association-id "$PRIASSOC"
aws ec2 delete-route-table --route-table-id "$RTPUB"
aws ec2 delete-route-table --route-table-id "$RTPRI"
aws ec2 delete-subnet --subnet-id "$PUB"
aws ec2 delete-subnet --subnet-id "$PRI"
aws ec2 detach-internet-gateway --internet-gateway-id "$IGW" --vpc-id "$VPC"
aws ec2 delete-internet-gateway --internet-gateway-id "$IGW"
aws ec2 delete-vpc --vpc-id "$VPC"
aws ec2 delete-key-pair --key-name bastion-key >/dev/null
aws ec2 delete-key-pair --key-name private-key >/dev/null
aws iam remove-role-from-instance-profile --instance-profile-name ssm-profile --role-name ssm-role
aws iam delete-instance-profile --instance-profile-name ssm-profile
aws iam detach-role-policy --role-name ssm-role --policy-arn arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore
aws iam delete-role --role-name ssm-role
: >"$names"
is "VPCs" "[]" "$(aws ec2 describe-vpcs --query Vpcs --output json)"
are_no_namespaces() { [ -z "$(ip netns list | grep -v '^fumidai-lab-internet' || true)" ]; }
eventually "the namespaces are gone" 20 are_no_namespaces
is "namespaces of the lab" "" "$(ip netns list | grep -v '^fumidai-lab-internet' || true)"
