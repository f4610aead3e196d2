"""What the README shows, taken from its text, works."""

import re

from house.programs import ROOT


def policy():
    text = (ROOT / "README.md").read_text()
    return re.search(r"--policy-name sessions --policy-document '(\{.*?\})'", text, re.DOTALL).group(1)


def test_the_policy_lets_its_user_open_sessions_on_hosts_with_the_tag_and_end_his_own(plane, host):
    plane.make_user("hana")
    plane.aws("iam", "put-user-policy", "--user-name", "hana", "--policy-name", "sessions", "--policy-document", policy())
    assert b"is not authorized" in plane.fumidai("session", "start", host.id, "--", "true", user="hana").stderr

    plane.aws("ssm", "add-tags-to-resource", "--resource-type", "ManagedInstance", "--resource-id", host.id, "--tags", "Key=team,Value=web")
    for target in (host.id, host.name, "team=web"):
        done = plane.fumidai("session", "start", target, "-n", "--", "echo", "in", user="hana")
        assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr

    mine = plane.boto3("ssm", user="hana").start_session(Target=host.id)["SessionId"]
    others = plane.boto3("ssm").start_session(Target=host.id)["SessionId"]
    plane.aws("ssm", "terminate-session", "--session-id", mine, user="hana")
    assert "AccessDenied" in plane.refused("ssm", "terminate-session", "--session-id", others, user="hana")
    plane.boto3("ssm").terminate_session(SessionId=others)


def test_a_key_that_got_lost_is_worthless_at_once(plane):
    plane.make_user("kei", {"Effect": "Allow", "Action": "ssm:DescribeSessions", "Resource": "*"})
    plane.aws("ssm", "describe-sessions", "--state", "Active", user="kei")
    (key,) = plane.aws("iam", "list-access-keys", "--user-name", "kei")["AccessKeyMetadata"]
    plane.aws("iam", "update-access-key", "--user-name", "kei", "--access-key-id", key["AccessKeyId"], "--status", "Inactive")
    assert "UnrecognizedClientException" in plane.refused("ssm", "describe-sessions", "--state", "Active", user="kei")
    plane.aws("iam", "delete-access-key", "--user-name", "kei", "--access-key-id", key["AccessKeyId"])
    assert "UnrecognizedClientException" in plane.refused("ssm", "describe-sessions", "--state", "Active", user="kei")
