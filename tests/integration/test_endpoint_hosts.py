"""Connect endpoints on hosts of a private network, without a lab: agents carry the tunnels, and what ends or survives when they, their network or the server are lost. Needs root."""

import socket
import ssl
import subprocess
import threading
import time

import pytest

from house.aws2 import Aws2
from house.private_network import ECHO, PLANE, SERVER, PrivateNetwork
from house.programs import is_root, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="network namespaces need root")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    one = PrivateNetwork(tmp_path_factory.mktemp("hosts"), 2, "--connect-proxy", f"{PLANE}:3128")
    yield one
    one.close()


@pytest.fixture
def hosts(network):
    """Both of them, with an agent each that serves the endpoint."""
    for host in network.hosts:
        if host.process is None or host.process.poll() is not None:
            host.process = None
            network.serve(host)
    return network.hosts


class Held:
    """A tunnel of our client, spoken to line by line."""

    def __init__(self, network, *more):
        self.network = network
        self.process = network.tunnel(7, *more)
        assert self.process.stdout.readline() == b"hello\n", self.process.stderr.read()
        self.session = wait_until("it is listed", lambda: [each for each in network.tunnels() if each["Status"] == "Connected"])[0]

    def says(self, text=b"abc\n"):
        self.process.stdin.write(text)
        self.process.stdin.flush()
        return self.process.stdout.readline() == text.upper()

    def carrier(self):
        """The host that carries it."""
        (carrier,) = self.network.carriers(1)
        return next(host for host in self.network.hosts if host.id == carrier)

    def end(self):
        out, said = self.process.communicate(timeout=20)
        return out, said.decode(), self.process.returncode


def test_a_tunnel_through_a_host_is_recorded_and_ends_with_the_input(network, hosts):
    held = Held(network)
    assert held.says()
    assert held.session["Target"] == SERVER and held.session["DocumentName"] == "Fumidai-OpenTunnel"
    assert held.carrier() in hosts
    assert held.end() == (b"", "", 0)
    wait_until("it is over", lambda: not network.tunnels())
    (over,) = [each for each in network.tunnels("History") if each["SessionId"] == held.session["SessionId"]]
    assert over["Status"] == "Terminated" and over["Reason"] == f"{SERVER} port 7 through {network.endpoint}"


def test_much_goes_both_ways_and_arrives_whole(network, hosts):
    sent = bytes(range(256)) * (64 * 1024)
    out, said = network.tunnel().communicate(sent, timeout=60)
    assert out == b"hello\n" + sent.upper(), said


def test_the_least_loaded_host_carries_the_next(network, hosts):
    first = Held(network)
    one = first.carrier()
    second = network.tunnel()
    assert second.stdout.readline() == b"hello\n"
    assert network.carriers(1) != [one.id]
    second.communicate(timeout=20)
    first.end()


class Raw:
    """A tunnel of a client of AWS, byte by byte."""

    def __init__(self, network, port=7):
        self.door = network.door(port)
        self.socket = self.door.open()
        assert self.socket.status == 101
        self.bytes = b""

    def read(self, count):
        while len(self.bytes) < count:
            self.bytes += self.socket.receive()
        said, self.bytes = self.bytes[:count], self.bytes[count:]
        return said

    def read_close(self):
        end = self.socket.closed()
        return end.code, end.reason


def test_awss_clients_go_through_a_host_as_well(network, hosts):
    with network.plane.world.network():
        tunnel = Raw(network)
        assert tunnel.read(6) == b"hello\n"
        for _ in range(10):
            tunnel.socket.send(b"x" * 60_000)
            assert tunnel.read(60_000) == b"X" * 60_000
        assert Raw(network, 8).read_close() == (1011, f"cannot connect to {SERVER} ({SERVER} port 8: Connection refused)")


# ---- CONNECT

def connect_by_proxy(request):
    proxy = socket.create_connection((PLANE, 3128), timeout=20)
    proxy.sendall(request)
    head = b""
    while b"\r\n\r\n" not in head:
        data = proxy.recv(4096)
        if not data:
            break
        head += data
    return proxy, head.split(b"\r\n")[0].decode()


