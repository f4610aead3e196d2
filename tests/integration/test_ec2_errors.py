"""Every mistake with EC2's actions has AWS's name for it: a table. All rows are asked of one server without a lab, of one network that none of them changes. What takes an instance that runs has its rows beside the code: src/networks/instances_test.cc, src/networks/elastic_addresses_test.cc and src/api/ec2/instance_actions_test.cc (states, addresses of instances, groups in use by them, profiles, PassRole)."""

import base64
import json
import os
import time

import pytest

from house.plane import Plane
from house.programs import wait_until
from house.query import Query, Refused

REGION = "us-east-1"
ZONE = f"{REGION}a"
NOBODY = "0123456789abcdef0"
HOSTILE = ["a\nb", "$(touch /tmp/x)", "`id`", "a;reboot", "|cat", "' or 1=1 --", '"<b>&amp;', "../../etc/passwd", "a\tb", "a\r\nb", "%0a%00", "\\n", "东京", "京" * 128]
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})


# ---- the network that the rows are about


def only(answer, *names):
    for name in names:
        answer = answer[name]
    return answer


class World:
    """Ids by name: row values that begin with @ are looked up here."""

    def __init__(self, ask):
        self.ask = ask
        self.ids = {}
        self.make_network()
        self.make_ends()
        self.make_vpcs_with_one_part()
        self.settle()

    def add(self, name, action, *path, **parameters):
        self.ids[name] = only(self.ask(action, **self.filled(parameters)), *path)

    def value(self, text):
        if not isinstance(text, str) or not text.startswith("@"):
            return text
        name, _, rest = text[1:].partition("+")
        return self.ids[name] + rest

    def filled(self, parameters):
        return {name: self.value(value) for name, value in parameters.items()}

    def make_network(self):
        self.add("vpc", "CreateVpc", "vpc", "vpcId", CidrBlock="10.0.0.0/16")
        self.add("other", "CreateVpc", "vpc", "vpcId", CidrBlock="10.1.0.0/16")
        for name, vpc, block in (("subnet", "vpc", "10.0.0.0/24"), ("private", "vpc", "10.0.1.0/24"), ("tiny", "vpc", "10.0.2.0/28"), ("elsewhere", "other", "10.1.0.0/24")):
            self.add(name, "CreateSubnet", "subnet", "subnetId", VpcId=f"@{vpc}", CidrBlock=block, AvailabilityZone=ZONE)
        for name in ("gateway", "loose"):
            self.add(name, "CreateInternetGateway", "internetGateway", "internetGatewayId")
        self.ask("AttachInternetGateway", **self.filled({"InternetGatewayId": "@gateway", "VpcId": "@vpc"}))
        self.add("table", "CreateRouteTable", "routeTable", "routeTableId", VpcId="@vpc")
        self.add("spare", "CreateRouteTable", "routeTable", "routeTableId", VpcId="@vpc")
        self.add("faraway", "CreateRouteTable", "routeTable", "routeTableId", VpcId="@other")
        self.ask("CreateRoute", **self.filled({"RouteTableId": "@table", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "@gateway"}))
        self.add("association", "AssociateRouteTable", "associationId", RouteTableId="@table", SubnetId="@subnet")
        (main,) = self.ask("DescribeRouteTables", **self.filled({"Filter_1_Name": "vpc-id", "Filter_1_Value_1": "@vpc", "Filter_2_Name": "association.main", "Filter_2_Value_1": "true"}))["routeTableSet"]
        self.ids.update(main=main["routeTableId"], main_association=main["associationSet"][0]["routeTableAssociationId"])
        for name in ("address", "free"):
            self.add(name, "AllocateAddress", "allocationId", Domain="vpc")
        self.add("nat", "CreateNatGateway", "natGateway", "natGatewayId", SubnetId="@subnet", AllocationId="@address")
        (used,) = self.ask("DescribeNatGateways", **self.filled({"NatGatewayId_1": "@nat"}))["natGatewaySet"][0]["natGatewayAddressSet"]
        self.ids.update(nat_interface=used["networkInterfaceId"], nat_address=used["privateIp"])

    def make_ends(self):
        for name, vpc in (("group", "vpc"), ("friend", "vpc"), ("stranger", "other")):
            self.add(name, "CreateSecurityGroup", "groupId", GroupName=name, GroupDescription=name, VpcId=f"@{vpc}")
        (default,) = self.ask("DescribeSecurityGroups", **self.filled({"Filter_1_Name": "vpc-id", "Filter_1_Value_1": "@vpc", "Filter_2_Name": "group-name", "Filter_2_Value_1": "default"}))["securityGroupInfo"]
        self.ids["default"] = default["groupId"]
        rule = {"IpPermissions_1_IpProtocol": "tcp", "IpPermissions_1_FromPort": 22, "IpPermissions_1_ToPort": 22}
        self.ask("AuthorizeSecurityGroupIngress", **self.filled({"GroupId": "@group", **rule, "IpPermissions_1_IpRanges_1_CidrIp": "198.51.100.7/32"}))
        self.ask("AuthorizeSecurityGroupIngress", **self.filled({"GroupId": "@group", **rule, "IpPermissions_1_Groups_1_GroupId": "@friend"}))
        self.ask("CreateKeyPair", KeyName="key", KeyType="ed25519")
        self.ids["image"] = self.ask("DescribeImages")["imagesSet"][0]["imageId"]
        self.ask("ModifyVpcAttribute", **self.filled({"VpcId": "@vpc", "EnableDnsHostnames_Value": "true"}))
        self.add("endpoint", "CreateVpcEndpoint", "vpcEndpoint", "vpcEndpointId", VpcId="@vpc", VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.ssm",
                 SubnetId_1="@private", SecurityGroupId_1="@friend", PrivateDnsEnabled="true")

    def make_vpcs_with_one_part(self):
        for part in ("with_subnet", "with_gateway", "with_table", "with_group", "with_endpoint", "with_door"):
            self.add(part, "CreateVpc", "vpc", "vpcId", CidrBlock="10.2.0.0/16")
        self.add("its_subnet", "CreateSubnet", "subnet", "subnetId", VpcId="@with_subnet", CidrBlock="10.2.0.0/24")
        self.add("its_gateway", "CreateInternetGateway", "internetGateway", "internetGatewayId")
        self.ask("AttachInternetGateway", **self.filled({"InternetGatewayId": "@its_gateway", "VpcId": "@with_gateway"}))
        self.add("its_table", "CreateRouteTable", "routeTable", "routeTableId", VpcId="@with_table")
        self.add("its_group", "CreateSecurityGroup", "groupId", GroupName="its", GroupDescription="its", VpcId="@with_group")
        self.add("its_endpoint", "CreateVpcEndpoint", "vpcEndpoint", "vpcEndpointId", VpcId="@with_endpoint", VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.ssm", PrivateDnsEnabled="false")
        self.add("door_subnet", "CreateSubnet", "subnet", "subnetId", VpcId="@with_door", CidrBlock="10.2.0.0/24")
        self.add("its_door", "CreateInstanceConnectEndpoint", "instanceConnectEndpoint", "instanceConnectEndpointId", SubnetId="@door_subnet")

    def settle(self):
        """What becomes available by itself has done so."""
        wait_until("endpoints and the NAT gateway", lambda: {each["state"] for action, of in (("DescribeVpcEndpoints", "vpcEndpointSet"), ("DescribeNatGateways", "natGatewaySet")) for each in self.ask(action)[of]} == {"available"})

    def snapshot(self):
        """What the rows must leave as it is."""
        describes = ("Vpcs", "Subnets", "RouteTables", "InternetGateways", "Addresses", "SecurityGroups", "SecurityGroupRules", "KeyPairs", "Tags", "Instances", "NetworkInterfaces", "VpcEndpoints")
        return {what: self.ask(f"Describe{what}") | {"requestId": ""} for what in describes}


@pytest.fixture(scope="module")
def ask(plane):
    return Query(plane)


@pytest.fixture(scope="module")
def world(ask):
    return World(ask)


# ---- rows


def rule(**more):
    """An IpPermission: rule(IpProtocol="tcp") is IpPermissions.1.IpProtocol=tcp."""
    return {f"IpPermissions_1_{name}": value for name, value in more.items()}


def launch(**more):
    return {"ImageId": "@image", "MinCount": 1, "MaxCount": 1, "SubnetId": "@subnet", **more}


def tags(kind, *pairs):
    found = {"TagSpecification_1_ResourceType": kind}
    for number, (key, value) in enumerate(pairs, 1):
        found |= {f"TagSpecification_1_Tag_{number}_Key": key, f"TagSpecification_1_Tag_{number}_Value": value}
    return found


def endpoint(**more):
    return {"VpcId": "@vpc", "VpcEndpointType": "Interface", "ServiceName": f"com.amazonaws.{REGION}.ec2", **more}


def filters(name, *values):
    return {"Filter_1_Name": name, **{f"Filter_1_Value_{number}": value for number, value in enumerate(values, 1)}}


# An id that is none, one of another kind, and one of nobody, for each action that takes one.
def ids(action, name, prefix, malformed, missing, **more):
    return [(action, {name: "nonsense", **more}, malformed), (action, {name: "@vpc" if prefix != "vpc-" else "@subnet", **more}, malformed),
            (action, {name: prefix + "XYZ", **more}, malformed), (action, {name: prefix + NOBODY + "\n", **more}, malformed), (action, {name: prefix + NOBODY, **more}, missing)]


VPC = ("vpc-", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound")
SUBNET = ("subnet-", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound")
TABLE = ("rtb-", "InvalidRouteTableId.Malformed", "InvalidRouteTableID.NotFound")
GATEWAY = ("igw-", "InvalidInternetGatewayId.Malformed", "InvalidInternetGatewayID.NotFound")
NAT = ("nat-", "NatGatewayMalformed", "NatGatewayNotFound")
GROUP = ("sg-", "InvalidGroupId.Malformed", "InvalidGroup.NotFound")
RULE = ("sgr-", "InvalidSecurityGroupRuleId.Malformed", "InvalidSecurityGroupRuleId.NotFound")
ACL = ("acl-", "InvalidNetworkAclId.Malformed", "InvalidNetworkAclID.NotFound")
INTERFACE = ("eni-", "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound")
ENDPOINT = ("vpce-", "InvalidVpcEndpointId.Malformed", "InvalidVpcEndpointId.NotFound")
DOOR = ("eice-", "InvalidInstanceConnectEndpointId.Malformed", "InvalidInstanceConnectEndpointId.NotFound")
INSTANCE = ("i-", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound")
IMAGE = ("ami-", "InvalidAMIID.Malformed", "InvalidAMIID.NotFound")
ALLOCATION = ("eipalloc-", "InvalidAllocationID.NotFound", "InvalidAllocationID.NotFound")

IDS = [
    *ids("DescribeVpcs", "VpcId_1", *VPC), *ids("DeleteVpc", "VpcId", *VPC), *ids("ModifyVpcAttribute", "VpcId", *VPC, EnableDnsSupport_Value="true"),
    *ids("DescribeVpcAttribute", "VpcId", *VPC, Attribute="enableDnsSupport"), *ids("CreateSubnet", "VpcId", *VPC, CidrBlock="10.0.9.0/24"), *ids("CreateRouteTable", "VpcId", *VPC),
    *ids("CreateSecurityGroup", "VpcId", *VPC, GroupName="x", GroupDescription="x"), *ids("AttachInternetGateway", "VpcId", *VPC, InternetGatewayId="@loose"),
    *ids("CreateVpcEndpoint", "VpcId", *VPC, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.ssm"),
    *ids("DescribeSubnets", "SubnetId_1", *SUBNET), *ids("DeleteSubnet", "SubnetId", *SUBNET), *ids("ModifySubnetAttribute", "SubnetId", *SUBNET, MapPublicIpOnLaunch_Value="true"),
    *ids("CreateNatGateway", "SubnetId", *SUBNET, AllocationId="@free"), *ids("AssociateRouteTable", "SubnetId", *SUBNET, RouteTableId="@spare"), *ids("RunInstances", "SubnetId", *SUBNET, ImageId="@image", MinCount=1, MaxCount=1),
    *ids("CreateInstanceConnectEndpoint", "SubnetId", *SUBNET),
    *ids("DescribeRouteTables", "RouteTableId_1", *TABLE), *ids("DeleteRouteTable", "RouteTableId", *TABLE), *ids("CreateRoute", "RouteTableId", *TABLE, DestinationCidrBlock="0.0.0.0/0", GatewayId="@gateway"),
    *ids("DeleteRoute", "RouteTableId", *TABLE, DestinationCidrBlock="0.0.0.0/0"), *ids("AssociateRouteTable", "RouteTableId", *TABLE, SubnetId="@private"),
    *ids("DescribeInternetGateways", "InternetGatewayId_1", *GATEWAY), *ids("DeleteInternetGateway", "InternetGatewayId", *GATEWAY),
    *ids("AttachInternetGateway", "InternetGatewayId", *GATEWAY, VpcId="@other"), *ids("DetachInternetGateway", "InternetGatewayId", *GATEWAY, VpcId="@vpc"),
    *ids("DescribeNatGateways", "NatGatewayId_1", *NAT), *ids("DeleteNatGateway", "NatGatewayId", *NAT),
    *ids("DescribeSecurityGroups", "GroupId_1", *GROUP), *ids("DeleteSecurityGroup", "GroupId", *GROUP),
    *ids("AuthorizeSecurityGroupIngress", "GroupId", *GROUP, IpProtocol="-1", CidrIp="10.0.0.0/8"), *ids("RevokeSecurityGroupEgress", "GroupId", *GROUP, IpProtocol="-1", CidrIp="10.0.0.0/8"),
    *ids("DescribeSecurityGroupRules", "SecurityGroupRuleId_1", *RULE), *ids("DescribeNetworkAcls", "NetworkAclId_1", *ACL), *ids("DescribeNetworkInterfaces", "NetworkInterfaceId_1", *INTERFACE),
    *ids("DescribeVpcEndpoints", "VpcEndpointId_1", *ENDPOINT), *ids("ModifyVpcEndpoint", "VpcEndpointId", *ENDPOINT, AddSubnetId_1="@subnet"),
    *ids("DescribeInstanceConnectEndpoints", "InstanceConnectEndpointId_1", *DOOR), *ids("DeleteInstanceConnectEndpoint", "InstanceConnectEndpointId", *DOOR),
    *ids("DescribeInstances", "InstanceId_1", *INSTANCE), *ids("DescribeInstanceStatus", "InstanceId_1", *INSTANCE), *ids("GetConsoleOutput", "InstanceId", *INSTANCE),
    *ids("StartInstances", "InstanceId_1", *INSTANCE), *ids("StopInstances", "InstanceId_1", *INSTANCE), *ids("RebootInstances", "InstanceId_1", *INSTANCE), *ids("TerminateInstances", "InstanceId_1", *INSTANCE),
    *ids("ModifyInstanceAttribute", "InstanceId", *INSTANCE, SourceDestCheck_Value="false"), *ids("ModifyInstanceMetadataOptions", "InstanceId", *INSTANCE, HttpTokens="required"),
    *ids("DescribeInstanceAttribute", "InstanceId", *INSTANCE, Attribute="userData"), *ids("AssociateAddress", "InstanceId", *INSTANCE, AllocationId="@free"),
    *ids("DescribeImages", "ImageId_1", *IMAGE), *ids("RunInstances", "ImageId", *IMAGE, MinCount=1, MaxCount=1, SubnetId="@subnet"),
    *ids("ReleaseAddress", "AllocationId", *ALLOCATION), *ids("DescribeAddresses", "AllocationId_1", *ALLOCATION), *ids("CreateNatGateway", "AllocationId", *ALLOCATION, SubnetId="@subnet"),
]

NETWORKS = [  # api-surface 2.1
    ("CreateVpc", {}, "MissingParameter"),
    *(("CreateVpc", {"CidrBlock": block}, "InvalidParameterValue") for block in ("10.0.0.0", "x", "10.0.0.0/33", "10.0.0.256/16", "::/64", "10.0.0.0/16\n", "10.0.0.0/-1")),
    *(("CreateVpc", {"CidrBlock": block}, "InvalidVpc.Range") for block in ("10.0.0.0/15", "10.0.0.0/29", "0.0.0.0/0", "10.0.0.1/32", "224.0.0.0/16", "127.0.0.0/16", "169.254.0.0/16")),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", **tags("subnet", ("a", "b"))}, "InvalidParameterValue"),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", **tags("vpc", ("aws:name", "b"))}, "InvalidParameterValue"),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", **tags("vpc", ("k" * 129, "b"))}, "InvalidParameterValue"),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", **tags("vpc", ("京" * 129, "b"))}, "InvalidParameterValue"),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", **tags("vpc", ("k", "b" * 257))}, "InvalidParameterValue"),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", **tags("vpc", *((f"k{n}", "v") for n in range(51)))}, "TagLimitExceeded"),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", "DryRun": "true"}, "DryRunOperation"),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", "DryRun": "True"}, "DryRunOperation"),
    *(("CreateVpc", {"CidrBlock": "10.0.0.0/16", "DryRun": value}, "InvalidParameterValue") for value in ("maybe", "1", "", "true\n")),
    ("ModifyVpcAttribute", {"VpcId": "@vpc", "EnableDnsSupport_Value": "true", "EnableDnsHostnames_Value": "true"}, "InvalidParameterCombination"),
    ("ModifyVpcAttribute", {"VpcId": "@vpc"}, "InvalidParameterCombination"),
    ("ModifyVpcAttribute", {"VpcId": "@vpc", "EnableDnsSupport_Value": "perhaps"}, "InvalidParameterValue"),
    ("DescribeVpcAttribute", {"VpcId": "@vpc", "Attribute": "colour"}, "InvalidParameterValue"),
    *(("DeleteVpc", {"VpcId": f"@with_{part}"}, "DependencyViolation") for part in ("subnet", "gateway", "table", "group", "endpoint", "door")),
    *(("CreateSubnet", {"VpcId": "@vpc", "CidrBlock": block}, "InvalidSubnet.Range") for block in ("10.1.0.0/24", "10.0.0.0/15", "10.0.9.0/29", "0.0.0.0/0")),
    *(("CreateSubnet", {"VpcId": "@vpc", "CidrBlock": block}, "InvalidSubnet.Conflict") for block in ("10.0.0.0/24", "10.0.0.128/25", "10.0.0.0/23", "10.0.0.0/16", "10.0.2.15/28")),
    ("CreateSubnet", {"VpcId": "@vpc", "CidrBlock": "ten"}, "InvalidParameterValue"),
    ("CreateSubnet", {"VpcId": "@vpc", "CidrBlock": "10.0.9.0/24", "AvailabilityZone": "mars-1a"}, "InvalidParameterValue"),
    ("CreateSubnet", {"VpcId": "@vpc", "CidrBlock": "10.0.9.0/24", "AvailabilityZoneId": "use1-az9"}, "InvalidParameterValue"),
    ("DeleteSubnet", {"SubnetId": "@subnet"}, "DependencyViolation"),  # a NAT gateway
    ("DeleteSubnet", {"SubnetId": "@private"}, "DependencyViolation"),  # an interface endpoint
    ("DeleteSubnet", {"SubnetId": "@door_subnet"}, "DependencyViolation"),  # a connect endpoint
    ("AttachInternetGateway", {"InternetGatewayId": "@gateway", "VpcId": "@vpc"}, "Resource.AlreadyAssociated"),
    ("AttachInternetGateway", {"InternetGatewayId": "@gateway", "VpcId": "@other"}, "Resource.AlreadyAssociated"),
    ("AttachInternetGateway", {"InternetGatewayId": "@loose", "VpcId": "@vpc"}, "InvalidParameterValue"),
    ("DetachInternetGateway", {"InternetGatewayId": "@loose", "VpcId": "@vpc"}, "Gateway.NotAttached"),
    ("DetachInternetGateway", {"InternetGatewayId": "@gateway", "VpcId": "@other"}, "Gateway.NotAttached"),
    ("DetachInternetGateway", {"InternetGatewayId": "@gateway", "VpcId": "@vpc"}, "DependencyViolation"),
    ("DeleteInternetGateway", {"InternetGatewayId": "@gateway"}, "DependencyViolation"),
    ("DeleteRouteTable", {"RouteTableId": "@main"}, "DependencyViolation"),
    ("DeleteRouteTable", {"RouteTableId": "@table"}, "DependencyViolation"),
    ("CreateRoute", {"RouteTableId": "@table", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "@gateway"}, "RouteAlreadyExists"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0"}, "MissingParameter"),
    ("CreateRoute", {"RouteTableId": "@spare", "GatewayId": "@gateway"}, "MissingParameter"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "@gateway", "NatGatewayId": "@nat"}, "InvalidParameterCombination"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "@loose"}, "InvalidParameterValue"),
    ("CreateRoute", {"RouteTableId": "@faraway", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "@gateway"}, "InvalidParameterValue"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-" + NOBODY}, "InvalidGatewayID.NotFound"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-" + NOBODY}, "InvalidNatGatewayID.NotFound"),
    ("CreateVpc", {"CidrBlock": "10.7.0.0/16", "InstanceTenancy": "dedicated"}, "InvalidParameterValue"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "@nat_interface"}, "InvalidParameterValue"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "InstanceId": "i-" + NOBODY}, "InvalidInstanceID.NotFound"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "eni-" + NOBODY}, "InvalidNetworkInterfaceID.NotFound"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "VpcEndpointId": "@endpoint"}, "RouteNotSupported"),
    ("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "TransitGatewayId": "tgw-" + NOBODY}, "InvalidParameterValue"),
    *(("CreateRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": block, "GatewayId": "@gateway"}, "InvalidParameterValue") for block in ("10.0.0.0/16", "default", "0.0.0.0", "0.0.0.0/0;id")),
    ("ReplaceRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "@gateway"}, "InvalidParameterValue"),
    ("DeleteRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "0.0.0.0/0"}, "InvalidRoute.NotFound"),
    ("DeleteRoute", {"RouteTableId": "@spare", "DestinationCidrBlock": "10.0.0.0/16"}, "InvalidParameterValue"),
    ("AssociateRouteTable", {"RouteTableId": "@spare", "SubnetId": "@subnet"}, "Resource.AlreadyAssociated"),
    ("AssociateRouteTable", {"RouteTableId": "@faraway", "SubnetId": "@private"}, "InvalidParameterValue"),
    ("AssociateRouteTable", {"RouteTableId": "@spare"}, "MissingParameter"),
    ("AssociateRouteTable", {"RouteTableId": "@spare", "GatewayId": "@gateway"}, "UnsupportedOperation"),
    ("AssociateRouteTable", {"RouteTableId": "@spare", "GatewayId": "@gateway", "SubnetId": "@private"}, "UnsupportedOperation"),
    ("DisassociateRouteTable", {"AssociationId": "@main_association"}, "InvalidParameterValue"),
    ("DisassociateRouteTable", {"AssociationId": "rtbassoc-" + NOBODY}, "InvalidAssociationID.NotFound"),
    ("ReplaceRouteTableAssociation", {"AssociationId": "rtbassoc-" + NOBODY, "RouteTableId": "@spare"}, "InvalidAssociationID.NotFound"),
    ("ReplaceRouteTableAssociation", {"AssociationId": "@association", "RouteTableId": "@faraway"}, "InvalidParameterValue"),
    ("AllocateAddress", {"Domain": "standard"}, "InvalidParameterValue"),
    ("ReleaseAddress", {"AllocationId": "@address"}, "InvalidIPAddress.InUse"),
    ("ReleaseAddress", {}, "MissingParameter"),
    ("AssociateAddress", {"AllocationId": "@free", "NetworkInterfaceId": "@nat_interface"}, "AuthFailure"),
    ("AssociateAddress", {"AllocationId": "@free"}, "MissingParameter"),
    ("DisassociateAddress", {"AssociationId": "eipassoc-" + NOBODY}, "InvalidAssociationID.NotFound"),
    ("CreateNatGateway", {"SubnetId": "@subnet"}, "MissingParameter"),
    ("CreateNatGateway", {"SubnetId": "@subnet", "ConnectivityType": "secret"}, "InvalidParameterValue"),
    ("CreateNatGateway", {"SubnetId": "@subnet", "AllocationId": "@free", **tags("vpc", ("a", "b"))}, "InvalidParameterValue"),
    ("DescribeNatGateways", {"MaxResults": 4}, "InvalidParameterValue"),
    ("DescribeNatGateways", {"MaxResults": 1001}, "InvalidParameterValue"),
    ("DescribeAvailabilityZones", {"ZoneName_1": "mars-1a"}, "InvalidParameterValue"),
    ("DescribeRegions", {"RegionName_1": "mars-1"}, "InvalidParameterValue"),
]

GROUPS = [  # 2.2
    ("CreateSecurityGroup", {"GroupName": "group", "GroupDescription": "x", "VpcId": "@vpc"}, "InvalidGroup.Duplicate"),
    ("CreateSecurityGroup", {"GroupName": "default", "GroupDescription": "x", "VpcId": "@vpc"}, "InvalidGroup.Reserved"),
    ("CreateSecurityGroup", {"GroupName": "new", "GroupDescription": "x"}, "VPCIdNotSpecified"),
    ("CreateSecurityGroup", {"GroupName": "new", "VpcId": "@vpc"}, "MissingParameter"),
    ("CreateSecurityGroup", {"GroupDescription": "x", "VpcId": "@vpc"}, "MissingParameter"),
    *(("CreateSecurityGroup", {"GroupName": name, "GroupDescription": "x", "VpcId": "@vpc"}, "InvalidParameterValue") for name in ("sg-mine", "n" * 256, "a\nb", "`id`", "a|b", "a'b", "<b>")),
    *(("CreateSecurityGroup", {"GroupName": "new", "GroupDescription": text, "VpcId": "@vpc"}, "InvalidParameterValue") for text in ("d" * 256, "a\nb", "`id`", "a|b")),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="tcp", FromPort=22, ToPort=22, IpRanges_1_CidrIp="198.51.100.7/32")}, "InvalidPermission.Duplicate"),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="6", FromPort=22, ToPort=22, IpRanges_1_CidrIp="10.9.0.0/16", IpRanges_2_CidrIp="198.51.100.7/32")}, "InvalidPermission.Duplicate"),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="tcp", FromPort=22, ToPort=22, Groups_1_GroupId="@friend")}, "InvalidPermission.Duplicate"),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="tcp", FromPort=22, ToPort=22, Groups_1_GroupId="sg-" + NOBODY)}, "InvalidGroup.NotFound"),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="tcp", FromPort=22, ToPort=22, Groups_1_GroupId="@stranger")}, "InvalidGroup.NotFound"),
    *(("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="tcp", FromPort=low, ToPort=high, IpRanges_1_CidrIp="10.9.0.0/16")}, "InvalidParameterValue")
      for low, high in ((22, 70000), (-2, 22), (443, 22), ("ssh", 22), (99999999999999999999, 1), ("", ""))),
    *(("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="-1", IpRanges_1_CidrIp=block)}, "InvalidParameterValue") for block in ("10.9.0.0/33", "10.9.0.0", "x", "::/0", "10.9.0.0/16 ", "$(id)")),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="-1", Ipv6Ranges_1_CidrIpv6="10.0.0.0/8")}, "InvalidParameterValue"),
    *(("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol=protocol, FromPort=1, ToPort=2, IpRanges_1_CidrIp="10.9.0.0/16")}, "InvalidParameterValue") for protocol in ("tcpp", "256", "-2", "6.0", "tcp\n")),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="-1")}, "MissingParameter"),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group"}, "MissingParameter"),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="-1", PrefixListIds_1_PrefixListId="pl-" + NOBODY)}, "InvalidParameterValue"),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="-1", **{f"IpRanges_{n}_CidrIp": f"10.9.{n}.0/24" for n in range(1, 62)})}, "RulesPerSecurityGroupLimitExceeded"),
    ("RevokeSecurityGroupIngress", {"GroupId": "@group", **rule(IpProtocol="tcp", FromPort=23, ToPort=23, IpRanges_1_CidrIp="198.51.100.7/32")}, "InvalidPermission.NotFound"),
    ("RevokeSecurityGroupEgress", {"GroupId": "@group", **rule(IpProtocol="tcp", FromPort=22, ToPort=22, IpRanges_1_CidrIp="198.51.100.7/32")}, "InvalidPermission.NotFound"),
    ("RevokeSecurityGroupIngress", {"GroupId": "@group", "SecurityGroupRuleId_1": "sgr-" + NOBODY}, "InvalidSecurityGroupRuleId.NotFound"),
    ("RevokeSecurityGroupIngress", {"GroupId": "@group", "SecurityGroupRuleId_1": "@group"}, "InvalidSecurityGroupRuleId.Malformed"),
    ("DeleteSecurityGroup", {"GroupId": "@friend"}, "DependencyViolation"),  # of another group's rule, and an endpoint
    ("DeleteSecurityGroup", {"GroupId": "@default"}, "CannotDelete"),
    ("DescribeSecurityGroups", {"GroupName_1": "nobody"}, "InvalidGroup.NotFound"),
    ("DescribeSecurityGroups", {"GroupId_1": "@group", "MaxResults": 5}, "InvalidParameterCombination"),
    ("DescribeSecurityGroups", {"NextToken": "eyJhIjoxfQ=="}, "InvalidNextToken"),
]

