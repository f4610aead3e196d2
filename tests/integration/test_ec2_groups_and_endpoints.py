"""EC2 with AWS's own tools: security groups, key pairs, interface endpoints, and what instances are launched from; all that needs no machine."""

import base64
import hashlib
import hmac
import json
import os
import subprocess

import botocore.exceptions
import pytest

from house.programs import run

REGION = "us-east-1"
NOWHERE = "sg-0123456789abcdef0"


class Ec2:
    """The AWS CLI's ec2 commands, and what they answer."""

    def __init__(self, plane):
        self.plane = plane

    def __call__(self, *words, **more):
        return self.plane.aws("ec2", *words, **more)

    def id(self, query, *words):
        return self(*words, "--query", query)

    def refused(self, *words, **more):
        return self.plane.refused("ec2", *words, **more)

    def group(self, vpc, name, description="of a test"):
        return self.id("GroupId", "create-security-group", "--group-name", name, "--description", description, "--vpc-id", vpc)

    def rules(self, group):
        return self("describe-security-group-rules", "--filters", f"Name=group-id,Values={group}")["SecurityGroupRules"]

    def described(self, group):
        return self("describe-security-groups", "--group-ids", group)["SecurityGroups"][0]


@pytest.fixture(scope="module")
def ec2(plane):
    return Ec2(plane)


@pytest.fixture(scope="module")
def boto(plane):
    return plane.boto3("ec2")


@pytest.fixture(scope="module")
def account(plane):
    return plane.aws("sts", "get-caller-identity")["Account"]


@pytest.fixture
def vpc(ec2):
    """As the methods want it: with DNS names."""
    one = ec2.id("Vpc.VpcId", "create-vpc", "--cidr-block", "10.0.0.0/16")
    ec2("modify-vpc-attribute", "--vpc-id", one, "--enable-dns-hostnames", '{"Value":true}')
    return one


@pytest.fixture
def subnet(ec2, vpc):
    return ec2.id("Subnet.SubnetId", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.1.0/24", "--availability-zone", f"{REGION}a")


@pytest.fixture
def name(request):
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[-40:].strip("-")


# ---- security groups


def test_the_groups_of_a_bastion(ec2, vpc):
    bastion, private = ec2.group(vpc, "bastion-sg", "bastion"), ec2.group(vpc, "private-sg", "private")
    ec2("wait", "security-group-exists", "--group-ids", bastion, private)
    first = ("authorize-security-group-ingress", "--group-id", bastion, "--protocol", "tcp", "--port", "22", "--cidr", "198.51.100.7/32")
    (rule,) = ec2(*first)["SecurityGroupRules"]
    assert rule["SecurityGroupRuleId"].startswith("sgr-") and rule["IsEgress"] is False
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["CidrIpv4"]) == ("tcp", 22, 22, "198.51.100.7/32")
    (rule,) = ec2("authorize-security-group-ingress", "--group-id", private, "--protocol", "tcp", "--port", "22", "--source-group", bastion)["SecurityGroupRules"]
    assert rule["ReferencedGroupInfo"]["GroupId"] == bastion

    said = ec2.refused(*first)  # B7
    assert "(InvalidPermission.Duplicate)" in said
    assert 'the specified rule "peer: 198.51.100.7/32, TCP, from port: 22, to port: 22, ALLOW" already exists' in said
    said = ec2.refused("authorize-security-group-ingress", "--group-id", private, "--protocol", "tcp", "--port", "22", "--source-group", NOWHERE)  # B8
    assert "(InvalidGroup.NotFound)" in said and NOWHERE in said

    assert "(DependencyViolation)" in ec2.refused("delete-security-group", "--group-id", bastion)
    ec2("delete-security-group", "--group-id", private)
    ec2("delete-security-group", "--group-id", bastion)
    assert "(InvalidGroup.NotFound)" in ec2.refused("describe-security-groups", "--group-ids", bastion)


def test_groups_that_refer_to_each_other_go_after_one_rule_does(ec2, vpc):
    one, other = ec2.group(vpc, "eice-sg"), ec2.group(vpc, "eic-instance-sg")
    ec2("revoke-security-group-egress", "--group-id", one, "--protocol", "all", "--cidr", "0.0.0.0/0")
    ec2("authorize-security-group-egress", "--group-id", one, "--protocol", "tcp", "--port", "22", "--source-group", other)
    ec2("authorize-security-group-ingress", "--group-id", other, "--protocol", "tcp", "--port", "22", "--source-group", one)
    for group in (one, other):
        assert f"resource {group} has a dependent object" in ec2.refused("delete-security-group", "--group-id", group)
    ec2("revoke-security-group-egress", "--group-id", one, "--protocol", "tcp", "--port", "22", "--source-group", other)
    ec2("delete-security-group", "--group-id", other)
    ec2("delete-security-group", "--group-id", one)