def test_connect_leads_to_endpoints_and_nowhere_else(network, hosts):
    name = network.door(7).host
    with network.plane.world.network():
        opened, status = connect_by_proxy(f"CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\nProxy-Authorization: Basic Og==\r\n\r\n".encode())
        assert status == "HTTP/1.1 200 Connection established"
        context = ssl.create_default_context(cafile=str(network.plane.data / "ca.pem"))
        with context.wrap_socket(opened, server_hostname=name) as secure:
            secure.sendall(f"GET {network.door(7).target()} HTTP/1.1\r\nHost: {name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
            assert secure.recv(12) == b"HTTP/1.1 101"
        for request, answer in {
            f"CONNECT {name}:22 HTTP/1.1\r\n\r\n": "403 Forbidden",
            f"CONNECT x{name}:443 HTTP/1.1\r\n\r\n": "403 Forbidden",
            f"CONNECT {name}.example.com:443 HTTP/1.1\r\n\r\n": "403 Forbidden",
            f"CONNECT {SERVER}:7 HTTP/1.1\r\n\r\n": "403 Forbidden",
            f"CONNECT 127.0.0.1:{network.plane.port} HTTP/1.1\r\n\r\n": "403 Forbidden",
            "CONNECT  HTTP/1.1\r\n\r\n": "403 Forbidden",
            f"GET http://{name}/ HTTP/1.1\r\n\r\n": "403 Forbidden",
            "nonsense\r\n\r\n": "400 Bad Request",
            f"CONNECT {name}:443 HTTP/1.1\r\n\r\nearly": "400 Bad Request",
            f"CONNECT {name}:443 HTTP/1.1\r\n" + "x: y\r\n" * 2000: "400 Bad Request",
        }.items():
            refused, status = connect_by_proxy(request.encode())
            assert status == f"HTTP/1.1 {answer}", (request[:60], status)
            refused.close()
        silent = socket.create_connection((PLANE, 3128), timeout=20)
        begun = time.monotonic()
        assert silent.recv(1) == b"", "whoever says nothing is not kept"
        assert 5 < time.monotonic() - begun < 15


def test_the_unmodified_aws_cli_comes_by_proxy(network, hosts, tmp_path):
    cli = Aws2(network.plane, tmp_path)
    environment = {**cli.environment(), "HTTPS_PROXY": f"http://{PLANE}:3128", "NO_PROXY": PLANE}
    words = cli.words("open-tunnel", "--instance-connect-endpoint-id", network.endpoint, "--private-ip-address", SERVER, "--remote-port", "7")
    held = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert held.stdout.readline() == b"hello\n", held.stderr.read()
    held.stdin.write(b"by proxy\n")
    held.stdin.flush()
    assert held.stdout.readline() == b"BY PROXY\n"
    held.kill()
    held.wait()


# ---- what is lost

def stream_through(network, disturb, seconds=6):
    """Sends numbers through a tunnel for some seconds, and disturbs it meanwhile; all of them have to come back."""
    held = Held(network)
    carrier = held.carrier()
    sent = []

    def send():
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            line = b"n%d" % number + b"." * 1000 + b"\n"
            held.process.stdin.write(line)
            sent.append(line.upper())
            number += 1
            time.sleep(0.001)
        held.process.stdin.close()

    got = []
    reader = threading.Thread(target=lambda: got.extend(iter(held.process.stdout.readline, b"")))
    sender = threading.Thread(target=send)
    reader.start()
    sender.start()
    time.sleep(1)
    disturb(carrier)
    for thread in (sender, reader):
        thread.join(60)
        assert not thread.is_alive()
    said = held.process.stderr.read().decode()
    assert held.process.wait(20) == 0, said
    assert got == sent, f"{len(got)} of {len(sent)} lines came back"
    return said


def test_a_host_that_is_cut_off_comes_back_and_nothing_is_lost(network, hosts):
    def cut(carrier):
        carrier.cut()
        time.sleep(2)
        carrier.cut(False)

    stream_through(network, cut)


def test_a_long_cut_is_told_and_nothing_is_lost(network, hosts):
    def cut(carrier):
        carrier.cut()
        time.sleep(35)  # longer than the connections of the host live
        carrier.cut(False)

    said = stream_through(network, cut)
    assert said.splitlines()[0] == f"[fumidai] The agent on {network.carriers(1)[0]} does not answer; waiting for it.", said
    assert "connection lost" not in said, "the client's own was never"


def test_a_server_that_is_killed_comes_back_and_nothing_is_lost(network, hosts):
    def kill(_):
        network.plane.kill()
        network.plane.start()

    said = stream_through(network, kill)
    assert "connected again; nothing was lost" in said


def test_a_host_whose_agent_is_killed_ends_its_tunnels_and_others_take_over(network, hosts):
    held = Held(network)
    carrier = held.carrier()
    begun = time.monotonic()
    carrier.signal("KILL")
    again = network.tunnel()
    assert again.stdout.readline() == b"hello\n"
    print(f"a new tunnel after {(time.monotonic() - begun) * 1000:.0f} ms")
    assert time.monotonic() - begun < 2
    again.communicate(timeout=20)
    _, said, status = held.end()
    assert status == 255 and f"fumidai: The agent on {carrier.id}, which carried the tunnel, is gone." in said
    assert time.monotonic() - begun < 10
    over = network.tunnels("History")
    assert next(each for each in over if each["SessionId"] == held.session["SessionId"])["Status"] == "Failed"


def test_an_agent_that_dies_while_a_tunnel_is_opened_is_replaced_by_another(network, hosts):
    chosen = min(hosts, key=lambda host: host.id)  # of two that carry nothing
    before = len(network.carriers(1000))
    chosen.signal("STOP")
    opening = network.tunnel()
    wait_until("its agent was chosen", lambda: len(network.carriers(1000)) > before)
    assert network.carriers(1) == [chosen.id]
    begun = time.monotonic()
    chosen.signal("KILL")
    assert opening.stdout.readline() == b"hello\n", opening.stderr.read()
    assert time.monotonic() - begun < 5
    opening.communicate(timeout=20)


def test_awss_clients_are_told_of_an_agent_that_is_killed(network, hosts):
    with network.plane.world.network():
        tunnel = Raw(network)
        assert tunnel.read(6) == b"hello\n"
        (made,) = network.carriers(1)
        next(host for host in hosts if host.id == made).signal("KILL")
        assert tunnel.read_close() == (1011, f"The agent on {made}, which carried the tunnel, is gone.")


def test_a_host_that_drains_finishes_its_tunnels_and_takes_no_more(network, hosts):
    held = Held(network)
    carrier = held.carrier()
    process = carrier.process
    carrier.signal("TERM")
    wait_until("it drains", lambda: "draining" in carrier.log.read_text())
    for _ in range(3):
        assert network.tunnel().communicate(b"", timeout=20)[0] == b"hello\n"
    assert carrier.id not in network.carriers(3)
    assert held.says() and process.poll() is None
    held.end()
    assert process.wait(20) == 0


def test_somebody_ends_a_tunnel(network, hosts):
    held = Held(network)
    ended = network.plane.fumidai("session", "end", held.session["SessionId"])
    assert ended.returncode == 0, ended.stderr
    _, said, status = held.end()
    assert status == 255 and "Terminated by arn:aws:iam::" in said


def test_a_tunnel_ends_after_its_duration(network, hosts):
    held = network.tunnel(7, "--max-tunnel-duration", "2")
    assert held.stdout.readline() == b"hello\n"
    assert held.wait(20) == 255
    assert "longest duration of 2 s" in held.stderr.read().decode()


# ---- who may, and where

def test_a_deleted_endpoint_ends_its_tunnels(network, hosts):
    second = network.make_endpoint()
    network.hosts[1].signal("KILL")
    network.hosts[1].stop()
    network.serve(network.hosts[1], second)
    network.hosts[0].signal("KILL")
    network.hosts[0].stop()
    held = Held(network)
    assert second in held.session["Reason"], "the one without a process is the last to be tried"
    network.plane.ec2("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=second)
    _, said, status = held.end()
    assert status == 255 and f"{second} was deleted" in said
    network.hosts[1].signal("KILL")
    network.hosts[1].stop()
    begun = time.monotonic()
    _, said = network.tunnel().communicate(timeout=20)
    assert f"no process of {network.endpoint} is connected; start one on a host of its network" in said.decode()
    assert time.monotonic() - begun < 10


def test_a_host_without_the_permission_serves_nothing(network):
    host = network.hosts[0]
    network.plane.aws("iam", "detach-role-policy", "--role-name", "endpoint-host", "--policy-arn", "arn:aws:iam::aws:policy/FumidaiServeEndpoint")
    try:
        if host.process is not None and host.process.poll() is None:
            host.signal("KILL")
        host.stop()
        host.options = ["--endpoint", network.endpoint]
        host.start(wait=False)
        wait_until("it is told why", lambda: f"lacks fumidai:ServeEndpoint on {network.endpoint}" in host.log.read_text())
        assert not network.plane.is_connected(host.id)
    finally:
        network.plane.aws("iam", "attach-role-policy", "--role-name", "endpoint-host", "--policy-arn", "arn:aws:iam::aws:policy/FumidaiServeEndpoint")
    host.wait_connected()


def test_nothing_but_hosts_of_the_network_can_be_reached(network, hosts):
    for address in ("127.0.0.1", "169.254.169.254", "198.18.0.1", "::1", "0.0.0.0"):
        process = network.tunnel(address=address)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 255 and "fumidai: " in said.decode(), address
        assert not network.tunnels()


# ---- the instance's own agent

def test_an_agent_is_the_last_hop_to_its_own_host(network, hosts):
    host = hosts[0]
    echo = subprocess.Popen(host.world.words("/usr/bin/python3", "-c", ECHO), stdout=subprocess.PIPE, text=True)
    assert echo.stdout.readline().strip() == "ready"
    try:
        out, said = network.tunnel(7, address=host.id).communicate(b"abc\n", timeout=20)
        assert out == b"hello\nABC\n", said
        (session,) = [each for each in network.plane.sessions("History") if each["DocumentName"] == "AWS-StartSSHSession"]
        assert session["Target"] == host.id
    finally:
        echo.kill()
        echo.wait()
    process = network.tunnel(7, address=host.id)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 255 and b"cannot connect to 127.0.0.1" in said
