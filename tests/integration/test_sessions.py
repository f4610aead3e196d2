"""Sessions by our own client: shells at a terminal, commands in scripts."""

import hashlib
import json
import os
import re
import signal
import subprocess
import time

import pytest

from house.programs import FUMIDAI, PATIENCE, is_running, wait_until
from house.terminal import Terminal


def shell(plane, host, *more, **size):
    terminal = Terminal([FUMIDAI, "session", "start", host.id, *more], plane.environment(), **size)
    terminal.type("PS1='ready> '\n")
    terminal.expect("ready> $")
    return terminal


@pytest.mark.sanitized
def test_a_shell_prints_what_the_host_prints_and_returns_its_status(plane, host):
    with shell(plane, host) as terminal:
        terminal.run("echo id=$FUMIDAI_INSTANCE_ID", f"\nid={host.id}\r?\n")
        terminal.type("exit 3\n")
        assert terminal.wait() == 3


def test_a_shell_follows_the_size_of_the_terminal(plane, host):
    with shell(plane, host, rows=30, columns=100) as terminal:
        terminal.run("stty size", "\n30 100\r?\n")
        terminal.resize(41, 132)
        wait_until("the new size", lambda: terminal.run("stty size; echo end", r"\n(\d+ \d+)\r?\nend").group(1) == b"41 132")


def test_control_c_interrupts_the_program_and_not_the_session(plane, host):
    with shell(plane, host) as terminal:
        nap = f"sleep 1000.{os.getpid()}"
        terminal.type(f"{nap}; echo not reached\n")
        wait_until("the program", lambda: is_running(nap))
        terminal.type("\x03")
        wait_until("its end", lambda: not is_running(nap))
        terminal.run("echo still=here", "\nstill=here")


def test_wide_characters_pass_unbroken_both_ways(plane, host):
    with shell(plane, host) as terminal:
        terminal.run("export LC_ALL=C.UTF-8; printf '%s|\\n' 踏み台 é 😀", "\n踏み台\\|\r?\né\\|\r?\n😀\\|")


def test_a_terminal_is_as_it_was_after_the_session(plane, host):
    with Terminal(["/bin/bash", "--norc", "-i"], plane.environment(PS1="local> ")) as terminal:
        terminal.expect("local> ")
        terminal.run("stty -g", "\n([0-9a-f:]+)\r?\n")
        before = terminal.run("stty -g", "\n([0-9a-f:]+)\r?\n").group(1)
        terminal.type(f"{FUMIDAI} session start {host.id}\n")
        terminal.type("PS1='ready> '\n")
        terminal.expect("ready> $")
        terminal.type("exit\n")
        terminal.expect("local> ")
        assert terminal.run("stty -g", "\n([0-9a-f:]+)\r?\n").group(1) == before


def test_enter_tilde_dot_ends_a_session_that_does_not_answer(plane, host):
    with shell(plane, host) as terminal:
        worker = host.workers()[plane.sessions()[0]["SessionId"]]
        os.kill(worker, signal.SIGSTOP)
        try:
            terminal.type("\r~.")
            assert terminal.wait() == 255, terminal.transcript
        finally:
            os.kill(worker, signal.SIGCONT)


def test_a_name_of_the_host_is_as_good_as_its_id(plane, host):
    done = plane.fumidai("session", "start", host.name, "--", "echo", "by name")
    assert (done.returncode, done.stdout) == (0, b"by name\n"), done.stderr