def test_rules_of_equal_ports_are_one_permission(ec2, vpc, account):
    group, friend = ec2.group(vpc, "merged"), ec2.group(vpc, "friend")
    permissions = [
        {"IpProtocol": "6", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.5/24", "Description": "ours"}, {"CidrIp": "10.0.1.0/24"}],
         "UserIdGroupPairs": [{"GroupId": friend, "UserId": account}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8::1/64"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.9.0.0/16"}]},
        {"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.9.0.0/16"}]},
    ]
    made = ec2("authorize-security-group-ingress", "--group-id", group, "--ip-permissions", json.dumps(permissions))["SecurityGroupRules"]
    assert len(made) == 7
    described = ec2.described(group)
    by_protocol = {each["IpProtocol"]: each for each in described["IpPermissions"]}
    assert by_protocol["tcp"] == {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/24", "Description": "ours"}, {"CidrIp": "10.0.1.0/24"}],
                                  "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/64"}], "PrefixListIds": [], "UserIdGroupPairs": [{"GroupId": friend, "UserId": account}]}
    assert (by_protocol["icmp"]["FromPort"], by_protocol["icmp"]["ToPort"]) == (8, -1)
    assert "FromPort" not in by_protocol["-1"] and "ToPort" not in by_protocol["50"]
    (egress,) = described["IpPermissionsEgress"]
    assert (egress["IpProtocol"], egress["IpRanges"]) == ("-1", [{"CidrIp": "0.0.0.0/0"}])
    assert len(ec2.rules(group)) == 8


def test_rules_go_by_what_they_are_or_by_their_ids(ec2, vpc):
    group = ec2.group(vpc, "going")
    ids = [ec2("authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", f"{port}-{port + 9}", "--cidr", "10.0.0.0/8")["SecurityGroupRules"][0]["SecurityGroupRuleId"]
           for port in (100, 200, 300)]
    ec2("revoke-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "100-109", "--cidr", "10.0.0.0/8")
    said = ec2.refused("revoke-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "100-109", "--cidr", "10.0.0.0/8")
    assert "(InvalidPermission.NotFound)" in said and "The specified rule does not exist in this security group." in said
    assert "(InvalidSecurityGroupRuleId.NotFound)" in ec2.refused("revoke-security-group-ingress", "--group-id", group, "--security-group-rule-ids", ids[1], ids[0])
    ec2("revoke-security-group-ingress", "--group-id", group, "--security-group-rule-ids", ids[1], ids[2])
    assert [each["IsEgress"] for each in ec2.rules(group)] == [True]


def test_flat_parameters_are_a_rule_too(boto, vpc):
    group = boto.create_security_group(GroupName="flat", Description="flat", VpcId=vpc)["GroupId"]
    made = boto.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8")
    assert made["Return"] is True and made["SecurityGroupRules"][0]["CidrIpv4"] == "10.0.0.0/8"
    gone = boto.revoke_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8")
    assert gone["Return"] is True and gone["UnknownIpPermissions"] == []


@pytest.mark.parametrize("permission, code, why", [
    ({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 70000, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, "InvalidParameterValue", "Invalid value '70000' for portRange"),
    ({"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, "InvalidParameterValue", "Must specify both from and to ports"),
    ({"IpProtocol": "sctp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, "InvalidParameterValue", "Unknown protocol"),
    ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}, "InvalidParameterValue", "CIDR block 10.0.0.0/33 is malformed"),
    ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "$(reboot)\n; `id`"}]}, "InvalidParameterValue", "is malformed"),
    ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "a\nb"}]}, "InvalidParameterValue", "Invalid rule description"),
    ({"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-0123456789abcdef0"}]}, "InvalidParameterValue", "Prefix lists are not supported"),
    ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": NOWHERE, "UserId": "999999999999"}]}, "InvalidParameterValue", "Only groups of this account"),
    ({"IpProtocol": "-1"}, "MissingParameter", "a block or a group"),
], ids=["port", "no-port", "protocol", "block", "shell", "description", "prefix-list", "account", "nothing"])
def test_what_is_no_rule_says_why(boto, ec2, vpc, permission, code, why):
    group = ec2.group(vpc, "strict")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        boto.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert refused.value.response["Error"]["Code"] == code and why in refused.value.response["Error"]["Message"]
    assert len(ec2.rules(group)) == 1


@pytest.mark.parametrize("hostile", ["a\nb", "`id`", "a'b", "a|b", "ü", "sg-mine", "default", "<b>"])
def test_names_of_groups_are_plain(boto, vpc, hostile):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        boto.create_security_group(GroupName=hostile, Description="hostile", VpcId=vpc)
    assert refused.value.response["Error"]["Code"] in ("InvalidParameterValue", "InvalidGroup.Reserved")


