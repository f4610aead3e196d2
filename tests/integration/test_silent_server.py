"""What is asked of a server that takes connections and says nothing is told of within 10 seconds."""

import socket
import subprocess
import time

import pytest

from house.programs import FUMIDAI, bare_environment

SOON = 13  # seconds: a failure is told within 10, and the machine may be busy
QUESTIONS = ["session list", "session list --history --json", "session end hana-0123456789abcdef0", "session start web -- true", "host list", "audit list", "explain 1", "compare",
             "tunnel web", "ssh web"]
LONG = ["audit list --outcome denied", "audit export", "audit verify", "doctor", "doctor web"]  # of much they take their time


@pytest.fixture
def silent():
    with socket.create_server(("127.0.0.1", 0), backlog=64) as one:
        yield f"127.0.0.1:{one.getsockname()[1]}"


@pytest.fixture
def asked(silent, tmp_path):
    """What was asked of it, by https and by http: there it only has to take the connection."""
    known = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    processes = []

    def ask(scheme, questions):
        environment = {**bare_environment(tmp_path), **known, "AWS_ENDPOINT_URL": f"{scheme}://{silent}"}
        begun = {each: subprocess.Popen([FUMIDAI, *each.split()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) for each in questions}
        processes.extend(begun.values())
        return begun

    yield ask
    for each in processes:
        each.kill()
        each.communicate()


def test_a_short_question_is_told_of_soon_and_the_answer_to_a_long_one_is_waited_for(silent, asked):
    begun = time.monotonic()
    told, waiting = asked("https", QUESTIONS + LONG), asked("http", LONG)
    for question, each in told.items():
        _, said = each.communicate(timeout=max(1, begun + SOON - time.monotonic()))
        assert each.returncode != 0 and f"the server at https://{silent} did not answer in time" in said, (question, said)
        assert "Look at the server first" in said, (question, said)
    for each in waiting.values():
        with pytest.raises(subprocess.TimeoutExpired):
            each.wait(max(0, begun + 11 - time.monotonic()))
