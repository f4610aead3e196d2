"""The audit trail: what is in it, and that nobody alters it unseen."""

import json
import shutil
import sqlite3
import subprocess

import pytest

from house import wire
from house.played import PlayedAgent
from house.programs import FUMIDAI, run, wait_until


def of(events, **wanted):
    return [event for event in events if all(event.get(name) == value for name, value in wanted.items())]


@pytest.mark.sanitized
def test_who_did_what_to_what_from_where_is_an_event(plane, host):
    plane.aws("ssm", "add-tags-to-resource", "--resource-type", "ManagedInstance", "--resource-id", host.id, "--tags", "Key=team,Value=web")
    (change,) = of(plane.events(), action="ssm:AddTagsToResource")
    assert change["outcome"] == "allowed"
    assert change["principal"].endswith(":user/administrator")
    assert change["resource"].endswith(f":managed-instance/{host.id}")
    assert change["source"] == "127.0.0.1"
    assert change["request"]


def test_a_refusal_is_an_event_with_its_reason(plane):
    plane.make_user("rei")
    plane.refused("ssm", "describe-sessions", "--state", "Active", user="rei")
    (event,) = of(plane.events(), action="ssm:DescribeSessions", outcome="denied")
    assert event["principal"].endswith(":user/rei")


def test_an_event_says_what_was_changed_and_no_secret(plane, host):
    plane.aws("ssm", "add-tags-to-resource", "--resource-type", "ManagedInstance", "--resource-id", host.id, "--tags", "Key=colour,Value=red")
    event = of(plane.events(), action="ssm:AddTagsToResource")[0]
    assert event["detail"]["Tags"] == [{"Key": "colour", "Value": "red"}]
    identifier, code = plane.activation("--description", "x" * 256)
    event = of(plane.events(), action="ssm:CreateActivation")[0]
    assert event["detail"]["made"]["ActivationId"] == identifier
    assert code not in json.dumps(event)
    plane.aws("ssm", "delete-activation", "--activation-id", identifier)
    assert of(plane.events(), action="ssm:DeleteActivation")[0]["detail"]["ActivationId"] == identifier
    plane.fumidai("session", "start", host.id, "--", "echo", "seen")
    assert "echo seen" in json.dumps(of(plane.events(), kind="session.start")[0]["detail"])


def test_a_peer_cannot_spoil_the_trail_with_its_name(plane):
    status, _, _ = wire.request(plane, "POST", "/", b'{"State":"Active"}', {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.DescribeSessions",
                                                                           "User-Agent": "evil \xff\xfe agent"}, wire.administrator(plane))
    assert status == 200
    event = of(plane.events(), action="ssm:DescribeSessions")[0]
    assert event["detail"]["userAgent"].startswith("evil ")
    assert plane.fumidai("audit", "export").returncode == 0


def test_a_user_who_is_refused_again_and_again_makes_few_events(plane):
    plane.make_user("loop")
    key = plane.aws("iam", "create-access-key", "--user-name", "loop")["AccessKey"]
    for _ in range(100):
        status, _ = wire.call(plane, "AmazonSSM.DescribeSessions", {"State": "Active"}, sign_as=(key["AccessKeyId"], key["SecretAccessKey"]))
        assert status == 400
    found = [event for event in of(plane.events(), action="ssm:DescribeSessions", outcome="denied") if event["principal"].endswith("user/loop")]
    assert 20 <= len(found) <= 62


def test_a_host_that_poses_as_another_is_an_event(plane, host):
    agent = PlayedAgent(plane)
    agent.channel_token(f"/v1/control-channel/{host.id}")
    event = wait_until("the event", lambda: of(plane.events(), action="ssmmessages:CreateControlChannel", outcome="denied"))[0]
    assert event["principal"].endswith(agent.id) and event["resource"] == host.id