def test_names_that_a_shell_would_like_are_names(ec2, boto, vpc):
    hostile = "$(touch x); {rm} & * !"
    group = ec2.group(vpc, hostile, hostile)
    described = ec2.described(group)
    assert (described["GroupName"], described["Description"]) == (hostile, hostile)
    value = "`id`\n<&>'\" $(reboot) 東京"
    ec2("authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22", "--cidr", "10.0.0.0/8",
        "--tag-specifications", json.dumps([{"ResourceType": "security-group-rule", "Tags": [{"Key": "why", "Value": value}]}]))
    (found,) = boto.describe_security_group_rules(Filters=[{"Name": "tag:why", "Values": [value.replace("*", "\\*")]}])["SecurityGroupRules"]
    assert found["Tags"] == [{"Key": "why", "Value": value}]


def test_groups_are_found_by_what_they_let_in(boto, ec2, vpc):
    web, data = ec2.group(vpc, "web", "for the web"), ec2.group(vpc, "data", "for data")
    ec2("authorize-security-group-ingress", "--group-id", web, "--protocol", "tcp", "--port", "443", "--cidr", "0.0.0.0/0")
    ec2("authorize-security-group-ingress", "--group-id", data, "--protocol", "tcp", "--port", "5432", "--source-group", web)

    def found(**filters):
        pairs = [{"Name": key.replace("_", "-").replace("--", "."), "Values": [value]} for key, value in filters.items()]
        return {each["GroupName"] for each in boto.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}, *pairs])["SecurityGroups"]}

    assert found() == {"default", "web", "data"}
    assert found(ip_permission__cidr="0.0.0.0/0") == {"web"}
    assert found(ip_permission__from_port="5432") == {"data"}
    assert found(ip_permission__to_port="44?") == {"web"}
    assert found(ip_permission__group_id=web) == {"data"}
    assert found(ip_permission__protocol="tcp") == {"web", "data"}
    assert found(egress__ip_permission__cidr="0.0.0.0/0") == {"default", "web", "data"}
    assert found(group_name="w*", description="*web") == {"web"}
    assert [each["GroupId"] for each in boto.describe_security_groups(GroupNames=["data"], Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]] == [data]
    with pytest.raises(botocore.exceptions.ClientError, match="The filter 'ip-permission.colour' is invalid"):
        found(ip_permission__colour="red")
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidGroup.NotFound"):
        boto.describe_security_groups(GroupNames=["nobody"])


def test_groups_and_rules_come_in_pages(boto, ec2, vpc):
    groups = {ec2.group(vpc, f"page-{number}") for number in range(7)}
    ours = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["page-*"]}]
    pages = list(boto.get_paginator("describe_security_groups").paginate(Filters=ours, PaginationConfig={"PageSize": 5}))
    assert [len(page["SecurityGroups"]) for page in pages] == [5, 2]
    assert {each["GroupId"] for page in pages for each in page["SecurityGroups"]} == groups
    rules = list(boto.get_paginator("describe_security_group_rules").paginate(Filters=[{"Name": "group-id", "Values": list(groups)}], PaginationConfig={"PageSize": 6}))
    assert [len(page["SecurityGroupRules"]) for page in rules] == [6, 1]
    token = pages[0]["NextToken"]
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidNextToken"):
        boto.describe_security_groups(Filters=ours[:1], MaxResults=5, NextToken=token)
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameterCombination"):
        boto.describe_security_groups(GroupIds=list(groups), MaxResults=5)


def test_every_mistake_with_groups_has_its_name(ec2, vpc):
    group = ec2.group(vpc, "once")
    assert "(InvalidGroup.Duplicate)" in ec2.refused("create-security-group", "--group-name", "once", "--description", "x", "--vpc-id", vpc)
    assert "(VPCIdNotSpecified)" in ec2.refused("create-security-group", "--group-name", "nowhere", "--description", "x")
    assert "(InvalidVpcID.NotFound)" in ec2.refused("create-security-group", "--group-name", "nowhere", "--description", "x", "--vpc-id", "vpc-0123456789abcdef0")
    assert "(InvalidGroupId.Malformed)" in ec2.refused("delete-security-group", "--group-id", "group")
    default = ec2.id("SecurityGroups[0].GroupId", "describe-security-groups", "--filters", f"Name=vpc-id,Values={vpc}", "Name=group-name,Values=default")
    assert "(CannotDelete)" in ec2.refused("delete-security-group", "--group-id", default)
    assert "(DryRunOperation)" in ec2.refused("delete-security-group", "--group-id", group, "--dry-run")
    assert "(InvalidParameterValue)" in ec2.refused("create-security-group", "--group-name", "tagged", "--description", "x", "--vpc-id", vpc,
                                                    "--tag-specifications", "ResourceType=vpc,Tags=[{Key=a,Value=b}]")


