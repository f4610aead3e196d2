"""Who does not know how to go on is told: by --help, and where a command lacks its subcommand."""

import subprocess

import pytest

from house.programs import BUILD, FUMIDAI, bare_environment


def said_by(*words, **more):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=False, **more)


@pytest.mark.parametrize("command, subcommands", [("lab", "up status down"), ("audit", "list verify export"), ("host", "list"), ("session", "start list end")])
def test_a_command_without_its_subcommand_shows_those_that_there_are(command, subcommands):
    done = said_by(FUMIDAI, command)
    assert done.returncode == 2 and f"Usage: fumidai {command} " in done.stderr, done.stderr
    lines = [line.split() for line in done.stderr.splitlines()]
    assert all(any(line[:1] == [each] for line in lines) for each in subcommands.split()), done.stderr


def test_what_the_agent_starts_says_so():
    done = said_by(BUILD / "fumidai-agent-session", "--help")
    assert done.returncode == 0 and "fumidai-agent starts it" in done.stdout, done.stdout + done.stderr


def test_what_runs_ssh_may_end_its_options(tmp_path):
    done = said_by(FUMIDAI, "ssh", "-x", "-s", "--", "web", "sftp", env=bare_environment(tmp_path), cwd=tmp_path)
    assert "no server is known" in done.stderr, done.stderr


def test_ssh_is_helped_with_where_its_target_stands():
    done = said_by(FUMIDAI, "ssh", "--help")
    assert "Usage: fumidai ssh [OPTIONS] [USER@]TARGET [COMMAND...]\n" in done.stdout, done.stdout


@pytest.mark.parametrize("words", [("-V",), ("-Q", "cipher"), ("web", "-V")])
def test_what_is_asked_of_ssh_itself_ssh_answers(tmp_path, words):
    ours, its = (said_by(*program, *words, env=bare_environment(tmp_path), cwd=tmp_path) for program in ((FUMIDAI, "ssh"), ("ssh",)))
    assert ours.returncode == 0 and (ours.stdout, ours.stderr) == (its.stdout, its.stderr) and ours.stdout + ours.stderr, ours


# ssh's own: whatever is below came from the other end.
@pytest.mark.parametrize("words", [("ssh",), ("ssh", "web", "true"), ("tunnel",), ("tunnel", "web"), ("tunnel", "web", "x"), ("session", "start"), ("session", "start", "web", "--", "true")])
def test_what_stands_for_ssh_fails_as_ssh_does(tmp_path, words):
    done = said_by(FUMIDAI, *words, env=bare_environment(tmp_path), cwd=tmp_path)
    assert done.returncode == 255 and done.stderr.startswith("fumidai: "), done.stderr


@pytest.mark.parametrize("place, wrong", [("", "'' is not a port number"), ("22x", "'22x' is not a port number"), ("70000", "'70000' is not a port number"), ("127.0.0.1:", "'' is not a port number"), ("localhost:22", "'localhost' is not an address")])
def test_where_nobody_can_listen_is_told_with_where_one_can(tmp_path, place, wrong):
    done = said_by(FUMIDAI, "tunnel", "web", "--listen", place, env=bare_environment(tmp_path), cwd=tmp_path)
    assert done.returncode == 255 and done.stderr.startswith(f"fumidai: --listen {place}: {wrong}; "), done.stderr
    assert "as in: --listen 2222 or --listen 127.0.0.1:2222" in done.stderr, done.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "2592001", "99999999999999999999", "long", "5s"])
@pytest.mark.parametrize("words", [("ssh", "--max-tunnel-duration={}", "web"), ("ssh", "web", "--max-tunnel-duration", "{}"), ("tunnel", "web", "--max-tunnel-duration={}")])
def test_a_duration_that_no_tunnel_has_is_refused_with_those_that_it_may_have(tmp_path, words, seconds):
    done = said_by(FUMIDAI, *(word.format(seconds) for word in words), env=bare_environment(tmp_path), cwd=tmp_path)
    assert done.returncode == 255 and "--max-tunnel-duration" in done.stderr and seconds in done.stderr, done.stderr
    assert "1 to 2592000" in done.stderr, done.stderr
