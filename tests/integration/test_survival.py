"""SIGKILL of any part at any point of a session: what the user sees, what is left, what the plane says of it."""

import os
import re
import signal
import subprocess

import pytest

from house import session as sessions
from house import wire
from house.played import PlayedClient
from house.programs import FUMIDAI, wait_until
from house.terminal import Terminal

LOST = "The connection to the plane was lost"
DIED = "The process of the session ended without a word"
# Prints 1 to 200000, a part at a time, so that it lasts a second.
COUNT = "for part in $(seq 0 19); do seq $((part * 10000 + 1)) $((part * 10000 + 10000)); sleep 0.05; done"
COUNTED = b"".join(b"%d\n" % number for number in range(1, 200_001))


def command(plane, host, *words):
    known = sessions.active(plane)
    running = subprocess.Popen([str(FUMIDAI), "session", "start", "-n", host.id, "--", *words], env=plane.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    running.session = lambda: sessions.newest(plane, known)
    return running


def take(running, count):
    """That many bytes of what it prints; the rest stays where it is."""
    taken = b""
    while len(taken) < count:
        more = running.stdout.read(count - len(taken))
        assert more, f"the command ended after {len(taken)} bytes: {running.stderr.read().decode()}"
        taken += more
    return taken


def sentences(stderr):
    """What our client said of its own, one sentence a line."""
    text = stderr.decode() if isinstance(stderr, bytes) else stderr
    return [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]


class Shell:
    """A person at a terminal; what the client itself says comes apart from what the session shows."""

    def __init__(self, plane, host, directory):
        self.said = directory / "said"
        known = sessions.active(plane)
        self.terminal = Terminal(["/bin/sh", "-c", f"exec {FUMIDAI} session start {host.id} 2>{self.said}"], plane.environment())
        self.terminal.type("PS1='ready> '; stty -echo; unset HISTFILE\n")
        self.terminal.expect("ready> $")
        self.session = sessions.newest(plane, known)
        self.pid = self.answers()

    def answers(self):
        return self.terminal.run("echo pid=$$", r"pid=(\d+)").group(1)

    def sentences(self):
        return sentences(self.said.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.close()


@pytest.fixture(autouse=True)
def all_is_up(plane, host):
    yield
    if plane.process is None or plane.process.poll() is not None:
        plane.start()
    if host.process is None:
        host.start(wait=False)
    sessions.wait_for_host(plane, host.id)


@pytest.fixture
def shell(plane, host, tmp_path):
    with Shell(plane, host, tmp_path) as one:
        yield one


def restart(plane):
    plane.kill()
    plane.start()


# ---- the server


@pytest.mark.sanitized
def test_a_shell_outlives_a_killed_server(plane, shell):
    restart(plane)
    assert shell.answers() == shell.pid
    lost, connected = shell.sentences()
    assert LOST in lost and connected == "[fumidai] Connected again."
    sessions.wait_for_status(plane, shell.session, "Connected")
    shell.terminal.type("exit 7\n")
    assert shell.terminal.wait() == 7
    sessions.wait_for_status(plane, shell.session, "Terminated")
    assert len(sessions.ends(plane, shell.session)) == 1


def test_no_byte_of_a_command_is_lost_or_doubled_when_the_server_is_killed(plane, host):
    running = command(plane, host, "sh", "-c", COUNT)
    begun = take(running, 100_000)
    restart(plane)
    rest, said = running.communicate(timeout=60)
    assert begun + rest == COUNTED
    assert running.returncode == 0, said
    assert LOST in sentences(said)[0]


def test_no_byte_is_lost_when_the_server_is_killed_again_and_again_while_a_client_lags(plane, host):
    running = command(plane, host, "seq", "1", "200000")
    seen = take(running, 1000)
    for _ in range(3):
        restart(plane)
        seen += take(running, 100_000)
    rest, said = running.communicate(timeout=60)
    assert seen + rest == COUNTED
    assert running.returncode == 0, said


def test_no_byte_at_a_terminal_is_lost_when_the_server_is_killed(plane, shell):
    shell.terminal.type(f"stty -opost; echo be''gin; {COUNT}; echo e''nd\n")
    shell.terminal.expect("begin\n")
    restart(plane)
    end = shell.terminal.expect(r"end\n", 60)
    shown = re.search(rb"begin\n(.*?)end\n", shell.terminal.transcript, re.DOTALL)
    assert end and shown and shown.group(1) == COUNTED


def test_what_is_typed_while_the_server_is_away_arrives_once(plane, shell):
    plane.kill()
    shell.terminal.type("echo typed-$((20+1))-\n")
    wait_until("the client noticed", lambda: any(LOST in line for line in shell.sentences()))
    shell.terminal.type("echo typed-$((20+2))-\n")
    plane.start()
    shell.terminal.expect("typed-22-")
    assert shell.terminal.transcript.count(b"typed-21-") == 1 and shell.terminal.transcript.count(b"typed-22-") == 1


def test_a_server_that_is_killed_before_the_handshake_loses_no_session(plane, host):
    client = PlayedClient(plane, host.id)
    restart(plane)
    client.resume().ask_shell(1)
    client.end()
    sessions.wait_for_status(plane, client.session, "Terminated")


def test_a_token_of_the_killed_server_opens_nothing(plane, host):
    client = PlayedClient(plane, host.id)
    restart(plane)
    assert client.connect().channel.closed().reason == "the token does not open this channel"
    client.resume().ask_shell(1)
    client.end()


def test_a_server_that_is_asked_to_stop_lets_sessions_go_on_with_the_next(plane, shell):
    assert plane.stop(signal.SIGTERM) == 0
    plane.start()
    assert shell.answers() == shell.pid
    assert LOST in shell.sentences()[0]


def test_a_client_whose_server_is_away_can_be_ended(plane, host):
    running = command(plane, host, "sleep", "1000")
    wait_until("the command", lambda: sessions.processes(running.session()))
    known = running.session()
    plane.kill()
    try:
        running.send_signal(signal.SIGHUP)
        _, said = running.communicate(timeout=20)
        assert running.returncode == 128 + signal.SIGHUP
        assert LOST in sentences(said)[0]
    finally:
        plane.start()
    wire.call(plane, "AmazonSSM.TerminateSession", {"SessionId": known})
    sessions.is_gone(known)


# ---- the agent


def test_a_shell_outlives_a_killed_agent(plane, host, shell):
    host.kill()
    assert shell.answers() == shell.pid
    host.start()
    assert shell.answers() == shell.pid
    shell.terminal.type("exit 5\n")
    assert shell.terminal.wait() == 5
    assert shell.sentences() == []
    sessions.wait_for_status(plane, shell.session, "Terminated")
    assert len(sessions.ends(plane, shell.session)) == 1


def test_a_session_of_an_earlier_agent_can_be_ended(plane, host, shell):
    host.kill()
    host.start()
    wire.call(plane, "AmazonSSM.TerminateSession", {"SessionId": shell.session})
    assert shell.terminal.wait() == 255
    assert re.search("^Terminated by .*user/administrator", shell.sentences()[-1])
    sessions.is_gone(shell.session)


@pytest.mark.parametrize("is_restarted", [False, True], ids=["", "by a server that was started anew"])
def test_a_shell_that_died_with_its_agent_is_over_when_the_agent_is_back(plane, host, shell, is_restarted):
    host.kill()
    sessions.kill_worker(shell.session)
    if is_restarted:
        restart(plane)
    host.start()
    found = sessions.wait_for_status(plane, shell.session, "Failed", 8)
    assert "its side of the session is gone and did not come back" in found["Details"]
    assert shell.terminal.wait() == 255
    assert found["Details"] == shell.sentences()[-1]
    sessions.is_gone(shell.session)


def test_without_its_agent_a_host_takes_no_new_session_and_says_since_when(plane, host):
    host.kill()
    refused = wait_until("the plane knows", lambda: (done := plane.fumidai("session", "start", host.id, "--", "true")).returncode == 255 and done)
    assert re.search(rf"{host.id} is not connected.*last connected at \d{{4}}-", refused.stderr.decode())
    host.start()
    assert plane.fumidai("session", "start", host.id, "--", "true").returncode == 0


# ---- the process that serves a session


@pytest.mark.sanitized
def test_a_shell_whose_process_is_killed_ends_with_one_sentence(plane, shell):
    sessions.kill_worker(shell.session)
    assert shell.terminal.wait() == 255
    assert sum(DIED in line for line in shell.sentences()) == 1 and DIED in shell.sentences()[-1]
    assert DIED in sessions.wait_for_status(plane, shell.session, "Failed")["Details"]
    assert [DIED in event["detail"]["why"] for event in sessions.ends(plane, shell.session)] == [True]
    sessions.is_gone(shell.session)


def test_a_command_whose_process_is_killed_leaves_no_orphan(plane, host):
    running = command(plane, host, "sh", "-c", "echo on; sleep 1001; echo off")
    assert take(running, 3) == b"on\n"
    session = running.session()
    assert len(sessions.processes(session)) >= 2
    sessions.kill_worker(session)
    _, said = running.communicate(timeout=20)
    assert running.returncode == 255 and DIED in sentences(said)[-1]
    sessions.wait_for_status(plane, session, "Failed")
    sessions.is_gone(session)


def test_a_process_that_is_killed_while_it_prints_ends_its_session(plane, host):
    running = command(plane, host, "yes")
    take(running, 1_000_000)
    session = running.session()
    sessions.kill_worker(session)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 255 and DIED in sentences(said)[-1]
    sessions.wait_for_status(plane, session, "Failed")
    sessions.is_gone(session)


def test_a_process_that_is_killed_before_the_handshake_ends_its_session(plane, host):
    client = PlayedClient(plane, host.id)
    sessions.kill_worker(client.session)
    assert DIED in sessions.wait_for_status(plane, client.session, "Failed")["Details"]
    status, answer = wire.call(plane, "AmazonSSM.ResumeSession", {"SessionId": client.session})
    assert status == 200 and "TokenValue" not in answer
    assert len(sessions.ends(plane, client.session)) == 1


def test_a_process_that_is_killed_while_the_server_is_away_is_not_waited_for_afterwards(plane, shell):
    plane.kill()
    sessions.kill_worker(shell.session)
    sessions.is_gone(shell.session)
    plane.start()
    assert shell.terminal.wait() == 255
    assert DIED in shell.sentences()[-1]
    sessions.wait_for_status(plane, shell.session, "Failed")


def test_a_shell_that_exits_while_the_server_is_away_has_its_status_told_afterwards(plane, shell):
    shell.terminal.run("echo go''ing; sleep 0.5; exit 9", "going")
    plane.kill()
    sessions.is_gone(shell.session)
    plane.start()
    assert shell.terminal.wait() == 9
    sessions.wait_for_status(plane, shell.session, "Terminated")


# ---- the client


def test_a_client_that_is_killed_leaves_a_session_that_can_be_ended(plane, shell):
    shell.terminal.process.kill()
    sessions.wait_for_status(plane, shell.session, "Disconnected")
    assert sessions.processes(shell.session)  # it might have come back
    assert plane.fumidai("session", "end", shell.session).returncode == 0
    sessions.wait_for_status(plane, shell.session, "Terminated")
    sessions.is_gone(shell.session)
    assert len(sessions.ends(plane, shell.session)) == 1


def test_a_client_that_is_killed_while_it_prints_leaves_a_session_that_can_be_ended(plane, host):
    running = command(plane, host, "yes")
    take(running, 1_000_000)
    session = running.session()
    running.kill()
    running.wait()
    sessions.wait_for_status(plane, session, "Disconnected")
    assert plane.fumidai("session", "end", session).returncode == 0
    sessions.wait_for_status(plane, session, "Terminated")
    sessions.is_gone(session)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_client_that_is_asked_to_go_takes_its_shell_with_it(plane, shell, number):
    os.kill(shell.terminal.process.pid, number)
    assert shell.terminal.wait() == 128 + number
    sessions.wait_for_status(plane, shell.session, "Terminated")
    sessions.is_gone(shell.session)


def test_a_client_that_never_came_may_be_ended(plane, host):
    client = PlayedClient(plane, host.id)
    wait_until("the shell", lambda: sessions.worker(client.session))
    client.end()
    sessions.wait_for_status(plane, client.session, "Terminated")
    sessions.is_gone(client.session)


# ---- in the end


def test_the_trail_is_whole_and_knows_every_end(plane):
    assert sessions.active(plane) == []
    events = plane.events()
    started = {event["session"] for event in events if event["kind"] == "session.start"}
    assert started == {event["session"] for event in events if event["kind"] == "session.end"}
    verified = plane.fumidai("audit", "verify")
    assert verified.returncode == 0 and b"the audit trail is whole" in verified.stdout
