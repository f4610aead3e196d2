"""The walkthrough: networks typed into the unmodified AWS CLI, and every method tried on them with stock OpenSSH and the CLI. Needs root.

The steps are in their order, and each builds on those before it. A case is named as in docs/walkthrough.md: b for the bastion, v for
interface endpoints, n for the NAT gateway."""

import json

import pytest

from house.lab import LabPlane, World, disagreements, unmet
from house.programs import is_root, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="a lab needs root")

BASTION, ENDPOINTS, NAT = "bastion", "session manager through interface endpoints", "session manager through a NAT gateway"
SSH = ["-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=3", "-o", "LogLevel=ERROR"]
ANYWHERE = "0.0.0.0/0"
PERSON = "198.51.100.1"


class Walk:
    def __init__(self, directory):
        self.directory = directory
        self.world = World()
        self.plane = LabPlane(directory, self.world)
        self.ids = {}

    def ec2(self, *words):
        return self.plane.aws("ec2", *words)

    def make(self, name, key, *words):
        """Makes something and remembers its id; `key` leads to the id in the answer."""
        answer = self.ec2(*words)
        for part in key.split("."):
            answer = answer[int(part)] if part.isdigit() else answer[part]
        self.ids[name] = answer
        return answer

    def run_instance(self, name, *words):
        image = self.ec2("describe-images", "--owners", "amazon")["Images"][-1]["ImageId"]
        self.make(name, "Instances.0.InstanceId", "run-instances", "--image-id", image, "--instance-type", "t3.micro", *words)
        self.ec2("wait", "instance-running", "--instance-ids", self.ids[name])
        return self.described(name)

    def described(self, name):
        return self.ec2("describe-instances", "--instance-ids", self.ids[name])["Reservations"][0]["Instances"][0]

    def key(self, name):
        file = self.directory / f"{name}.pem"
        file.write_text(self.ec2("create-key-pair", "--key-name", name)["KeyMaterial"] + "\n")
        file.chmod(0o600)

    def ssh(self, *words):
        return self.world.run("ssh", *SSH, *words)

    def file(self, name):
        return str(self.directory / f"{name}.pem")  # whole: entering the world leads to its root

    def through_bastion(self, key, command="hostname"):
        jump = " ".join(["ssh", *SSH, "-i", self.file("bastion-key"), "-W", "%h:%p", f"ec2-user@{self.described('bastion')['PublicIpAddress']}"])
        return self.ssh("-i", self.file(key), "-o", f"ProxyCommand={jump}", f"ec2-user@{self.described('private')['PrivateIpAddress']}", command)

    def settled(self, name):
        """Doctor's word once the kernel says the same as the model."""
        return wait_until("the kernel agrees", lambda: not disagreements(found := self.plane.diagnosis(self.ids[name])) and found, 15)


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    one = Walk(tmp_path_factory.mktemp("walk"))
    try:
        one.plane.start()
        yield one
    finally:
        one.plane.stop()
        one.plane.lab("down")
        one.world.close()


def test_5_0_the_network_that_everything_takes_for_granted(walk):
    vpc = walk.make("vpc", "Vpc.VpcId", "create-vpc", "--cidr-block", "10.0.0.0/16", "--tag-specifications", "ResourceType=vpc,Tags=[{Key=Name,Value=lab}]")
    walk.ec2("wait", "vpc-available", "--vpc-ids", vpc)
    walk.ec2("modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-support", '{"Value":true}')
    for name, block in (("public", "10.0.0.0/24"), ("inside", "10.0.1.0/24")):
        walk.make(name, "Subnet.SubnetId", "create-subnet", "--vpc-id", vpc, "--cidr-block", block, "--availability-zone", "us-east-1a")
    walk.make("igw", "InternetGateway.InternetGatewayId", "create-internet-gateway")
    walk.ec2("attach-internet-gateway", "--internet-gateway-id", walk.ids["igw"], "--vpc-id", vpc)
    for name, subnet in (("rtpub", "public"), ("rtpri", "inside")):
        walk.make(name, "RouteTable.RouteTableId", "create-route-table", "--vpc-id", vpc)
        walk.ec2("associate-route-table", "--route-table-id", walk.ids[name], "--subnet-id", walk.ids[subnet])
    walk.ec2("create-route", "--route-table-id", walk.ids["rtpub"], "--destination-cidr-block", ANYWHERE, "--gateway-id", walk.ids["igw"])
    (table,) = walk.ec2("describe-route-tables", "--route-table-ids", walk.ids["rtpub"])["RouteTables"]
    assert {(route["DestinationCidrBlock"], route["GatewayId"], route["State"]) for route in table["Routes"]} == {("10.0.0.0/16", "local", "active"), (ANYWHERE, walk.ids["igw"], "active")}


