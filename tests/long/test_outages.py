"""A network that takes packets and loses them: how soon either end knows, and how soon the host is back. Needs root for its namespace."""

import os
import subprocess
import time

import pytest

from house.agent import Agent
from house.plane import Plane
from house.programs import AGENT, FUMIDAI, is_root, run, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="a namespace for the host needs root")

OUTSIDE, INSIDE = "10.213.9.1", "10.213.9.2"


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class FarHost(Agent):
    """A host in a namespace of its own, whose network can be cut without a word to anybody."""

    def __init__(self, plane, directory):
        super().__init__(plane, directory)
        self.namespace = f"fumidai-test-{os.getpid()}"
        link = f"ft{os.getpid()}"
        ip("netns", "add", self.namespace)
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        ip("addr", "add", f"{OUTSIDE}/30", "dev", link)
        ip("link", "set", link, "up")
        for words in (["link", "set", "lo", "up"], ["addr", "add", f"{INSIDE}/30", "dev", "eth0"], ["link", "set", "eth0", "up"]):
            ip("-n", self.namespace, *words)

    def inside(self, *words):
        return ["ip", "netns", "exec", self.namespace, *map(str, words)]

    def register(self, activation=None, *more):
        identifier, code = activation or self.plane.activation("--default-instance-name", self.name)
        done = run(self.inside(AGENT, "register", "--url", f"https://{OUTSIDE}:{self.plane.port}", "--ca", self.plane.data / "ca.pem",
                               "--activation-id", identifier, "--activation-code", code, "--state-dir", self.state), self.environment())
        assert done.returncode == 0, done.stderr.decode()
        self.id = done.stdout.decode().strip()
        return self

    def start(self, wait=True):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.inside(AGENT, "run", "--state-dir", self.state), env=self.environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.wait_connected()
        return self

    def cut(self):
        rules = "table inet cut { chain i { type filter hook input priority 0; policy drop; }; chain o { type filter hook output priority 0; policy drop; }; }"
        subprocess.run(self.inside("nft", rules), check=True)

    def mend(self):
        subprocess.run(self.inside("nft", "delete table inet cut"), check=True)

    def clean(self):
        super().clean()
        ip("netns", "delete", self.namespace)


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    directory = tmp_path_factory.mktemp("plane")
    one = Plane(directory)
    one.options = ["--listen", f"{OUTSIDE}:{one.port}"]
    yield one
    assert one.stop() == 0


@pytest.fixture(scope="module")
def host(plane, tmp_path_factory):
    one = FarHost(plane, tmp_path_factory.mktemp("host"))
    plane.start()
    yield one.register().start()
    one.clean()


def connections(host):
    return host.log.read_text().count(" connected ")


@pytest.mark.parametrize("seconds", [3, 6, 9, 13, 20, 31])
def test_a_host_is_back_within_ten_seconds_of_an_outage(host, seconds):
    wait_until("the host", lambda: host.plane.is_connected(host.id))
    before = connections(host)
    host.cut()
    time.sleep(seconds)
    host.mend()
    mended = time.monotonic()
    # One that nobody noticed is over when it is over.
    wait_until("the host works", lambda: works(host), 30)
    took = time.monotonic() - mended
    assert took < 11.5, f"{took:.1f} s, {connections(host) - before} new connections"  # a try of works() takes up to a second and a half


def works(host):
    try:
        done = subprocess.run([str(FUMIDAI), "session", "start", host.id, "--", "echo", "it works"], env=host.plane.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=1.5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return b"it works" in done.stdout


def test_a_client_is_told_within_thirty_seconds_that_the_host_vanished(host):
    wait_until("the host", lambda: host.plane.is_connected(host.id))
    client = subprocess.Popen([str(FUMIDAI), "session", "start", host.id, "--", "sleep", "600"], env=host.plane.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        wait_until("the session", lambda: any(session["Status"] == "Connected" for session in host.plane.sessions()))
        host.cut()
        began = time.monotonic()
        os.set_blocking(client.stderr.fileno(), False)
        wait_until("a word about it", lambda: client.stderr.read() or None, 40)
        assert time.monotonic() - began < 31
    finally:
        client.kill()
        client.wait()
        host.mend()