@pytest.mark.sanitized
def test_a_command_keeps_its_outputs_apart_and_returns_its_status(plane, host):
    done = plane.fumidai("session", "start", host.id, "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_arguments_arrive_as_they_were_given(plane, host):
    words = ["a b", "$HOME", "'", '"', "*", "", "new\nline", "back\\slash", "；"]
    done = plane.fumidai("session", "start", host.id, "--", "printf", "[%s]\\n", *words)
    assert done.stdout.decode() == "".join(f"[{word}]\n" for word in words)


def test_a_command_that_does_not_exist_is_127(plane, host):
    done = plane.fumidai("session", "start", host.id, "--", "no-such-program")
    assert done.returncode == 127
    assert b"no-such-program" in done.stderr


def test_a_command_that_a_signal_ends_is_128_and_the_signal(plane, host):
    assert plane.fumidai("session", "start", host.id, "--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM


@pytest.mark.sanitized
@pytest.mark.parametrize("megabytes", [0, 1, 20])
def test_a_file_passes_both_ways_byte_for_byte(plane, host, megabytes):
    data = os.urandom(1 << 20) * megabytes
    done = plane.fumidai("session", "start", host.id, "--", "cat", stdin=data, seconds=4 * PATIENCE)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(done.stdout).hexdigest() == hashlib.sha256(data).hexdigest()


def test_a_slow_reader_gets_all_of_what_a_command_left(plane, host):
    """The command is long gone when its last bytes are taken."""
    size, fast = 1_500_000, 1_000_000
    process = subprocess.Popen([FUMIDAI, "session", "start", host.id, "-n", "--", "sh", "-c", f"head -c {size} /dev/zero; echo END >&2"], env=plane.environment(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    got = len(process.stdout.read(fast))
    while chunk := process.stdout.read(8192):
        got += len(chunk)
        time.sleep(0.15)
    assert (got, process.stderr.read(), process.wait(20)) == (size, b"END\n", 0)


def test_input_may_be_refused(plane, host):
    done = plane.fumidai("session", "start", "-n", host.id, "--", "wc", "-c", stdin=b"not for you")
    assert done.stdout.strip() == b"0"


def test_many_sessions_run_at_once(plane, host):
    running = [subprocess.Popen([str(FUMIDAI), "session", "start", host.id, "--", "echo", f"number {i}"], env=plane.environment(), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) for i in range(20)]
    assert [one.communicate(timeout=PATIENCE)[0] for one in running] == [f"number {i}\n".encode() for i in range(20)]


def test_the_list_of_sessions_shows_who_where_and_why(plane, host):
    with shell(plane, host, "--reason", "to look around"):
        (session,) = json.loads(plane.fumidai("session", "list", "--json").stdout)
        assert session["Target"] == host.id
        assert session["Reason"] == "to look around"
        assert session["Owner"].endswith(":user/administrator")
        shown = plane.fumidai("session", "list").stdout.decode()
        assert re.search(rf"^{session['SessionId']} +{host.id} +shell +Connected +user/administrator .*to look around$", shown, re.M), shown
        assert session["DocumentName"] == "SSM-SessionManagerRunShell"
    wait_until("the end of the session", lambda: not plane.sessions())
    assert plane.fumidai("session", "start", host.id, "--", "true").returncode == 0
    wait_until("the end of the command", lambda: not plane.sessions())
    kinds = [line.split()[2] for line in plane.fumidai("session", "list", "--history").stdout.decode().splitlines()[:3]]
    assert kinds == ["KIND", "command", "shell"], kinds
    assert session["SessionId"] in plane.fumidai("session", "list", "--history").stdout.decode()


def test_an_ended_session_tells_its_user_why(plane, host):
    with shell(plane, host) as terminal:
        session = plane.sessions()[0]["SessionId"]
        assert plane.fumidai("session", "end", session).returncode == 0
        terminal.expect("[Tt]erminated by")
        assert terminal.wait() != 0
        wait_until("the end of its processes", lambda: not host.workers())


@pytest.mark.parametrize("target, why", [("mi-00000000000000000", b"mi-00000000000000000"), ("no-such-name", b"no-such-name"), ("../x", b"x")])
def test_a_target_that_does_not_exist_is_named(plane, target, why):
    done = plane.fumidai("session", "start", target, "--", "true")
    assert done.returncode == 255
    assert why in done.stderr
    assert done.stderr.count(b"\n") <= 3, "an error is a sentence"


def test_the_end_of_the_reader_ends_the_command(plane, host):
    line = f"{FUMIDAI} session start {host.id} -- yes | head -n 1"
    done = subprocess.run(["/bin/bash", "-c", line], env=plane.environment(), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=True)
    assert done.stdout == b"y\n"
    wait_until("the end of the command", lambda: not host.workers())
