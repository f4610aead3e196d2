"""What only time ends: idle sessions, absent clients and agents, connections that say nothing."""

import os
import signal
import time

import pytest

from house import session as sessions
from house import wire
from house.agent import Agent
from house.plane import Plane
from house.played import PlayedClient
from house.programs import wait_until


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    directory = tmp_path_factory.mktemp("plane")
    settings = directory / "settings.toml"
    settings.write_text("session_idle_seconds = 60\n")
    one = Plane(directory, "--config", settings).start()
    yield one
    assert one.stop() == 0


@pytest.fixture(scope="module")
def host(plane, tmp_path_factory):
    one = Agent(plane, tmp_path_factory.mktemp("host")).register().start()
    yield one
    one.clean()


def test_a_session_ends_when_its_longest_time_is_over_however_busy_it_is(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("session_longest_seconds = 20\n")
    plane = Plane(tmp_path, "--config", settings).start()
    host = Agent(plane, tmp_path / "host").register().start()
    try:
        client = PlayedClient(plane, host.id).connect()
        began = time.monotonic()
        for number in range(30):
            client.ask_shell(number)
            time.sleep(0.5)
        found = sessions.wait_for_status(plane, client.session, "Terminated", 15)
        assert 15 < time.monotonic() - began < 25
        assert "20 seconds" in found["Details"], found
        sessions.is_gone(client.session)
    finally:
        host.clean()
        assert plane.stop() == 0


def test_the_shell_of_a_client_that_vanished_ends_when_it_was_idle_for_long_enough(plane, host):
    client = PlayedClient(plane, host.id).connect()
    client.ask_shell(1)
    client.channel.close()
    sessions.wait_for_status(plane, client.session, "Disconnected")
    began = time.monotonic()
    found = sessions.wait_for_status(plane, client.session, "Terminated", 75)
    assert 50 < time.monotonic() - began < 70
    assert found["Details"] == "The session was idle for 60 seconds." or "idle for" in found["Details"]
    sessions.is_gone(client.session)


def test_pings_and_repeats_do_not_keep_a_session_from_being_idle(plane, host):
    with PlayedClient(plane, host.id) as client:
        client.ask_shell(1)
        again = client.message(b"echo x\n", client.sequence)
        client.channel.send(again)
        client.sequence += 1
        end = time.monotonic() + 75
        while time.monotonic() < end and sessions.described(plane, client.session)["Status"] == "Connected":
            client.channel.send_raw(client.channel.frame(9, b"keepalive"))
            client.channel.send(again)
            time.sleep(0.2)
        sessions.wait_for_status(plane, client.session, "Terminated")


def test_a_session_whose_client_never_comes_ends_after_a_minute(plane, host):
    client = PlayedClient(plane, host.id)
    found = sessions.wait_for_status(plane, client.session, "Terminated", 75)
    assert "No client opened the session's data channel" in found["Details"]
    sessions.is_gone(client.session)


def test_an_order_that_the_agent_never_took_ends_with_a_sentence(plane, host):
    os.kill(host.process.pid, signal.SIGSTOP)
    client = PlayedClient(plane, host.id).connect()
    host.kill()
    host.start()
    assert "was told to start the session, but did not within" in wait_until("the end", client.farewell, 30)
    sessions.wait_for_status(plane, client.session, "Failed")


def test_an_agent_that_has_nothing_to_say_stays_connected(plane, host):
    def goings():
        return [event for event in plane.events("--kind", "agent.disconnect") if event["resource"].endswith(host.id)]

    wait_until("the agent", lambda: plane.is_connected(host.id))
    before = goings()
    time.sleep(200)  # longer than the silence that the plane takes for a lost connection
    assert goings() == before and plane.is_connected(host.id)


def test_a_connection_that_asks_nothing_is_closed_after_75_seconds(plane):
    with wire.connect(plane, 90) as connection:
        began = time.monotonic()
        assert connection.recv(1) == b""
        assert 70 < time.monotonic() - began < 80
