"""AWS's own CLI, unmodified, old and new: the calls of Session Manager, their filters and pages, and what they say of a mistake."""

import datetime
import functools
import json

import pytest

from house.agent import Agent
from house.programs import AWS, newer_aws, run
from house.session import wait_for_status

# What version 2 and version 1 end with when the service refused.
REFUSED = (254, 255)
NOWHERE = "mi-00000000000000000"
NO_ACTIVATION = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(params=["debian", "newer"])
def program(request):
    return AWS if request.param == "debian" else newer_aws()


@pytest.fixture
def aws(plane, program):
    return functools.partial(plane.aws, program=program)


@pytest.fixture
def refused(plane, program):
    return functools.partial(plane.refused, program=program)


@pytest.fixture
def name(request):
    """A name of this test's own."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[-40:].strip("-")


@pytest.fixture(scope="module")
def fleet(plane, tmp_path_factory):
    """Hosts that were registered with one activation and never started."""
    activation = plane.activation("--default-instance-name", "fleet", "--registration-limit", "7", "--tags", "Key=team,Value=web")
    hosts = [Agent(plane, tmp_path_factory.mktemp("fleet")).register(activation).id for _ in range(7)]
    return activation[0], sorted(hosts)


@pytest.fixture
def session(plane, host):
    """One that nobody has connected to."""
    ssm = plane.boto3("ssm")
    identifier = ssm.start_session(Target=host.id, Reason="to be looked at")["SessionId"]
    yield identifier
    ssm.terminate_session(SessionId=identifier)


def ids(listed, of="InstanceId"):
    return sorted(each[of] for each in listed)


@pytest.mark.sanitized
def test_the_caller_is_told_who_he_is(aws):
    me = aws("sts", "get-caller-identity")
    assert me["Arn"] == f"arn:aws:iam::{me['Account']}:user/administrator"
    assert me["UserId"].startswith("AIDA")


def test_an_activation_lives_until_it_is_deleted(aws, refused, name):
    made = aws("ssm", "create-activation", "--iam-role", "service-role/SSMServiceRole", "--description", "for a test", "--default-instance-name", name,
               "--registration-limit", "3", "--tags", "Key=team,Value=web")
    only_this = ("ssm", "describe-activations", "--filters", f"FilterKey=ActivationIds,FilterValues={made['ActivationId']}")
    (described,) = aws(*only_this)["ActivationList"]
    expected = {"IamRole": "SSMServiceRole", "Description": "for a test", "DefaultInstanceName": name, "RegistrationLimit": 3, "RegistrationsCount": 0, "Expired": False,
                "Tags": [{"Key": "team", "Value": "web"}]}
    assert {key: described[key] for key in expected} == expected
    assert made["ActivationCode"] not in json.dumps(described)

    aws("ssm", "delete-activation", "--activation-id", made["ActivationId"])
    assert aws(*only_this)["ActivationList"] == []
    assert "(InvalidActivation)" in refused("ssm", "delete-activation", "--activation-id", made["ActivationId"])


def test_activations_are_filtered_and_paged(plane, aws, name):
    made = sorted(plane.boto3("ssm").create_activation(IamRole="SSMServiceRole", DefaultInstanceName=name)["ActivationId"] for _ in range(3))
    describe = ("ssm", "describe-activations", "--filters", f"FilterKey=DefaultInstanceName,FilterValues={name}")
    first = aws(*describe, "--no-paginate", "--max-results", "2")
    second = aws(*describe, "--no-paginate", "--max-results", "2", "--next-token", first["NextToken"])
    assert len(first["ActivationList"]) == 2 and "NextToken" not in second
    assert ids(first["ActivationList"] + second["ActivationList"], of="ActivationId") == made
    assert ids(aws(*describe, "--page-size", "1")["ActivationList"], of="ActivationId") == made


def test_a_host_is_described_as_it_is(aws, host):
    (described,) = aws("ssm", "describe-instance-information", "--filters", f"Key=InstanceIds,Values={host.id}")["InstanceInformationList"]
    expected = {"InstanceId": host.id, "PingStatus": "Online", "PlatformType": "Linux", "ResourceType": "ManagedInstance", "IamRole": "SSMServiceRole", "Name": host.name}
    assert {key: described[key] for key in expected} == expected
    assert "LastPingDateTime" in described and "AgentVersion" in described and "IPAddress" in described


def test_hosts_are_filtered(aws, host, fleet):
    def having(*filters, option="--filters"):
        return ids(aws("ssm", "describe-instance-information", option, *filters)["InstanceInformationList"])

    activation, hosts = fleet
    assert having(f"Key=InstanceIds,Values={hosts[0]},{hosts[1]},{NOWHERE}") == hosts[:2]
    assert having(f"Key=ActivationIds,Values={activation}") == hosts
    assert having("Key=tag:team,Values=web", f"Key=InstanceIds,Values={hosts[2]},{host.id}") == [hosts[2]]
    assert having("Key=PingStatus,Values=Online") == [host.id]
    assert having("key=PlatformTypes,valueSet=Linux", option="--instance-information-filter-list") == [host.id]


def test_hosts_are_paged(aws, fleet):
    activation, hosts = fleet
    describe = ("ssm", "describe-instance-information", "--filters", f"Key=ActivationIds,Values={activation}")
    first = aws(*describe, "--no-paginate", "--max-results", "5")
    second = aws(*describe, "--no-paginate", "--max-results", "5", "--next-token", first["NextToken"])
    assert (len(first["InstanceInformationList"]), len(second["InstanceInformationList"])) == (5, 2)
    assert ids(first["InstanceInformationList"] + second["InstanceInformationList"]) == hosts
    assert ids(aws(*describe, "--page-size", "5")["InstanceInformationList"]) == hosts


def test_a_page_belongs_to_its_question(aws, refused, fleet):
    activation, _ = fleet
    first = aws("ssm", "describe-instance-information", "--filters", f"Key=ActivationIds,Values={activation}", "--no-paginate", "--max-results", "5")
    assert "(InvalidNextToken)" in refused("ssm", "describe-instance-information", "--no-paginate", "--next-token", first["NextToken"])


def test_a_deregistered_host_is_gone(plane, aws, refused, tmp_path):
    gone = Agent(plane, tmp_path).register().id
    aws("ssm", "deregister-managed-instance", "--instance-id", gone)
    assert aws("ssm", "describe-instance-information", "--filters", f"Key=InstanceIds,Values={gone}")["InstanceInformationList"] == []
    assert f"(InvalidInstanceId) when calling the DeregisterManagedInstance operation: Instance {gone}" in refused("ssm", "deregister-managed-instance", "--instance-id", gone)


def test_who_is_connected_is_told(aws, host, fleet):
    assert aws("ssm", "get-connection-status", "--target", host.id) == {"Target": host.id, "Status": "connected"}
    assert aws("ssm", "get-connection-status", "--target", fleet[1][0]) == {"Target": fleet[1][0], "Status": "notconnected"}


def test_tags_are_added_changed_and_removed(aws, host, name):
    this = ("--resource-type", "ManagedInstance", "--resource-id", host.id)

    def tags():
        return {tag["Key"]: tag["Value"] for tag in aws("ssm", "list-tags-for-resource", *this)["TagList"]}

    aws("ssm", "add-tags-to-resource", *this, "--tags", f"Key={name},Value=first", "Key=place,Value=東京")
    aws("ssm", "add-tags-to-resource", *this, "--tags", f"Key={name},Value=second")
    assert tags() == {name: "second", "place": "東京"}
    aws("ssm", "remove-tags-from-resource", *this, "--tag-keys", name, "place")
    assert tags() == {}


@pytest.mark.sanitized
def test_a_session_is_listed_resumed_and_ended(plane, aws, host, session):
    def listed(state, *filters):
        return [each["SessionId"] for each in aws("ssm", "describe-sessions", "--state", state, "--filters", *filters)["Sessions"]]

    (described,) = aws("ssm", "describe-sessions", "--state", "Active", "--filters", f"key=SessionId,value={session}")["Sessions"]
    assert (described["Target"], described["Reason"], described["DocumentName"]) == (host.id, "to be looked at", "SSM-SessionManagerRunShell")
    assert described["Owner"].endswith(":user/administrator")

    resumed = aws("ssm", "resume-session", "--session-id", session)
    assert resumed["SessionId"] == session and resumed["TokenValue"]
    assert resumed["StreamUrl"] == f"{plane.url.replace('https', 'wss')}/v1/data-channel/{session}?role=publish_subscribe"

    assert aws("ssm", "terminate-session", "--session-id", session) == {"SessionId": session}
    wait_for_status(plane, session, "Terminated")
    assert listed("Active", f"key=Target,value={host.id}") == []
    assert listed("History", f"key=SessionId,value={session}", "key=Status,value=Terminated") == [session]
    assert aws("ssm", "resume-session", "--session-id", session) == {"SessionId": session}, "AWS's plugin takes an answer without a token for the end"


def test_sessions_are_filtered_by_owner_target_and_time(aws, host, session, fleet):
    def is_listed(*filters):
        return session in ids(aws("ssm", "describe-sessions", "--state", "Active", "--filters", *filters)["Sessions"], of="SessionId")

    owner = aws("sts", "get-caller-identity")["Arn"]
    hour = datetime.timedelta(hours=1)
    before, after = ((datetime.datetime.utcnow() + shift).strftime("%Y-%m-%dT%H:%M:%SZ") for shift in (-hour, hour))
    assert is_listed(f"key=Owner,value={owner}", f"key=Target,value={host.id}", f"key=InvokedAfter,value={before}", f"key=InvokedBefore,value={after}")
    assert not is_listed(f"key=Owner,value={owner}-2")
    assert not is_listed(f"key=Target,value={fleet[1][0]}")
    assert not is_listed(f"key=InvokedAfter,value={after}")


def test_sessions_are_paged(plane, aws, host):
    ssm = plane.boto3("ssm")
    started = [ssm.start_session(Target=host.id)["SessionId"] for _ in range(3)]
    first = aws("ssm", "describe-sessions", "--state", "Active", "--no-paginate", "--max-results", "2")
    assert ids(first["Sessions"], of="SessionId") == sorted(started[1:]), "the newest are first"
    rest = aws("ssm", "describe-sessions", "--state", "Active", "--no-paginate", "--max-results", "2", "--next-token", first["NextToken"])
    assert ids(rest["Sessions"], of="SessionId") == started[:1] and "NextToken" not in rest
    for each in started:
        ssm.terminate_session(SessionId=each)
        wait_for_status(plane, each, "Terminated")


def test_a_target_that_is_not_there_is_an_error_of_the_command(aws, fleet):
    for target in (NOWHERE, fleet[1][0]):
        done = aws("ssm", "start-session", "--target", target, check=False)
        assert done.returncode in REFUSED
        assert f"An error occurred (TargetNotConnected) when calling the StartSession operation: {target}" in done.stderr.decode()
        assert done.stdout == b""


def test_the_plugin_is_told_of_our_endpoint(plane, program, host, tmp_path):
    plugin = tmp_path / "session-manager-plugin"
    plugin.write_text(f"""#!/bin/sh
