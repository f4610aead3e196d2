"""IAM and STS with AWS's own tools: roles and instance profiles, users and keys, policies, becoming a role; and what is said of every mistake."""

import datetime
import json

import botocore.exceptions
import pytest

from house.programs import AWS, run, wait_until

CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal, **more):
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


TRUSTS_EC2 = trust({"Service": "ec2.amazonaws.com"})


@pytest.fixture(scope="module")
def account(plane):
    return plane.aws("sts", "get-caller-identity")["Account"]


@pytest.fixture(scope="module")
def iam(plane):
    return plane.boto3("iam")


@pytest.fixture
def name(request):
    """A name of this test's own."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[-40:].strip("-")


@pytest.fixture
def role(iam, account, name):
    """A role that everybody of the account may be whose own policies let him."""
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]["Arn"]


def be(plane, role, session="work", *more, **who):
    """Becomes a role; gives the name of a profile that is it."""
    answer = plane.aws("sts", "assume-role", "--role-arn", role, "--role-session-name", session, *more, **who)
    return plane.add_profile(f"{role.split('/')[-1]}-{answer['Credentials']['AccessKeyId']}", answer["Credentials"])


def denied(said, action):
    return "(AccessDenied" in said and f"is not authorized to perform: {action}" in said


# ---- the whole story of a role for instances, of operators, and of taking it all down


def test_a_role_for_instances_is_made_used_and_taken_down(plane, account, tmp_path):
    document = tmp_path / "trust.json"
    document.write_text(TRUSTS_EC2)
    made = plane.aws("iam", "create-role", "--role-name", "ssm-role", "--assume-role-policy-document", f"file://{document}")["Role"]
    assert made["Arn"] == f"arn:aws:iam::{account}:role/ssm-role"
    assert made["AssumeRolePolicyDocument"] == json.loads(TRUSTS_EC2)
    plane.aws("iam", "wait", "role-exists", "--role-name", "ssm-role")
    plane.aws("iam", "attach-role-policy", "--role-name", "ssm-role", "--policy-arn", CORE)
    plane.aws("iam", "create-instance-profile", "--instance-profile-name", "ssm-profile")
    plane.aws("iam", "add-role-to-instance-profile", "--instance-profile-name", "ssm-profile", "--role-name", "ssm-role")
    plane.aws("iam", "wait", "instance-profile-exists", "--instance-profile-name", "ssm-profile")

    profile = plane.aws("iam", "get-instance-profile", "--instance-profile-name", "ssm-profile")["InstanceProfile"]
    assert profile["Arn"] == f"arn:aws:iam::{account}:instance-profile/ssm-profile" and profile["InstanceProfileId"].startswith("AIPA")
    assert [each["RoleName"] for each in profile["Roles"]] == ["ssm-role"]
    (listed,) = plane.aws("iam", "list-instance-profiles-for-role", "--role-name", "ssm-role")["InstanceProfiles"]
    assert listed["InstanceProfileName"] == "ssm-profile"
    assert plane.aws("iam", "list-attached-role-policies", "--role-name", "ssm-role")["AttachedPolicies"] == [{"PolicyName": "AmazonSSMManagedInstanceCore", "PolicyArn": CORE}]

    assert "(DeleteConflict)" in plane.refused("iam", "delete-instance-profile", "--instance-profile-name", "ssm-profile")
    assert "(DeleteConflict)" in plane.refused("iam", "delete-role", "--role-name", "ssm-role")
    plane.aws("iam", "remove-role-from-instance-profile", "--instance-profile-name", "ssm-profile", "--role-name", "ssm-role")
    plane.aws("iam", "delete-instance-profile", "--instance-profile-name", "ssm-profile")
    assert "must detach all policies first" in plane.refused("iam", "delete-role", "--role-name", "ssm-role")
    plane.aws("iam", "detach-role-policy", "--role-name", "ssm-role", "--policy-arn", CORE)
    plane.aws("iam", "delete-role", "--role-name", "ssm-role")
    assert "(NoSuchEntity)" in plane.refused("iam", "get-role", "--role-name", "ssm-role")


@pytest.mark.sanitized
def test_an_operator_is_made_works_and_is_removed(plane, host):
    plane.aws("ssm", "add-tags-to-resource", "--resource-type", "ManagedInstance", "--resource-id", host.id, "--tags", "Key=Env,Value=dev")
    sessions = policy(
        allow("ssm:StartSession", "arn:aws:ssm:*:*:managed-instance/*", Condition={"StringLike": {"ssm:resourceTag/Env": "dev"}}),
        allow("ssm:StartSession", "arn:aws:ssm:*:*:document/*", Condition={"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}),
        allow(["ssm:TerminateSession", "ssm:ResumeSession"], "arn:aws:ssm:*:*:session/${aws:username}-*"),
        allow("fumidai:ResolveTarget"))
    plane.aws("iam", "create-user", "--user-name", "alice")
    plane.aws("iam", "wait", "user-exists", "--user-name", "alice")
    key = plane.aws("iam", "create-access-key", "--user-name", "alice")["AccessKey"]
    plane.add_profile("alice", key)
    plane.aws("iam", "put-user-policy", "--user-name", "alice", "--policy-name", "sessions", "--policy-document", sessions)
    assert plane.aws("iam", "get-user-policy", "--user-name", "alice", "--policy-name", "sessions")["PolicyDocument"] == json.loads(sessions)
    done = plane.fumidai("session", "start", host.id, "--", "echo", "hello", user="alice")
    assert done.stdout == b"hello\n", done.stderr

    assert "must delete access keys first" in plane.refused("iam", "delete-user", "--user-name", "alice")
    plane.aws("iam", "delete-access-key", "--user-name", "alice", "--access-key-id", key["AccessKeyId"])
    assert "must delete policies first" in plane.refused("iam", "delete-user", "--user-name", "alice")
    plane.aws("iam", "delete-user-policy", "--user-name", "alice", "--policy-name", "sessions")
    plane.aws("iam", "delete-user", "--user-name", "alice")
    assert "(NoSuchEntity)" in plane.refused("iam", "get-user", "--user-name", "alice")


# ---- roles


def test_a_role_is_as_it_was_made(plane, account, name):
    plane.aws("iam", "create-role", "--role-name", name, "--path", "/ops/", "--description", "for 東京", "--max-session-duration", "7200",
              "--tags", "Key=team,Value=web", "--assume-role-policy-document", TRUSTS_EC2)
    role = plane.aws("iam", "get-role", "--role-name", name)["Role"]
    expected = {"RoleName": name, "Path": "/ops/", "Arn": f"arn:aws:iam::{account}:role/ops/{name}", "Description": "for 東京", "MaxSessionDuration": 7200,
                "Tags": [{"Key": "team", "Value": "web"}], "AssumeRolePolicyDocument": json.loads(TRUSTS_EC2), "RoleLastUsed": {}}
    assert {key: role[key] for key in expected} == expected
    assert role["RoleId"].startswith("AROA")
    plane.aws("iam", "update-assume-role-policy", "--role-name", name, "--policy-document", trust({"AWS": account}))
    assert plane.aws("iam", "get-role", "--role-name", name)["Role"]["AssumeRolePolicyDocument"] == json.loads(trust({"AWS": account}))
    assert [each["RoleName"] for each in plane.aws("iam", "list-roles", "--path-prefix", "/ops/")["Roles"]] == [name]


def test_inline_policies_of_a_role(plane, role, name):
    del role
    document = policy(allow("ssm:*"))
    for each in ("b", "a"):
        plane.aws("iam", "put-role-policy", "--role-name", name, "--policy-name", each, "--policy-document", document)
    assert plane.aws("iam", "list-role-policies", "--role-name", name)["PolicyNames"] == ["a", "b"]
    got = plane.aws("iam", "get-role-policy", "--role-name", name, "--policy-name", "a")
    assert (got["RoleName"], got["PolicyName"], got["PolicyDocument"]) == (name, "a", json.loads(document))
    assert "must delete policies first" in plane.refused("iam", "delete-role", "--role-name", name)
    for each in ("a", "b"):
        plane.aws("iam", "delete-role-policy", "--role-name", name, "--policy-name", each)
    plane.aws("iam", "delete-role", "--role-name", name)


@pytest.mark.parametrize("document, why", [
    ("{", "This policy contains invalid Json"),
    ("[]", "This policy contains invalid Json"),
    (policy({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
    (policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}), "Has prohibited field Resource"),
    (policy({"Effect": "Allow", "NotPrincipal": {"AWS": "*"}, "Action": "sts:AssumeRole"}), "Has prohibited field NotPrincipal"),
    (policy({"Effect": "Allow", "Principal": "*", "Action": "ssm:StartSession"}), "may only specify STS AssumeRole actions"),
    (trust({"AWS": "arn:aws:iam::123456789012:user/*"}), "Invalid principal in policy"),
    (trust({"Federated": "example.net"}), "unknown type of principal 'Federated'"),
    (trust({"Service": "ec2"}), "Invalid principal in policy"),
], ids=["no-json", "no-object", "no-principal", "resource", "not-principal", "another-action", "wildcard", "federated", "no-service"])
def test_a_trust_policy_that_is_none_is_refused(plane, role, name, document, why):
    del role
    for words in (("create-role", "--role-name", f"{name}-2", "--assume-role-policy-document"), ("update-assume-role-policy", "--role-name", name, "--policy-document")):
        said = plane.refused("iam", *words, document)
        assert "(MalformedPolicyDocument)" in said and why in said
    assert "(NoSuchEntity)" in plane.refused("iam", "get-role", "--role-name", f"{name}-2")


def test_a_role_that_hosts_have_stays(plane, host):
    del host
    core = plane.aws("iam", "list-attached-role-policies", "--role-name", "SSMServiceRole")["AttachedPolicies"]
    plane.aws("iam", "detach-role-policy", "--role-name", "SSMServiceRole", "--policy-arn", core[0]["PolicyArn"])
    try:
        said = plane.refused("iam", "delete-role", "--role-name", "SSMServiceRole")
        assert "(DeleteConflict)" in said and "must deregister the hosts that registered with this role" in said
    finally:
        plane.aws("iam", "attach-role-policy", "--role-name", "SSMServiceRole", "--policy-arn", core[0]["PolicyArn"])


def test_hosts_get_only_a_role_that_trusts_their_service(plane, role, name):
    del role
    said = plane.refused("ssm", "create-activation", "--iam-role", name)
    assert "(ValidationException)" in said and "does not let ssm.amazonaws.com assume it" in said
    plane.aws("iam", "update-assume-role-policy", "--role-name", name, "--policy-document", trust({"Service": "ssm.amazonaws.com"}))
    made = plane.aws("ssm", "create-activation", "--iam-role", name)
    assert "must delete the activations with this role" in plane.refused("iam", "delete-role", "--role-name", name)
    plane.aws("ssm", "delete-activation", "--activation-id", made["ActivationId"])
    plane.aws("iam", "delete-role", "--role-name", name)


def test_an_instance_profile_has_one_role(plane, role, name):
    del role
    this = ("--instance-profile-name", name)
    plane.aws("iam", "create-instance-profile", *this)
    assert f"Instance Profile {name} already exists." in plane.refused("iam", "create-instance-profile", *this)
    plane.aws("iam", "add-role-to-instance-profile", *this, "--role-name", name)
    assert "(LimitExceeded)" in plane.refused("iam", "add-role-to-instance-profile", *this, "--role-name", "SSMServiceRole")
    assert "(NoSuchEntity)" in plane.refused("iam", "remove-role-from-instance-profile", *this, "--role-name", "SSMServiceRole")
    plane.aws("iam", "remove-role-from-instance-profile", *this, "--role-name", name)
    plane.aws("iam", "add-role-to-instance-profile", *this, "--role-name", "SSMServiceRole")
    assert name in [each["InstanceProfileName"] for each in plane.aws("iam", "list-instance-profiles")["InstanceProfiles"]]
    plane.aws("iam", "remove-role-from-instance-profile", *this, "--role-name", "SSMServiceRole")
    plane.aws("iam", "delete-instance-profile", *this)


# ---- users and keys


def test_a_user_looks_at_himself(plane, account):
    plane.make_user("self", allow(["iam:GetUser", "iam:ListAccessKeys", "iam:CreateAccessKey", "iam:DeleteAccessKey"], "arn:aws:iam::*:user/${aws:username}"))
    assert plane.aws("iam", "get-user", user="self")["User"]["Arn"] == f"arn:aws:iam::{account}:user/self"
    made = plane.aws("iam", "create-access-key", user="self")["AccessKey"]["AccessKeyId"]
    keys = plane.aws("iam", "list-access-keys", user="self")["AccessKeyMetadata"]
    assert [key["Status"] for key in keys] == ["Active", "Active"] and "SecretAccessKey" not in keys[0]
    assert "(LimitExceeded)" in plane.refused("iam", "create-access-key", user="self")
    plane.aws("iam", "delete-access-key", "--access-key-id", made, user="self")
    assert denied(plane.refused("iam", "get-user", "--user-name", "administrator", user="self"), "iam:GetUser")


@pytest.mark.sanitized
def test_an_inactive_key_and_a_deleted_one_are_refused_at_once(plane):
    plane.make_user("keys", allow("ssm:DescribeSessions"))
    (key,) = plane.aws("iam", "list-access-keys", "--user-name", "keys")["AccessKeyMetadata"]
    this = ("--user-name", "keys", "--access-key-id", key["AccessKeyId"])
    look = ("ssm", "describe-sessions", "--state", "Active")
    plane.aws(*look, user="keys")
    plane.aws("iam", "update-access-key", *this, "--status", "Inactive")
    assert plane.aws("iam", "list-access-keys", "--user-name", "keys")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    assert "(UnrecognizedClientException)" in plane.refused(*look, user="keys")
    assert "(InvalidClientTokenId)" in plane.refused("sts", "get-caller-identity", user="keys")
    plane.aws("iam", "update-access-key", *this, "--status", "Active")
    plane.aws(*look, user="keys")
    plane.aws("iam", "delete-access-key", *this)
    assert "(UnrecognizedClientException)" in plane.refused(*look, user="keys")
    assert "(NoSuchEntity)" in plane.refused("iam", "update-access-key", *this, "--status", "Active")


def test_a_path_is_part_of_who_somebody_is(plane, account):
    """A policy about /staff/ holds for those in it, whether or not the request says the path: it has no place for one."""
    plane.aws("iam", "create-user", "--user-name", "boss", "--path", "/staff/")
    plane.make_user("helpdesk", allow("iam:*"), {"Effect": "Deny", "Action": "iam:*", "Resource": f"arn:aws:iam::{account}:user/staff/*"})
    said = plane.refused("iam", "create-access-key", "--user-name", "boss", user="helpdesk")
    assert denied(said, "iam:CreateAccessKey") and f"arn:aws:iam::{account}:user/staff/boss with an explicit deny" in said
    assert "with an explicit deny" in plane.refused("iam", "put-user-policy", "--user-name", "boss", "--policy-name", "p", "--policy-document", policy(allow("*")), user="helpdesk")
    plane.aws("iam", "delete-user", "--user-name", "boss")


# ---- managed policies


def test_a_policy_of_ones_own_counts_while_it_is_attached(plane, account, name):
    document = policy(allow("ssm:DescribeSessions"))
    made = plane.aws("iam", "create-policy", "--policy-name", name, "--path", "/ops/", "--policy-document", document, "--description", "to look")["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{account}:policy/ops/{name}" and made["DefaultVersionId"] == "v1"
    plane.aws("iam", "wait", "policy-exists", "--policy-arn", made["Arn"])
    plane.make_user(name)
    look = ("ssm", "describe-sessions", "--state", "Active")
    assert denied(plane.refused(*look, user=name), "ssm:DescribeSessions")
    plane.aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", made["Arn"])
    plane.aws(*look, user=name)
    assert plane.aws("iam", "get-policy", "--policy-arn", made["Arn"])["Policy"]["AttachmentCount"] == 1
    version = plane.aws("iam", "get-policy-version", "--policy-arn", made["Arn"], "--version-id", "v1")["PolicyVersion"]
    assert version["Document"] == json.loads(document) and version["IsDefaultVersion"]
    assert plane.aws("iam", "list-attached-user-policies", "--user-name", name)["AttachedPolicies"] == [{"PolicyName": name, "PolicyArn": made["Arn"]}]
    assert "(DeleteConflict)" in plane.refused("iam", "delete-policy", "--policy-arn", made["Arn"])
    plane.aws("iam", "detach-user-policy", "--user-name", name, "--policy-arn", made["Arn"])
    assert denied(plane.refused(*look, user=name), "ssm:DescribeSessions")
    plane.aws("iam", "delete-policy", "--policy-arn", made["Arn"])


def test_policies_of_aws_are_there(plane, name):
    def listed(*more):
        return {each["PolicyName"] for each in plane.aws("iam", "list-policies", *more)["Policies"]}

    own = plane.aws("iam", "create-policy", "--policy-name", name, "--policy-document", policy(allow("ssm:*")))["Policy"]["Arn"]
    of_aws = {"AdministratorAccess", "AmazonSSMManagedInstanceCore", "AmazonSSMFullAccess", "AmazonEC2ReadOnlyAccess", "EC2InstanceConnect"}
    assert of_aws <= listed("--scope", "AWS") and name not in listed("--scope", "AWS")
    assert name in listed("--scope", "Local") and not of_aws & listed("--scope", "Local")
    assert of_aws | {name} <= listed()
    assert {"AdministratorAccess", "AmazonSSMManagedInstanceCore"} <= listed("--only-attached") and "EC2InstanceConnect" not in listed("--only-attached")
    core = plane.aws("iam", "get-policy", "--policy-arn", CORE)["Policy"]
    assert core["DefaultVersionId"] == "v2" and core["PolicyId"].startswith("ANPA")
    statements = plane.aws("iam", "get-policy-version", "--policy-arn", CORE, "--version-id", "v2")["PolicyVersion"]["Document"]["Statement"]
    assert any("ssmmessages:OpenDataChannel" in statement["Action"] for statement in statements)
    plane.aws("iam", "delete-policy", "--policy-arn", own)


def test_who_may_attach_can_be_told_what(plane):
    plane.make_user("granter", allow("iam:AttachUserPolicy", "*", Condition={"ArnEquals": {"iam:PolicyARN": CORE}}))
    plane.aws("iam", "attach-user-policy", "--user-name", "granter", "--policy-arn", CORE, user="granter")
    assert denied(plane.refused("iam", "attach-user-policy", "--user-name", "granter", "--policy-arn", ADMINISTRATOR, user="granter"), "iam:AttachUserPolicy")


# ---- lists


@pytest.mark.parametrize("operation, entries, entry", [("list_users", "Users", "UserName"), ("list_roles", "Roles", "RoleName"), ("list_policies", "Policies", "PolicyName"),
                                                       ("list_instance_profiles", "InstanceProfiles", "InstanceProfileName")])
def test_lists_come_in_parts(iam, operation, entries, entry):
    path = f"/{operation}/"
    for each in ("c", "a", "b"):
        this = f"{operation}-{each}"
        {"list_users": lambda: iam.create_user(UserName=this, Path=path), "list_roles": lambda: iam.create_role(RoleName=this, Path=path, AssumeRolePolicyDocument=TRUSTS_EC2),
         "list_policies": lambda: iam.create_policy(PolicyName=this, Path=path, PolicyDocument=policy(allow("ssm:*"))),
         "list_instance_profiles": lambda: iam.create_instance_profile(InstanceProfileName=this, Path=path)}[operation]()
    call = getattr(iam, operation)
    first = call(PathPrefix=path, MaxItems=2)
    assert first["IsTruncated"] and len(first[entries]) == 2
    second = call(PathPrefix=path, MaxItems=2, Marker=first["Marker"])
    assert not second["IsTruncated"] and "Marker" not in second
    wanted = [f"{operation}-{each}" for each in "abc"]
    assert [each[entry] for each in first[entries] + second[entries]] == wanted
    pages = iam.get_paginator(operation).paginate(PathPrefix=path, PaginationConfig={"PageSize": 1})
    assert [each[entry] for page in pages for each in page[entries]] == wanted
    with pytest.raises(botocore.exceptions.ClientError, match="ValidationError.*Invalid Marker"):
        call(PathPrefix="/", Marker=first["Marker"])


def test_a_part_of_the_policies_of_one_user(plane, iam):
    plane.make_user("many")
    for each in "cab":
        iam.put_user_policy(UserName="many", PolicyName=each, PolicyDocument=policy(allow("ssm:*")))
    first = iam.list_user_policies(UserName="many", MaxItems=2)
    assert (first["PolicyNames"], first["IsTruncated"]) == (["a", "b"], True)
    assert iam.list_user_policies(UserName="many", Marker=first["Marker"])["PolicyNames"] == ["c"]


# ---- becoming a role


@pytest.mark.sanitized
def test_a_role_that_is_assumed_can_do_what_its_policies_say(plane, account, host, role, name):
    plane.aws("iam", "put-role-policy", "--role-name", name, "--policy-name", "sessions", "--policy-document", policy(allow(["ssm:StartSession", "fumidai:ResolveTarget"])))
    plane.make_user("becomes", allow("sts:AssumeRole", role))
    answer = plane.aws("sts", "assume-role", "--role-arn", role, "--role-session-name", "night-shift", user="becomes")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/{name}/night-shift"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].split(":")[1] == "night-shift" and answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    profile = plane.add_profile("night", answer["Credentials"])

    me = plane.aws("sts", "get-caller-identity", user=profile)
    assert (me["Arn"], me["UserId"]) == (answer["AssumedRoleUser"]["Arn"], answer["AssumedRoleUser"]["AssumedRoleId"])
    done = plane.fumidai("session", "start", host.id, "--", "echo", "as a role", user=profile)
    assert done.stdout == b"as a role\n", done.stderr
    assert denied(plane.refused("iam", "list-users", user=profile), "iam:ListUsers")
    assert "Must specify userName" in plane.refused("iam", "get-user", user=be(plane, role, user="becomes"))

    (started,) = [event for event in plane.events("--kind", "session.start") if event["principal"] == me["Arn"]]
    assert started["session"].startswith("night-shift-")
    assert f"assumed-role/{name}/night-shift" in plane.fumidai("explain", started["session"]).stdout.decode()
    (became,) = [event for event in plane.events() if event["action"] == "sts:AssumeRole" and event["detail"].get("roleSession") == "night-shift"]
    said = plane.fumidai("explain", became["request"]).stdout.decode()
    assert "user/becomes" in said and role in said and "night-shift" in said and f"trust policy of role {name}" in said


def test_a_role_says_when_it_was_last_used(plane, role, name):
    plane.make_user("uses", allow("sts:AssumeRole", role))
    used = lambda: plane.aws("iam", "get-role", "--role-name", name)["Role"]["RoleLastUsed"]
    profile = be(plane, role, user="uses")
    assert used() == {}
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    plane.aws("sts", "get-caller-identity", user=profile)
    said = wait_until("the use of the role", used)
    assert said["Region"] == "us-east-1" and before <= datetime.datetime.fromisoformat(said["LastUsedDate"].replace("Z", "+00:00"))


def test_a_user_gets_credentials_for_a_while(plane, account):
    plane.make_user("clerk", allow(["ssm:DescribeSessions", "iam:*"]))
    issued = plane.aws("sts", "get-session-token", "--duration-seconds", "900", user="clerk")["Credentials"]
    left = datetime.datetime.fromisoformat(issued["Expiration"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    assert issued["AccessKeyId"].startswith("ASIA") and 880 < left.total_seconds() <= 900
    profile = plane.add_profile("clerk-for-a-while", issued)

    assert plane.aws("sts", "get-caller-identity", user=profile)["Arn"] == f"arn:aws:iam::{account}:user/clerk"
    plane.aws("ssm", "describe-sessions", "--state", "Active", user=profile)
    assert denied(plane.refused("ssm", "describe-instance-information", user=profile), "ssm:DescribeInstanceInformation")
    assert "(InvalidClientTokenId)" in plane.refused("iam", "get-user", user=profile)  # as on AWS without MFA
    assert "Cannot call GetSessionToken with session credentials" in plane.refused("sts", "get-session-token", user=profile)
    assert "there are no MFA devices" in plane.refused("sts", "get-session-token", "--serial-number", "arn:aws:iam::123456789012:mfa/clerk", "--token-code", "123456", user="clerk")
    assert "(ValidationError)" in plane.refused("sts", "get-session-token", "--duration-seconds", "129601", user="clerk")
    assert [event["outcome"] for event in plane.events() if event["action"] == "sts:GetSessionToken"] == ["allowed"]

    (key,) = plane.aws("iam", "list-access-keys", "--user-name", "clerk")["AccessKeyMetadata"]
    plane.aws("iam", "delete-access-key", "--user-name", "clerk", "--access-key-id", key["AccessKeyId"])
    plane.aws("ssm", "describe-sessions", "--state", "Active", user=profile)  # they are the user's, not the key's
    for policy_name in plane.aws("iam", "list-user-policies", "--user-name", "clerk")["PolicyNames"]:
        plane.aws("iam", "delete-user-policy", "--user-name", "clerk", "--policy-name", policy_name)
    plane.aws("iam", "delete-user", "--user-name", "clerk")
    plane.aws("iam", "create-user", "--user-name", "clerk")  # another one of that name
    assert "(InvalidClientTokenId)" in plane.refused("sts", "get-caller-identity", user=profile)


def test_a_profile_of_the_tools_becomes_a_role_by_itself(plane, role, name):
    plane.aws("iam", "attach-role-policy", "--role-name", name, "--policy-arn", "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
    plane.make_user("source", allow("sts:AssumeRole"))
    with (plane.data / "config").open("a") as config:
        config.write(f"\n[profile by-itself]\nrole_arn = {role}\nsource_profile = source\nregion = us-east-1\n")
    assert f"assumed-role/{name}/" in plane.aws("sts", "get-caller-identity", user="by-itself")["Arn"]
    plane.aws("ssm", "describe-sessions", "--state", "Active", user="by-itself")


def test_a_role_is_refused_to_whom_either_side_does_not_let(plane, account, role, name):
    plane.make_user("unwanted", allow("sts:AssumeRole"))
    plane.make_user("unable")
    this = ("sts", "assume-role", "--role-session-name", "work", "--role-arn")
    assert denied(plane.refused(*this, role, user="unable"), "sts:AssumeRole")
    plane.aws("iam", "update-assume-role-policy", "--role-name", name, "--policy-document", trust({"AWS": f"arn:aws:iam::{account}:user/unable"}))
    said = plane.refused(*this, role, user="unwanted")
    assert denied(said, "sts:AssumeRole") and "no role trust policy allows" in said
    nobody = f"arn:aws:iam::{account}:role/nobody"
    assert plane.refused(*this, nobody, user="unwanted").split("explain")[0] == said.split("explain")[0].replace(role, nobody), "no role is as one that does not trust"
    assert "no identity-based policy allows" in plane.refused(*this, role, user="unable"), "trust alone is not enough"
    (event,) = [event for event in plane.events("--outcome", "denied") if event["resource"] == nobody]
    assert "there is no such role" in plane.fumidai("explain", event["request"]).stdout.decode()


def test_a_trust_policy_may_ask_for_an_external_id(plane, account, role, name):
    plane.aws("iam", "update-assume-role-policy", "--role-name", name, "--policy-document", trust({"AWS": account}, Condition={"StringEquals": {"sts:ExternalId": "blue"}}))
    this = ("sts", "assume-role", "--role-arn", role, "--role-session-name", "work")
    assert denied(plane.refused(*this), "sts:AssumeRole")
    assert denied(plane.refused(*this, "--external-id", "red"), "sts:AssumeRole")
    plane.aws(*this, "--external-id", "blue")


def test_a_session_may_be_given_less_than_its_role(plane, role, name):
    plane.aws("iam", "attach-role-policy", "--role-name", name, "--policy-arn", ADMINISTRATOR)
    lesser = be(plane, role, "less", "--policy", policy(allow("iam:ListUsers")))
    plane.aws("iam", "list-users", user=lesser)
    said = plane.refused("iam", "list-roles", user=lesser)
    assert denied(said, "iam:ListRoles") and "no session policy allows" in said
    reader = be(plane, role, "read", "--policy-arns", "arn=arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
    plane.aws("ssm", "describe-sessions", "--state", "Active", user=reader)
    assert denied(plane.refused("iam", "list-users", user=reader), "iam:ListUsers")


def test_credentials_end_with_their_role(plane, account, role, name):
    plane.aws("iam", "attach-role-policy", "--role-name", name, "--policy-arn", "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
    look = ("ssm", "describe-sessions", "--state", "Active")
    was = be(plane, role)
    plane.aws(*look, user=was)
    plane.aws("iam", "detach-role-policy", "--role-name", name, "--policy-arn", "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
    assert denied(plane.refused(*look, user=was), "ssm:DescribeSessions"), "what a role may is looked up at each use"
    plane.aws("iam", "delete-role", "--role-name", name)
    assert "(UnrecognizedClientException)" in plane.refused(*look, user=was)
    plane.aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", trust({"AWS": account}))
    assert "(UnrecognizedClientException)" in plane.refused(*look, user=was), "another role of the same name"


def test_a_chain_of_roles_is_an_hour_long(plane, account, role, name):
    plane.aws("iam", "put-role-policy", "--role-name", name, "--policy-name", "next", "--policy-document", policy(allow("sts:AssumeRole")))
    second = f"{name[:50]}-2"
    plane.aws("iam", "create-role", "--role-name", second, "--max-session-duration", "43200", "--assume-role-policy-document", trust({"AWS": role}))
    arn = f"arn:aws:iam::{account}:role/{second}"
    first = be(plane, role)
    this = ("sts", "assume-role", "--role-arn", arn, "--role-session-name", "work")
    assert f"assumed-role/{second}/work" in plane.aws(*this, user=first)["AssumedRoleUser"]["Arn"]
    assert "(ValidationError)" in plane.refused(*this, "--duration-seconds", "7200", user=first)
    assert denied(plane.refused(*this, "--duration-seconds", "7200"), "sts:AssumeRole"), "it trusts the first role only"


@pytest.mark.parametrize("words, why", [
    ("--role-session-name a/b", "(ValidationError) when calling the AssumeRole operation: 1 validation error detected: Value 'a/b' at 'roleSessionName'"),
    ("--role-session-name work --duration-seconds 43201", "Value '43201' at 'durationSeconds'"),
    ("--role-session-name work --duration-seconds 7200", "exceeds the MaxSessionDuration set for this role"),
    ("--role-session-name work --policy {", "(MalformedPolicyDocument)"),
    ("--role-session-name work --policy-arns arn=arn:aws:iam::aws:policy/Nothing", "(NoSuchEntity)"),
    ("--role-session-name work --tags Key=a,Value=b", "Session tags are not supported here"),
    ("--role-session-name work --source-identity hana", "SourceIdentity is not supported here"),
    ("--role-session-name work --serial-number 123456789 --token-code 123456", "MultiFactorAuthentication failed"),
])
def test_a_mistake_in_assuming_is_named(plane, role, words, why):
    assert why in plane.refused("sts", "assume-role", "--role-arn", role, *words.split())


def test_who_may_nothing_may_know_who_he_is(plane, account):
    plane.make_user("mute", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert plane.aws("sts", "get-caller-identity", user="mute")["Arn"] == f"arn:aws:iam::{account}:user/mute"


# ---- mistakes, and their place in HTTP


@pytest.mark.parametrize("operation, arguments, code, status, why", [
    ("create_role", {"RoleName": "SSMServiceRole", "AssumeRolePolicyDocument": TRUSTS_EC2}, "EntityAlreadyExists", 409, "Role with name SSMServiceRole already exists."),
    ("create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": TRUSTS_EC2}, "ValidationError", 400, "The specified value for roleName is invalid"),
    ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": TRUSTS_EC2, "MaxSessionDuration": 43201}, "ValidationError", 400, "Value '43201' at 'maxSessionDuration'"),
    ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": TRUSTS_EC2, "PermissionsBoundary": ADMINISTRATOR}, "InvalidInput", 400, "boundaries are not supported here"),
    ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": TRUSTS_EC2, "Tags": [{"Key": "aws:x", "Value": ""}]}, "ValidationError", 400, "aws: are reserved"),
    ("get_role", {"RoleName": "nobody"}, "NoSuchEntity", 404, "The role with name nobody cannot be found."),
    ("delete_role", {"RoleName": "nobody"}, "NoSuchEntity", 404, "The role with name nobody cannot be found."),
    ("update_assume_role_policy", {"RoleName": "nobody", "PolicyDocument": TRUSTS_EC2}, "NoSuchEntity", 404, "nobody"),
    ("get_role_policy", {"RoleName": "SSMServiceRole", "PolicyName": "none"}, "NoSuchEntity", 404, "The role policy with name none cannot be found."),
    ("put_role_policy", {"RoleName": "nobody", "PolicyName": "p", "PolicyDocument": policy(allow("*"))}, "NoSuchEntity", 404, "nobody"),
    ("put_role_policy", {"RoleName": "SSMServiceRole", "PolicyName": "p", "PolicyDocument": "{"}, "MalformedPolicyDocument", 400, "Syntax errors in policy."),
    ("put_role_policy", {"RoleName": "SSMServiceRole", "PolicyName": "p", "PolicyDocument": TRUSTS_EC2}, "MalformedPolicyDocument", 400, "Has prohibited field Principal"),
    ("put_role_policy", {"RoleName": "SSMServiceRole", "PolicyName": "p", "PolicyDocument": policy(allow("ssm:*", "arn:aws:ssm:*:*:document/" + "x" * 10240))}, "LimitExceeded", 409,
     "Maximum policy size of 10240 bytes exceeded for role SSMServiceRole"),
    ("attach_role_policy", {"RoleName": "SSMServiceRole", "PolicyArn": "arn:aws:iam::aws:policy/Nothing"}, "NoSuchEntity", 404, "Policy arn:aws:iam::aws:policy/Nothing does not exist or is not attachable."),
    ("detach_role_policy", {"RoleName": "SSMServiceRole", "PolicyArn": ADMINISTRATOR}, "NoSuchEntity", 404, f"Policy {ADMINISTRATOR} was not found."),
    ("get_instance_profile", {"InstanceProfileName": "none"}, "NoSuchEntity", 404, "Instance Profile none cannot be found."),
    ("add_role_to_instance_profile", {"InstanceProfileName": "none", "RoleName": "SSMServiceRole"}, "NoSuchEntity", 404, "Instance Profile none cannot be found."),
    ("create_user", {"UserName": "administrator"}, "EntityAlreadyExists", 409, "User with name administrator already exists."),
    ("create_user", {"UserName": "u", "Path": "no-path"}, "ValidationError", 400, "The specified value for path is invalid"),
    ("get_user", {"UserName": "nobody"}, "NoSuchEntity", 404, "The user with name nobody cannot be found."),
    ("delete_user", {"UserName": "administrator"}, "DeleteConflict", 409, "Cannot delete entity, must delete access keys first."),
    ("list_access_keys", {"UserName": "nobody"}, "NoSuchEntity", 404, "nobody"),
    ("delete_access_key", {"UserName": "administrator", "AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"}, "NoSuchEntity", 404, "The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found."),
    ("update_access_key", {"UserName": "administrator", "AccessKeyId": "AKIAAAAAAAAAAAAAAAAA", "Status": "Asleep"}, "ValidationError", 400, "Value 'Asleep' at 'status'"),
    ("get_user_policy", {"UserName": "administrator", "PolicyName": "none"}, "NoSuchEntity", 404, "The user policy with name none cannot be found."),
    ("delete_user_policy", {"UserName": "administrator", "PolicyName": "none"}, "NoSuchEntity", 404, "The user policy with name none cannot be found."),
    ("create_policy", {"PolicyName": "p", "PolicyDocument": "{"}, "MalformedPolicyDocument", 400, "Syntax errors in policy."),
    ("create_policy", {"PolicyName": "p", "PolicyDocument": policy(allow("ssm:*", "arn:aws:ssm:*:*:document/" + "x" * 6144))}, "LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144"),
    ("get_policy", {"PolicyArn": "arn:aws:iam::aws:policy/Nothing"}, "NoSuchEntity", 404, "Policy arn:aws:iam::aws:policy/Nothing was not found."),
    ("get_policy_version", {"PolicyArn": CORE, "VersionId": "v1"}, "NoSuchEntity", 404, "version v1 does not exist"),
    ("delete_policy", {"PolicyArn": ADMINISTRATOR}, "AccessDenied", 403, "is AWS's own and cannot be deleted"),
    ("list_policies", {"Scope": "Mine"}, "ValidationError", 400, "Value 'Mine' at 'scope'"),
    ("list_roles", {"MaxItems": 1001}, "ValidationError", 400, "Value '1001' at 'maxItems'"),
])
def test_a_mistake_is_named(iam, operation, arguments, code, status, why):
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        getattr(iam, operation)(**arguments)
    said = refusal.value.response
    assert (said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), said
    assert why in said["Error"]["Message"]


def test_every_change_is_an_event_about_what_it_changed(plane, account, role, name):
    plane.aws("iam", "delete-role", "--role-name", name)
    plane.refused("iam", "delete-role", "--role-name", name)
    told = [(event["action"], event["outcome"]) for event in plane.events() if event["resource"] == role]
    assert told[::-1] == [("iam:CreateRole", "allowed"), ("iam:DeleteRole", "allowed"), ("iam:DeleteRole", "failed")]
    done = run([AWS, "iam", "list-users"], plane.environment())
    assert done.returncode == 0 and account in done.stdout.decode()
