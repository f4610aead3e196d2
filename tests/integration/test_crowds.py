"""Too many, too fast, and too slow to read: what the server and the host hold stays bounded, and those who behave notice nothing."""

import contextlib
import hashlib
import os
import resource
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from house import session as sessions
from house import wire
from house.agent import Agent
from house.calm import still_serves
from house.plane import Plane
from house.played import PlayedClient
from house.programs import FUMIDAI, SANITIZED, wait_until

MIB = 1024  # of KiB
CROWD = 10_000

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is not the product's")


@pytest.fixture(autouse=True)
def many_descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < CROWD + 2000:
        pytest.skip(f"only {before[1]} descriptors are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def resident(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def watch(seconds, *pids):
    """The most that each of them held in that time, in KiB."""
    most = [0] * len(pids)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        most = [max(before, resident(pid)) for before, pid in zip(most, pids)]
        time.sleep(0.1)
    return most


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def knock(plane, count, addresses):
    """Connections that never send a byte."""
    silent = []
    for number in range(count):
        each = socket.socket()
        each.bind((addresses[number % len(addresses)], 0))
        each.connect(("127.0.0.1", plane.port))
        silent.append(each)
    return silent


# ---- connections


def test_ten_thousand_silent_connections_keep_nobody_else_out(own_plane, own_host):
    with PlayedClient(own_plane, own_host.id) as shell:
        shell.ask_shell(1)
        quiet, open_before = own_plane.resident_kib(), descriptors(own_plane.process.pid)
        silent = knock(own_plane, CROWD, [f"127.0.0.{number}" for number in range(2, 14)])
        try:
            wait_until("the crowd is in", lambda: descriptors(own_plane.process.pid) >= open_before + CROWD)
            assert own_plane.resident_kib() - quiet < CROWD * 6  # KiB each
            still_serves(own_plane)
            shell.ask_shell(2)
            began = time.monotonic()
            assert own_plane.fumidai("session", "start", own_host.id, "--", "echo", "in").stdout == b"in\n"
            assert time.monotonic() - began < 5
            # Nobody who says nothing may stay.
            wait_until("the crowd is sent away", lambda: descriptors(own_plane.process.pid) < open_before + 50, 25)
        finally:
            for each in silent:
                each.close()
        shell.ask_shell(3)
        # What a crowd needed is there for the next one, which needs no more.
        held = own_plane.resident_kib()
        silent = knock(own_plane, 5000, [f"127.0.0.{number}" for number in range(14, 22)])
        wait_until("the second crowd is in", lambda: descriptors(own_plane.process.pid) >= open_before + 5000)
        assert own_plane.resident_kib() - held < 2 * MIB
        for each in silent:
            each.close()


def test_one_address_has_only_so_many_connections_and_the_log_says_so(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("unproven_connections_per_address = 50\n")
    plane = Plane(tmp_path / "plane", "--config", settings).start()
    try:
        silent = knock(plane, 500, ["127.0.0.9"])
        wait_until("the log says so", lambda: "connections turned away" in plane.log.read_text())
        said = [line for line in plane.log.read_text().splitlines() if "turned away" in line]
        assert len(said) == 1 and "127.0.0.9" in said[0] and "unproven_connections_per_address" in said[0] and "most=50" in said[0], said
        assert descriptors(plane.process.pid) < 100
        still_serves(plane)  # for any other address
        context = ssl.create_default_context(cafile=str(plane.data / "ca.pem"))
        with socket.socket() as one_more, pytest.raises(OSError):
            one_more.bind(("127.0.0.9", 0))
            one_more.connect(("127.0.0.1", plane.port))
            context.wrap_socket(one_more, server_hostname="127.0.0.1")
        for each in silent:
            each.close()

        def is_let_in_again():
            with socket.socket() as again:
                again.bind(("127.0.0.9", 0))
                again.connect(("127.0.0.1", plane.port))
                try:
                    return context.wrap_socket(again, server_hostname="127.0.0.1").version()
                except OSError:
                    return None

        assert wait_until("the address is let in again", is_let_in_again)
    finally:
        assert plane.stop() == 0


def test_sessions_do_not_count_against_their_address(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("unproven_connections_per_address = 6\n")
    plane = Plane(tmp_path / "plane", "--config", settings).start()
    host = None
    try:
        host = Agent(plane, tmp_path / "host").register().start()
        sessions = [PlayedClient(plane, host.id).connect() for _ in range(8)]
        for number, each in enumerate(sessions):
            each.ask_shell(number)
        for each in sessions:
            each.end()
    finally:
        if host:
            host.clean()
        plane.stop()


def test_a_host_with_many_sessions_keeps_them_when_the_server_is_started_anew(own_plane, own_host):
    many = [PlayedClient(own_plane, own_host.id).connect() for _ in range(150)]
    for number, each in enumerate(many):
        each.ask_shell(number)
    own_plane.kill()
    own_plane.start()
    sessions.wait_for_host(own_plane, own_host.id)
    for number, each in enumerate(many):
        each.resume()
        each.ask_shell(1000 + number)


def test_thousands_of_handshakes_that_are_broken_off_leave_nothing_behind(plane):
    def break_off():
        raw = wire.connect(plane, tls=False)
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100))
        raw.close()

    for _ in range(200):
        break_off()
    wait_until("they are forgotten", lambda: descriptors(plane.process.pid) < 40)
    before = plane.resident_kib()
    for _ in range(3000):
        break_off()
    wait_until("they are forgotten", lambda: descriptors(plane.process.pid) < 40)
    assert plane.resident_kib() - before < 4 * MIB
    still_serves(plane)


# ---- those who do not read


def start(plane, host, *command, **more):
    return subprocess.Popen([str(FUMIDAI), "session", "start", *more.pop("options", []), host.id, "--", *command], env=plane.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def worker_of(plane, host, known=()):
    fresh = wait_until("the session's process", lambda: {session: pid for session, pid in host.workers().items() if session not in known})
    return next(iter(fresh.items()))


def end(plane, session, client):
    wire.call(plane, "AmazonSSM.TerminateSession", {"SessionId": session})
    client.stdout.close()
    client.wait(20)


def is_sequence(text, first):
    """Whether these are the numbers from `first` on, one a line; the last may be cut."""
    lines = text.split(b"\n")[:-1]
    return lines == [b"%d" % number for number in range(first, first + len(lines))]


def test_a_client_that_stops_reading_a_gibibyte_costs_a_constant(plane, host):
    """`seq` prints more than 1 GiB; the client's output goes nowhere for a while, and comes complete afterwards."""
    quiet = plane.resident_kib()
    client = start(plane, host, "sh", "-c", "seq 100000000 300000000 | head -c 1G", options=["-n"])
    session, worker = worker_of(plane, host)
    try:
        begun = client.stdout.read(1000)
        small = resident(worker)
        server, agent, own = watch(4, plane.process.pid, worker, client.pid)
        assert server - quiet < 16 * MIB, f"the server grew by {server - quiet} KiB"
        assert agent - small < 16 * MIB, f"the session's process grew by {agent - small} KiB"
        assert own < 48 * MIB, f"the client holds {own} KiB"
        rest = begun + client.stdout.read(64_000_000)
        assert is_sequence(rest, 100_000_000)
    finally:
        end(plane, session, client)


def test_a_client_whose_socket_is_never_read_costs_a_constant(plane, host):
    quiet = plane.resident_kib()
    with PlayedClient(plane, host.id) as client:
        client.ask_shell(1)
        _, worker = worker_of(plane, host)
        small = resident(worker)
        client.say("seq 100000000 300000000 | head -c 1G\n")
        server, agent = watch(4, plane.process.pid, worker)
        assert server - quiet < 16 * MIB and agent - small < 16 * MIB, (server - quiet, agent - small)
        client.say(b"\x03")  # the host is not stuck
        client.output = b""
        client.ask_shell(2)


def test_a_command_that_does_not_read_costs_a_constant_and_gets_all_of_its_input_later(plane, host, tmp_path):
    gate = tmp_path / "gate"
    source = tmp_path / "input"
    block = os.urandom(1 << 20)
    with source.open("wb") as out:
        for _ in range(200):
            out.write(block)
    wanted = hashlib.sha256(block * 200).hexdigest()
    quiet = plane.resident_kib()
    with source.open("rb") as stdin:
        client = start(plane, host, "sh", "-c", f"until test -e {gate}; do sleep 0.1; done; sha256sum", stdin=stdin)
    session, worker = worker_of(plane, host)
    try:
        small = resident(worker)
        server, agent, own = watch(4, plane.process.pid, worker, client.pid)
        assert server - quiet < 16 * MIB and agent - small < 16 * MIB, (server - quiet, agent - small)
        assert own < 48 * MIB, f"the client holds {own} KiB"
        gate.touch()
        out, err = client.communicate(timeout=60)
        assert (out.decode().split(" ")[0], err, client.returncode) == (wanted, b"", 0)
    finally:
        end(plane, session, client)


def test_a_client_that_only_types_and_never_reads_costs_a_constant(plane, host):
    """Its input is echoed: what cannot go back must stop what comes in."""
    quiet = plane.resident_kib()
    with PlayedClient(plane, host.id) as client:
        client.ask_shell(1)
        _, worker = worker_of(plane, host)
        small = resident(worker)
        client.say("stty raw -echo; exec cat\n")
        client.channel.socket.settimeout(2)
        with contextlib.suppress(TimeoutError):  # the server may stop reading, or drop what has no room
            for _ in range(10_000):
                client.say(b"x" * 10_000)
        assert resident(worker) - small < 16 * MIB
        assert plane.resident_kib() - quiet < 16 * MIB
    still_serves(plane)