[ "$1" = --version ] && echo 1.2.677.0 && exit
printf '%s\\n' "$@" >{tmp_path}/arguments
printf '%s' "${{AWS_SSM_START_SESSION_RESPONSE:-$1}}" >{tmp_path}/response
""")
    plugin.chmod(0o755)
    env = plane.environment()
    done = run([program, "ssm", "start-session", "--target", host.id], {**env, "PATH": f"{tmp_path}:{env['PATH']}"})
    assert done.returncode == 0, done.stderr
    arguments = (tmp_path / "arguments").read_text().splitlines()
    response = json.loads((tmp_path / "response").read_text())
    plane.boto3("ssm").terminate_session(SessionId=response["SessionId"])
    assert arguments[-1].rstrip("/") == plane.url
    assert arguments[1:3] == ["us-east-1", "StartSession"] and json.loads(arguments[-2]) == {"Target": host.id}
    assert response["StreamUrl"].startswith(plane.url.replace("https", "wss")) and response["TokenValue"]


def test_a_new_user_has_a_key_and_may_what_his_policy_says(plane, aws, refused, name):
    assert aws("iam", "create-user", "--user-name", name)["User"]["Arn"].endswith(f":user/{name}")
    key = aws("iam", "create-access-key", "--user-name", name)["AccessKey"]
    assert (key["UserName"], key["Status"]) == (name, "Active")
    plane.add_profile(name, key)
    assert aws("sts", "get-caller-identity", user=name)["Arn"].endswith(f":user/{name}")
    assert "is not authorized to perform: ssm:DescribeSessions" in refused("ssm", "describe-sessions", "--state", "Active", user=name)

    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:DescribeSessions", "Resource": "*"}]}
    aws("iam", "put-user-policy", "--user-name", name, "--policy-name", "look", "--policy-document", json.dumps(document))
    aws("ssm", "describe-sessions", "--state", "Active", user=name)


@pytest.mark.parametrize("words, why", [
    ("ssm describe-instance-information --filters Key=Colour,Values=red", "(InvalidFilterKey) when calling the DescribeInstanceInformation operation: The filter 'Colour' is unknown"),
    ("ssm describe-activations --filters FilterKey=DefaultInstanceName,FilterValues=none FilterKey=IamRole,FilterValues=x --next-token made-up", "(InvalidNextToken)"),
    ("ssm describe-sessions --state Active --filters key=Colour,value=red", "(InvalidFilterKey) when calling the DescribeSessions operation: The filter 'Colour' is unknown"),
    ("ssm describe-sessions --state Active --filters key=InvokedAfter,value=yesterday", "InvokedAfter takes a time such as 2025-01-02T03:04:05Z"),
    ("ssm describe-sessions --state Sleeping", "Value 'Sleeping' at 'state' failed to satisfy constraint"),
    ("ssm create-activation --iam-role SSMServiceRole --registration-limit 1001", "Value '1001' at 'registrationLimit' failed to satisfy constraint"),
    ("ssm create-activation --iam-role Nobody", "The role Nobody does not exist. SSMServiceRole is"),
    ("ssm create-activation --iam-role SSMServiceRole --expiration-date 2001-01-01T00:00:00Z", "The expiration date must be in the future"),
    (f"ssm delete-activation --activation-id {NO_ACTIVATION}", f"(InvalidActivation) when calling the DeleteActivation operation: The activation {NO_ACTIVATION} does not exist"),
    (f"ssm list-tags-for-resource --resource-type ManagedInstance --resource-id {NOWHERE}", f"(InvalidResourceId) when calling the ListTagsForResource operation: Instance {NOWHERE}"),
    ("ssm list-tags-for-resource --resource-type Parameter --resource-id x", "(InvalidResourceType) when calling the ListTagsForResource operation: Resources of type 'Parameter'"),
    ("iam create-user --user-name administrator", "(EntityAlreadyExists) when calling the CreateUser operation: User with name administrator already exists."),
    ("iam create-access-key --user-name nobody", "(NoSuchEntity) when calling the CreateAccessKey operation: The user with name nobody cannot be found."),
    ("iam put-user-policy --user-name administrator --policy-name p --policy-document {", "(MalformedPolicyDocument)"),
    ("ssm list-documents", "(UnknownOperationException)"),
    ("iam list-groups", "(InvalidAction)"),
], ids=lambda value: value.split(" --")[0].replace(" ", "-") if value.startswith(("ssm", "iam")) else "")
def test_a_mistake_is_named(aws, fleet, words, why):
    del fleet  # there is something to filter
    done = aws(*words.split(), check=False)
    assert done.returncode in REFUSED
    assert why in done.stderr.decode()
    assert len(done.stderr.decode().strip().splitlines()) == 1, "an error is a sentence"


def test_an_unknown_filter_is_named_where_there_is_nothing_to_filter(own_plane, program):
    assert "(InvalidFilterKey)" in own_plane.refused("ssm", "describe-instance-information", "--filters", "Key=Colour,Values=red", program=program)


def test_a_wrong_key_and_a_wrong_secret_are_told_apart(plane, aws):
    env = plane.environment()
    del aws
    for key, secret, why in (("AKIAAAAAAAAAAAAAAAAA", "x" * 40, "UnrecognizedClientException"), (None, "x" * 40, "InvalidSignatureException")):
        known = next(line.split()[-1] for line in (plane.data / "credentials").read_text().splitlines() if line.startswith("aws_access_key_id"))
        done = run([AWS, "ssm", "describe-sessions", "--state", "Active"], {**env, "AWS_ACCESS_KEY_ID": key or known, "AWS_SECRET_ACCESS_KEY": secret})
        assert why in done.stderr.decode()
