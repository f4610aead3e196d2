"""What people are told when the answer is no: what happened, why, and what to do next."""

import json

import pytest

from house.agent import Agent
from house.programs import AGENT, run, wait_until

ACTION = {"Effect": "Allow", "Action": "ssm:StartSession"}


def attempt_to_register(plane, tmp_path, identifier, code):
    done = run([AGENT, "register", "--url", plane.url, "--ca", plane.data / "ca.pem", "--activation-id", identifier, "--activation-code", code, "--state-dir", tmp_path / "state"],
               Agent(plane, tmp_path).environment())
    assert done.returncode != 0 and done.stdout == b""
    assert not (tmp_path / "state" / "identity.json").exists()
    return done.stderr.decode()


def test_an_activation_that_is_used_up_says_so(plane, tmp_path):
    activation = plane.activation()
    Agent(plane, tmp_path / "first").register(activation)
    said = attempt_to_register(plane, tmp_path, *activation)
    assert "used up" in said and "create-activation" in said


@pytest.mark.parametrize("change", ["id", "code"])
def test_an_unknown_activation_says_so_and_not_which_half_was_wrong(plane, tmp_path, change):
    identifier, code = plane.activation()
    wrong = ("00000000-0000-0000-0000-000000000000", code) if change == "id" else (identifier, "x" * 20)
    said = attempt_to_register(plane, tmp_path, *wrong)
    assert "id or code is not known" in said and "create-activation" in said


def test_a_host_that_is_registered_is_not_registered_again_by_mistake(plane, tmp_path):
    agent = Agent(plane, tmp_path).register()
    done = run([AGENT, "register", "--url", plane.url, "--ca", plane.data / "ca.pem", "--activation-id", "x", "--activation-code", "y", "--state-dir", agent.state], agent.environment())
    assert done.returncode != 0
    assert agent.id in done.stderr.decode() and "--force" in done.stderr.decode()


def test_a_plane_of_another_authority_is_not_believed(plane, own_plane, tmp_path):
    identifier, code = plane.activation()
    done = run([AGENT, "register", "--url", plane.url, "--ca", own_plane.data / "ca.pem", "--activation-id", identifier, "--activation-code", code, "--state-dir", tmp_path / "state"],
               Agent(plane, tmp_path).environment())
    assert done.returncode != 0 and "certificate" in done.stderr.decode()
    (listed,) = plane.aws("ssm", "describe-activations", "--filters", f"FilterKey=ActivationIds,FilterValues={identifier}")["ActivationList"]
    assert listed["RegistrationsCount"] == 0


@pytest.mark.sanitized
def test_a_user_without_a_policy_is_told_the_action_and_the_resource(plane, host):
    plane.make_user("aki")
    said = plane.refused("ssm", "start-session", "--target", host.id, user="aki")
    assert "AccessDeniedException" in said
    assert "user/aki is not authorized to perform: ssm:StartSession on resource: " in said
    assert said.count(host.id) == 1


def test_a_denial_is_told_apart_from_a_missing_permission(plane, host):
    plane.make_user("ren", {**ACTION, "Resource": "*"}, {"Sid": "NotThisOne", "Effect": "Deny", "Action": "*", "Resource": f"arn:aws:ssm:*:*:managed-instance/{host.id}"})
    assert "with an explicit deny" in plane.refused("ssm", "start-session", "--target", host.id, user="ren")


def explained(plane, identifier):
    done = plane.fumidai("explain", identifier)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_a_refused_request_is_explained_by_its_id(plane, host):
    plane.make_user("sora", {**ACTION, "Resource": "arn:aws:ssm:*:*:managed-instance/*", "Condition": {"StringEquals": {"ssm:resourceTag/team": "db"}}},
                    {**ACTION, "Resource": "arn:aws:ssm:*:*:document/*"})
    done = plane.fumidai("session", "start", host.id, "--", "true", user="sora")
    assert done.returncode == 255
    (event,) = plane.events("--outcome", "denied", "--principal", [e for e in plane.events() if e["principal"].endswith("user/sora")][0]["principal"])
    assert event["request"] in done.stderr.decode(), "the refusal names what to explain"
    text = explained(plane, event["request"])
    for word in ("user/sora", "ssm:StartSession", host.id, "denied"):
        assert word in text
    assert "ssm:resourceTag/team" in text, "what would change it"


