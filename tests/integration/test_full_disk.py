"""A data directory without space: what cannot be kept is refused, and nothing needs to be done but to free some."""

import subprocess

import pytest

from house import session as sessions
from house import wire
from house.agent import Agent
from house.calm import still_serves
from house.plane import Plane
from house.played import PlayedClient
from house.programs import is_root, wait_until


class Disk:
    """A small file system of its own under the data directory."""

    def __init__(self, directory):
        if not is_root():
            pytest.skip("a file system needs root to be mounted")
        directory.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(directory)], check=False)
        if mounted.returncode != 0:
            pytest.skip("a file system cannot be mounted here")
        self.directory = directory
        self.filler = directory / "filler"

    def fill(self):
        with self.filler.open("wb", buffering=0) as out:
            for size in (65536, 1024, 1):
                try:
                    while True:
                        out.write(bytes(size))
                except OSError:
                    continue

    def free(self):
        self.filler.unlink()

    def unmount(self):
        subprocess.run(["umount", "--lazy", str(self.directory)], check=True)


@pytest.fixture
def disk(tmp_path):
    one = Disk(tmp_path / "plane" / "data")
    yield one
    one.unmount()


@pytest.fixture
def plane(tmp_path, disk):
    one = Plane(tmp_path / "plane").start()
    yield one
    assert one.stop() == 0
    assert disk


@pytest.fixture
def host(plane, tmp_path):
    one = Agent(plane, tmp_path / "host").register().start()
    yield one
    one.clean()


def create(plane, description):
    return wire.call(plane, "AmazonSSM.CreateActivation", {"IamRole": "SSMServiceRole", "Description": description})


def fill_until_refused(plane, disk):
    """Fills the disk, and what is left in the store's own files; returns the activations that were acknowledged, and the refusal."""
    disk.fill()
    acknowledged = []
    for number in range(2000):
        status, answer = create(plane, f"{number}" + "x" * 200)
        if status != 200:
            return acknowledged, status, answer
        acknowledged.append(answer["ActivationId"])
    pytest.fail("the disk never became full")
    return None


def activations(plane):
    found, request = [], {"MaxResults": 50}
    while True:
        page = wire.call(plane, "AmazonSSM.DescribeActivations", request)[1]
        found += [each["ActivationId"] for each in page["ActivationList"]]
        if "NextToken" not in page:
            return found
        request["NextToken"] = page["NextToken"]


def is_whole(plane):
    verified = plane.fumidai("audit", "verify")
    assert verified.returncode == 0, verified.stdout.decode()
    return True


def test_what_cannot_be_kept_is_refused_and_what_was_acknowledged_stays(plane, disk):
    acknowledged, status, answer = fill_until_refused(plane, disk)
    assert (status, answer["__type"]) == (500, "InternalServerError"), answer
    assert "the disk is full; free some space, nothing else needs to be done" in plane.log.read_text()
    assert create(plane, "again")[0] == 500  # it keeps refusing, and keeps running
    still_serves(plane)
    assert set(acknowledged) <= set(activations(plane))
    disk.free()
    assert create(plane, "with space")[0] == 200
    assert set(acknowledged) <= set(activations(plane))
    assert is_whole(plane)


def test_a_server_that_is_killed_on_a_full_disk_comes_back_with_all_that_it_acknowledged(plane, disk):
    acknowledged, _, _ = fill_until_refused(plane, disk)
    plane.kill()
    disk.free()
    plane.start()
    assert set(acknowledged) <= set(activations(plane))
    assert is_whole(plane)


def test_a_server_does_not_start_on_a_full_disk_without_saying_why(plane, disk):
    plane.kill()
    disk.fill()
    said = subprocess.run(plane.command_line(), env=plane.server_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False).stdout.decode()
    assert "disk is full" in said or "No space left on device" in said or "full" in said, said
    disk.free()
    plane.start()


def test_sessions_go_on_while_the_disk_is_full_and_their_ends_are_kept(plane, disk, host):
    with PlayedClient(plane, host.id) as shell:
        shell.ask_shell(1)
        fill_until_refused(plane, disk)
        shell.ask_shell(2)
        status, answer = wire.call(plane, "AmazonSSM.StartSession", {"Target": host.id})
        assert status == 500, answer  # whose start cannot be recorded does not start
        shell.say("exit\n")
        shell.farewell()
        disk.free()
        sessions.wait_for_status(plane, shell.session, "Terminated", 45)
        assert len(sessions.ends(plane, shell.session)) == 1


def test_what_was_shown_and_who_went_while_the_disk_was_full_is_in_the_trail_afterwards(plane, disk, host):
    fill_until_refused(plane, disk)
    host.stop()
    wait_until("the agent is gone", lambda: wire.call(plane, "AmazonSSM.GetConnectionStatus", {"Target": host.id})[1]["Status"] == "notconnected")
    body = b'{"State":"Active"}'
    status, headers, _ = wire.request(plane, "POST", "/", body, {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.DescribeSessions"}, wire.administrator(plane))
    assert status == 200
    request = {name.lower(): value for name, value in headers.items()}["x-amzn-requestid"]
    disk.free()
    wait_until("the event", lambda: plane.events("--request", request))
    assert [event["outcome"] for event in plane.events() if event["kind"] == "agent.disconnect"] == ["done"]
    assert is_whole(plane)


def test_an_agent_comes_back_when_there_is_space_again(plane, disk, host):
    host.stop()
    fill_until_refused(plane, disk)
    host.start(wait=False)
    wait_until("the agent was refused", lambda: "internal error" in host.log.read_text())
    disk.free()
    sessions.wait_for_host(plane, host.id, 15)
    wait_until("a session", lambda: plane.fumidai("session", "start", host.id, "--", "echo", "again").stdout == b"again\n", 12)