def test_a_session_has_a_beginning_and_an_end(plane, host):
    assert plane.fumidai("session", "start", host.id, "--reason", "for the record", "--", "echo", "x").stdout == b"x\n"
    start = wait_until("the event", lambda: of(plane.events(), kind="session.start"))[0]
    end = wait_until("the event", lambda: of(plane.events(), kind="session.end", session=start["session"]))[0]
    assert "for the record" in json.dumps(start)
    assert end["seq"] > start["seq"]


def test_a_session_is_explained_with_the_command_it_ran(plane, host):
    assert plane.fumidai("session", "start", host.id, "--", "printf", "a\nb\x1b").stdout == b"a\nb\x1b"
    ran = of(plane.events(), kind="session.start")[0]
    with_what = [line for line in plane.fumidai("explain", ran["session"]).stdout.decode().splitlines() if line.startswith("  with ")]
    (command,) = [line.split(None, 1)[1] for line in with_what if "command:" in line]
    assert command.startswith("command: printf ") and "a\\x0ab\\x1b" in command, command
    made = of(plane.events(), action="ssm:CreateActivation")[0]
    assert "  with " not in plane.fumidai("explain", str(made["seq"])).stdout.decode()


def test_strangers_make_few_events(plane):
    before = len(plane.events())
    for _ in range(200):
        status, _ = wire.call(plane, "AmazonSSM.DescribeSessions", {"State": "Active"}, sign_as=("AKIAAAAAAAAAAAAAAAAA", "wrong"))
        assert status in (400, 403)
    assert len(plane.events()) - before < 20


def test_an_export_is_one_event_a_line_oldest_first(plane):
    lines = plane.fumidai("audit", "export").stdout.decode().splitlines()
    events = [json.loads(line) for line in lines]
    assert len(events) > 3
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)


def test_no_secret_is_in_what_is_kept(plane, host):
    activation, code = plane.activation()
    key = plane.aws("iam", "create-access-key", "--user-name", "administrator")["AccessKey"]
    plane.fumidai("session", "start", host.id, "--", "true")
    kept = plane.log.read_bytes() + plane.fumidai("audit", "export").stdout
    for file in plane.data.glob("fumidai.db*"):
        kept += file.read_bytes()
    assert activation.encode() in kept
    for secret in (code, key["SecretAccessKey"], wire.administrator(plane)[1]):
        assert secret.encode() not in kept


@pytest.fixture
def stopped(own_plane, tmp_path):
    """The files of a server that has stopped, with some events."""
    for i in range(5):
        own_plane.aws("iam", "create-user", "--user-name", f"user-{i}")
    own_plane.stop()
    return own_plane


def verify(plane, *more):
    return run([FUMIDAI, "audit", "verify", "--data-dir", plane.data, *more], plane.server_environment())


def alter(plane, sql):
    with sqlite3.connect(plane.data / "fumidai.db") as store:
        store.execute(sql)
    store.close()


@pytest.mark.sanitized
def test_an_unaltered_trail_verifies_running_and_stopped(own_plane):
    running = own_plane.fumidai("audit", "verify")
    assert running.returncode == 0, running.stderr
    own_plane.stop()
    done = verify(own_plane)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("sql", [
    "update events set principal = 'arn:aws:iam::1:user/nobody' where seq = 3",
    "update events set outcome = 'denied' where seq = 4",
    "update events set detail = '{}' where seq = 3",
    "delete from events where seq = 3",
    "delete from events where seq = (select max(seq) from events)",
    "update events set seq = case seq when 3 then 900 else seq end where seq = 3",
    "insert into events select chain, seq + 1, at, kind, outcome, principal, action, resource, session_id, request_id, source, detail, mac from events order by seq desc limit 1",
], ids=["principal", "outcome", "detail", "removed", "tail", "moved", "forged"])
def test_an_altered_trail_is_found(stopped, sql):
    alter(stopped, sql)
    done = verify(stopped)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode != 0, said
    assert "event" in said