LAUNCHES = [  # 2.3
    ("CreateKeyPair", {}, "MissingParameter"), ("CreateKeyPair", {"KeyName": "key"}, "InvalidKeyPair.Duplicate"), ("CreateKeyPair", {"KeyName": "new", "KeyType": "dsa"}, "InvalidParameterValue"),
    *(("CreateKeyPair", {"KeyName": name, "KeyType": "ed25519"}, "InvalidParameterValue") for name in ("a\nssh-ed25519 AAAA", " a", "a ", "ü", "k" * 256)),
    ("ImportKeyPair", {"KeyName": "new", "PublicKeyMaterial": base64.b64encode(b"no key").decode()}, "InvalidKey.Format"),
    ("ImportKeyPair", {"KeyName": "new", "PublicKeyMaterial": base64.b64encode(b"A" * 900_000).decode()}, "InvalidKey.Format"),
    ("ImportKeyPair", {"KeyName": "new", "PublicKeyMaterial": "!!!"}, "InvalidParameterValue"),
    ("DescribeKeyPairs", {"KeyName_1": "nobody"}, "InvalidKeyPair.NotFound"), ("DescribeKeyPairs", {"KeyPairId_1": "key-" + NOBODY}, "InvalidKeyPair.NotFound"), ("DeleteKeyPair", {}, "MissingParameter"),
    ("RunInstances", {"MinCount": 1, "MaxCount": 1, "SubnetId": "@subnet"}, "MissingParameter"), ("RunInstances", {"ImageId": "@image", "MaxCount": 1, "SubnetId": "@subnet"}, "MissingParameter"),
    ("RunInstances", launch(MinCount=2), "InvalidParameterValue"), ("RunInstances", launch(MinCount=0), "InvalidParameterValue"), ("RunInstances", launch(MinCount="x"), "InvalidParameterValue"),
    ("RunInstances", launch(MinCount=101, MaxCount=101), "InstanceLimitExceeded"), ("RunInstances", launch(SubnetId="@tiny", MinCount=12, MaxCount=12), "InsufficientFreeAddressesInSubnet"),
    ("RunInstances", {"ImageId": "@image", "MinCount": 1, "MaxCount": 1}, "VPCIdNotSpecified"),
    ("RunInstances", launch(InstanceType="t9.huge"), "InvalidInstanceType"), ("RunInstances", launch(KeyName="nobody"), "InvalidKeyPair.NotFound"), ("RunInstances", launch(KeyName="$(id)\n"), "InvalidKeyPair.NotFound"),
    ("RunInstances", launch(SecurityGroupId_1="sg-" + NOBODY), "InvalidGroup.NotFound"), ("RunInstances", launch(SecurityGroupId_1="@stranger"), "InvalidParameter"),
    ("RunInstances", launch(SecurityGroup_1="default"), "InvalidParameterCombination"),
    ("RunInstances", launch(PrivateIpAddress="@nat_address"), "InvalidIPAddress.InUse"),
    *(("RunInstances", launch(PrivateIpAddress=address), "InvalidParameterValue") for address in ("10.0.1.9", "10.0.0.1", "10.0.0.255", "x", "10.0.0.9;id", "::1")),
    ("RunInstances", launch(PrivateIpAddress="10.0.0.9", MaxCount=2), "InvalidParameterCombination"),
    ("RunInstances", launch(IamInstanceProfile_Name="nobody"), "InvalidParameterValue"), ("RunInstances", launch(IamInstanceProfile_Arn="arn:aws:iam::1:instance-profile/x"), "InvalidParameterValue"),
    ("RunInstances", launch(MetadataOptions_HttpTokens="maybe"), "InvalidParameterValue"), ("RunInstances", launch(MetadataOptions_HttpPutResponseHopLimit=65), "InvalidParameterValue"),
    ("RunInstances", launch(NetworkInterface_1_DeviceIndex=0, NetworkInterface_1_SubnetId="@subnet"), "InvalidParameterCombination"),
    ("RunInstances", {"ImageId": "@image", "MinCount": 1, "MaxCount": 1, "SecurityGroupId_1": "@group", "NetworkInterface_1_DeviceIndex": 0, "NetworkInterface_1_SubnetId": "@subnet"}, "InvalidParameterCombination"),
    ("RunInstances", {"ImageId": "@image", "MinCount": 1, "MaxCount": 1, "NetworkInterface_1_DeviceIndex": 1, "NetworkInterface_1_SubnetId": "@subnet"}, "InvalidParameterValue"),
    ("RunInstances", launch(UserData="?"), "InvalidParameterValue"), ("RunInstances", launch(UserData=base64.b64encode(b"#" * 16385).decode()), "InvalidParameterValue"),
    ("RunInstances", launch(ImageId="resolve:ssm:/aws/service/ami-amazon-linux-latest/none"), "InvalidParameterValue"), ("RunInstances", launch(ImageId="resolve:ssm:$(id)"), "InvalidParameterValue"),
    ("RunInstances", launch(**tags("vpc", ("a", "b"))), "InvalidParameterValue"), ("RunInstances", launch(), "UnsupportedOperation"),  # for there is no lab
    ("RunInstances", launch(ImageId="resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-none"), "InvalidParameterValue"),
    ("DescribeInstanceTypes", {"InstanceType_1": "t9.huge"}, "InvalidInstanceType"), ("DescribeInstances", {"MaxResults": 4}, "InvalidParameterValue"), ("DescribeInstances", {"NextToken": "x"}, "InvalidNextToken"),
    ("StartInstances", {}, "MissingParameter"), ("TerminateInstances", {"InstanceId_1": "i-" + NOBODY, "InstanceId_2": "nonsense"}, "InvalidInstanceID.Malformed"),
    ("AssociateIamInstanceProfile", {"InstanceId": "i-" + NOBODY, "IamInstanceProfile_Name": "nobody"}, "InvalidParameterValue"),
    ("DisassociateIamInstanceProfile", {"AssociationId": "iip-assoc-" + NOBODY}, "InvalidAssociationID.NotFound"),
    ("CreateTags", {"ResourceId_1": "thing-" + NOBODY, "Tag_1_Key": "a", "Tag_1_Value": "b"}, "InvalidID"), ("CreateTags", {"ResourceId_1": "vpc-" + NOBODY, "Tag_1_Key": "a", "Tag_1_Value": "b"}, "InvalidVpcID.NotFound"),
    *(("CreateTags", {"ResourceId_1": "@vpc", "Tag_1_Key": "a", "Tag_1_Value": text}, "InvalidParameterValue") for text in ("a\0b", "\x1b[31m", "\ufffe", "x\uffff")),
    ("CreateTags", {"ResourceId_1": "@vpc"}, "MissingParameter"), ("CreateTags", {"Tag_1_Key": "a", "Tag_1_Value": "b"}, "MissingParameter"),
    ("CreateTags", {"ResourceId_1": "@vpc", "Tag_1_Key": "AWS:x", "Tag_1_Value": "b"}, "InvalidParameterValue"), ("CreateTags", {"ResourceId_1": "@vpc", "Tag_1_Key": "", "Tag_1_Value": "b"}, "MissingParameter"),
    ("CreateTags", {"ResourceId_1": "@vpc", "ResourceId_2": "vpc-" + NOBODY, "Tag_1_Key": "a", "Tag_1_Value": "b"}, "InvalidVpcID.NotFound"),
    ("CreateTags", {"ResourceId_1": "@vpc", **{f"Tag_{n}_{part}": f"{n}" for n in range(1, 52) for part in ("Key", "Value")}}, "TagLimitExceeded"),
    ("DeleteTags", {"ResourceId_1": "nonsense", "Tag_1_Key": "a"}, "InvalidID"),
]

