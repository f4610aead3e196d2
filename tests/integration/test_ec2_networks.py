"""The networks of EC2 with AWS's own tools: the network of a walkthrough and its way out are made, used and taken down; and what is said of mistakes."""

import json
import re

import botocore.exceptions
import pytest

from house.members import MEMBERS, OF_INSTANCES, lacking, missing, parsed
from house.programs import wait_until
from house.query import Query

ZONE = "us-east-1a"
MISSING = "0123456789abcdef0"
WAITER = 90  # the tools look every 15 seconds


@pytest.fixture(scope="module")
def account(plane):
    return plane.aws("sts", "get-caller-identity")["Account"]


@pytest.fixture(scope="module")
def ec2(plane):
    return plane.boto3("ec2")


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnet(ec2, vpc):
    return ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]


@pytest.fixture
def gateway(ec2, vpc):
    one = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=one, VpcId=vpc)
    return one


@pytest.fixture
def address(ec2):
    return ec2.allocate_address(Domain="vpc")["AllocationId"]


def refused(call, **request):
    """The code and the message of a refusal."""
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**request)
    said = error.value.response["Error"]
    return said["Code"], said["Message"]


def code(call, **request):
    return refused(call, **request)[0]


def by(name, *values):
    return [{"Name": name, "Values": list(values)}]


def nat_state(ec2, nat):
    (one,) = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
    return one["State"]


def wait_for_nat(ec2, nat, state):
    config = {"Delay": 1, "MaxAttempts": 30}
    if state == "failed":
        with pytest.raises(botocore.exceptions.WaiterError):
            ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat], WaiterConfig=config)
    else:
        ec2.get_waiter(f"nat_gateway_{state}").wait(NatGatewayIds=[nat], WaiterConfig=config)
    assert nat_state(ec2, nat) == state


# ---- what answers hold