@pytest.mark.parametrize("sql", [
    "update events set principal = 'arn:aws:iam::1:user/nobody' where seq = 3",
    "delete from events where seq = 3",
    "update events set seq = 900 where seq = 3",
    "delete from events where seq > 4",
], ids=["altered", "removed", "moved", "tail"])
@pytest.mark.parametrize("with_file", [False, True], ids=["trail", "trail-and-checkpoint"])
def test_a_trail_that_is_altered_under_a_running_server_is_found(own_plane, sql, with_file):
    for i in range(5):
        own_plane.aws("iam", "create-user", "--user-name", f"user-{i}")
    if with_file:
        (own_plane.data / "audit-checkpoint").unlink()
    alter(own_plane, sql)
    done = own_plane.fumidai("audit", "verify")
    assert done.returncode == 2, done.stdout


def test_a_checkpoint_that_was_lost_is_told_for_good_until_a_later_copy_vouches(own_plane, tmp_path):
    own_plane.aws("iam", "create-user", "--user-name", "one")
    own_plane.stop()
    (own_plane.data / "audit-checkpoint").unlink()
    alter(own_plane, "delete from events where seq > 3")
    own_plane.start()
    for _ in range(2):
        done = own_plane.fumidai("audit", "verify")
        assert done.returncode == 2 and b"checkpoint file was missing when the plane started" in done.stdout
        own_plane.stop()
        assert verify(own_plane).returncode == 2
        own_plane.start()
    assert "the checkpoint file of the audit trail is gone" in own_plane.log.read_text()
    copy = tmp_path / "copy"
    shutil.copy(own_plane.data / "audit-checkpoint", copy)
    assert len(copy.read_bytes()) == 1024
    done = own_plane.fumidai("audit", "verify", "--checkpoint", copy)
    assert done.returncode == 0, done.stdout
    own_plane.stop()
    assert verify(own_plane, "--checkpoint", copy).returncode == 0


def test_the_trail_of_the_default_directory_is_read_when_its_server_has_stopped(stopped, tmp_path):
    (tmp_path / "fumidai-data").symlink_to(stopped.data)
    for words in (["verify"], ["export"]):
        done = subprocess.run([FUMIDAI, "audit", *words], env=stopped.server_environment(), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 0, done.stderr


def test_a_role_token_is_counted(plane, host):
    plane.stop()
    plane.start()
    host.wait_connected()
    plane.stop()
    plane.start()
    counted = [event for event in plane.events() if event["action"] == "ssm:RequestManagedInstanceRoleToken"]
    host.wait_connected()
    assert any(host.id in event["principal"] for event in counted), counted


def test_a_trail_that_was_cut_with_its_checkpoint_is_found_by_a_copy_kept_elsewhere(stopped, tmp_path):
    kept = tmp_path / "kept"
    shutil.copy(stopped.data / "audit-checkpoint", kept)
    alter(stopped, "delete from events where seq > 3")
    (stopped.data / "audit-checkpoint").unlink()
    done = verify(stopped, "--checkpoint", kept)
    assert done.returncode == 2 and b"its end was cut off" in done.stdout, done


def test_a_tail_that_is_cut_off_stays_known_while_the_server_goes_on_and_starts_again(own_plane):
    for i in range(5):
        own_plane.aws("iam", "create-user", "--user-name", f"user-{i}")
    alter(own_plane, "delete from events where seq > 3")
    for i in range(5, 9):
        own_plane.aws("iam", "create-user", "--user-name", f"user-{i}")
    done = own_plane.fumidai("audit", "verify")
    assert done.returncode != 0 and b"event" in done.stdout + done.stderr
    own_plane.stop()
    own_plane.start()
    for i in range(9, 20):
        own_plane.aws("iam", "create-user", "--user-name", f"user-{i}")
    assert own_plane.fumidai("audit", "verify").returncode != 0
    assert "cut off or rewritten" in own_plane.log.read_text()
    own_plane.stop()
    assert verify(own_plane).returncode != 0


def test_without_the_secret_nothing_is_verified(stopped):
    env = stopped.server_environment()
    del env["FUMIDAI_SECRET_FILE"]
    done = subprocess.run([FUMIDAI, "audit", "verify", "--data-dir", stopped.data], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode != 0
    assert b"secret" in done.stderr