ENDPOINTS = [  # 2.4
    *(("CreateVpcEndpoint", endpoint(ServiceName=name), "InvalidServiceName") for name in (f"com.amazonaws.{REGION}.nothing", "ssm", "com.amazonaws.mars-1.ssm", "$(id)", "com.amazonaws.us-east-1.ssm\n")),
    ("CreateVpcEndpoint", endpoint(VpcEndpointType="Gateway"), "InvalidParameter"), ("CreateVpcEndpoint", {"VpcId": "@vpc", "ServiceName": f"com.amazonaws.{REGION}.ssm"}, "InvalidParameter"),
    ("CreateVpcEndpoint", endpoint(SubnetId_1="@subnet", SubnetId_2="@private"), "DuplicateSubnetsInSameZone"), ("CreateVpcEndpoint", endpoint(SubnetId_1="subnet-" + NOBODY), "InvalidSubnetID.NotFound"),
    ("CreateVpcEndpoint", endpoint(SecurityGroupId_1="sg-" + NOBODY, SubnetId_1="@subnet"), "InvalidGroup.NotFound"),
    ("CreateVpcEndpoint", endpoint(ServiceName=f"com.amazonaws.{REGION}.ssm", SubnetId_1="@subnet", PrivateDnsEnabled="true"), "InvalidParameter"),
    ("CreateVpcEndpoint", endpoint(VpcId="@other", PrivateDnsEnabled="true"), "InvalidParameter"), ("CreateVpcEndpoint", endpoint(PolicyDocument="{"), "InvalidPolicyDocument"),
    ("CreateVpcEndpoint", {"VpcId": "@vpc"}, "MissingParameter"), ("CreateVpcEndpoint", endpoint(**tags("vpc", ("a", "b"))), "InvalidParameterValue"),
    ("ModifyVpcEndpoint", {"VpcEndpointId": "@endpoint", "AddSubnetId_1": "@subnet"}, "DuplicateSubnetsInSameZone"), ("ModifyVpcEndpoint", {"VpcEndpointId": "@endpoint", "AddSecurityGroupId_1": "sg-" + NOBODY}, "InvalidGroup.NotFound"),
    ("ModifyVpcEndpoint", {"VpcEndpointId": "@endpoint", "PolicyDocument": "no policy"}, "InvalidPolicyDocument"),
    ("DescribeVpcEndpointServices", {"ServiceName_1": "nothing"}, "InvalidServiceName"),
    ("CreateInstanceConnectEndpoint", {}, "MissingParameter"), ("CreateInstanceConnectEndpoint", {"SubnetId": "@private", "SecurityGroupId_1": "@stranger"}, "InvalidParameter"),
    ("CreateInstanceConnectEndpoint", {"SubnetId": "@private", "SecurityGroupId_1": "sg-" + NOBODY}, "InvalidGroup.NotFound"),
    ("ModifyInstanceConnectEndpoint", {"InstanceConnectEndpointId": "eice-" + NOBODY, "PreserveClientIp": "true"}, "InvalidInstanceConnectEndpointId.NotFound"),
]

