"""Private networks on one machine: made by the unmodified AWS CLI, reached by every method, judged by doctor. Needs root."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from house.lab import LabPlane, disagreements, running_lab, unmet
from house.members import MEMBERS, OF_INSTANCES, missing
from house.network import SSH
from house.programs import AWS, FUMIDAI, ROOT, bare_environment, is_root, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="a lab needs root")

BASTION, ENDPOINTS, NAT = "bastion", "session manager through interface endpoints", "session manager through a NAT gateway"


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("lab")) as one:
        yield one.up()


@pytest.fixture(scope="module")
def parts(plane):
    return plane.example()


def test_every_method_reaches_its_instance(plane):
    for method in (BASTION, ENDPOINTS, NAT):
        assert re.search(rf"^{method} .* i-[0-9a-f]{{17}} nonce-[0-9a-f]{{16}} +\d+ ms$", plane.printed, re.M), plane.printed


def test_the_drawing_names_every_part(plane, parts):
    drawn = plane.lab("status").stdout
    for name in ("example", "example-nat", "bastion", "behind-bastion", "by-endpoints", "by-nat"):
        assert name in drawn and parts[name], drawn
    assert "203.0.113." in drawn and "agent connected" in drawn


def test_hosts_are_listed_by_their_names(plane, parts):
    listed = lambda **more: plane.fumidai("host", "list", **more).stdout.decode()
    instance = parts["by-nat"]["instance"]
    assert re.search(rf"^{instance} +by-nat +Online ", listed(), re.M), listed()
    user = plane.make_user("lister", {"Effect": "Allow", "Action": "ssm:DescribeInstanceInformation", "Resource": "*"})
    assert re.search(rf"^{instance} +Online ", listed(user=user), re.M), "who may not ask for names sees none"


def test_an_instance_with_an_agent_needs_no_connect_endpoint(plane, parts):
    instance = parts["by-nat"]["instance"]
    tunnel = plane.fumidai("tunnel", instance, "22")
    assert tunnel.stdout.startswith(b"SSH-2.0-"), tunnel.stderr
    wait_until("it was a session of the instance", lambda: [each for each in plane.sessions("History") if each["Target"] == instance and each["DocumentName"] == "AWS-StartSSHSession"])
    ssh = plane.fumidai("ssh", *SSH[1:], "by-nat", "whoami")
    assert ssh.stdout == b"ec2-user\n", ssh.stderr
    assert f"[fumidai] connected to {instance} through its own agent".encode() in ssh.stderr
    begun = time.monotonic()
    left = plane.fumidai("ssh", *SSH[1:], "by-nat", "sudo pkill -x sshd")
    assert left.returncode == 255 and time.monotonic() - begun < 10, "ssh hears that its sshd has gone"
    wait_until("another one is there", lambda: plane.fumidai("ssh", *SSH[1:], "by-nat", "true").returncode == 0)


def test_the_keys_of_instances_are_kept_apart(plane, parts):
    instance = parts["by-nat"]["instance"]
    state = plane.home / "state of mine"
    ssh = lambda *words: plane.world.run(FUMIDAI, "ssh", "-F", "none", "-o", "BatchMode=yes", *words, instance, "whoami", env=plane.environment(XDG_STATE_HOME=str(state)))
    first = ssh()
    assert first.stdout == "ec2-user\n", first.stderr
    known = state / "fumidai" / "known_hosts"
    (line,) = known.read_text().splitlines()
    assert line.startswith(f"{instance} ssh-"), line
    persons = Path("~root/.ssh/known_hosts").expanduser()
    assert not persons.exists() or instance not in persons.read_text()
    assert ssh().stdout == "ec2-user\n" and known.read_text().splitlines() == [line]
    other = subprocess.run(["sh", "-c", f"ssh-keygen -q -t ed25519 -N '' -f '{state}/other' && cat '{state}/other.pub'"], stdout=subprocess.PIPE, text=True, check=True).stdout
    known.write_text(f"{instance} {' '.join(other.split()[:2])}\n")
    refused = ssh()
    assert refused.returncode == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr, refused.stderr
    wanted = state / "wanted"
    assert ssh("-o", f'UserKnownHostsFile="{wanted}"').stdout == "ec2-user\n" and wanted.exists(), "what the person says counts"


def test_an_instance_whose_endpoint_gets_no_answer_is_reached_by_its_agent(plane, parts):
    instance, subnet = parts["by-nat"]["instance"], parts["example-nat-private"]["subnet"]
    vpc = parts["example-nat"]["vpc"]
    group = plane.aws("ec2", "create-security-group", "--group-name", "mute", "--description", "mute", "--vpc-id", vpc)["GroupId"]
    plane.aws("ec2", "revoke-security-group-egress", "--group-id", group, "--protocol", "all", "--cidr", "0.0.0.0/0")
    endpoint = plane.ec2("CreateInstanceConnectEndpoint", SubnetId=subnet, SecurityGroupId_1=group)["instanceConnectEndpoint"]["instanceConnectEndpointId"]
    state = lambda: [each["state"] for each in plane.ec2("DescribeInstanceConnectEndpoints")["instanceConnectEndpointSet"] if each["instanceConnectEndpointId"] == endpoint]
    try:
        wait_until("the endpoint is complete", lambda: state() == ["create-complete"])
        begun = time.monotonic()
        tunnel = plane.fumidai("tunnel", instance, "22")
        took = time.monotonic() - begun
        assert tunnel.stdout.startswith(b"SSH-2.0-"), tunnel.stderr
        said = tunnel.stderr.decode()
        assert f"[fumidai] trying connect endpoint {endpoint}\n" in said, "a way that takes long is told"
        assert re.search(rf"connect endpoint {endpoint}: no answer from 10\.\S+ port 22 in 4 s; .* fumidai doctor {instance} --port 22; trying its own agent", said), said
        assert f"connected to {instance} through its own agent" in said and took < 10, (said, took)
        ssh = plane.fumidai("ssh", *SSH[1:], "by-nat", "whoami")
        assert ssh.stdout == b"ec2-user\n", ssh.stderr
        for words in ([instance], []):
            assert f"{instance} is reached by its own agent: fumidai ssh" in plane.fumidai("doctor", *words).stdout.decode()
        told = time.monotonic()
        closed = plane.fumidai("tunnel", instance, "5432")  # where nobody listens, either
        assert closed.returncode == 255 and b"no answer from" in closed.stderr and b"--port 5432" in closed.stderr, closed.stderr
        assert time.monotonic() - told < 12
    finally:
        plane.ec2("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=endpoint)
        wait_until("the endpoint is gone", lambda: not state() or state() == ["delete-complete"], 30)


def test_doctor_finds_all_well_and_no_packet_disagrees(plane):
    for target, method in (("behind-bastion", BASTION), ("by-endpoints", ENDPOINTS), ("by-nat", NAT)):
        diagnosis = plane.diagnosis(target)
        assert diagnosis[method]["Works"], unmet(diagnosis[method])
        assert not disagreements(diagnosis)


def test_doctor_looks_names_up_where_the_instance_does(plane, parts):
    names = lambda: [need for need in plane.diagnosis("by-endpoints")[ENDPOINTS]["Requirements"] if need["Need"] == "private name"]
    for name in names():
        assert re.fullmatch(rf"{name['Subject']}\.us-east-1\.amazonaws\.com is 10\.0\.\d+\.\d+", name["Observed"]["How"]), name
    with plane.held():
        space = f"fumidai-{plane.label}-{parts['example']['vpc']}"
        plane.world.run("sh", "-c", f"kill $(cat /run/fumidai-{plane.label}/{space}.pid)")
        assert all(name["Observed"]["Disagrees"] for name in names()), names()
    wait_until("names resolve again", lambda: not disagreements(plane.diagnosis("by-endpoints")), 20)


SHAPES = json.loads((ROOT / "tests" / "vectors" / "api-shapes.json").read_text())["ec2"]["operations"]
ASKED_OF_ONE = {"DescribeVpcAttribute", "DescribeInstanceAttribute"}


def strangers(value, shape, at):
    """What an answer holds that the shape does not know, or has otherwise."""
    kind = shape["type"]
    if "cut" in shape:  # deeper than the file goes
        return
    if kind == "structure":
        known = {member["wire"]: member for member in shape["members"].values()}
        for name, inner in (value or {}).items():
            yield from strangers(inner, known[name], f"{at}.{name}") if name in known else [f"{at}.{name}"]
    elif kind == "list":
        assert isinstance(value, list) or not set(value) - {shape["entry"]}, f"{at}: {value}"
        for inner in value if isinstance(value, list) else (value or {}).values():
            yield from strangers(inner, shape["of"], at)
    elif not isinstance(value, str):
        yield f"{at} is no {kind}: {value}"


@pytest.mark.parametrize("action", sorted(name for name in SHAPES if name.startswith("Describe") and name not in ASKED_OF_ONE))
def test_answers_have_the_names_of_the_wire(plane, parts, action):
    answer = plane.ec2(action)
    shape = {"type": "structure", "members": {**SHAPES[action]["output"], "RequestId": {"wire": "requestId", "type": "string"}}}
    assert not list(strangers(answer, shape, action))


def test_every_description_has_its_members():
    described = {name for name in SHAPES if name.startswith("Describe")} - ASKED_OF_ONE
    assert described - {"DescribePrefixLists"} == set(MEMBERS)  # of which there are none


@pytest.mark.parametrize("action", sorted(OF_INSTANCES))
def test_answers_about_instances_are_whole(plane, parts, action):
    assert missing(action, plane.ec2(action)) == []


@pytest.fixture(scope="module")
def instance(plane, parts):
    """One more, without a profile."""
    image = plane.aws("ec2", "describe-images", "--owners", "amazon")["Images"][0]["ImageId"]
    script = "#!/bin/sh\necho once >>/root/ran; echo hello from user data\n"
    began = time.monotonic()
    (made,) = plane.aws("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", parts["example-private"]["subnet"], "--user-data", script)["Instances"]
    assert made["State"]["Name"] == "pending"
    plane.aws("ec2", "wait", "instance-running", "--instance-ids", made["InstanceId"])
    plane.aws("ec2", "wait", "instance-status-ok", "--instance-ids", made["InstanceId"])
    print(f"run-instances to running and its status ok, three CLI calls: {time.monotonic() - began:.2f} s")
    return made


def test_an_instance_connects_by_its_role_and_only_while_it_has_it(plane, instance):
    target = instance["InstanceId"]
    assert plane.aws("ssm", "get-connection-status", "--target", target)["Status"] == "notconnected"
    assert "TargetNotConnected" in plane.refused("ssm", "start-session", "--target", target)
    assert unmet(plane.diagnosis(target)[ENDPOINTS])[0] == f"instance profile {target}"
    began = time.monotonic()
    association = plane.aws("ec2", "associate-iam-instance-profile", "--instance-id", target, "--iam-instance-profile", "Name=fumidai-example-profile")["IamInstanceProfileAssociation"]
    plane.wait_connected(target)
    print(f"attached to connected: {time.monotonic() - began:.1f} s")
    assert plane.is_reached(target)
    plane.aws("iam", "detach-role-policy", "--role-name", "fumidai-example-role", "--policy-arn", "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    refused = plane.refused("ssm", "start-session", "--target", target)
    assert "TargetNotConnected" in refused and "AmazonSSMManagedInstanceCore" in refused
    plane.aws("iam", "attach-role-policy", "--role-name", "fumidai-example-role", "--policy-arn", "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    assert plane.is_reached(target)
    plane.aws("ec2", "disassociate-iam-instance-profile", "--association-id", association["AssociationId"])
    assert "has no instance profile" in plane.refused("ssm", "start-session", "--target", target)


def test_user_data_runs_once_and_files_outlive_a_stop(plane, instance):
    target = instance["InstanceId"]
    wait_until("the console", lambda: "hello from user data" in plane.aws("ec2", "get-console-output", "--instance-id", target).get("Output", ""))
    plane.aws("ec2", "stop-instances", "--instance-ids", target)
    plane.aws("ec2", "wait", "instance-stopped", "--instance-ids", target)
    plane.aws("ec2", "start-instances", "--instance-ids", target)
    plane.aws("ec2", "wait", "instance-running", "--instance-ids", target)
    (again,) = plane.aws("ec2", "describe-instances", "--instance-ids", target)["Reservations"][0]["Instances"]
    assert again["PrivateIpAddress"] == instance["PrivateIpAddress"]
    assert plane.aws("ec2", "get-console-output", "--instance-id", target)["Output"].count("hello from user data") == 1


def test_the_status_of_an_instance_is_what_its_sshd_says(plane, parts):
    target = parts["by-nat"]["instance"]
    ask = lambda *words: plane.aws("ec2", "describe-instance-status", *words)["InstanceStatuses"]
    found = lambda: ask("--instance-ids", target)[0]
    inside = lambda command: plane.fumidai("session", "start", target, "--no-input", "--", "sudo", "sh", "-c", command)
    began = time.monotonic()
    plane.aws("ec2", "wait", "instance-status-ok", "--instance-ids", target)
    assert time.monotonic() - began < 5
    inside("mv /usr/sbin/sshd /usr/sbin/sshd.away; kill $(cat /run/sshd.pid)")
    wait_until("it is not ok", lambda: found()["InstanceStatus"]["Status"] != "ok", 10)
    (detail,) = found()["InstanceStatus"]["Details"]
    # By its age, which is that of the tests before.
    assert detail["Status"] == "initializing" or detail["Status"] == "failed" and detail["ImpairedSince"], detail
    assert found()["SystemStatus"]["Status"] == "ok"
    well = [each["InstanceId"] for each in ask("--filters", "Name=instance-status.status,Values=ok")]
    assert target not in well and parts["by-endpoints"]["instance"] in well, well
    inside("mv /usr/sbin/sshd.away /usr/sbin/sshd")
    wait_until("it is ok", lambda: found()["InstanceStatus"]["Status"] == "ok", 30)


def test_metadata_knows_the_instance_by_its_link(plane, parts):
    target = parts["by-endpoints"]["instance"]

    def inside(command):
        done = plane.fumidai("session", "start", target, "--no-input", "--", "sh", "-c", command)
        return done.stdout.decode().strip()

    base = "http://169.254.169.254/latest"
    assert inside(f"curl -s -o /dev/null -w '%{{http_code}}' {base}/meta-data/instance-id") == "401"
    token = f"t=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {base}/api/token); "
    get = "curl -s -H \"X-aws-ec2-metadata-token: $t\" "
    assert inside(token + get + f"{base}/meta-data/instance-id") == target
    assert inside(token + get + f"-H 'X-Forwarded-For: 10.0.1.4' {base}/meta-data/instance-id") == target
    credentials = json.loads(inside(token + get + f"{base}/meta-data/iam/security-credentials/fumidai-example-role"))
    assert credentials["Code"] == "Success" and credentials["AccessKeyId"].startswith("ASIA")
    identity = f"{base}/meta-data/identity-credentials/ec2/security-credentials/"
    assert inside(token + get + identity) == "ec2-instance"
    proof = json.loads(inside(token + get + identity + "ec2-instance"))
    assert proof["Code"] == "Success" and proof["AccessKeyId"].startswith("ASIA") and proof["Token"] and proof["Expiration"]
    plane.add_profile("identity", {"AccessKeyId": proof["AccessKeyId"], "SecretAccessKey": proof["SecretAccessKey"], "SessionToken": proof["Token"]})
    itself = plane.aws("sts", "get-caller-identity", user="identity")
    assert itself["Arn"].endswith(f":assumed-role/aws:ec2-instance/{target}") and itself["UserId"] == f"{itself['Account']}:aws:ec2-instance:{target}"
    assert "(UnauthorizedOperation)" in plane.refused("ec2", "describe-instances", user="identity")
    assert "(AccessDenied" in plane.refused("ssm", "describe-instance-information", user="identity")
    mac = inside("cat /sys/class/net/eth0/address 2>/dev/null || /sbin/ip -o link show eth0 | grep -o 'link/ether [0-9a-f:]*' | cut -d' ' -f2")
    assert inside(token + get + f"{base}/meta-data/mac") == mac
    plane.aws("ec2", "modify-instance-metadata-options", "--instance-id", target, "--http-tokens", "optional")
    assert inside(f"curl -s {base}/meta-data/instance-id") == target
    plane.aws("ec2", "modify-instance-metadata-options", "--instance-id", target, "--http-tokens", "required")


def test_packages_come_through_nat_and_not_without(plane, parts):
    def install(name, options=""):
        command = f"sudo apt-get {options} -q update && sudo apt-get {options} -q install -y fumidai-hello && fumidai-hello"
        return plane.fumidai("session", "start", parts[name]["instance"], "--no-input", "--", "sh", "-c", command, seconds=60)

    by_nat = install("by-nat")
    assert by_nat.returncode == 0 and by_nat.stdout.endswith(b"hello from the internet of the lab\n"), by_nat.stdout + by_nat.stderr
    without = install("by-endpoints", "-o Acquire::Retries=0 -o Acquire::http::Timeout=3")
    assert without.returncode != 0 and b"hello from" not in without.stdout, without.stdout + without.stderr


CASES = [
    # name, how it is broken (and mended), the target, the method, the requirement that doctor must name
    ("b1-no-inbound-rule", "bastion-sg", "22", BASTION, "behind-bastion", "way to the bastion {bastion}"),
    ("b2-no-reference-to-the-bastion", "private-sg", "22", BASTION, "behind-bastion", "way to the instance {behind-bastion}"),
    ("v7-endpoints-closed", "vpce-sg", "443", ENDPOINTS, "by-endpoints", "way to the service ssm"),
]


def permissions(plane, group, direction="IpPermissions"):
    return json.dumps(plane.aws("ec2", "describe-security-groups", "--group-ids", group)["SecurityGroups"][0][direction])


@pytest.mark.parametrize("name, group, port, method, target, cause", CASES, ids=[case[0] for case in CASES])
def test_doctor_names_the_group_that_refuses(plane, parts, name, group, port, method, target, cause):
    group = parts[group]["security-group"]
    rules = permissions(plane, group)
    plane.aws("ec2", "revoke-security-group-ingress", "--group-id", group, "--ip-permissions", rules)
    try:
        diagnosis = wait_until("the rules are in the kernel", lambda: not disagreements(found := plane.diagnosis(target)) and found, 10)
        assert not diagnosis[method]["Works"]
        wanted = cause.format(**{key: value.get("instance", "") for key, value in parts.items()})
        assert unmet(diagnosis[method])[0] == wanted, unmet(diagnosis[method])
    finally:
        plane.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--ip-permissions", rules)
    wait_until("it works again", lambda: plane.diagnosis(target)[method]["Works"], 30)


def test_b5_no_public_route(plane, parts):
    table = parts["example-public"]["route-table"]
    gateway = parts["example"]["internet-gateway"]
    plane.aws("ec2", "delete-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0")
    try:
        diagnosis = wait_until("it is so in the kernel", lambda: not disagreements(found := plane.diagnosis("behind-bastion")) and found, 10)
        assert unmet(diagnosis[BASTION])[0].startswith("way to the bastion")
    finally:
        plane.aws("ec2", "create-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0", "--gateway-id", gateway)
    wait_until("it works again", lambda: plane.diagnosis("behind-bastion")[BASTION]["Works"], 20)


@pytest.mark.parametrize("service, cause", [("ssm", "interface endpoint ssm"), ("ssmmessages", "interface endpoint ssmmessages")], ids=["v4-no-ssm", "v5-no-ssmmessages"])
def test_doctor_names_the_endpoint_that_is_missing(plane, parts, service, cause):
    endpoint = parts[service]["vpc-endpoint"]
    (was,) = plane.aws("ec2", "describe-vpc-endpoints", "--vpc-endpoint-ids", endpoint)["VpcEndpoints"]
    plane.aws("ec2", "delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint)
    try:
        diagnosis = plane.diagnosis("by-endpoints")
        assert not diagnosis[ENDPOINTS]["Works"] and unmet(diagnosis[ENDPOINTS])[0] == cause, unmet(diagnosis[ENDPOINTS])
        if service == "ssmmessages":
            plane.wait_connected(parts["by-endpoints"]["instance"], "notconnected", 60)
            assert "TargetNotConnected" in plane.refused("ssm", "start-session", "--target", parts["by-endpoints"]["instance"])
    finally:
        made = plane.aws("ec2", "create-vpc-endpoint", "--vpc-id", was["VpcId"], "--vpc-endpoint-type", "Interface", "--service-name", was["ServiceName"], "--subnet-ids", *was["SubnetIds"],
                         "--security-group-ids", was["Groups"][0]["GroupId"], "--private-dns-enabled")["VpcEndpoint"]["VpcEndpointId"]
        plane.aws("ec2", "create-tags", "--resources", made, "--tags", f"Key=Name,Value={service}")
        parts[service]["vpc-endpoint"] = made
    plane.wait_connected(parts["by-endpoints"]["instance"], seconds=60)


def test_v11_an_endpoint_policy_that_denies(plane, parts):
    endpoint = parts["ssmmessages"]["vpc-endpoint"]
    deny = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]})
    plane.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", endpoint, "--policy-document", deny)
    try:
        assert f"role's permissions {endpoint}" in unmet(plane.diagnosis("by-endpoints")[ENDPOINTS])
    finally:
        plane.aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", endpoint, "--reset-policy")
    assert plane.diagnosis("by-endpoints")[ENDPOINTS]["Works"]


def test_v12_a_caller_without_permission(plane, parts):
    user = plane.make_user("nobody", {"Effect": "Allow", "Action": "fumidai:*", "Resource": "*"})
    assert "AccessDenied" in plane.refused("ssm", "start-session", "--target", parts["by-nat"]["instance"], user=user)
    done = plane.fumidai("doctor", parts["by-nat"]["instance"], "--json", user=user)
    (target,) = json.loads(done.stdout)["Targets"]
    assert done.returncode == 1 and not any(method["Works"] for method in target["Methods"])
    assert all("permission " + parts["by-nat"]["instance"] in unmet(method) for method in target["Methods"] if method["Method"].startswith("session manager"))


def test_n1_the_private_route_is_missing(plane, parts):
    table, gateway = parts["example-nat-private"]["route-table"], parts["example-nat"]["natgateway"]
    plane.aws("ec2", "delete-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0")
    try:
        diagnosis = wait_until("it is so in the kernel", lambda: not disagreements(found := plane.diagnosis("by-nat")) and found, 10)
        assert unmet(diagnosis[NAT])[0].startswith("way to the service")
        compared = json.loads(plane.fumidai("compare", "--json").stdout)
        assert any(part["Id"] == gateway for vpc in compared["Vpcs"] for part in vpc["Idle"]), "an idle NAT gateway costs money"
    finally:
        plane.aws("ec2", "create-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0", "--nat-gateway-id", gateway)
    began = time.monotonic()
    assert plane.is_reached(parts["by-nat"]["instance"], 40)
    print(f"route to session (N8): {time.monotonic() - began:.1f} s")


def test_a_route_may_lead_to_an_instance(plane, parts):
    instance, table = parts["by-nat"]["instance"], parts["example-nat-private"]["route-table"]

    def route():
        (found,) = plane.aws("ec2", "describe-route-tables", "--filters", f"Name=route.instance-id,Values={instance}")["RouteTables"]
        return next(each for each in found["Routes"] if each["DestinationCidrBlock"] == "192.0.2.0/24")

    plane.aws("ec2", "create-route", "--route-table-id", table, "--destination-cidr-block", "192.0.2.0/24", "--instance-id", instance)
    try:
        (described,) = plane.aws("ec2", "describe-instances", "--instance-ids", instance)["Reservations"][0]["Instances"]
        interface = described["NetworkInterfaces"][0]["NetworkInterfaceId"]
        assert (route()["InstanceId"], route()["NetworkInterfaceId"], route()["State"]) == (instance, interface, "active")
        plane.aws("ec2", "replace-route", "--route-table-id", table, "--destination-cidr-block", "192.0.2.0/24", "--network-interface-id", interface)
        assert route()["InstanceId"] == instance
        wait_until("it is in the kernel", lambda: "192.0.2.0/24 via" in plane.world.run("ip", "netns", "exec", f"fumidai-{plane.label}-{parts['example-nat']['vpc']}", "ip", "route", "show", "table", "all").stdout, 10)
    finally:
        plane.aws("ec2", "delete-route", "--route-table-id", table, "--destination-cidr-block", "192.0.2.0/24")


def test_a_rule_that_is_broken_by_hand_is_told_and_mended(plane, parts):
    space = f"fumidai-{plane.label}-{parts['example']['vpc']}"
    with plane.held():
        broken = plane.world.run("ip", "netns", "exec", space, "nft", "flush", "ruleset")
        assert broken.returncode == 0, broken.stderr
        told = disagreements(plane.diagnosis("behind-bastion"))
        assert any(each.startswith(f"way to the bastion {parts['bastion']['instance']}: ") for each in told), told
        # What the groups refuse comes through without them.
        told = disagreements(plane.diagnosis("by-endpoints"))
        assert any(each.startswith(f"way to the instance {parts['by-endpoints']['instance']}: ") for each in told), told
        people = plane.fumidai("doctor", "behind-bastion")
        assert plane.fumidai("doctor", "behind-bastion", "--json").returncode == 1
        assert people.returncode == 1 and b"the network is not what the model says it is" in people.stdout, people.stdout
    wait_until("the rules are back", lambda: plane.world.run("ip", "netns", "exec", space, "nft", "list", "tables").stdout.strip(), 20)
    link = plane.world.run("sh", "-c", f"ip -n {space} -o link | grep -o ' e[0-9a-f]*@' | head -n 1").stdout.strip(" @\n")
    plane.world.run("ip", "-n", space, "link", "delete", link)
    wait_until("the link is back", lambda: link in plane.world.run("ip", "-n", space, "-o", "link").stdout, 20)
    wait_until("all works", lambda: plane.diagnosis("behind-bastion")[BASTION]["Works"] and not disagreements(plane.diagnosis("behind-bastion")), 20)


def test_instances_outlive_a_killed_server_and_its_changes_are_finished(plane, parts):
    image = plane.aws("ec2", "describe-images", "--owners", "amazon")["Images"][0]["ImageId"]
    (made,) = plane.aws("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", parts["example-private"]["subnet"])["Instances"]
    os.kill(plane.server, signal.SIGKILL)
    plane.process.wait()
    (plane.data / "endpoint").unlink(missing_ok=True)
    plane.start()
    plane.aws("ec2", "wait", "instance-running", "--instance-ids", made["InstanceId"])
    plane.wait_connected(parts["by-nat"]["instance"], seconds=30)
    assert plane.is_reached(parts["by-nat"]["instance"])
    plane.aws("ec2", "terminate-instances", "--instance-ids", made["InstanceId"])
    plane.aws("ec2", "wait", "instance-terminated", "--instance-ids", made["InstanceId"])


def test_an_endpoint_serves_no_other_service(plane, parts):
    inside = f"fumidai-{plane.label}-{plane.interface_of(parts['by-endpoints']['instance'])}"
    (endpoint,) = plane.aws("ec2", "describe-vpc-endpoints", "--vpc-endpoint-ids", parts["ssm"]["vpc-endpoint"])["VpcEndpoints"]
    (interface,) = plane.aws("ec2", "describe-network-interfaces", "--network-interface-ids", *endpoint["NetworkInterfaceIds"])["NetworkInterfaces"]
    command = ["ip", "netns", "exec", inside, AWS, "--endpoint-url", f"https://{interface['PrivateIpAddress']}", "--no-verify-ssl", "--cli-read-timeout", "5"]
    own = plane.world.run(*command, "ssm", "describe-sessions", "--state", "Active", env=plane.environment())
    assert own.returncode == 0, own.stderr
    other = plane.world.run(*command, "ec2", "describe-vpcs", env=plane.environment())
    assert "is an endpoint of ssm, and serves no ec2" in other.stderr, other.stdout


def test_a_namespace_that_is_deleted_by_hand_is_mended_with_its_instance(plane, parts):
    instance = parts["by-nat"]["instance"]
    space = f"fumidai-{plane.label}-{plane.interface_of(instance)}"
    assert plane.world.run("ip", "netns", "delete", space).returncode == 0
    wait_until("the namespace is back", lambda: space in plane.world.spaces(), 20)
    assert plane.is_reached(instance, 40)


def test_one_that_shuts_itself_down_is_stopped_and_can_be_started(plane, parts):
    instance = parts["by-nat"]["instance"]
    plane.fumidai("session", "start", instance, "--no-input", "--", "sudo", "kill", "-TERM", "1")
    state = lambda: plane.aws("ec2", "describe-instances", "--instance-ids", instance)["Reservations"][0]["Instances"][0]
    wait_until("it is stopped", lambda: state()["State"]["Name"] == "stopped", 20)
    assert state()["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    wait_until("its agent is away", lambda: re.search(rf"^{instance} +by-nat +ConnectionLost ", plane.fumidai("host", "list").stdout.decode(), re.M), 5)
    time.sleep(6)  # a round of the lab
    assert state()["State"]["Name"] == "stopped"
    plane.aws("ec2", "start-instances", "--instance-ids", instance)
    assert plane.is_reached(instance, 40)


def test_a_forced_stop_asks_no_process_to_end(plane, parts):
    instance = parts["by-nat"]["instance"]
    asked = lambda: plane.aws("ec2", "get-console-output", "--instance-id", instance)["Output"].count("stopping")
    before = asked()
    plane.aws("ec2", "stop-instances", "--instance-ids", instance, "--force")
    wait_until("it is stopped", lambda: plane.aws("ec2", "describe-instances", "--instance-ids", instance)["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopped", 20)
    assert asked() == before
    plane.aws("ec2", "start-instances", "--instance-ids", instance)
    assert plane.is_reached(instance, 40)


def test_up_says_at_once_what_is_stopped(plane, parts):
    instance = parts["by-nat"]["instance"]
    plane.aws("ec2", "stop-instances", "--instance-ids", instance)
    plane.aws("ec2", "wait", "instance-stopped", "--instance-ids", instance)
    began = time.monotonic()
    done = plane.try_up()
    assert done.returncode == 1 and time.monotonic() - began < 30, done.stdout + done.stderr
    assert f"NOT REACHED: running: {instance} is stopped" in done.stdout, done.stdout
    assert re.search(rf"^{ENDPOINTS} .* nonce-", done.stdout, re.M), done.stdout
    plane.aws("ec2", "start-instances", "--instance-ids", instance)
    assert plane.is_reached(instance, 40)


def test_a_server_that_runs_takes_no_other_image(plane):
    done = plane.lab("up", "--image", "/nowhere")
    assert done.returncode == 1 and f"stop it first: fumidai lab down --data-dir {plane.data}" in done.stderr, done.stdout + done.stderr


def test_a_program_that_up_needs_is_missed_before_anything_is_made(plane, tmp_path):
    for program in ("sbin/ip", "usr/sbin/sshd"):
        (tmp_path / "image" / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "image" / program).touch()
    other = LabPlane(tmp_path, plane.world)
    done = other.lab("up", "--image", tmp_path / "image")
    assert done.returncode == 1 and f"{tmp_path}/image/usr/bin/curl, which is not there" in done.stderr, done.stdout + done.stderr
    assert not (other.data / "server.log").exists()


def test_up_makes_again_what_is_missing_of_the_example(tmp_path):
    def running():
        found = plane.aws("ec2", "describe-instances", "--filters", "Name=instance-state-name,Values=running")["Reservations"]
        return {tag["Value"]: one["InstanceId"] for each in found for one in each["Instances"] for tag in one["Tags"] if tag["Key"] == "Name"}

    with running_lab(tmp_path) as plane:
        plane.up()
        keys, first = plane.data / "lab" / "keys", running()
        secrets = {key.name: key.read_text() for key in keys.iterdir()}
        assert sorted(secrets) == ["bastion.pem", "private.pem"]  # alone: nothing but them is needed to keep them
        plane.aws("ec2", "terminate-instances", "--instance-ids", first["by-nat"], first["bastion"])
        plane.up()
        second = running()
        assert {key.name: key.read_text() for key in keys.iterdir()} == secrets
        assert {name for name in first if first[name] != second[name]} == {"by-nat", "bastion"}, (first, second)
        # Without its private key nobody reaches an instance that has the public one.
        for key in keys.iterdir():
            key.unlink()
        plane.up()
        third = running()
        assert {name for name in second if second[name] != third[name]} == {"bastion", "behind-bastion"}, (second, third)
        assert {key.stat().st_mode & 0o777 for key in keys.glob("*.pem")} == {0o600}


def test_up_says_why_a_lab_does_not_come_up(tmp_path):
    with running_lab(tmp_path) as plane, plane.held():
        done = plane.try_up()
        assert done.returncode == 1, done.stdout + done.stderr
        assert re.search("^The lab is not as it should be: .*is locked by another process$", done.stdout, re.M), done.stdout
        assert "NOT REACHED: running: i-" in done.stdout, done.stdout
        assert "is locked by another process" in plane.fumidai("doctor").stdout.decode()


def test_a_second_lab_is_refused_before_anything_is_made(plane, tmp_path):
    before = plane.world.spaces()
    second = LabPlane(tmp_path, plane.world)
    second.label = "second"
    done = second.try_up()
    assert done.returncode == 1 and f"fumidai lab down --label {plane.label}" in done.stderr, done.stdout + done.stderr
    assert plane.world.spaces() == before


def test_a_lab_that_a_server_runs_is_not_taken_down_by_another_data_directory(plane, tmp_path):
    environment = {**bare_environment(plane.home), "FUMIDAI_SECRET_FILE": str(plane.secret)}
    done = plane.world.run(FUMIDAI, "lab", "down", "--data-dir", tmp_path / "other", "--label", plane.label, env=environment)
    assert done.returncode == 1 and "another server runs the lab" in done.stderr, done.stderr
    assert any(plane.label in space for space in plane.world.spaces())


def test_a_lab_keeps_its_label_and_a_command_its_own_data_directory(plane, tmp_path):
    environment = {**bare_environment(plane.home), "FUMIDAI_SECRET_FILE": str(plane.secret)}
    done = plane.world.run(FUMIDAI, "lab", "down", "--data-dir", plane.data, "--label", "another", env=environment)
    assert done.returncode == 1 and f"is called '{plane.label}', and not 'another'" in done.stderr, done.stderr
    elsewhere = {**environment, "FUMIDAI_DATA_DIR": str(plane.data)}
    for words in [("status",), ("down",)]:
        done = plane.world.run(FUMIDAI, "lab", *words, "--data-dir", tmp_path / "none", env=elsewhere)
        assert str(tmp_path / "none") in done.stdout + done.stderr and "example" not in done.stdout, done.stdout + done.stderr
    assert plane.world.run(FUMIDAI, "lab", "status", env=elsewhere).stdout.count("by-endpoints")
    assert any(plane.label in space for space in plane.world.spaces())


def test_a_terminated_instance_leaves_nothing(plane, instance):
    target = instance["InstanceId"]
    space = f"fumidai-{plane.label}-{instance['NetworkInterfaces'][0]['NetworkInterfaceId']}"
    assert space in plane.world.spaces()
    plane.aws("ec2", "terminate-instances", "--instance-ids", target)
    plane.aws("ec2", "wait", "instance-terminated", "--instance-ids", target)
    wait_until("its namespace is gone", lambda: space not in plane.world.spaces())
    assert not (plane.data / "lab" / "instances" / target).exists()
    known = plane.aws("ssm", "describe-instance-information")["InstanceInformationList"]
    assert target not in [each["InstanceId"] for each in known]


def test_down_leaves_nothing(plane):
    assert any(space.startswith(f"fumidai-{plane.label}") for space in plane.world.spaces())
    plane.stop()
    inodes = plane.inodes()
    assert plane.processes_in(inodes), "instances outlive the server"
    environment = {**bare_environment(plane.home), "FUMIDAI_SECRET_FILE": str(plane.secret)}
    done = plane.world.run(FUMIDAI, "lab", "down", "--data-dir", plane.data, env=environment)
    assert done.returncode == 0, done.stderr
    assert not plane.processes_in(inodes)
    assert not [space for space in plane.world.spaces() if space.startswith(f"fumidai-{plane.label}")]
    assert f"fumidai-{plane.label}" not in plane.world.run("ip", "link").stdout
    assert "fumidai" not in plane.world.run("nft", "list", "tables").stdout
    assert not (plane.data / "lab").exists()
    assert not os.path.exists(f"/proc/{plane.world.process.pid}/root/run/fumidai-{plane.label}")
    mounts = subprocess.run(["cat", f"/proc/{plane.world.process.pid}/mounts"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert str(plane.data) not in mounts