def test_5_1_a_bastion(walk):
    for name in ("bastion-sg", "private-sg"):
        walk.make(name, "GroupId", "create-security-group", "--group-name", name, "--description", name, "--vpc-id", walk.ids["vpc"])
    walk.ec2("authorize-security-group-ingress", "--group-id", walk.ids["bastion-sg"], "--protocol", "tcp", "--port", "22", "--cidr", f"{PERSON}/32")
    walk.ec2("authorize-security-group-ingress", "--group-id", walk.ids["private-sg"], "--protocol", "tcp", "--port", "22", "--source-group", walk.ids["bastion-sg"])
    walk.key("bastion-key")
    walk.key("private-key")
    bastion = walk.run_instance("bastion", "--key-name", "bastion-key", "--subnet-id", walk.ids["public"], "--security-group-ids", walk.ids["bastion-sg"], "--associate-public-ip-address")
    private = walk.run_instance("private", "--key-name", "private-key", "--subnet-id", walk.ids["inside"], "--security-group-ids", walk.ids["private-sg"])
    assert "PublicIpAddress" not in private
    copied = wait_until("scp", lambda: (done := walk.world.run("scp", *SSH, "-i", walk.file("bastion-key"), walk.file("private-key"), f"ec2-user@{bastion['PublicIpAddress']}:.ssh/")).returncode == 0 and done, 20)
    assert copied
    on_bastion = " ".join(["ssh", *SSH, "-i", ".ssh/private-key.pem", f"ec2-user@{private['PrivateIpAddress']}", "hostname"])
    done = walk.ssh("-i", walk.file("bastion-key"), f"ec2-user@{bastion['PublicIpAddress']}", on_bastion)
    assert done.stdout.strip() == "ip-" + private["PrivateIpAddress"].replace(".", "-"), done.stderr
    assert walk.through_bastion("private-key").returncode == 0
    assert walk.settled("private")[BASTION]["Works"]


def test_b1_no_inbound_rule_on_the_bastion_group(walk):
    rule = ["--group-id", walk.ids["bastion-sg"], "--protocol", "tcp", "--port", "22", "--cidr", f"{PERSON}/32"]
    walk.ec2("revoke-security-group-ingress", *rule)
    assert unmet(walk.settled("private")[BASTION])[0] == f"way to the bastion {walk.ids['bastion']}"
    assert "timed out" in walk.ssh("-i", walk.file("bastion-key"), f"ec2-user@{walk.described('bastion')['PublicIpAddress']}", "true").stderr
    walk.ec2("authorize-security-group-ingress", *rule)


def test_b2_the_private_group_lacks_the_bastion(walk):
    rule = ["--group-id", walk.ids["private-sg"], "--protocol", "tcp", "--port", "22", "--source-group", walk.ids["bastion-sg"]]
    walk.ec2("revoke-security-group-ingress", *rule)
    assert unmet(walk.settled("private")[BASTION])[0] == f"way to the instance {walk.ids['private']}"
    assert walk.through_bastion("private-key").returncode != 0
    walk.ec2("authorize-security-group-ingress", *rule)
    assert walk.settled("private")[BASTION]["Works"]


