#!/bin/bash
# N3: in a VPC without an internet gateway a NAT gateway fails, and the waiter with it
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_network
has_role
V=$(aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId --output text)
undo aws ec2 delete-vpc --vpc-id "$V"
S=$(aws ec2 create-subnet --vpc-id "$V" --cidr-block 10.0.0.0/24 --query Subnet.SubnetId --output text)
undo aws ec2 delete-subnet --subnet-id "$S"
E=$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)
undo aws ec2 release-address --allocation-id "$E"
N=$(aws ec2 create-nat-gateway --subnet-id "$S" --allocation-id "$E" --query NatGateway.NatGatewayId --output text)
undo aws ec2 delete-nat-gateway --nat-gateway-id "$N"
refused "Waiter NatGatewayAvailable failed" aws ec2 wait nat-gateway-available --nat-gateway-ids "$N"
is "the waiter's exit status" 255 $refused_with
is "the gateway" $'failed\tGateway.NotAttached' "$(aws ec2 describe-nat-gateways --nat-gateway-ids "$N" --query 'NatGateways[0].[State,FailureCode]' --output text)"
T=$(aws ec2 describe-route-tables --filters "Name=vpc-id,Values=$V" --query 'RouteTables[0].RouteTableId' --output text)
refused "NatGateway" aws ec2 create-route --route-table-id "$T" --destination-cidr-block 0.0.0.0/0 --nat-gateway-id "$N"
I=$(aws ec2 run-instances --image-id "$AMI" --instance-type t3.micro --subnet-id "$S" --iam-instance-profile Name=ssm-profile --query 'Instances[0].InstanceId' --output text)
is_terminated() { [ "$(aws ec2 describe-instances --instance-ids "$I" --query 'Reservations[0].Instances[0].State.Name' --output text)" = terminated ]; }
undo eventually "the instance is terminated" 20 is_terminated
undo aws ec2 terminate-instances --instance-ids "$I"
aws ec2 wait instance-running --instance-ids "$I"
stays_away "$I" 2
doctor "$nat" "$I" "way to the service" "ssm, ssmmessages" no-route
would_mend "$nat" "$I" "attach-internet-gateway"