@pytest.fixture(scope="module")
def whole_network(plane):
    """One part of each kind that needs no machine."""
    ask = Query(plane)
    vpc = ask("CreateVpc", CidrBlock="10.0.0.0/16")["vpc"]["vpcId"]
    ask("ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames_Value="true")
    subnet = ask("CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24")["subnet"]["subnetId"]
    gateway = ask("CreateInternetGateway")["internetGateway"]["internetGatewayId"]
    ask("AttachInternetGateway", VpcId=vpc, InternetGatewayId=gateway)
    nats = [ask("CreateNatGateway", SubnetId=subnet, AllocationId=address)["natGateway"]["natGatewayId"]
            for address in [ask("AllocateAddress", Domain="vpc")["allocationId"]] * 2]  # the second fails
    table = ask("CreateRouteTable", VpcId=vpc)["routeTable"]["routeTableId"]
    ask("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)
    wait_until("one NAT gateway is there", lambda: ask("DescribeNatGateways", NatGatewayId_1=nats[0])["natGatewaySet"][0]["state"] == "available")
    ask("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nats[0])
    group = ask("CreateSecurityGroup", GroupName="web", GroupDescription="of a test", VpcId=vpc)["groupId"]
    rule = {"IpPermissions_1_IpProtocol": "tcp", "IpPermissions_1_FromPort": 22, "IpPermissions_1_ToPort": 22}
    ask("AuthorizeSecurityGroupIngress", GroupId=group, **rule, IpPermissions_1_IpRanges_1_CidrIp="10.0.0.0/8", IpPermissions_1_IpRanges_1_Description="from near")
    ask("CreateKeyPair", KeyName="whole", TagSpecification_1_ResourceType="key-pair", TagSpecification_1_Tag_1_Key="Name", TagSpecification_1_Tag_1_Value="whole")
    ask("CreateVpcEndpoint", VpcId=vpc, VpcEndpointType="Interface", ServiceName="com.amazonaws.us-east-1.ssm", SubnetId_1=subnet)
    ask("CreateInstanceConnectEndpoint", SubnetId=subnet)
    return ask


@pytest.mark.parametrize("action", sorted(set(MEMBERS) - OF_INSTANCES))
def test_answers_are_whole(whole_network, action):
    assert missing(action, whole_network(action)) == []


def test_a_member_that_is_missing_is_found():
    shape = parsed("set{a,b?{c},d}")
    assert list(lacking([{"set": [{"a": "", "b": [{"c": ""}], "d": ""}, {"a": "", "d": ""}]}], shape, "")) == []
    assert list(lacking([{"set": [{"a": "", "b": [{}], "d": ""}, {"d": ""}]}], shape, "")) == [".set.a", ".set.b.c"]
    assert list(lacking([{"set": []}], shape, "")) == [".set is empty"]


# ---- the whole story, as one types it


def test_a_network_with_a_way_out_is_made_and_taken_down(plane, account):
    def made(*words, query):
        return plane.aws("ec2", *words, "--query", query)

    vpc = made("create-vpc", "--cidr-block", "10.0.0.0/16", "--tag-specifications", "ResourceType=vpc,Tags=[{Key=Name,Value=lab}]", query="Vpc.VpcId")
    for state in ("exists", "available"):
        plane.aws("ec2", "wait", f"vpc-{state}", "--vpc-ids", vpc)
    plane.aws("ec2", "modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-support", '{"Value":true}')
    plane.aws("ec2", "modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-hostnames", '{"Value":true}')
    public = made("create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.0.0/24", "--availability-zone", ZONE, query="Subnet.SubnetId")
    private = made("create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.1.0/24", "--availability-zone", ZONE, query="Subnet.SubnetId")
    plane.aws("ec2", "wait", "subnet-available", "--subnet-ids", public, private)
    plane.aws("ec2", "modify-subnet-attribute", "--subnet-id", public, "--map-public-ip-on-launch")
    igw = made("create-internet-gateway", query="InternetGateway.InternetGatewayId")
    plane.aws("ec2", "attach-internet-gateway", "--internet-gateway-id", igw, "--vpc-id", vpc)
    out = made("create-route-table", "--vpc-id", vpc, query="RouteTable.RouteTableId")
    assert made("create-route", "--route-table-id", out, "--destination-cidr-block", "0.0.0.0/0", "--gateway-id", igw, query="Return") is True
    public_association = made("associate-route-table", "--route-table-id", out, "--subnet-id", public, query="AssociationId")
    inner = made("create-route-table", "--vpc-id", vpc, query="RouteTable.RouteTableId")
    private_association = made("associate-route-table", "--route-table-id", inner, "--subnet-id", private, query="AssociationId")

    (table,) = plane.aws("ec2", "describe-route-tables", "--route-table-ids", out)["RouteTables"]
    assert table == {
        "RouteTableId": out, "VpcId": vpc, "OwnerId": account, "Tags": [], "PropagatingVgws": [],
        "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"},
                   {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": igw, "Origin": "CreateRoute", "State": "active"}],
        "Associations": [{"Main": False, "RouteTableAssociationId": public_association, "RouteTableId": out, "SubnetId": public,
                          "AssociationState": {"State": "associated"}}]}

    eip = made("allocate-address", "--domain", "vpc", query="AllocationId")
    nat = made("create-nat-gateway", "--subnet-id", public, "--allocation-id", eip, query="NatGateway.NatGatewayId")
    plane.aws("ec2", "create-route", "--route-table-id", inner, "--destination-cidr-block", "0.0.0.0/0", "--nat-gateway-id", nat)  # pending is good enough
    plane.aws("ec2", "wait", "nat-gateway-available", "--nat-gateway-ids", nat, seconds=WAITER)
    assert "(RouteAlreadyExists)" in plane.refused("ec2", "create-route", "--route-table-id", inner, "--destination-cidr-block", "0.0.0.0/0", "--nat-gateway-id", nat)

    assert "(DependencyViolation)" in plane.refused("ec2", "delete-subnet", "--subnet-id", public)
    assert "(DependencyViolation)" in plane.refused("ec2", "detach-internet-gateway", "--internet-gateway-id", igw, "--vpc-id", vpc)
    query = Query(plane)  # quicker than the CLI: the state in between is not there for long
    assert query("DeleteNatGateway", NatGatewayId=nat)["natGatewayId"] == nat
    assert query.refused("ReleaseAddress", AllocationId=eip).code == "InvalidIPAddress.InUse"
    assert made("describe-route-tables", "--route-table-ids", inner, query="RouteTables[].Routes[].State") == ["active", "blackhole"]
    plane.aws("ec2", "wait", "nat-gateway-deleted", "--nat-gateway-ids", nat, seconds=WAITER)
    plane.aws("ec2", "release-address", "--allocation-id", eip)
    assert f"The vpc '{vpc}' has dependencies and cannot be deleted." in plane.refused("ec2", "delete-vpc", "--vpc-id", vpc)
    for association in (public_association, private_association):
        plane.aws("ec2", "disassociate-route-table", "--association-id", association)
    for each in (out, inner):
        plane.aws("ec2", "delete-route-table", "--route-table-id", each)
    for each in (public, private):
        plane.aws("ec2", "delete-subnet", "--subnet-id", each)
    plane.aws("ec2", "detach-internet-gateway", "--internet-gateway-id", igw, "--vpc-id", vpc)
    plane.aws("ec2", "delete-internet-gateway", "--internet-gateway-id", igw)
    plane.aws("ec2", "delete-vpc", "--vpc-id", vpc)
    assert "(InvalidVpcID.NotFound)" in plane.refused("ec2", "describe-vpcs", "--vpc-ids", vpc)


# ---- internet gateways


def test_an_internet_gateway_is_as_it_was_made(ec2, account, vpc):
    made = ec2.create_internet_gateway(TagSpecifications=[{"ResourceType": "internet-gateway", "Tags": [{"Key": "Name", "Value": "door"}]}])["InternetGateway"]
    igw = made["InternetGatewayId"]
    assert re.fullmatch("igw-[0-9a-f]{17}", igw)
    assert made == {"InternetGatewayId": igw, "OwnerId": account, "Attachments": [], "Tags": [{"Key": "Name", "Value": "door"}]}
    ec2.get_waiter("internet_gateway_exists").wait(InternetGatewayIds=[igw])
    ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    (shown,) = ec2.describe_internet_gateways(Filters=by("attachment.vpc-id", vpc) + by("attachment.state", "available") + by("tag:Name", "do*"))["InternetGateways"]
    assert shown == {**made, "Attachments": [{"VpcId": vpc, "State": "available"}]}
    assert code(ec2.attach_internet_gateway, InternetGatewayId=igw, VpcId=vpc) == "Resource.AlreadyAssociated"
    other = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    assert refused(ec2.attach_internet_gateway, InternetGatewayId=other, VpcId=vpc) == ("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached")
    assert code(ec2.detach_internet_gateway, InternetGatewayId=other, VpcId=vpc) == "Gateway.NotAttached"
    assert code(ec2.delete_internet_gateway, InternetGatewayId=igw) == "DependencyViolation"


# ---- route tables


def test_route_tables_are_found_by_what_is_in_them(ec2, vpc, subnet, gateway):
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    assert association["AssociationState"] == {"State": "associated"}
    (main,) = [each["RouteTableId"] for each in ec2.describe_route_tables(Filters=by("vpc-id", vpc) + by("association.main", "true"))["RouteTables"]]
    assert main != table
    for filters in (by("association.subnet-id", subnet), by("route.gateway-id", gateway), by("association.route-table-association-id", association["AssociationId"]),
                    by("vpc-id", vpc) + by("association.main", "false"), by("vpc-id", vpc) + by("route.destination-cidr-block", "0.0.0.0/0"), by("route-table-id", table)):
        assert [each["RouteTableId"] for each in ec2.describe_route_tables(Filters=filters)["RouteTables"]] == [table], filters
    assert ec2.describe_route_tables(Filters=by("route.nat-gateway-id", "nat-" + MISSING))["RouteTables"] == []
    assert refused(ec2.describe_route_tables, Filters=by("colour", "red")) == ("InvalidParameterValue", "The filter 'colour' is invalid")


def test_routes_are_replaced_and_deleted(ec2, vpc, gateway):
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    assert refused(ec2.replace_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway) == \
        ("InvalidParameterValue", "There is no route defined for '0.0.0.0/0' in the route table. Use CreateRoute instead.")
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    assert refused(ec2.delete_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0") == \
        ("InvalidRoute.NotFound", f"no route with destination-cidr-block 0.0.0.0/0 in route table {table}")
    assert code(ec2.create_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0") == "MissingParameter"
    assert code(ec2.create_route, RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", TransitGatewayId="tgw-1") == "InvalidParameterValue"


def test_a_vpc_gets_another_main_table(ec2, vpc):
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    (main,) = ec2.describe_route_tables(Filters=by("vpc-id", vpc) + by("association.main", "true"))["RouteTables"]
    association = main["Associations"][0]["RouteTableAssociationId"]
    assert code(ec2.disassociate_route_table, AssociationId=association) == "InvalidParameterValue"
    made = ec2.replace_route_table_association(AssociationId=association, RouteTableId=table)
    (now,) = ec2.describe_route_tables(Filters=by("vpc-id", vpc) + by("association.main", "true"))["RouteTables"]
    assert (now["RouteTableId"], now["Associations"][0]["RouteTableAssociationId"]) == (table, made["NewAssociationId"])
    ec2.delete_route_table(RouteTableId=main["RouteTableId"])
    assert code(ec2.delete_route_table, RouteTableId=table) == "DependencyViolation"


# ---- addresses


def test_an_address_is_allocated_associated_and_released(ec2, account, vpc, subnet, gateway, address):
    del vpc, gateway
    made = ec2.allocate_address(Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": [{"Key": "a", "Value": "b"}]}])
    assert re.fullmatch(r"203\.0\.113\.\d+", made["PublicIp"])
    (shown,) = ec2.describe_addresses(AllocationIds=[made["AllocationId"]])["Addresses"]
    assert shown == {"PublicIp": made["PublicIp"], "AllocationId": made["AllocationId"], "Domain": "vpc", "PublicIpv4Pool": "amazon", "NetworkBorderGroup": "us-east-1",
                     "Tags": [{"Key": "a", "Value": "b"}]}
    assert ec2.describe_addresses(PublicIps=[made["PublicIp"]])["Addresses"] == [shown]
    assert code(ec2.describe_addresses, PublicIps=["192.0.2.1"]) == "InvalidAddress.NotFound"
    assert code(ec2.allocate_address, Domain="standard") == "InvalidParameterValue"

    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    interface = nat["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    (used,) = ec2.describe_addresses(Filters=by("network-interface-id", interface))["Addresses"]
    assert (used["AllocationId"], used["PrivateIpAddress"], used["NetworkInterfaceOwnerId"]) == (address, nat["NatGatewayAddresses"][0]["PrivateIp"], account)
    assert code(ec2.associate_address, AllocationId=made["AllocationId"], NetworkInterfaceId=interface) == "AuthFailure"
    assert code(ec2.disassociate_address, AssociationId=used["AssociationId"]) == "OperationNotPermitted"
    assert code(ec2.associate_address, AllocationId=made["AllocationId"]) == "MissingParameter"
    assert code(ec2.associate_address, AllocationId=made["AllocationId"], InstanceId="i-" + MISSING) == "InvalidInstanceID.NotFound"
    ec2.release_address(AllocationId=made["AllocationId"])
    assert code(ec2.release_address, AllocationId=made["AllocationId"]) == "InvalidAllocationID.NotFound"


# ---- NAT gateways


def test_a_nat_gateway_is_as_it_was_made(ec2, vpc, subnet, gateway, address):
    del gateway
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, TagSpecifications=[{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "out"}]}])["NatGateway"]
    nat = made["NatGatewayId"]
    assert re.fullmatch("nat-[0-9a-f]{17}", nat)
    assert (made["State"], made["SubnetId"], made["VpcId"], made["ConnectivityType"], made["Tags"]) == ("pending", subnet, vpc, "public", [{"Key": "Name", "Value": "out"}])
    (used,) = made["NatGatewayAddresses"]
    assert used["AllocationId"] == address and used["PublicIp"].startswith("203.0.113.") and used["PrivateIp"].startswith("10.0.0.")
    wait_for_nat(ec2, nat, "available")
    (shown,) = ec2.describe_nat_gateways(Filter=by("vpc-id", vpc) + by("subnet-id", subnet) + by("state", "available") + by("tag:Name", "out"))["NatGateways"]
    assert shown == {**made, "State": "available"}
    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert nat_state(ec2, nat) in ("deleting", "deleted")
    wait_for_nat(ec2, nat, "deleted")
    (gone,) = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
    assert gone["NatGatewayAddresses"] == made["NatGatewayAddresses"] and gone["DeleteTime"] >= gone["CreateTime"]  # told, though given back
    assert code(ec2.delete_nat_gateway, NatGatewayId=nat) == "NatGatewayNotFound"
    assert code(ec2.describe_nat_gateways, NatGatewayIds=["nat-" + MISSING]) == "NatGatewayNotFound"
    assert ec2.describe_network_interfaces(Filters=by("subnet-id", subnet))["NetworkInterfaces"] == []


def test_a_nat_gateway_without_a_way_out_fails(plane, ec2, subnet, address):
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    done = plane.aws("ec2", "wait", "nat-gateway-available", "--nat-gateway-ids", nat, check=False, seconds=WAITER)
    assert done.returncode == 255 and b"Waiter NatGatewayAvailable failed" in done.stderr
    (failed,) = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
    assert (failed["State"], failed["FailureCode"]) == ("failed", "Gateway.NotAttached") and failed["FailureMessage"]
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)


def test_a_nat_gateway_whose_address_is_in_use_fails(ec2, subnet, gateway, address):
    del gateway
    first, second = (ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"] for _ in range(2))
    wait_for_nat(ec2, first, "available")
    wait_for_nat(ec2, second, "failed")
    assert ec2.describe_nat_gateways(NatGatewayIds=[second])["NatGateways"][0]["FailureCode"] == "Resource.AlreadyAssociated"
    assert refused(ec2.create_nat_gateway, SubnetId=subnet) == ("MissingParameter", "The request must contain the parameter AllocationId")


def test_a_plane_that_was_down_settles_what_became_due(own_plane):
    ec2 = own_plane.boto3("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    own_plane.kill()
    own_plane.start()
    wait_for_nat(ec2, nat, "available")


# ---- the same call again


@pytest.mark.parametrize("operation", ["CreateRouteTable", "CreateNatGateway"])
def test_a_client_token_makes_one(plane, vpc, subnet, operation):
    ec2 = plane.boto3("ec2")

    def give_token(params, **_):
        params["body"]["ClientToken"] = f"token-{vpc}"  # older tools know none for route tables

    ec2.meta.events.register(f"before-call.ec2.{operation}", give_token)

    def call(**more):
        if operation == "CreateRouteTable":
            return ec2.create_route_table(VpcId=vpc, **more)["RouteTable"]["RouteTableId"]
        return ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private", **more)["NatGateway"]["NatGatewayId"]

    assert call() == call()
    kind = "route-table" if operation == "CreateRouteTable" else "natgateway"
    assert code(call, TagSpecifications=[{"ResourceType": kind, "Tags": [{"Key": "a", "Value": "b"}]}]) == "IdempotentParameterMismatch"


# ---- interfaces, ACLs, places


def test_an_interface_is_shown_whole(ec2, account, vpc, subnet, gateway, address):
    del gateway
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    (used,) = nat["NatGatewayAddresses"]
    public, private = used["PublicIp"], used["PrivateIp"]
    (elastic,) = ec2.describe_addresses(AllocationIds=[address])["Addresses"]
    name = f"ip-{private.replace('.', '-')}.ec2.internal"
    association = {"AllocationId": address, "AssociationId": elastic["AssociationId"], "IpOwnerId": account, "PublicIp": public,
                   "PublicDnsName": f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"}
    (shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[used["NetworkInterfaceId"]])["NetworkInterfaces"]
    with pytest.raises(botocore.exceptions.WaiterError):  # none is free here: all are somebody's
        ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[used["NetworkInterfaceId"]], WaiterConfig={"MaxAttempts": 1})
    assert re.fullmatch("02(:[0-9a-f]{2}){5}", shown.pop("MacAddress"))
    shown.pop("AvailabilityZoneId", None)  # older tools do not know it
    attachment = shown.pop("Attachment")
    assert (attachment["Status"], attachment["AttachTime"]) == ("attached", nat["CreateTime"]) and "InstanceId" not in attachment
    assert shown == {
        "NetworkInterfaceId": used["NetworkInterfaceId"], "SubnetId": subnet, "VpcId": vpc, "AvailabilityZone": ZONE,
        "Description": f"Interface for NAT Gateway {nat['NatGatewayId']}", "OwnerId": account, "InterfaceType": "nat_gateway", "Status": "in-use",
        "PrivateIpAddress": private, "PrivateDnsName": name, "RequesterManaged": True, "SourceDestCheck": False, "Groups": [], "TagSet": [],
        "Association": association, "PrivateIpAddresses": [{"PrivateIpAddress": private, "PrivateDnsName": name, "Primary": True, "Association": association}]}
    for filters in (by("vpc-id", vpc), by("subnet-id", subnet), by("private-ip-address", private) + by("vpc-id", vpc), by("association.public-ip", public),
                    by("description", f"*{nat['NatGatewayId']}"), by("interface-type", "nat_gateway") + by("vpc-id", vpc), by("status", "in-use") + by("vpc-id", vpc)):
        assert [each["NetworkInterfaceId"] for each in ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]] == [used["NetworkInterfaceId"]], filters
    assert ec2.describe_network_interfaces(Filters=by("group-id", "sg-" + MISSING))["NetworkInterfaces"] == []
    assert code(ec2.describe_network_interfaces, NetworkInterfaceIds=["eni-" + MISSING]) == "InvalidNetworkInterfaceID.NotFound"


def test_a_vpc_has_an_acl_that_lets_everything_through(ec2, account, vpc, subnet):
    (acl,) = ec2.describe_network_acls(Filters=by("vpc-id", vpc) + by("default", "true"))["NetworkAcls"]
    assert (acl["VpcId"], acl["OwnerId"], acl["IsDefault"]) == (vpc, account, True)
    assert [(each["RuleNumber"], each["RuleAction"], each["Egress"], each["Protocol"], each["CidrBlock"]) for each in acl["Entries"]] == \
        [(number, action, egress, "-1", "0.0.0.0/0") for egress in (True, False) for number, action in ((100, "allow"), (32767, "deny"))]
    assert [each["SubnetId"] for each in acl["Associations"]] == [subnet]
    assert ec2.describe_network_acls(NetworkAclIds=[acl["NetworkAclId"]])["NetworkAcls"] == [acl]
    assert code(ec2.describe_network_acls, NetworkAclIds=["acl-" + MISSING]) == "InvalidNetworkAclID.NotFound"


def test_where_this_is(ec2):
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert [(each["ZoneName"], each["ZoneId"], each["State"], each["RegionName"]) for each in zones] == \
        [(f"us-east-1{letter}", f"use1-az{number}", "available", "us-east-1") for number, letter in ((1, "a"), (2, "b"), (3, "c"))]
    assert [each["ZoneName"] for each in ec2.describe_availability_zones(ZoneIds=["use1-az2"])["AvailabilityZones"]] == ["us-east-1b"]
    assert code(ec2.describe_availability_zones, ZoneNames=["mars-1a"]) == "InvalidParameterValue"
    (region,) = ec2.describe_regions()["Regions"]
    assert region == {"RegionName": "us-east-1", "Endpoint": "ec2.us-east-1.amazonaws.com", "OptInStatus": "opt-in-not-required"}
    assert code(ec2.describe_regions, RegionNames=["mars-1"]) == "InvalidParameterValue"
    attributes = {each["AttributeName"]: [value["AttributeValue"] for value in each["AttributeValues"]] for each in ec2.describe_account_attributes()["AccountAttributes"]}
    assert attributes["supported-platforms"] == ["VPC"] and attributes["default-vpc"] == ["none"]
    assert [each["AttributeName"] for each in ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]] == ["default-vpc"]


# ---- tags


def test_tags_are_put_found_and_removed(ec2, vpc, subnet):
    ec2.create_tags(Resources=[vpc, subnet], Tags=[{"Key": "Name", "Value": "lab"}, {"Key": "team", "Value": "web"}])
    mine = by("resource-id", vpc, subnet)
    assert ec2.describe_tags(Filters=mine)["Tags"] == sorted(
        ({"ResourceId": each, "ResourceType": kind, "Key": key, "Value": value} for each, kind in ((vpc, "vpc"), (subnet, "subnet")) for key, value in (("Name", "lab"), ("team", "web"))),
        key=lambda tag: (tag["ResourceId"], tag["Key"]))
    assert [each["ResourceId"] for each in ec2.describe_tags(Filters=mine + by("resource-type", "vpc") + by("tag:Name", "lab"))["Tags"]] == [vpc]
    assert len(ec2.describe_tags(Filters=mine + by("key", "team") + by("value", "w?b"))["Tags"]) == 2
    assert [each["VpcId"] for each in ec2.describe_vpcs(Filters=by("tag:Name", "lab") + by("vpc-id", vpc))["Vpcs"]] == [vpc]
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "other"}, {"Key": "team"}])
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == [{"Key": "Name", "Value": "lab"}]
    ec2.delete_tags(Resources=[vpc, subnet])
    assert ec2.describe_tags(Filters=mine)["Tags"] == []


@pytest.mark.parametrize("resource, key, expected", [
    ("hello", "a", "InvalidID"),
    ("ami-" + MISSING, "a", "InvalidID"),
    ("vpc-" + MISSING, "a", "InvalidVpcID.NotFound"),
    ("rtb-1", "a", "InvalidRouteTableId.Malformed"),
    ("nat-" + MISSING, "a", "NatGatewayNotFound"),
    (None, "aws:a", "InvalidParameterValue"),
])
def test_tags_that_cannot_be(ec2, vpc, resource, key, expected):
    assert code(ec2.create_tags, Resources=[vpc, resource or vpc], Tags=[{"Key": key, "Value": "b"}]) == expected
    assert ec2.describe_tags(Filters=by("resource-id", vpc))["Tags"] == []  # all or nothing


# ---- pages, dry runs, permissions


def test_lists_come_in_pages(ec2, vpc):
    made = {ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(11)}
    pages = list(ec2.get_paginator("describe_route_tables").paginate(Filters=by("vpc-id", vpc), PaginationConfig={"PageSize": 5}))
    assert [len(page["RouteTables"]) for page in pages] == [5, 5, 2]  # with the main one
    assert made < {each["RouteTableId"] for page in pages for each in page["RouteTables"]}
    ec2.create_tags(Resources=list(made), Tags=[{"Key": key, "Value": vpc} for key in "ab"])
    pages = list(ec2.get_paginator("describe_tags").paginate(Filters=by("value", vpc), PaginationConfig={"PageSize": 8}))
    assert [len(page["Tags"]) for page in pages] == [8, 8, 6]
    assert len({(each["ResourceId"], each["Key"]) for page in pages for each in page["Tags"]}) == 22
    assert code(ec2.describe_route_tables, NextToken="nonsense") == "InvalidNextToken"
    assert code(ec2.describe_nat_gateways, MaxResults=1001) == "InvalidParameterValue"
    assert code(ec2.describe_route_tables, RouteTableIds=list(made), MaxResults=5) == "InvalidParameterCombination"


def test_a_dry_run_makes_nothing(plane, ec2, vpc):
    before = len(ec2.describe_internet_gateways()["InternetGateways"])
    assert refused(ec2.create_internet_gateway, DryRun=True) == ("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
    assert len(ec2.describe_internet_gateways()["InternetGateways"]) == before
    assert code(ec2.describe_nat_gateways, DryRun=True) == "DryRunOperation"
    plane.make_user("onlooker", {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"})
    assert code(plane.boto3("ec2", "onlooker").create_route_table, VpcId=vpc, DryRun=True) == "UnauthorizedOperation"


def test_who_may_do_what(plane, ec2, vpc, subnet, gateway, address):
    arn = "arn:aws:ec2:us-east-1:*:"
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    plane.make_user("nobody")
    nobody = plane.boto3("ec2", "nobody")
    for call, request in ((nobody.describe_route_tables, {}), (nobody.describe_addresses, {}), (nobody.describe_tags, {}), (nobody.describe_regions, {}),
                          (nobody.create_internet_gateway, {}), (nobody.create_nat_gateway, {"SubnetId": subnet, "AllocationId": address}), (nobody.allocate_address, {}),
                          (nobody.detach_internet_gateway, {"InternetGatewayId": gateway, "VpcId": vpc}), (nobody.disassociate_route_table, {"AssociationId": association}),
                          (nobody.create_tags, {"Resources": [vpc], "Tags": [{"Key": "a", "Value": "b"}]})):
        assert code(call, **request) == "UnauthorizedOperation", call
    plane.make_user("router", {"Effect": "Allow", "Action": "ec2:*", "Resource": [f"{arn}route-table/{table}", f"{arn}subnet/{subnet}"]},
                    {"Effect": "Allow", "Action": "ec2:CreateNatGateway", "Resource": [f"{arn}natgateway/*", f"{arn}subnet/{subnet}", f"{arn}elastic-ip/{address}"]},
                    {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": f"{arn}vpc/*", "Condition": {"StringEquals": {"aws:RequestTag/team": "web"}}})
    router = plane.boto3("ec2", "router")
    router.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    router.disassociate_route_table(AssociationId=association)
    router.associate_route_table(RouteTableId=table, SubnetId=subnet)
    other = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    assert code(router.create_route, RouteTableId=other, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway) == "UnauthorizedOperation"
    assert code(router.create_route_table, VpcId=vpc) == "UnauthorizedOperation"
    nat = router.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert code(router.delete_nat_gateway, NatGatewayId=nat) == "UnauthorizedOperation"
    tagged = [{"ResourceType": "natgateway", "Tags": [{"Key": "a", "Value": "b"}]}]
    assert code(router.create_nat_gateway, SubnetId=subnet, AllocationId=address, TagSpecifications=tagged) == "UnauthorizedOperation"
    router.create_tags(Resources=[vpc], Tags=[{"Key": "team", "Value": "web"}])
    assert code(router.create_tags, Resources=[vpc], Tags=[{"Key": "team", "Value": "db"}]) == "UnauthorizedOperation"
    trail = json.dumps(plane.events())
    assert "ec2:CreateNatGateway" in trail and nat in trail