SHAPES = [  # of requests: filters, lists, types
    *((f"Describe{what}", filters("colour", "red"), "InvalidParameterValue")
      for what in ("Vpcs", "Subnets", "RouteTables", "InternetGateways", "Addresses", "SecurityGroups", "SecurityGroupRules", "KeyPairs", "Tags", "Instances", "InstanceStatus", "NetworkInterfaces", "NetworkAcls", "VpcEndpoints",
                   "Images", "InstanceTypes", "AvailabilityZones", "Regions", "InstanceConnectEndpoints", "IamInstanceProfileAssociations")),
    ("DescribeNatGateways", filters("colour", "red"), "InvalidParameterValue"), ("DescribeVpcs", filters("vpc-id\n", "x"), "InvalidParameterValue"), ("DescribeVpcs", filters("tag", "x"), "InvalidParameterValue"),
    ("DescribeVpcs", filters("vpc-id", *map(str, range(201))), "FilterLimitExceeded"),
    ("DescribeVpcs", {f"Filter_{n}_{part}": "vpc-id" for n in range(1, 52) for part in ("Name", "Value_1")}, "FilterLimitExceeded"),
    ("DescribeVpcs", {"VpcId": "vpc-" + NOBODY}, "InvalidParameterValue"), ("DescribeVpcs", {"VpcId_x": "vpc-" + NOBODY}, "InvalidParameterValue"), ("DescribeVpcs", {"VpcId_99999999999": "vpc-" + NOBODY}, "InvalidParameterValue"),
    ("DescribeVpcs", {"Filter_1": "vpc-id"}, "InvalidParameterValue"), ("DescribeVpcs", {"Filter_1_Name": "vpc-id", "Filter_1_Name_x": "y"}, "MalformedQueryString"),
    ("DescribeVpcs", {"Filter_1" + "_1" * 20: "x"}, "MalformedQueryString"), ("DescribeVpcs", {f"VpcId_{n}": "x" for n in range(1, 4200)}, "MalformedQueryString"), ("Nothing", {}, "InvalidAction"), ("createvpc", {"CidrBlock": "10.0.0.0/16"}, "InvalidAction"),
]