def test_a_session_is_explained_by_its_id_from_its_decision_to_its_end(plane, host):
    plane.fumidai("session", "start", host.id, "--reason", "a look", "--", "true")
    started = [event for event in plane.events("--kind", "session.start") if event["resource"].endswith(host.id)][0]
    text = explained(plane, started["session"])
    assert "session.start" in text and "session.end" in text and "a look" in text
    assert "decided by" in text


def test_conditions_hold_for_agents_too(own_plane, own_host):
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}]}
    own_plane.aws("iam", "put-role-policy", "--role-name", "SSMServiceRole", "--policy-name", "not-from-here", "--policy-document", json.dumps(deny))
    own_host.kill()
    wait_until("the host is gone", lambda: not own_plane.is_connected(own_host.id))
    own_host.start(wait=False)
    wait_until("the refusal", lambda: "explicit deny" in own_host.log.read_text())
    assert not own_plane.is_connected(own_host.id)
    own_plane.aws("iam", "delete-role-policy", "--role-name", "SSMServiceRole", "--policy-name", "not-from-here")
    own_host.wait_connected()


def test_whoever_makes_an_activation_must_be_allowed_to_hand_its_role_on(plane):
    trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
    plane.aws("iam", "create-role", "--role-name", "host-admin", "--assume-role-policy-document", trust)
    plane.make_user("mal", {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})
    said = plane.refused("ssm", "create-activation", "--iam-role", "host-admin", user="mal")
    assert "is not authorized to perform: iam:PassRole on resource: arn:aws:iam::" in said and ":role/host-admin" in said
    plane.set_policy("mal", {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}, {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/host-admin",
                                                                                  "Condition": {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}})
    plane.aws("ssm", "create-activation", "--iam-role", "host-admin", user="mal")


def test_a_name_that_is_trusted_is_not_passed_on(plane):
    account = plane.aws("sts", "get-caller-identity")["Account"]

    def trusting(name):
        return f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "arn:aws:iam::{account}:user/{name}"}}, "Action": "sts:AssumeRole"}}]}}'

    assert "Invalid principal in policy" in plane.refused("iam", "create-role", "--role-name", "trusting", "--assume-role-policy-document", trusting("nobody"))
    plane.aws("iam", "create-user", "--user-name", "sumi")
    plane.aws("iam", "create-role", "--role-name", "trusting", "--assume-role-policy-document", trusting("sumi"))
    assert "(DeleteConflict)" in plane.refused("iam", "delete-user", "--user-name", "sumi")
    plane.aws("iam", "delete-role", "--role-name", "trusting")
    plane.aws("iam", "delete-user", "--user-name", "sumi")


def test_what_never_happened_is_not_explained(plane):
    done = plane.fumidai("explain", "00000000-0000-4000-8000-000000000000")
    assert done.returncode != 0 and done.stdout == b""
    assert b"audit list" in done.stderr


def test_doctor_claims_nothing_of_a_port_that_only_an_agent_could_try(plane, host):
    shell, port, all_targets = (plane.fumidai("doctor", *words).stdout.decode() for words in ((host.id,), (host.id, "--port", "5432"), ("--port", "5432")))
    assert "✓ session manager: works\n" in shell
    assert "! session manager: works, as far as is known\n" in port and f"! port: {host.id} is not known to listen on tcp 5432" in port, port
    assert f"! session manager: port: {host.id} is not known to listen on tcp 5432" in all_targets, all_targets
