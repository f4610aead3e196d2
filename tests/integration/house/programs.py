"""Where the programs are, and what of AWS's own is there to test against."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BUILD = (ROOT / os.environ.get("FUMIDAI_BUILD", "build/release")).resolve()
FUMIDAI = BUILD / "fumidai"
AGENT = BUILD / "fumidai-agent"
OUR_PLUGIN = BUILD / "session-manager-plugin"
AWS = os.environ.get("FUMIDAI_TEST_AWS", "/usr/bin/aws")
# A sanitized program is slower, and its memory is not the product's.
SANITIZED = "asan" in BUILD.name or "tsan" in BUILD.name
PATIENCE = 60 if SANITIZED else 20


def stock(variable, what):
    """The path of a program of AWS's, or a skipped test that says how to run it."""
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} is not set: it names {what}")
    assert Path(path).exists(), f"{variable}={path}: there is nothing"
    return Path(path)


def newer_aws():
    return stock("FUMIDAI_TEST_AWS_NEW", "an AWS CLI that knows AWS_ENDPOINT_URL (2.13 or newer)")


def stock_plugin():
    return stock("FUMIDAI_TEST_PLUGIN", "AWS's session-manager-plugin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, condition, seconds=PATIENCE):
    """Calls `condition` until it gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def run(argv, env, seconds=PATIENCE, stdin=subprocess.DEVNULL, **more):
    """A program to its end; both outputs as bytes."""
    if isinstance(stdin, bytes):
        more["input"] = stdin
    else:
        more["stdin"] = stdin
    return subprocess.run([str(word) for word in argv], env=env, timeout=seconds, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)


def bare_environment(home):
    """What a program gets that must not see the tester's own settings."""
    keep = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm", **keep}


def version_of(program, env):
    out = run([program, "--version"], env)
    return (out.stdout or out.stderr).decode().strip()


def is_running(command_line):
    """Whether some process was started with exactly these words."""
    listed = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, check=True).stdout.decode(errors="replace")
    return command_line in listed.splitlines()


def is_root():
    return os.geteuid() == 0


def need(program):
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path
