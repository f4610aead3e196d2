"""EC2's actions for endpoints of EC2 Instance Connect, all that needs no machine. Debian's AWS tools are older than these: requests are signed by hand, and the answers are EC2's XML. A newer AWS CLI asks as well, where FUMIDAI_TEST_AWS_NEW names one."""

import json
import os
import re
import socket
import ssl
import time

import pytest

import house.query
from house.agent import Agent
from house.open_tunnel import Door
from house.plane import Plane
from house.programs import wait_until

REGION = "us-east-1"
NOWHERE = "eice-0123456789abcdef0"
USABLE = ("create-complete", "update-in-progress", "update-complete", "update-failed")


class Query(house.query.Query):
    def described(self, *ids, **more):
        names = {f"InstanceConnectEndpointId_{number}": each for number, each in enumerate(ids, 1)}
        return self("DescribeInstanceConnectEndpoints", **names, **more)["instanceConnectEndpointSet"]

    def create(self, subnet, **more):
        return self("CreateInstanceConnectEndpoint", SubnetId=subnet, **more)["instanceConnectEndpoint"]

    def wait(self, endpoint, state="create-complete"):
        for _ in range(100):
            found = self.described(endpoint)[0]
            if found["state"] == state:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{endpoint} is {found['state']}")

    def made(self, subnet, **more):
        return self.wait(self.create(subnet, **more)["instanceConnectEndpointId"])


@pytest.fixture(scope="module")
def query(plane):
    return Query(plane)


@pytest.fixture(scope="module")
def account(plane):
    return plane.aws("sts", "get-caller-identity")["Account"]


def new_vpc(plane):
    return plane.aws("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")["Vpc"]["VpcId"]


def new_subnet(plane, vpc, block="10.0.1.0/24"):
    return plane.aws("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", block, "--availability-zone", f"{REGION}a")["Subnet"]["SubnetId"]


def new_group(plane, vpc, name="doors"):
    return plane.aws("ec2", "create-security-group", "--group-name", name, "--description", "of a test", "--vpc-id", vpc)["GroupId"]


@pytest.fixture
def vpc(plane):
    return new_vpc(plane)


@pytest.fixture
def subnet(plane, vpc):
    return new_subnet(plane, vpc)


@pytest.fixture
def group(plane, vpc):
    return new_group(plane, vpc)


