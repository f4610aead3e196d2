"""A client and a host whose network lets nothing out but by an HTTP proxy: the server has a name that the proxy alone can resolve."""

import socketserver
import threading

import pytest

from house.agent import Agent
from house.plane import Plane
from house.programs import FUMIDAI, run
from house.proxy import Proxy

NAME = "plane.test"


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    one = Plane(tmp_path_factory.mktemp("plane"), "--name", NAME).start()
    yield one
    assert one.stop() == 0


@pytest.fixture
def proxy(plane):
    one = Proxy(**{NAME: plane.port})
    yield one
    one.close()


class HostBehindProxy(Agent):
    def __init__(self, plane, directory):
        super().__init__(plane, directory)
        self.url = f"https://{NAME}:{plane.port}"
        self.proxy = Proxy(**{NAME: plane.port})

    def environment(self):
        return {**super().environment(), "HTTPS_PROXY": self.proxy.url}


@pytest.fixture(scope="module")
def host(plane, tmp_path_factory):
    one = HostBehindProxy(plane, tmp_path_factory.mktemp("host")).register().start()
    yield one
    one.clean()
    one.proxy.close()


@pytest.fixture(scope="module")
def echo():
    class Echo(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                self.wfile.write(line.upper())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def by_proxy(plane, proxy, *words, **more):
    stdin = more.pop("stdin", b"")
    env = plane.environment(**{"AWS_ENDPOINT_URL": f"https://{NAME}:{plane.port}", "HTTPS_PROXY": proxy.url, **more})
    return run([FUMIDAI, *words], env, stdin=stdin)


def test_a_host_and_a_client_meet_by_the_proxy(plane, proxy, host, echo):
    at = f"{NAME}:{plane.port}"
    assert set(host.proxy.names()) == {at}
    listed = by_proxy(plane, proxy, "host", "list")
    assert host.id.encode() in listed.stdout, listed.stderr
    calls = proxy.names()
    assert set(calls) == {at}
    done = by_proxy(plane, proxy, "tunnel", host.id, str(echo), stdin=b"abc\n")
    assert done.stdout == b"ABC\n", done.stderr
    assert len(proxy.heads) >= len(calls) + 3, "two calls, and a data channel"
    said = by_proxy(plane, proxy, "session", "start", host.id, "--", "echo", "there")
    assert said.stdout == b"there\n", said.stderr
    assert set(proxy.names()) == {at}


def test_small_letters_win_as_with_curl(plane, proxy, host):
    done = by_proxy(plane, proxy, "host", "list", HTTPS_PROXY="http://127.0.0.1:1", https_proxy=proxy.url)
    assert done.returncode == 0, done.stderr
    assert proxy.heads


@pytest.mark.parametrize("exception", [NAME, ".test", "elsewhere.example, test", "*"])
def test_what_no_proxy_names_goes_past_it(plane, proxy, exception):
    done = by_proxy(plane, proxy, "host", "list", NO_PROXY=exception, RES_OPTIONS="timeout:1 attempts:1")
    assert done.returncode != 0 and f"the name {NAME} does not resolve".encode() in done.stderr, done.stderr
    assert not proxy.heads


def test_a_server_on_this_machine_is_reached_past_it(plane, proxy):
    done = by_proxy(plane, proxy, "host", "list", AWS_ENDPOINT_URL=plane.url)
    assert done.returncode == 0, done.stderr
    assert not proxy.heads


def test_a_proxy_may_want_to_know_who_asks(plane, proxy):
    proxy.login = ("hana", "p@ss word")
    try:
        unknown = by_proxy(plane, proxy, "host", "list")
        assert unknown.returncode != 0 and b"407 Proxy Authentication Required" in unknown.stderr, unknown.stderr
        assert b"HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT" in unknown.stderr
        known = by_proxy(plane, proxy, "host", "list", HTTPS_PROXY=f"http://hana:p%40ss%20word@127.0.0.1:{proxy.port}")
        assert known.returncode == 0, known.stderr
    finally:
        proxy.login = None


def test_a_proxy_that_refuses_is_named(plane, proxy, host):
    proxy.refusal = "403 Forbidden"
    try:
        for words in (("host", "list"), ("tunnel", host.id, "22")):
            done = by_proxy(plane, proxy, *words)
            assert done.returncode != 0, done.stdout
            for part in (NAME, f"the proxy {proxy.url}", "403 Forbidden", "NO_PROXY"):
                assert part.encode() in done.stderr, done.stderr
    finally:
        proxy.refusal = None


def test_a_proxy_that_is_not_there_or_of_another_kind_is_named(plane, proxy):
    gone = by_proxy(plane, proxy, "host", "list", HTTPS_PROXY="http://hana:hush@127.0.0.1:1")
    assert b"the proxy http://127.0.0.1:1 of HTTPS_PROXY cannot be reached" in gone.stderr and b"hush" not in gone.stderr, gone.stderr
    other = by_proxy(plane, proxy, "host", "list", HTTPS_PROXY="socks5://127.0.0.1:1080")
    assert b"a proxy of the kind 'socks5'" in other.stderr, other.stderr


def test_a_server_goes_by_no_proxy(plane, proxy, tmp_path):
    other = Plane(tmp_path)
    other.server_environment = lambda: {**Plane.server_environment(other), "HTTPS_PROXY": proxy.url, "https_proxy": proxy.url}
    other.start()
    assert other.fumidai("host", "list").returncode == 0
    assert other.stop() == 0
    assert not proxy.heads