def name_of(row):
    action, parameters, code = row
    said = ",".join(f"{name}={str(value)[:24]}" for name, value in list(parameters.items())[:4])
    return f"{action}({said})->{code}".encode("unicode_escape").decode()


def test_every_row_is_refused_by_its_name_and_changes_nothing(ask, world):
    before = world.snapshot()
    wrong = []
    for row in (*IDS, *NETWORKS, *GROUPS, *LAUNCHES, *ENDPOINTS, *SHAPES):
        action, parameters, code = row
        try:
            ask(action, **world.filled(parameters))
            wrong.append(f"{name_of(row)}: allowed")
        except Refused as refusal:
            if refusal.code != code:
                wrong.append(f"{name_of(row)}: {refusal}"[:400])
            elif not refusal.message or refusal.status not in ((401,) if code == "AuthFailure" else (400, 403, 412)):
                wrong.append(f"{name_of(row)}: {refusal}"[:400])
    assert not wrong, f"{len(wrong)} rows:\n" + "\n".join(wrong)
    after = world.snapshot()
    for what, found in before.items():
        assert after[what] == found, what


# ---- what is large


@pytest.mark.parametrize("user_data", [b"#!/bin/sh\n" + b"#" * (1 << 20), os.urandom(1 << 20)], ids=["script", "bytes"])
def test_a_megabyte_of_user_data_is_refused_and_nothing_is_lost(plane, ask, world, tmp_path, user_data):
    before = world.snapshot()
    file = tmp_path / "user-data"
    file.write_bytes(user_data)
    began = time.monotonic()
    refusal = ask.refused("RunInstances", **world.filled(launch(UserData=base64.b64encode(user_data).decode())))
    assert (refusal.code, refusal.message) == ("InvalidParameterValue", "User data is limited to 16384 bytes")
    assert time.monotonic() - began < 2
    said = plane.refused("ec2", "run-instances", "--image-id", world.ids["image"], "--subnet-id", world.ids["subnet"], "--user-data", f"fileb://{file}")
    assert "(InvalidParameterValue)" in said and "16384" in said
    assert world.snapshot() == before
    assert len(json.dumps(plane.events())) < 1 << 20, "events tell the digest of what is long"