def test_one_is_made_shown_and_deleted(plane, query, vpc, subnet, group, account):
    made = query.create(subnet, SecurityGroupId_1=group, TagSpecification_1_ResourceType="instance-connect-endpoint", TagSpecification_1_Tag_1_Key="Name", TagSpecification_1_Tag_1_Value="door")
    one = made["instanceConnectEndpointId"]
    assert re.fullmatch("eice-[0-9a-f]{17}", one)
    assert made["state"] == "create-in-progress"
    shown = query.wait(one)
    assert shown == {**made, "state": "create-complete"}
    assert shown["ownerId"] == account
    assert shown["instanceConnectEndpointArn"] == f"arn:aws:ec2:{REGION}:{account}:instance-connect-endpoint/{one}"
    assert re.fullmatch(rf"{one}\.[0-9a-f]{{8}}\.ec2-instance-connect-endpoint\.{REGION}\.amazonaws\.com", shown["dnsName"])
    assert shown["publicDnsNames"] == {"ipv4": {"dnsName": shown["dnsName"]}}
    assert "fipsDnsName" not in shown and "stateMessage" not in shown
    assert (shown["vpcId"], shown["subnetId"], shown["availabilityZone"], shown["availabilityZoneId"]) == (vpc, subnet, f"{REGION}a", "use1-az1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shown["createdAt"])
    assert (shown["preserveClientIp"], shown["ipAddressType"], shown["securityGroupIdSet"]) == ("false", "ipv4", [group])
    assert shown["tagSet"] == [{"key": "Name", "value": "door"}]

    (interface,) = plane.aws("ec2", "describe-network-interfaces", "--filters", "Name=interface-type,Values=ec2_instance_connect_endpoint", f"Name=subnet-id,Values={subnet}")["NetworkInterfaces"]
    assert [interface["NetworkInterfaceId"]] == shown["networkInterfaceIdSet"]
    assert interface["RequesterManaged"] and interface["Status"] == "in-use" and one in interface["Description"]
    assert [each["GroupId"] for each in interface["Groups"]] == [group]

    assert "DependencyViolation" in plane.refused("ec2", "delete-security-group", "--group-id", group)
    assert "DependencyViolation" in plane.refused("ec2", "delete-subnet", "--subnet-id", subnet)
    assert "DependencyViolation" in plane.refused("ec2", "delete-vpc", "--vpc-id", vpc)
    gone = query("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=one)["instanceConnectEndpoint"]
    assert gone["state"] == "delete-in-progress"
    assert query.wait(one, "delete-complete")["networkInterfaceIdSet"] == []
    assert query.refused("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=one).code == "InvalidInstanceConnectEndpointId.NotFound"
    plane.aws("ec2", "delete-security-group", "--group-id", group)
    plane.aws("ec2", "delete-subnet", "--subnet-id", subnet)
    plane.aws("ec2", "delete-vpc", "--vpc-id", vpc)


def test_a_change_replaces_groups_and_keeps_the_clients_address(query, subnet, group):
    one = query.made(subnet)
    default = one["securityGroupIdSet"]
    assert len(default) == 1 and default != [group]
    name = {"InstanceConnectEndpointId": one["instanceConnectEndpointId"]}
    assert query("ModifyInstanceConnectEndpoint", **name, SecurityGroupId_1=group, PreserveClientIp="true")["return"] == "true"
    assert query.refused("ModifyInstanceConnectEndpoint", **name, PreserveClientIp="false").code == "IncorrectState"
    assert query.refused("DeleteInstanceConnectEndpoint", **name).code == "IncorrectState"
    shown = query.wait(one["instanceConnectEndpointId"], "update-complete")
    assert (shown["preserveClientIp"], shown["securityGroupIdSet"]) == ("true", [group])
    assert query.refused("ModifyInstanceConnectEndpoint", **name).code == "MissingParameter"
    assert query.refused("ModifyInstanceConnectEndpoint", **name, IpAddressType="ipv6").code == "InvalidParameterCombination"


def test_what_is_refused_says_why(plane, query, subnet):
    elsewhere = new_group(plane, new_vpc(plane), "elsewhere")
    create = "CreateInstanceConnectEndpoint"
    cases = [
        (create, {}, "MissingParameter"),
        (create, {"SubnetId": "subnet-1"}, "InvalidSubnetID.Malformed"),
        (create, {"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
        (create, {"SubnetId": subnet, "SecurityGroupId_1": "sg-1"}, "InvalidGroupId.Malformed"),
        (create, {"SubnetId": subnet, "SecurityGroupId_1": "sg-0123456789abcdef0"}, "InvalidGroup.NotFound"),
        (create, {"SubnetId": subnet, "SecurityGroupId_1": elsewhere}, "InvalidParameter"),
        (create, {"SubnetId": subnet, "IpAddressType": "dualstack"}, "InvalidParameter"),
        (create, {"SubnetId": subnet, "IpAddressType": "ipv6", "PreserveClientIp": "true"}, "InvalidParameterCombination"),
        (create, {"SubnetId": subnet, "TagSpecification_1_ResourceType": "vpc"}, "InvalidParameterValue"),
        (create, {"SubnetId": subnet, "DryRun": "true"}, "DryRunOperation"),
        ("ModifyInstanceConnectEndpoint", {}, "MissingParameter"),
        ("ModifyInstanceConnectEndpoint", {"InstanceConnectEndpointId": NOWHERE, "PreserveClientIp": "true"}, "InvalidInstanceConnectEndpointId.NotFound"),
        ("DeleteInstanceConnectEndpoint", {"InstanceConnectEndpointId": "eice-x"}, "InvalidInstanceConnectEndpointId.Malformed"),
        ("DeleteInstanceConnectEndpoint", {"InstanceConnectEndpointId": NOWHERE}, "InvalidInstanceConnectEndpointId.NotFound"),
        ("DescribeInstanceConnectEndpoints", {"InstanceConnectEndpointId_1": NOWHERE}, "InvalidInstanceConnectEndpointId.NotFound"),
        ("DescribeInstanceConnectEndpoints", {"InstanceConnectEndpointId_1": "x"}, "InvalidInstanceConnectEndpointId.Malformed"),
        ("DescribeInstanceConnectEndpoints", {"MaxResults": 0}, "InvalidParameterValue"),
        ("DescribeInstanceConnectEndpoints", {"MaxResults": 51}, "InvalidParameterValue"),
        ("DescribeInstanceConnectEndpoints", {"Filter_1_Name": "colour", "Filter_1_Value_1": "red"}, "InvalidParameterValue"),
    ]
    for action, parameters, code in cases:
        refusal = query.refused(action, **parameters)
        assert refusal.code == code, (action, parameters, str(refusal))
    assert query.refused(create, SubnetId="subnet-0123456789abcdef0").message == "The subnet ID 'subnet-0123456789abcdef0' does not exist"


def test_a_client_token_makes_one(query, subnet):
    first = query("CreateInstanceConnectEndpoint", SubnetId=subnet, ClientToken="once")
    again = query("CreateInstanceConnectEndpoint", SubnetId=subnet, ClientToken="once")
    assert again["clientToken"] == "once"
    assert again["instanceConnectEndpoint"]["instanceConnectEndpointId"] == first["instanceConnectEndpoint"]["instanceConnectEndpointId"]
    refusal = query.refused("CreateInstanceConnectEndpoint", SubnetId=subnet, ClientToken="once", PreserveClientIp="true")
    assert refusal.code == "IdempotentParameterMismatch"


def test_filters_and_pages(plane, query):
    vpc = new_vpc(plane)
    subnets = [new_subnet(plane, vpc, f"10.0.{number}.0/24") for number in (1, 2, 3)]
    ids = {query.made(subnet)["instanceConnectEndpointId"]: subnet for subnet in subnets}
    plane.aws("ec2", "create-tags", "--resources", min(ids), "--tags", "Key=Team,Value=blue")
    in_vpc = {"Filter_1_Name": "vpc-id", "Filter_1_Value_1": vpc}
    # As the AWS CLI asks before it opens a tunnel.
    states = {f"Filter_2_Value_{number}": state for number, state in enumerate(USABLE, 1)}
    assert {each["instanceConnectEndpointId"] for each in query.described(**in_vpc, Filter_2_Name="state", **states)} == set(ids)

    def found(name, value):
        return {each["instanceConnectEndpointId"] for each in query.described(**in_vpc, Filter_2_Name=name, Filter_2_Value_1=value)}

    assert found("subnet-id", ids[min(ids)]) == {min(ids)}
    assert found("instance-connect-endpoint-id", max(ids)) == {max(ids)}
    assert found("tag:Team", "blue") == found("tag-key", "Team") == found("tag-value", "blue") == {min(ids)}
    assert found("state", "delete-complete") == set()

    pages, token = [], {}
    while True:
        answer = query("DescribeInstanceConnectEndpoints", **in_vpc, MaxResults=1, **token)
        pages += [each["instanceConnectEndpointId"] for each in answer["instanceConnectEndpointSet"]]
        if not answer.get("nextToken"):
            break
        token = {"NextToken": answer["nextToken"]}
    assert pages == sorted(ids)
    tags = plane.aws("ec2", "describe-tags", "--filters", f"Name=resource-id,Values={min(ids)}")["Tags"]
    assert [tag["ResourceType"] for tag in tags] == ["instance-connect-endpoint"]


def test_the_first_of_a_network_is_one_that_somebody_carries(plane, query, vpc, subnet, tmp_path):
    ids = sorted(query.made(subnet)["instanceConnectEndpointId"] for _ in range(3))
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    plane.aws("iam", "create-role", "--role-name", "endpoint-host", "--assume-role-policy-document", trust)
    for policy in ("AmazonSSMManagedInstanceCore", "FumidaiServeEndpoint"):
        plane.aws("iam", "attach-role-policy", "--role-name", "endpoint-host", "--policy-arn", f"arn:aws:iam::aws:policy/{policy}")
    made = plane.aws("ssm", "create-activation", "--iam-role", "endpoint-host")

    def shown(*named):
        return [each["instanceConnectEndpointId"] for each in query.described(*named, **({} if named else {"Filter_1_Name": "vpc-id", "Filter_1_Value_1": vpc}))]

    assert shown() == ids
    host = Agent(plane, tmp_path / "host").register((made["ActivationId"], made["ActivationCode"]))
    host.options = ["--endpoint", ids[2]]
    host.start()
    try:
        wait_until("it is the first", lambda: shown() == [ids[2], ids[0], ids[1]])
        assert shown(*ids) == ids
    finally:
        host.clean()
    wait_until("it is one of three again", lambda: shown() == ids)


def test_policies_decide_by_subnet_endpoint_and_tag(plane, query, subnet, account):
    arn = f"arn:aws:ec2:{REGION}:{account}"
    on_it = [f"{arn}:subnet/{subnet}", f"{arn}:instance-connect-endpoint/*"]
    statement = {"Effect": "Allow", "Action": "ec2:CreateInstanceConnectEndpoint", "Resource": on_it, "Condition": {"StringEquals": {"ec2:SubnetID": subnet}}}
    eve = Query(plane, plane.make_user("eve", statement))
    assert eve.refused("CreateInstanceConnectEndpoint", SubnetId=subnet).code == "UnauthorizedOperation"  # nor may she make interfaces
    interface = {"Effect": "Allow", "Action": "ec2:CreateNetworkInterface", "Resource": on_it[0]}
    mine = {"Effect": "Allow", "Action": ["ec2:DeleteInstanceConnectEndpoint", "ec2:ModifyInstanceConnectEndpoint"], "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/Owner": "eve"}}}
    plane.set_policy("eve", statement, interface, mine)
    one = eve.create(subnet)["instanceConnectEndpointId"]
    tagged = {"TagSpecification_1_ResourceType": "instance-connect-endpoint", "TagSpecification_1_Tag_1_Key": "a", "TagSpecification_1_Tag_1_Value": "b"}
    assert eve.refused("CreateInstanceConnectEndpoint", SubnetId=subnet, **tagged).code == "UnauthorizedOperation"
    assert eve.refused("DescribeInstanceConnectEndpoints").code == "UnauthorizedOperation"
    query.wait(one)
    assert eve.refused("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=one).code == "UnauthorizedOperation"
    plane.aws("ec2", "create-tags", "--resources", one, "--tags", "Key=Owner,Value=eve")
    eve("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=one)


def test_without_awss_limits_there_are_many(plane, query):
    vpc = new_vpc(plane)
    subnet = new_subnet(plane, vpc)
    for _ in range(7):
        query.create(subnet)
    assert len(query.described(Filter_1_Name="vpc-id", Filter_1_Value_1=vpc)) == 7


def test_e1_with_awss_limits_there_is_one_in_a_vpc(tmp_path):
    plane = Plane(tmp_path / "plane", "--aws-limits").start()
    try:
        query = Query(plane)
        vpc = new_vpc(plane)
        one = query.made(new_subnet(plane, vpc))["instanceConnectEndpointId"]
        refusal = query.refused("CreateInstanceConnectEndpoint", SubnetId=new_subnet(plane, vpc, "10.0.2.0/24"))
        assert refusal.code == "ResourceLimitExceeded"
        assert "1 instance connect endpoint per VPC" in refusal.message and one in refusal.message
        for _ in range(4):
            query.create(new_subnet(plane, new_vpc(plane)))
        assert "5 instance connect endpoints per account and Region" in query.refused("CreateInstanceConnectEndpoint", SubnetId=new_subnet(plane, new_vpc(plane))).message
    finally:
        plane.stop()


def test_the_certificate_covers_their_names_and_a_restart_keeps_them(tmp_path):
    plane = Plane(tmp_path / "plane", "--connect-domain", "access.example").start()
    try:
        query = Query(plane)
        shown = query.made(new_subnet(plane, new_vpc(plane)))
        assert shown["dnsName"].endswith(f".ec2-instance-connect-endpoint.{REGION}.access.example")
        context = ssl.create_default_context(cafile=str(plane.data / "ca.pem"))
        with socket.create_connection(("127.0.0.1", plane.port)) as raw, context.wrap_socket(raw, server_hostname=shown["dnsName"]) as secure:
            assert secure.version() == "TLSv1.3"
        plane.stop()
        plane.start()
        assert query.described(shown["instanceConnectEndpointId"]) == [shown]
    finally:
        plane.stop()


def test_a_server_that_gets_another_domain_renames_them(tmp_path):
    plane = Plane(tmp_path / "plane").start()
    try:
        query = Query(plane)
        shown = query.made(new_subnet(plane, new_vpc(plane)))
        assert shown["dnsName"].endswith(".amazonaws.com")
        plane.stop()
        plane.options = ["--connect-domain", "access.example"]
        plane.start()
        (renamed,) = query.described(shown["instanceConnectEndpointId"])
        name = renamed["dnsName"]
        assert name.startswith(shown["instanceConnectEndpointId"]) and name.endswith(f".ec2-instance-connect-endpoint.{REGION}.access.example")
        door = Door(plane, shown["instanceConnectEndpointId"], name, "10.0.1.4")
        with door.open() as tunnel:
            assert tunnel.status == 101, tunnel.buffer
        assert door.refusal(door.target(host=shown["dnsName"]), shown["dnsName"])[1] == "InvalidParameter"
    finally:
        plane.stop()


def test_a_newer_cli_reads_the_answers(plane, subnet):
    newer = os.environ.get("FUMIDAI_TEST_AWS_NEW")
    if not newer:
        pytest.skip("FUMIDAI_TEST_AWS_NEW is not set")

    def ec2(*words):
        return plane.aws("ec2", *words, program=newer)

    one = ec2("create-instance-connect-endpoint", "--subnet-id", subnet, "--preserve-client-ip")["InstanceConnectEndpoint"]
    assert one["PreserveClientIp"] is True and one["PublicDnsNames"]["Ipv4"]["DnsName"] == one["DnsName"]
    name = ("--instance-connect-endpoint-id", one["InstanceConnectEndpointId"])
    Query(plane).wait(one["InstanceConnectEndpointId"])
    assert ec2("modify-instance-connect-endpoint", *name, "--no-preserve-client-ip") == {"Return": True}
    Query(plane).wait(one["InstanceConnectEndpointId"], "update-complete")
    (shown,) = ec2("describe-instance-connect-endpoints", "--instance-connect-endpoint-ids", name[1])["InstanceConnectEndpoints"]
    assert shown["State"] == "update-complete" and shown["PreserveClientIp"] is False
    assert ec2("delete-instance-connect-endpoint", *name)["InstanceConnectEndpoint"]["State"] == "delete-in-progress"