def test_b3_a_private_address_is_not_reached_from_outside(walk):
    assert walk.ssh("-i", walk.file("private-key"), f"ec2-user@{walk.described('private')['PrivateIpAddress']}", "true").returncode == 255


def test_b4_a_bastion_without_a_public_address(walk):
    hidden = walk.run_instance("hidden", "--key-name", "bastion-key", "--subnet-id", walk.ids["public"], "--security-group-ids", walk.ids["bastion-sg"])
    assert "PublicIpAddress" not in hidden
    walk.ec2("terminate-instances", "--instance-ids", walk.ids["hidden"])
    walk.ec2("wait", "instance-terminated", "--instance-ids", walk.ids["hidden"])


def test_b5_no_public_route(walk):
    walk.ec2("delete-route", "--route-table-id", walk.ids["rtpub"], "--destination-cidr-block", ANYWHERE)
    assert unmet(walk.settled("private")[BASTION])[0].startswith("way to the bastion")
    walk.ec2("create-route", "--route-table-id", walk.ids["rtpub"], "--destination-cidr-block", ANYWHERE, "--gateway-id", walk.ids["igw"])
    assert walk.settled("private")[BASTION]["Works"]


def test_b6_the_wrong_key(walk):
    assert "Permission denied (publickey)" in walk.through_bastion("bastion-key").stderr


def test_b7_the_same_rule_again_and_b8_a_group_that_is_not_there(walk):
    rule = ["ec2", "authorize-security-group-ingress", "--group-id", walk.ids["private-sg"], "--protocol", "tcp", "--port", "22", "--source-group"]
    assert "InvalidPermission.Duplicate" in walk.plane.refused(*rule, walk.ids["bastion-sg"])
    assert "InvalidGroup.NotFound" in walk.plane.refused(*rule, "sg-0123456789abcdef0")


def test_b9_no_packages_without_nat(walk):
    assert "cut off" in walk.through_bastion("private-key", "curl -s -m 3 http://www.example.com/ || echo cut off").stdout


def test_v9_private_dns_needs_host_names(walk):
    words = ["ec2", "create-vpc-endpoint", "--vpc-id", walk.ids["vpc"], "--vpc-endpoint-type", "Interface", "--service-name", "com.amazonaws.us-east-1.ssm", "--subnet-ids", walk.ids["inside"], "--private-dns-enabled"]
    assert "requires both enableDnsSupport and enableDnsHostnames" in walk.plane.refused(*words)
    walk.ec2("modify-vpc-attribute", "--vpc-id", walk.ids["vpc"], "--enable-dns-hostnames", '{"Value":true}')


