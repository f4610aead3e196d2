"""What is asked of a server that takes connections and says nothing is told of within 10 seconds."""

import socket
import subprocess
import time

import pytest

from house.programs import FUMIDAI, bare_environment

SOON = 13  # seconds: a failure is told within 10, and the machine may be busy
QUESTIONS = ["session list", "session list --history --json", "session end hana-0123456789abcdef0", "session start web -- true", "host list", "audit list", "explain 1", "compare",
             "tunnel web", "ssh web"]
LONG = ["audit list --outcome denied", "audit export", "audit verify"]  # of a long trail they take their time


@pytest.fixture
def environment(tmp_path):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        known = {"AWS_ENDPOINT_URL": f"https://127.0.0.1:{silent.getsockname()[1]}", "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
        yield {**bare_environment(tmp_path), **known}


def test_a_short_question_is_told_of_soon_and_a_long_one_is_waited_for(environment, tmp_path):
    begun = time.monotonic()
    asking = {each: subprocess.Popen([FUMIDAI, *each.split()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) for each in QUESTIONS + LONG}
    try:
        for question in QUESTIONS:
            each = asking[question]
            _, said = each.communicate(timeout=max(1, begun + SOON - time.monotonic()))
            assert each.returncode != 0 and f"the server at {environment['AWS_ENDPOINT_URL']} did not answer in time" in said, (question, said)
            assert "Look at the server first" in said, (question, said)
        for question in LONG:
            with pytest.raises(subprocess.TimeoutExpired):
                asking[question].wait(max(0, begun + 11 - time.monotonic()))
    finally:
        for each in asking.values():
            each.kill()