# ---- what a shell would like


@pytest.mark.parametrize("text", HOSTILE)
def test_tags_are_kept_as_they_are(ask, world, text):
    vpc = world.ids["vpc"]
    ask("CreateTags", ResourceId_1=vpc, Tag_1_Key=text, Tag_1_Value=text)
    (found,) = ask("DescribeTags", Filter_1_Name="resource-id", Filter_1_Value_1=vpc)["tagSet"]
    assert (found["key"], found["value"]) == (text, text)
    ask("DeleteTags", ResourceId_1=vpc, Tag_1_Key=text)
    assert ask("DescribeTags", Filter_1_Name="resource-id", Filter_1_Value_1=vpc)["tagSet"] in ([], "")


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_refused_or_kept_as_they_are(ask, world, text):
    vpc = world.ids["other"]
    try:
        group = ask("CreateSecurityGroup", GroupName=text, GroupDescription=text, VpcId=vpc)["groupId"]
        (found,) = ask("DescribeSecurityGroups", GroupId_1=group)["securityGroupInfo"]
        assert (found["groupName"], found["groupDescription"]) == (text, text)
        ask("DeleteSecurityGroup", GroupId=group)
    except Refused as refusal:
        assert refusal.code == "InvalidParameterValue" and "\n" not in refusal.message
    try:
        ask("CreateKeyPair", KeyName=text, KeyType="ed25519")
        (found,) = ask("DescribeKeyPairs", KeyName_1=text)["keySet"]
        assert found["keyName"] == text
        ask("DeleteKeyPair", KeyName=text)
    except Refused as refusal:
        assert refusal.code == "InvalidParameterValue" and "\n" not in refusal.message