def test_policies_judge_the_group_and_its_tags(plane, ec2, vpc):
    mine = ec2.id("GroupId", "create-security-group", "--group-name", "mine", "--description", "x", "--vpc-id", vpc,
                  "--tag-specifications", "ResourceType=security-group,Tags=[{Key=Env,Value=dev}]")
    other = ec2.group(vpc, "other")
    user = plane.make_user("group-keeper", {"Effect": "Allow", "Action": "ec2:*SecurityGroup*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/Env": "dev"}}})
    words = ("--protocol", "tcp", "--port", "22", "--cidr", "10.0.0.0/8")
    ec2("authorize-security-group-ingress", "--group-id", mine, *words, user=user)
    assert "(UnauthorizedOperation)" in ec2.refused("authorize-security-group-ingress", "--group-id", other, *words, user=user)
    assert "(UnauthorizedOperation)" in ec2.refused("create-security-group", "--group-name", "third", "--description", "x", "--vpc-id", vpc, user=user)


# ---- key pairs


def test_policies_judge_the_tags_of_a_key_pair_and_of_nothing_else(plane, ec2, vpc):
    tags = ("--tag-specifications", "ResourceType=key-pair,Tags=[{Key=Protected,Value=yes}]")
    ec2("create-key-pair", "--key-type", "ed25519", "--key-name", "protected", *tags)
    ec2("create-key-pair", "--key-type", "ed25519", "--key-name", "free")
    ec2("create-tags", "--resources", vpc, "--tags", "Key=Protected,Value=yes")
    named_like_another = f"x/{vpc}"
    ec2("create-key-pair", "--key-type", "ed25519", "--key-name", named_like_another)
    user = plane.make_user("key-keeper", {"Effect": "Allow", "Action": "ec2:*KeyPair*", "Resource": "*"},
                           {"Effect": "Deny", "Action": "ec2:DeleteKeyPair", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/Protected": "yes"}}})
    assert "(UnauthorizedOperation)" in ec2.refused("delete-key-pair", "--key-name", "protected", user=user)
    ec2("delete-key-pair", "--key-name", "free", user=user)
    ec2("delete-key-pair", "--key-name", named_like_another, user=user)


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def colons(digest):
    return ":".join(digest[at:at + 2] for at in range(0, len(digest), 2))


def written(tmp_path, text):
    file = tmp_path / "key.pem"
    file.write_text(text)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_key_pair_is_made_for_ssh(plane, ec2, kind, name, tmp_path):
    made = ec2("create-key-pair", "--key-name", name, "--key-type", kind)
    ec2("wait", "key-pair-exists", "--key-names", name)
    file = written(tmp_path, made["KeyMaterial"])
    line = subprocess.run(["ssh-keygen", "-y", "-f", file], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    assert line[0] == f"ssh-{kind}"
    if kind == "rsa":
        assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----\n")
        der = openssl("pkcs8", "-in", file, "-inform", "PEM", "-outform", "DER", "-topk8", "-nocrypt")
        assert made["KeyFingerprint"] == colons(hashlib.sha1(der).hexdigest())
    else:
        assert made["KeyMaterial"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
        shown = subprocess.run(["ssh-keygen", "-lf", file], stdout=subprocess.PIPE, check=True).stdout.decode()
        assert made["KeyFingerprint"].rstrip("=") == shown.split()[1].removeprefix("SHA256:")
    (described,) = ec2("describe-key-pairs", "--key-names", name, "--include-public-key")["KeyPairs"]
    assert described["PublicKey"].split()[:2] == line[:2] and described["KeyType"] == kind
    assert (described["KeyPairId"], described["KeyFingerprint"]) == (made["KeyPairId"], made["KeyFingerprint"])
    assert "PublicKey" not in ec2("describe-key-pairs", "--key-names", name)["KeyPairs"][0]
    assert "(InvalidKeyPair.Duplicate)" in ec2.refused("create-key-pair", "--key-name", name)


def ssh_strings(blob):
    found = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        found.append(blob[4:4 + length])
        blob = blob[4 + length:]
    return found


def putty_halves(text, kind, comment):
    """The two blobs of a .ppk of version 2; what it says of itself is checked (PuTTY's manual, appendix C)."""
    lines = text.splitlines()
    assert lines[:3] == [f"PuTTY-User-Key-File-2: ssh-{kind}", "Encryption: none", f"Comment: {comment}"]
    at, halves = 3, []
    for field in ("Public-Lines: ", "Private-Lines: "):
        count = int(lines[at].removeprefix(field))
        halves.append(base64.b64decode("".join(lines[at + 1:at + 1 + count]), validate=True))
        at += 1 + count
    covered = b"".join(len(part).to_bytes(4, "big") + part for part in (f"ssh-{kind}".encode(), b"none", comment.encode(), *halves))
    mac = hmac.new(hashlib.sha1(b"putty-private-key-file-mac-key").digest(), covered, "sha1").hexdigest()
    assert lines[at:] == [f"Private-MAC: {mac}"]
    return halves


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_key_pair_is_made_for_putty(plane, ec2, kind, name):
    made = ec2("create-key-pair", "--key-name", name, "--key-type", kind, "--key-format", "ppk")
    public, private = putty_halves(made["KeyMaterial"], kind, name)
    (described,) = ec2("describe-key-pairs", "--key-names", name, "--include-public-key")["KeyPairs"]
    assert described["PublicKey"].split()[1] == base64.b64encode(public).decode() and described["KeyFingerprint"] == made["KeyFingerprint"]
    numbers = ssh_strings(private)
    if kind == "rsa":
        e, n = (int.from_bytes(each, "big") for each in ssh_strings(public)[1:])
        d, p, q, inverse = (int.from_bytes(each, "big") for each in numbers)
        assert p * q == n and d * e % (p - 1) == d * e % (q - 1) == 1 and inverse * q % p == 1
    else:
        (seed,) = numbers
        pkcs8 = bytes.fromhex("302e020100300506032b657004220420") + seed
        assert openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", data=pkcs8)[-32:] == ssh_strings(public)[1]
    assert made["KeyMaterial"].splitlines()[-2] not in json.dumps(plane.events())


@pytest.mark.skipif(not os.path.exists("/usr/bin/puttygen"), reason="there is no puttygen")
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_puttygen_makes_a_file_for_ssh_of_it(plane, ec2, kind, name, tmp_path):
    file = written(tmp_path, ec2.id("KeyMaterial", "create-key-pair", "--key-name", name, "--key-type", kind, "--key-format", "ppk"))
    subprocess.run(["puttygen", file, "-O", "private-openssh", "-o", tmp_path / "back"], check=True)
    line = subprocess.run(["ssh-keygen", "-y", "-f", tmp_path / "back"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    (described,) = ec2("describe-key-pairs", "--key-names", name, "--include-public-key")["KeyPairs"]
    assert described["PublicKey"].split()[:2] == line[:2]


def test_the_private_half_is_nowhere_but_in_the_answer(plane, ec2, name):
    material = ec2.id("KeyMaterial", "create-key-pair", "--key-name", name, "--key-type", "ed25519")
    secret = material.splitlines()[3]
    (event,) = [each for each in plane.events() if "CreateKeyPair" in json.dumps(each) and name in json.dumps(each)]
    assert "(secret)" in json.dumps(event) and "PRIVATE" not in json.dumps(event)
    for folder, _, files in os.walk(plane.directory):
        for each in files:
            with open(os.path.join(folder, each), "rb") as content:
                text = content.read()
            assert secret.encode() not in text and b"BEGIN OPENSSH PRIVATE" not in text, each


def test_text_output_is_a_file_for_ssh(plane, tmp_path, name):
    done = run(["/usr/bin/aws", "ec2", "create-key-pair", "--key-name", name, "--query", "KeyMaterial", "--output", "text"], plane.environment(AWS_PAGER=""))
    file = written(tmp_path, done.stdout.decode())
    assert subprocess.run(["ssh-keygen", "-y", "-f", file], stdout=subprocess.PIPE, check=True).stdout.startswith(b"ssh-rsa ")


@pytest.mark.parametrize("kind, bits", [("rsa", "1024"), ("rsa", "2048"), ("rsa", "4096"), ("ed25519", "256")])
def test_a_key_is_imported(ec2, tmp_path, name, kind, bits):
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "me@here `id`", "-f", file], check=True)
    made = ec2("import-key-pair", "--key-name", name, "--public-key-material", f"fileb://{file}.pub")
    if kind == "rsa":
        pem = subprocess.run(["ssh-keygen", "-ef", f"{file}.pub", "-m", "PEM"], stdout=subprocess.PIPE, check=True).stdout
        der = openssl("rsa", "-RSAPublicKey_in", "-outform", "DER", data=pem)
        assert made["KeyFingerprint"] == colons(hashlib.md5(der).hexdigest())
    else:
        blob = base64.b64decode((tmp_path / "key.pub").read_text().split()[1])
        assert made["KeyFingerprint"] == base64.b64encode(hashlib.sha256(blob).digest()).decode()
    (described,) = ec2("describe-key-pairs", "--key-pair-ids", made["KeyPairId"], "--include-public-key")["KeyPairs"]
    assert described["PublicKey"].split() == [*(tmp_path / "key.pub").read_text().split()[:2], name]


def test_what_is_no_key_is_refused(ec2, boto, tmp_path, name):
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "3072", "-N", "", "-f", file], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "ec"], check=True)
    good = (tmp_path / "key.pub").read_bytes()
    for material in (b"", b"not a key", good, (tmp_path / "ec.pub").read_bytes(), (tmp_path / "key").read_bytes(), good + good, b"ssh-rsa AAAA", b'command="id" ' + good, b"\0" * 100):
        with pytest.raises(botocore.exceptions.ClientError, match="InvalidKey.Format"):
            boto.import_key_pair(KeyName=name, PublicKeyMaterial=material)
    for words in (("--key-format", "der"), ("--key-type", "dsa")):
        assert "(InvalidParameterValue)" in ec2.refused("create-key-pair", "--key-name", name, *words)
    for hostile in ("a\nssh-ed25519 AAAA", " a", "ü", "a" * 256):
        with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameterValue"):
            boto.create_key_pair(KeyName=hostile, KeyType="ed25519")
    assert "(InvalidKeyPair.NotFound)" in ec2.refused("describe-key-pairs", "--key-names", name)


def test_key_pairs_are_found_and_go(ec2, boto, name):
    made = boto.create_key_pair(KeyName=name, KeyType="ed25519", TagSpecifications=[{"ResourceType": "key-pair", "Tags": [{"Key": "Env", "Value": name}]}])
    assert made["Tags"] == [{"Key": "Env", "Value": name}]
    for each in ({"Name": "key-name", "Values": [name]}, {"Name": "fingerprint", "Values": [made["KeyFingerprint"]]}, {"Name": "tag:Env", "Values": [name]}):
        assert [pair["KeyPairId"] for pair in boto.describe_key_pairs(Filters=[each])["KeyPairs"]] == [made["KeyPairId"]]
    ec2("delete-key-pair", "--key-name", name)
    assert boto.delete_key_pair(KeyName=name)["ResponseMetadata"]["HTTPStatusCode"] == 200  # done already
    assert boto.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [name]}])["KeyPairs"] == []


