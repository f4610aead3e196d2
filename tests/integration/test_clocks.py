"""Clocks that are ten minutes off, that jump, and credentials that grow old."""

import datetime
import re

import pytest

from house import session as sessions
from house import wire
from house.agent import Agent
from house.calm import still_serves
from house.clock import SteerableClock
from house.plane import Plane
from house.played import PlayedAgent, PlayedClient
from house.programs import AGENT, run, wait_until

BOTH_TIMES = r"(Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z|Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z) \(\d{8}T\d{6}Z [-+] 5 min\.\)"
OFFSETS = [pytest.param("+10m", "behind", id="ahead"), pytest.param("-10m", "ahead of", id="behind")]


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return SteerableClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def plane(tmp_path_factory, clock):
    """A server that believes our clock."""
    one = Plane(tmp_path_factory.mktemp("plane"))
    one.wrapper = clock.wrapper
    one.start()
    yield one
    assert one.stop() == 0


@pytest.fixture(scope="module")
def host(plane, clock, tmp_path_factory):
    one = Agent(plane, tmp_path_factory.mktemp("host")).register().start()
    yield one
    clock.set("+0")
    one.clean()


@pytest.fixture(autouse=True)
def right_again(plane, clock, host):
    clock.set("+0")
    yield
    clock.set("+0")
    sessions.wait_for_host(plane, host.id, 15)


# ---- the server's clock, or everybody else's: nobody can tell which


@pytest.mark.parametrize("offset, ours", OFFSETS)
def test_our_client_says_by_how_much_its_clock_differs(plane, clock, host, offset, ours):
    clock.set(offset)
    done = plane.fumidai("session", "start", host.id, "--", "true")
    assert done.returncode == 255
    said = done.stderr.decode()
    assert re.search(BOTH_TIMES, said), said
    assert re.search(rf"This host's clock is (10 minutes|9 minutes|9 min|10 min)[^.]* {ours} the server's; set it right", said), said


@pytest.mark.parametrize("offset, ours", OFFSETS)
def test_the_aws_cli_is_told_both_times(plane, clock, offset, ours):
    del ours
    clock.set(offset)
    said = plane.refused("ssm", "describe-sessions", "--state", "Active")
    assert "InvalidSignatureException" in said and re.search(BOTH_TIMES, said), said


@pytest.mark.parametrize("offset, ours", OFFSETS)
def test_an_agent_says_so_and_is_back_when_the_clock_is_right(plane, clock, host, offset, ours):
    host.stop()
    before = host.log.stat().st_size
    clock.set(offset)
    host.start(wait=False)
    log = wait_until("the agent's word", lambda: (text := host.log.read_text()[before:]) and "set it right" in text and text)
    assert re.search(BOTH_TIMES, log) and f"{ours} the server's" in log, log
    clock.set("+0")
    sessions.wait_for_host(plane, host.id, 10)


def test_four_minutes_are_no_hindrance(plane, clock, host):
    for offset in ("+4m", "-4m"):
        clock.set(offset)
        assert plane.fumidai("session", "start", host.id, "--", "echo", "fine").stdout == b"fine\n"


def test_a_registration_by_a_host_whose_clock_is_off_needs_no_clock(plane, clock, tmp_path):
    """It is not signed; only what comes after it is refused, until the clock is right."""
    activation = plane.activation()
    clock.set("+10m")
    new = Agent(plane, tmp_path / "new").register(activation)
    new.start(wait=False)
    wait_until("the agent's word", lambda: "set it right" in new.log.read_text())
    clock.set("+0")
    sessions.wait_for_host(plane, new.id, 10)
    new.stop()


# ---- a clock that jumps under what runs


@pytest.mark.parametrize("offset", ["+10m", "-10m", "+36500d"])
def test_a_session_goes_on_when_the_servers_clock_jumps(plane, clock, host, offset):
    with PlayedClient(plane, host.id) as shell:
        shell.ask_shell(1)
        clock.set(offset)
        shell.ask_shell(2)
        clock.set("+0")
        shell.ask_shell(3)
    assert sessions.wait_for_status(plane, shell.session, "Terminated")


def test_a_server_that_started_in_the_future_opens_channels_when_its_clock_is_set_right(plane, clock, host):
    plane.stop()
    clock.set("+10m")
    plane.start()
    clock.set("+0")
    sessions.wait_for_host(plane, host.id, 15)
    assert plane.fumidai("session", "start", host.id, "--", "echo", "open").stdout == b"open\n"


def test_the_trail_is_whole_though_its_times_jumped(plane, clock):
    clock.set("+10m")
    still = wire.request(plane, "GET", "/healthz")[0]
    clock.set("-10m")
    assert still == 200 and wire.request(plane, "GET", "/healthz")[0] == 200
    clock.set("+0")
    assert plane.fumidai("audit", "verify").returncode == 0
    still_serves(plane)


# ---- credentials that grow old


def test_expired_role_credentials_are_refused_as_such(plane, clock, monkeypatch):
    agent = PlayedAgent(plane)
    assert agent.channel_token(f"/v1/control-channel/{agent.id}")[0] == 201

    class Later(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return super().utcnow() + datetime.timedelta(minutes=61)

    clock.set("+61m")
    monkeypatch.setattr("botocore.auth.datetime.datetime", Later)
    status, said = agent.channel_token(f"/v1/control-channel/{agent.id}")
    assert status == 400 and "ExpiredToken" in said, said
    agent.ask_for_credentials()  # what agents do then
    assert agent.channel_token(f"/v1/control-channel/{agent.id}")[0] == 201


def test_an_expired_activation_is_refused_as_such(plane, clock, tmp_path):
    identifier, code = plane.activation()
    clock.set("+25h")
    late = Agent(plane, tmp_path / "late")
    done = run([AGENT, "register", "--url", plane.url, "--ca", plane.data / "ca.pem", "--activation-id", identifier, "--activation-code", code, "--state-dir", late.state],
               late.environment())
    assert done.returncode == 1 and re.search("expired", done.stderr.decode()), done.stderr