def test_parameters_that_nobody_knows_are_passed_over(ask):
    """As EC2 does, whose tools send what is new to it."""
    assert ask("DescribeVpcs", Colour="red", Shade_1_Name="dark")["vpcSet"]


# ---- how many there may be


def test_there_is_an_end_to_everything(tmp_path):
    plane = Plane(tmp_path / "plane").start()
    try:
        ask = Query(plane)

        def until_refused(action, **parameters):
            for _ in range(600):
                try:
                    ask(action, **parameters)
                except Refused as refusal:
                    return refusal.code
            return "never"

        vpc = ask("CreateVpc", CidrBlock="10.0.0.0/16")["vpc"]["vpcId"]
        subnet = ask("CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24")["subnet"]["subnetId"]
        for i in range(199):
            ask("CreateSubnet", VpcId=vpc, CidrBlock=f"10.0.{1 + i // 16}.{i % 16 * 16}/28")
        assert until_refused("CreateSubnet", VpcId=vpc, CidrBlock="10.0.200.0/28") == "SubnetLimitExceeded"
        assert until_refused("CreateVpc", CidrBlock="10.0.0.0/16") == "VpcLimitExceeded"
        assert until_refused("AllocateAddress", Domain="vpc") == "AddressLimitExceeded"
        assert until_refused("CreateNatGateway", SubnetId=subnet, ConnectivityType="private") == "NatGatewayLimitExceeded"
        assert until_refused("CreateInternetGateway") == "InternetGatewayLimitExceeded"
        assert until_refused("CreateRouteTable", VpcId=vpc) == "RouteTableLimitExceeded"
        assert until_refused("CreateVpcEndpoint", VpcId=vpc, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.ssm", PrivateDnsEnabled="false") == "VpcEndpointLimitExceeded"
    finally:
        plane.stop()