# ---- interface endpoints


def endpoint(ec2, vpc, service, *more):
    return ec2("create-vpc-endpoint", "--vpc-id", vpc, "--vpc-endpoint-type", "Interface", "--service-name", f"com.amazonaws.{REGION}.{service}", *more)["VpcEndpoint"]


def test_the_endpoints_of_session_manager(ec2, vpc, subnet, account):
    group = ec2.id("GroupId", "create-security-group", "--group-name", "vpce-sg", "--description", "interface endpoints", "--vpc-id", vpc)
    ec2("authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "443", "--cidr", "10.0.1.0/24")
    ec2("revoke-security-group-egress", "--group-id", group, "--protocol", "all", "--cidr", "0.0.0.0/0")
    ec2("authorize-security-group-egress", "--group-id", group, "--protocol", "tcp", "--port", "443", "--cidr", "0.0.0.0/0")
    for service in ("ssm", "ssmmessages", "ec2messages"):
        made = endpoint(ec2, vpc, service, "--subnet-ids", subnet, "--security-group-ids", group, "--private-dns-enabled")
        assert made["VpcEndpointId"].startswith("vpce-") and made["State"] in ("pending", "available") and made["VpcEndpointType"] == "Interface"
        assert (made["SubnetIds"], made["Groups"]) == ([subnet], [{"GroupId": group, "GroupName": "vpce-sg"}])
        names = [each["DnsName"] for each in made["DnsEntries"]]
        assert names[0].endswith(f".{service}.{REGION}.vpce.amazonaws.com") and names[-1] == f"{service}.{REGION}.amazonaws.com"
        assert len(made["NetworkInterfaceIds"]) == 1 and made["OwnerId"] == account and made["PrivateDnsEnabled"] is True
        json.loads(made["PolicyDocument"])
    listed = ec2("describe-vpc-endpoints", "--filters", f"Name=vpc-id,Values={vpc}")["VpcEndpoints"]
    assert {each["ServiceName"].split(".")[-1] for each in listed} == {"ssm", "ssmmessages", "ec2messages"}
    assert ec2("describe-vpc-endpoints", "--filters", f"Name=vpc-id,Values={vpc}", "Name=service-name,Values=*.ssm")["VpcEndpoints"][0]["ServiceName"] == f"com.amazonaws.{REGION}.ssm"

    said = ec2.refused("create-vpc-endpoint", "--vpc-id", vpc, "--vpc-endpoint-type", "Interface", "--service-name", f"com.amazonaws.{REGION}.ssm", "--subnet-ids", subnet, "--private-dns-enabled")
    assert "(InvalidParameter)" in said  # V10
    assert f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for ssm.{REGION}.amazonaws.com in the VPC {vpc}" in said

    for words in (("delete-subnet", "--subnet-id", subnet), ("delete-security-group", "--group-id", group), ("delete-vpc", "--vpc-id", vpc)):
        assert "(DependencyViolation)" in ec2.refused(*words)
    answer = ec2("delete-vpc-endpoints", "--vpc-endpoint-ids", *(each["VpcEndpointId"] for each in listed), "vpce-0123456789abcdef0")
    (failed,) = answer["Unsuccessful"]
    assert (failed["ResourceId"], failed["Error"]["Code"]) == ("vpce-0123456789abcdef0", "InvalidVpcEndpoint.NotFound")
    assert {each["State"] for each in ec2("describe-vpc-endpoints", "--filters", f"Name=vpc-id,Values={vpc}")["VpcEndpoints"]} <= {"deleting", "deleted"}
    ec2("delete-security-group", "--group-id", group)
    ec2("delete-subnet", "--subnet-id", subnet)


def test_private_dns_takes_dns_names(ec2):  # V9
    vpc = ec2.id("Vpc.VpcId", "create-vpc", "--cidr-block", "10.5.0.0/16")
    said = ec2.refused("create-vpc-endpoint", "--vpc-id", vpc, "--vpc-endpoint-type", "Interface", "--service-name", f"com.amazonaws.{REGION}.ssm", "--private-dns-enabled")
    assert "(InvalidParameter)" in said
    assert f"Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {vpc}" in said
    assert endpoint(ec2, vpc, "ssm", "--no-private-dns-enabled")["PrivateDnsEnabled"] is False


def test_an_endpoint_is_changed(ec2, boto, vpc, subnet):
    other = ec2.id("Subnet.SubnetId", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.2.0/24", "--availability-zone", f"{REGION}b")
    same_zone = ec2.id("Subnet.SubnetId", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.3.0/24", "--availability-zone", f"{REGION}a")
    group = ec2.group(vpc, "later")
    made = endpoint(ec2, vpc, "ssm", "--subnet-ids", subnet)
    assert [each["GroupName"] for each in made["Groups"]] == ["default"]
    this = ("--vpc-endpoint-id", made["VpcEndpointId"])
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
    ec2("modify-vpc-endpoint", *this, "--add-subnet-ids", other, "--add-security-group-ids", group, "--remove-security-group-ids", made["Groups"][0]["GroupId"],
        "--policy-document", json.dumps(policy))
    changed = boto.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]
    assert set(changed["SubnetIds"]) == {subnet, other} and [each["GroupId"] for each in changed["Groups"]] == [group]
    assert json.loads(changed["PolicyDocument"]) == policy
    assert "(DuplicateSubnetsInSameZone)" in ec2.refused("modify-vpc-endpoint", *this, "--add-subnet-ids", same_zone)
    assert "(InvalidPolicyDocument)" in ec2.refused("modify-vpc-endpoint", *this, "--policy-document", "{")
    ec2("modify-vpc-endpoint", *this, "--reset-policy", "--remove-subnet-ids", subnet)
    changed = boto.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]
    assert changed["SubnetIds"] == [other] and json.loads(changed["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"


def test_the_groups_of_an_endpoint_wait_for_its_first_subnet(ec2, vpc, subnet):
    group = ec2.group(vpc, "waiting")
    made = endpoint(ec2, vpc, "ssm", "--security-group-ids", group)
    assert (made["SubnetIds"], made["Groups"]) == ([], [{"GroupId": group, "GroupName": "waiting"}])
    ec2("modify-vpc-endpoint", "--vpc-endpoint-id", made["VpcEndpointId"], "--add-subnet-ids", subnet)
    (interface,) = ec2("describe-network-interfaces", "--filters", f"Name=subnet-id,Values={subnet}")["NetworkInterfaces"]
    assert [each["GroupId"] for each in interface["Groups"]] == [group]


def test_every_mistake_with_endpoints_has_its_name(ec2, vpc, subnet):
    base = ("create-vpc-endpoint", "--vpc-id", vpc, "--service-name")
    ssm = f"com.amazonaws.{REGION}.ssm"
    interface = ("--vpc-endpoint-type", "Interface")
    for words, code in (((*base, f"com.amazonaws.{REGION}.nothing", *interface), "InvalidServiceName"), ((*base, "$(id)", *interface), "InvalidServiceName"),
                        ((*base, ssm), "InvalidParameter"), ((*base, ssm, "--vpc-endpoint-type", "Gateway"), "InvalidParameter"),
                        ((*base, ssm, *interface, "--subnet-ids", "subnet-0123456789abcdef0"), "InvalidSubnetID.NotFound"),
                        ((*base, ssm, *interface, "--subnet-ids", subnet, "--security-group-ids", NOWHERE), "InvalidGroup.NotFound"),
                        ((*base, ssm, *interface, "--policy-document", "no policy"), "InvalidPolicyDocument"),
                        (("describe-vpc-endpoints", "--vpc-endpoint-ids", "vpce-0123456789abcdef0"), "InvalidVpcEndpointId.NotFound"),
                        (("describe-vpc-endpoints", "--vpc-endpoint-ids", "vpce-x"), "InvalidVpcEndpointId.Malformed"),
                        (("describe-vpc-endpoint-services", "--service-names", "nothing"), "InvalidServiceName")):
        assert f"({code})" in ec2.refused(*words), words


def test_a_token_makes_one_endpoint(ec2, vpc, subnet):
    once = [endpoint(ec2, vpc, "ssm", "--subnet-ids", subnet, "--client-token", "only-once")["VpcEndpointId"] for _ in range(2)]
    assert once[0] == once[1]
    said = ec2.refused("create-vpc-endpoint", "--vpc-id", vpc, "--vpc-endpoint-type", "Interface", "--service-name", f"com.amazonaws.{REGION}.kms", "--client-token", "only-once")
    assert "(IdempotentParameterMismatch)" in said


def test_services_that_there_are_endpoints_for(ec2):
    answer = ec2("describe-vpc-endpoint-services")
    assert {f"com.amazonaws.{REGION}.{each}" for each in ("ssm", "ssmmessages", "ec2messages", "ec2", "s3", "logs", "kms")} <= set(answer["ServiceNames"])
    (ssm,) = ec2("describe-vpc-endpoint-services", "--service-names", f"com.amazonaws.{REGION}.ssm")["ServiceDetails"]
    assert ssm["PrivateDnsName"] == f"ssm.{REGION}.amazonaws.com" and ssm["ServiceType"] == [{"ServiceType": "Interface"}]
    assert ec2("describe-prefix-lists")["PrefixLists"] == []


# ---- images, types, and instances without a lab


def test_what_instances_are_launched_from(ec2, boto):
    (image,) = ec2("describe-images", "--owners", "amazon")["Images"]
    assert ec2.id("sort_by(Images,&CreationDate)[-1].ImageId", "describe-images", "--owners", "amazon") == image["ImageId"]
    assert (image["State"], image["Architecture"]) == ("available", os.uname().machine.replace("aarch64", "arm64"))
    assert ec2("describe-images", "--owners", "self")["Images"] == []
    assert ec2("describe-images", "--image-ids", image["ImageId"], "--filters", "Name=name,Values=fumidai*", "Name=state,Values=available")["Images"] == [image]
    assert ec2("describe-images", "--filters", "Name=name,Values=windows*")["Images"] == []
    assert "(InvalidAMIID.NotFound)" in ec2.refused("describe-images", "--image-ids", "ami-0123456789abcdef0")
    assert "(InvalidAMIID.Malformed)" in ec2.refused("describe-images", "--image-ids", "image")
    (micro,) = boto.describe_instance_types(InstanceTypes=["t3.micro"])["InstanceTypes"]
    assert (micro["VCpuInfo"]["DefaultVCpus"], micro["MemoryInfo"]["SizeInMiB"]) == (2, 1024)
    assert {"t3.micro", "t3.small"} <= {each["InstanceType"] for page in boto.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 5}) for each in page["InstanceTypes"]}
    assert "(InvalidInstanceType)" in ec2.refused("describe-instance-types", "--instance-types", "t9.huge")


def test_without_a_lab_nothing_is_launched(plane, ec2, subnet):
    image = ec2.id("Images[0].ImageId", "describe-images")
    words = ("run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", subnet)
    said = ec2.refused(*words, "--user-data", "#!/bin/sh\npassword=hunter2")
    assert "(UnsupportedOperation)" in said and "fumidai lab up" in said and "--lab" in said
    assert "hunter2" not in json.dumps(plane.events()) and base64.b64encode(b"hunter2").decode()[:8] not in json.dumps(plane.events())
    assert ec2("describe-instances") == {"Reservations": []}
    assert ec2("describe-instance-status", "--include-all-instances")["InstanceStatuses"] == []
    assert ec2("describe-iam-instance-profile-associations")["IamInstanceProfileAssociations"] == []
    for action in ("start", "stop", "reboot", "terminate"):
        assert "(InvalidInstanceID.NotFound)" in ec2.refused(f"{action}-instances", "--instance-ids", "i-0123456789abcdef0")
        assert "(InvalidInstanceID.Malformed)" in ec2.refused(f"{action}-instances", "--instance-ids", "instance")
    for words in (("get-console-output",), ("describe-instance-attribute", "--attribute", "userData"), ("modify-instance-metadata-options", "--http-tokens", "required"),
                  ("modify-instance-attribute", "--no-source-dest-check"), ("associate-iam-instance-profile", "--iam-instance-profile", "Name=SSMServiceRole")):
        said = ec2.refused(*words, "--instance-id", "i-0123456789abcdef0")
        assert "(InvalidInstanceID.NotFound)" in said or "Invalid IAM Instance Profile name" in said