def test_5_2_session_manager_through_interface_endpoints(walk):
    group = walk.make("vpce-sg", "GroupId", "create-security-group", "--group-name", "vpce-sg", "--description", "interface endpoints", "--vpc-id", walk.ids["vpc"])
    walk.ec2("authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "443", "--cidr", "10.0.1.0/24")
    walk.ec2("revoke-security-group-egress", "--group-id", group, "--protocol", "all", "--cidr", ANYWHERE)
    walk.ec2("authorize-security-group-egress", "--group-id", group, "--protocol", "tcp", "--port", "443", "--cidr", ANYWHERE)
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    walk.plane.aws("iam", "create-role", "--role-name", "ssm-role", "--assume-role-policy-document", trust)
    walk.plane.aws("iam", "attach-role-policy", "--role-name", "ssm-role", "--policy-arn", "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    walk.plane.aws("iam", "create-instance-profile", "--instance-profile-name", "ssm-profile")
    walk.plane.aws("iam", "add-role-to-instance-profile", "--instance-profile-name", "ssm-profile", "--role-name", "ssm-role")
    walk.plane.aws("iam", "wait", "instance-profile-exists", "--instance-profile-name", "ssm-profile")
    walk.make("ssm-instance-sg", "GroupId", "create-security-group", "--group-name", "ssm-instance-sg", "--description", "no inbound", "--vpc-id", walk.ids["vpc"])
    walk.run_instance("ins", "--subnet-id", walk.ids["inside"], "--security-group-ids", walk.ids["ssm-instance-sg"], "--iam-instance-profile", "Name=ssm-profile")
    for service in ("ssm", "ssmmessages", "ec2messages"):
        walk.make(service, "VpcEndpoint.VpcEndpointId", "create-vpc-endpoint", "--vpc-id", walk.ids["vpc"], "--vpc-endpoint-type", "Interface", "--service-name", f"com.amazonaws.us-east-1.{service}",
                  "--subnet-ids", walk.ids["inside"], "--security-group-ids", group, "--private-dns-enabled")
    wait_until("three endpoints", lambda: [each["State"] for each in walk.ec2("describe-vpc-endpoints", "--filters", f"Name=vpc-id,Values={walk.ids['vpc']}")["VpcEndpoints"]] == ["available"] * 3)
    walk.plane.wait_connected(walk.ids["ins"], seconds=40)
    assert walk.plane.aws("ssm", "describe-instance-information", "--filters", f"Key=InstanceIds,Values={walk.ids['ins']}")["InstanceInformationList"][0]["PingStatus"] == "Online"
    assert walk.plane.is_reached(walk.ids["ins"])  # v14: no inbound rule at all
    assert walk.settled("ins")[ENDPOINTS]["Works"]


def test_v2_v3_a_role_without_the_policy_or_without_trust(walk):
    policy = ["--role-name", "ssm-role", "--policy-arn", "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    walk.plane.aws("iam", "detach-role-policy", *policy)
    assert "role's permissions ssm-role" in unmet(walk.plane.diagnosis(walk.ids["ins"])[ENDPOINTS])
    assert "TargetNotConnected" in walk.plane.refused("ssm", "start-session", "--target", walk.ids["ins"])
    walk.plane.aws("iam", "attach-role-policy", *policy)
    other = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    walk.plane.aws("iam", "update-assume-role-policy", "--role-name", "ssm-role", "--policy-document", other)
    assert "trust policy ssm-role" in unmet(walk.plane.diagnosis(walk.ids["ins"])[ENDPOINTS])
    assert "TargetNotConnected" in walk.plane.refused("ssm", "start-session", "--target", walk.ids["ins"])
    walk.plane.aws("iam", "update-assume-role-policy", "--role-name", "ssm-role", "--policy-document", other.replace("ssm.amazonaws", "ec2.amazonaws"))
    assert walk.plane.is_reached(walk.ids["ins"], 40)


def test_v6_ec2messages_is_only_advice(walk):
    walk.ec2("delete-vpc-endpoints", "--vpc-endpoint-ids", walk.ids["ec2messages"])
    method = walk.plane.diagnosis(walk.ids["ins"])[ENDPOINTS]
    assert method["Works"] and [each["Subject"] for each in method["Requirements"] if each["Standing"] == "advice"] == ["ec2messages"]


def test_v8_the_instance_may_not_reach_443(walk):
    rule = ["--group-id", walk.ids["ssm-instance-sg"], "--protocol", "all", "--cidr", ANYWHERE]
    walk.ec2("revoke-security-group-egress", *rule)
    assert unmet(walk.settled("ins")[ENDPOINTS])[0] == "way to the service ssm"
    walk.ec2("authorize-security-group-egress", *rule)
    assert walk.settled("ins")[ENDPOINTS]["Works"]


def test_v10_a_second_endpoint_for_the_name(walk):
    words = ["ec2", "create-vpc-endpoint", "--vpc-id", walk.ids["vpc"], "--vpc-endpoint-type", "Interface", "--service-name", "com.amazonaws.us-east-1.ssm", "--subnet-ids", walk.ids["inside"], "--private-dns-enabled"]
    assert "conflicting DNS domain" in walk.plane.refused(*words)


def test_v13_endpoints_give_no_internet(walk):
    done = walk.plane.fumidai("session", "start", walk.ids["ins"], "--no-input", "--", "sh", "-c", "curl -s -m 3 http://www.example.com/ || echo cut off")
    assert b"cut off" in done.stdout


def test_n7_n5_n4_errors_and_a_route_before_its_gateway_is_there(walk):
    assert "must contain the parameter AllocationId" in walk.plane.refused("ec2", "create-nat-gateway", "--subnet-id", walk.ids["public"])
    walk.make("eip", "AllocationId", "allocate-address", "--domain", "vpc")
    walk.make("nat", "NatGateway.NatGatewayId", "create-nat-gateway", "--subnet-id", walk.ids["public"], "--allocation-id", walk.ids["eip"])
    route = ["--route-table-id", walk.ids["rtpri"], "--destination-cidr-block", ANYWHERE, "--nat-gateway-id", walk.ids["nat"]]
    walk.ec2("create-route", *route)
    assert "RouteAlreadyExists" in walk.plane.refused("ec2", "create-route", *route)
    walk.ec2("wait", "nat-gateway-available", "--nat-gateway-ids", walk.ids["nat"])


def test_v15_endpoints_win_over_the_nat_gateway_and_n9_the_internet_is_there(walk):
    method = walk.settled("ins")[NAT]
    assert any("nothing for it passes a NAT gateway" in each["Reason"] for each in method["Requirements"])
    done = walk.plane.fumidai("session", "start", walk.ids["ins"], "--no-input", "--", "sh", "-c", "curl -s -m 5 -o /dev/null -w '%{http_code}' http://www.example.com/")
    assert done.stdout == b"200"


def test_5_3_session_manager_through_nat(walk):
    walk.ec2("delete-vpc-endpoints", "--vpc-endpoint-ids", walk.ids["ssm"], walk.ids["ssmmessages"])
    wait_until("the instance is back, by the other way", lambda: walk.settled("ins")[NAT]["Works"], 60)
    assert walk.plane.is_reached(walk.ids["ins"], 75)  # until either end gives the old connection up
    assert not walk.plane.diagnosis(walk.ids["ins"])[ENDPOINTS]["Works"]


def test_n2_a_nat_gateway_in_the_private_subnet_loses_what_it_takes(walk):
    walk.make("eip2", "AllocationId", "allocate-address", "--domain", "vpc")
    walk.make("nat2", "NatGateway.NatGatewayId", "create-nat-gateway", "--subnet-id", walk.ids["inside"], "--allocation-id", walk.ids["eip2"])
    walk.ec2("wait", "nat-gateway-available", "--nat-gateway-ids", walk.ids["nat2"])
    route = ["--route-table-id", walk.ids["rtpri"], "--destination-cidr-block", ANYWHERE, "--nat-gateway-id"]
    walk.ec2("replace-route", *route, walk.ids["nat2"])
    assert unmet(walk.settled("ins")[NAT])[0].startswith("way to the service")
    walk.ec2("replace-route", *route, walk.ids["nat"])
    walk.ec2("delete-nat-gateway", "--nat-gateway-id", walk.ids["nat2"])
    walk.ec2("wait", "nat-gateway-deleted", "--nat-gateway-ids", walk.ids["nat2"])
    walk.ec2("release-address", "--allocation-id", walk.ids["eip2"])


def test_n6_the_gateway_is_deleted(walk):
    walk.ec2("delete-nat-gateway", "--nat-gateway-id", walk.ids["nat"])
    walk.ec2("wait", "nat-gateway-deleted", "--nat-gateway-ids", walk.ids["nat"])
    (table,) = walk.ec2("describe-route-tables", "--route-table-ids", walk.ids["rtpri"])["RouteTables"]
    assert [route["State"] for route in table["Routes"] if route["DestinationCidrBlock"] == ANYWHERE] == ["blackhole"]
    assert unmet(walk.settled("ins")[NAT])[0].startswith("way to the service")


def test_n3_no_internet_gateway_no_nat_gateway(walk):
    vpc = walk.make("bare", "Vpc.VpcId", "create-vpc", "--cidr-block", "10.9.0.0/16")
    subnet = walk.make("bare-subnet", "Subnet.SubnetId", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.9.0.0/24")
    walk.make("failed", "NatGateway.NatGatewayId", "create-nat-gateway", "--subnet-id", subnet, "--allocation-id", walk.ids["eip"])
    waited = walk.plane.aws("ec2", "wait", "nat-gateway-available", "--nat-gateway-ids", walk.ids["failed"], check=False)
    assert waited.returncode == 255 and b"Waiter NatGatewayAvailable failed" in waited.stderr
    (gateway,) = walk.ec2("describe-nat-gateways", "--nat-gateway-ids", walk.ids["failed"])["NatGateways"]
    assert (gateway["State"], gateway["FailureCode"]) == ("failed", "Gateway.NotAttached")
    walk.ec2("delete-subnet", "--subnet-id", subnet)
    walk.ec2("delete-vpc", "--vpc-id", vpc)


def test_5_5_a_user_who_may_reach_what_is_tagged(walk):
    document = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell", "Condition": {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}}
    tagged = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "arn:aws:ec2:*:*:instance/*", "Condition": {"StringLike": {"ssm:resourceTag/Env": "dev"}}}
    user = walk.plane.make_user("alice", tagged, document)
    assert "AccessDenied" in walk.plane.refused("ssm", "start-session", "--target", walk.ids["ins"], user=user)
    walk.ec2("create-tags", "--resources", walk.ids["ins"], "--tags", "Key=Env,Value=dev")
    refused = walk.plane.aws("ssm", "start-session", "--target", walk.ids["ins"], user=user, check=False)
    assert b"AccessDenied" not in refused.stderr


def test_5_6_clean_up_in_the_right_order(walk):
    machines = [walk.ids[name] for name in ("bastion", "private", "ins")]
    assert "DependencyViolation" in walk.plane.refused("ec2", "delete-vpc", "--vpc-id", walk.ids["vpc"])
    walk.ec2("terminate-instances", "--instance-ids", *machines)
    walk.ec2("wait", "instance-terminated", "--instance-ids", *machines)
    walk.ec2("release-address", "--allocation-id", walk.ids["eip"])
    assert "DependencyViolation" in walk.plane.refused("ec2", "delete-security-group", "--group-id", walk.ids["bastion-sg"])
    for name in ("private-sg", "bastion-sg", "ssm-instance-sg"):
        walk.ec2("delete-security-group", "--group-id", walk.ids[name])
    wait_until("the endpoints' interfaces are gone", lambda: walk.plane.aws("ec2", "delete-security-group", "--group-id", walk.ids["vpce-sg"], check=False).returncode == 0)
    for table in ("rtpub", "rtpri"):
        (found,) = walk.ec2("describe-route-tables", "--route-table-ids", walk.ids[table])["RouteTables"]
        walk.ec2("disassociate-route-table", "--association-id", found["Associations"][0]["RouteTableAssociationId"])
        walk.ec2("delete-route-table", "--route-table-id", walk.ids[table])
    for subnet in ("public", "inside"):
        walk.ec2("delete-subnet", "--subnet-id", walk.ids[subnet])
    walk.ec2("detach-internet-gateway", "--internet-gateway-id", walk.ids["igw"], "--vpc-id", walk.ids["vpc"])
    walk.ec2("delete-internet-gateway", "--internet-gateway-id", walk.ids["igw"])
    walk.ec2("delete-vpc", "--vpc-id", walk.ids["vpc"])
    wait_until("nothing is left of it", lambda: [space for space in walk.world.spaces() if not space.endswith("-internet")] == [])
