"""Connect endpoints on hosts of a private network, without a lab: agents carry the tunnels, and what ends or survives when they, their network or the server are lost. Needs root."""

import configparser
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from house import wire
from house.aws2 import Aws2
from house.private_network import ECHO, PLANE, SERVER, PrivateNetwork
from house.programs import is_root, wait_until
from house.tunnel import Held, Raw, stream_through

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

def test_a_host_that_is_cut_off_comes_back_and_nothing_is_lost(network, hosts):
    def cut(carrier):
        carrier.cut()
        time.sleep(2)
        carrier.cut(False)

    stream_through(network, cut)


def test_a_server_that_is_killed_comes_back_and_nothing_is_lost(network, hosts):
    def kill(_):
        network.plane.kill()
        network.plane.start()

    said = stream_through(network, kill)
    assert "connected again; nothing was lost" in said


def test_a_full_stream_loses_nothing_either(network, hosts):
    def disturb(carrier):
        carrier.cut()
        time.sleep(1)
        carrier.cut(False)
        time.sleep(1)
        network.plane.kill()
        network.plane.start()

    stream_through(network, disturb, 5, length=30_000, pause=0)


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


def test_a_host_whose_agent_is_killed_and_started_anew_ends_its_tunnels_as_soon(network, hosts):
    """As systemd does it."""
    held = Held(network)
    carrier = held.carrier()
    begun = time.monotonic()
    carrier.signal("KILL")
    carrier.process.wait(20)
    carrier.start(wait=False)
    _, said, status = held.end()
    assert time.monotonic() - begun < 5
    assert status == 255 and f"fumidai: The agent on {carrier.id}, which carried the tunnel, was started anew." in said
    carrier.wait_connected()


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


def test_awss_clients_that_die_behind_many_empty_frames_are_noticed(network, hosts):
    wait_until("nothing is open", lambda: not network.tunnels())
    with network.plane.world.network():
        tunnel = Raw(network, 9)  # where nobody tells the end of the input
        wait_until("it is listed", network.tunnels)
        tunnel.socket.send_raw(tunnel.socket.frame(2, b"") * 20_000)
        tunnel.socket.close()
    wait_until("it is over", lambda: not network.tunnels(), 10)


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


def test_a_host_that_drains_in_the_middle_of_a_stream_loses_nothing_of_it(network, hosts):
    left = []

    def drain(carrier):
        left.append((carrier, carrier.process))
        carrier.signal("TERM")
        time.sleep(0.5)
        assert network.tunnel().communicate(b"", timeout=20)[0] == b"hello\n"
        assert network.carriers(1) != [carrier.id]

    stream_through(network, drain, 4)
    ((carrier, process),) = left
    assert process.wait(20) == 0
    wait_until("it is gone", lambda: not network.plane.is_connected(carrier.id))


def test_an_endpoint_that_is_changed_keeps_its_tunnels(network, hosts):
    held = Held(network)
    with network.plane.world.network():
        tunnel = Raw(network)
        assert tunnel.read(6) == b"hello\n"

    def state():
        return network.plane.ec2("DescribeInstanceConnectEndpoints", InstanceConnectEndpointId_1=network.endpoint)["instanceConnectEndpointSet"][0]["state"]

    for kept in ("true", "false"):
        network.plane.ec2("ModifyInstanceConnectEndpoint", InstanceConnectEndpointId=network.endpoint, PreserveClientIp=kept)
        assert network.tunnel().communicate(b"", timeout=20)[0] == b"hello\n", "one that is being changed takes tunnels"
        wait_until("it is changed", lambda: state() == "update-complete")
        assert held.says()
        tunnel.socket.send(b"abc\n")
        assert tunnel.read(4) == b"ABC\n"
    tunnel.socket.close()
    assert held.end() == (b"", "", 0)


def test_a_tunnel_is_resumed_as_a_tunnel_and_by_its_owner_alone(network, hosts):
    held = Held(network)
    session = held.session["SessionId"]
    same = {"InstanceConnectEndpointId": network.endpoint, "PrivateIpAddress": SERVER, "RemotePort": 7}
    network.plane.make_user("other", {"Effect": "Allow", "Action": ["ec2-instance-connect:OpenTunnel", "ssm:ResumeSession"], "Resource": "*"})
    profiles = configparser.ConfigParser()
    profiles.read(network.plane.data / "credentials")
    other = (profiles["other"]["aws_access_key_id"], profiles["other"]["aws_secret_access_key"])

    def resume(sign_as=None, **more):
        return wire.call(network.plane, "Fumidai.ResumeTunnel", {"SessionId": session, **same, **more}, sign_as, "fumidai")

    with network.plane.world.network():
        status, answer = resume()
        assert status == 200 and answer["TokenValue"]
        for refused in (resume(other), resume(RemotePort=8), resume(PrivateIpAddress="10.0.1.5")):
            assert refused[0] == 400 and refused[1]["__type"].endswith("AccessDeniedException"), refused
        status, answer = wire.call(network.plane, "AmazonSSM.ResumeSession", {"SessionId": session})
        assert status == 200 and not answer.get("TokenValue"), "that would pass over the decision about the tunnel"
    assert held.says()
    held.end()


def connections_to_the_server(network):
    return network.server_world.run("ss", "-Htn", "state", "established", "sport = :7").stdout.splitlines()


def test_a_client_that_is_ended_by_a_signal_leaves_nothing(network, hosts):
    """As ssh ends its ProxyCommand."""
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        held = network.tunnel()
        assert held.stdout.readline() == b"hello\n"
        held.send_signal(number)
        held.wait(20)
    wait_until("the tunnels are over", lambda: not network.tunnels(), 5)
    wait_until("so are their connections", lambda: not connections_to_the_server(network), 5)


def test_a_tunnel_to_a_target_that_reads_nothing_can_be_ended(network, hosts):
    stalled = network.tunnel(9)  # nobody reads there
    filler = threading.Thread(target=lambda: fill(stalled))
    filler.start()
    session = wait_until("it is listed", lambda: [each for each in network.tunnels() if each["Status"] == "Connected"])[0]["SessionId"]
    time.sleep(2)
    assert network.plane.fumidai("session", "end", session).returncode == 0
    assert stalled.wait(20) == 255
    filler.join(20)
    wait_until("its agent has let go", lambda: any(f"tunnel ended session={session}" in host.log.read_text() for host in hosts), 15)


def fill(process):
    try:
        while True:
            process.stdin.write(b"x" * 65536)
    except OSError:
        pass


def test_a_target_that_has_said_all_may_still_listen(network, hosts):
    sent = bytes(range(256)) * 12_000
    process = network.tunnel(10)  # says "go", ends, and counts what it hears
    assert process.communicate(sent, timeout=30) == (b"go", b"")
    assert process.returncode == 0
    wait_until("all of it came", lambda: network.sink.read_text().endswith(f"{len(sent)}\n"), 10)


def test_what_a_target_said_has_an_end_while_the_input_has_none(network, hosts):
    process = network.tunnel(10)
    guard = threading.Timer(10, process.kill)
    guard.start()
    assert process.stdout.read() == b"go" and process.poll() is None, "it ended by the guard"
    guard.cancel()
    assert process.communicate(timeout=10) == (b"", b"") and process.returncode == 0


def test_a_slow_target_is_given_all_that_a_client_left_behind(network, hosts):
    with network.plane.world.network():
        tunnel = Raw(network, 12)
        for _ in range(5):
            tunnel.socket.send(bytes(60 * 1024))
        tunnel.socket.close()
    wait_until("the tunnel is over", lambda: not network.tunnels(), 10)
    wait_until("all of it came", lambda: network.sink.exists() and network.sink.read_text().endswith(f"slowly {300 * 1024}\n"), 25)


def test_awss_clients_are_told_that_a_target_has_said_all(network, hosts):
    with network.plane.world.network():
        tunnel = Raw(network, 10)
        assert tunnel.read(2) == b"go"
        assert tunnel.read_close() == (1000, "")


def test_a_target_that_breaks_off_has_not_said_all(network, hosts):
    process = network.tunnel(11)
    out, said = process.communicate(timeout=20)
    assert out == b"half" and process.returncode == 255
    assert f"{SERVER} port 11: the connection broke: read: Connection reset by peer" in said.decode()
    with network.plane.world.network():
        tunnel = Raw(network, 11)
        assert tunnel.read(4) == b"half"
        code, reason = tunnel.read_close()
    assert code == 1011 and "Connection reset by peer" in reason, reason


def test_an_agent_that_cannot_dial_is_not_asked_again_and_again(network, hosts):
    cut, good = hosts
    cut.world.run("ip", "route", "del", f"{SERVER}/32")
    cut.world.run("ip", "route", "add", "unreachable", f"{SERVER}/32")
    try:
        held = []
        for _ in range(4):  # each carries more for the good one, which is asked all the same
            held.append(network.tunnel())
            assert held[-1].stdout.readline() == b"hello\n", held[-1].stderr.read()
        assert set(network.carriers(3)) == {good.id}
        for each in held:
            each.communicate(timeout=20)
    finally:
        cut.world.run("ip", "route", "del", "unreachable", f"{SERVER}/32")
        cut.world.run("ip", "route", "add", f"{SERVER}/32", "via", f"10.0.{cut.number + 100}.1")


def test_an_endpoint_whose_hosts_cannot_dial_is_the_last_to_be_tried(network, hosts):
    cut, good = hosts
    second = network.make_endpoint()
    good.signal("KILL")
    good.stop()
    network.serve(good, second)
    cut.world.run("ip", "route", "del", f"{SERVER}/32")
    cut.world.run("ip", "route", "add", "unreachable", f"{SERVER}/32")
    try:
        held = []
        for _ in range(4):  # each is one more of the second's
            held.append(network.tunnel())
            assert held[-1].stdout.readline() == b"hello\n", held[-1].stderr.read()
        detours = [each for each in held if b"; trying connect endpoint " in each.communicate(timeout=20)[1]]
        assert len(detours) <= 1
    finally:
        cut.world.run("ip", "route", "del", "unreachable", f"{SERVER}/32")
        cut.world.run("ip", "route", "add", f"{SERVER}/32", "via", f"10.0.{cut.number + 100}.1")
        network.plane.ec2("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=second)
        good.signal("KILL")
        good.stop()


def test_a_role_that_loses_its_permission_carries_no_more(network, hosts):
    policy = ("--role-name", "endpoint-host", "--policy-arn", "arn:aws:iam::aws:policy/FumidaiServeEndpoint")
    network.plane.aws("iam", "detach-role-policy", *policy)
    try:
        process = network.tunnel()
        _, said = process.communicate(timeout=20)
        assert process.returncode == 255 and f"no process of {network.endpoint} is connected" in said.decode()
    finally:
        network.plane.aws("iam", "attach-role-policy", *policy)
    assert network.tunnel().communicate(timeout=20)[0] == b"hello\n"


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


def test_a_tunnel_of_awss_clients_ends_after_its_duration_and_says_so(network, hosts):
    with network.plane.world.network():
        tunnel = Raw(network, maxTunnelDuration=2)
        opened = time.monotonic()
        assert tunnel.read(6) == b"hello\n"
        assert tunnel.read_close() == (1008, "Maximum tunnel duration of 2 seconds reached")
        assert time.monotonic() - opened < 3
        tunnel.socket.close()
    wait_until("it is over", lambda: not network.tunnels())
    last = network.tunnels("History")[0]
    assert last["Status"] == "Terminated", last


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
    assert f"no process of {network.endpoint} is connected; run in its network: fumidai-agent run --endpoint {network.endpoint}" in said.decode()
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
        wait_until("it is told why", lambda: f"lacks fumidai:ServeEndpoint on {network.endpoint}: attach FumidaiServeEndpoint" in host.log.read_text())
        assert not network.plane.is_connected(host.id)
    finally:
        network.plane.aws("iam", "attach-role-policy", "--role-name", "endpoint-host", "--policy-arn", "arn:aws:iam::aws:policy/FumidaiServeEndpoint")
    host.wait_connected()


def test_a_host_of_no_endpoint_is_told_so_and_can_be_reached_itself(network, hosts):
    host = hosts[0]
    host.signal("KILL")
    host.stop()
    unknown = "eice-0123456789abcdef0"
    network.serve(host, unknown)
    try:
        wait_until("it is told", lambda: f"there is no connect endpoint {unknown}, so that this agent carries no tunnels" in host.log.read_text())
        assert network.plane.is_connected(host.id)
    finally:
        host.signal("KILL")
        host.stop()
    told = len(host.log.read_text())
    network.serve(host)
    assert "no connect endpoint" not in host.log.read_text()[told:]


def test_nothing_but_hosts_of_the_network_can_be_reached(network, hosts):
    for address in ("127.0.0.1", "169.254.169.254", "198.18.0.1", "::1", "0.0.0.0"):
        process = network.tunnel(address=address)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 255 and "no network with a connect endpoint has the address" in said.decode(), address
        with network.plane.world.network():
            status, answer = wire.call(network.plane, "Fumidai.OpenTunnel", {"InstanceConnectEndpointId": network.endpoint, "PrivateIpAddress": address, "RemotePort": 7}, service="fumidai")
        assert status == 400 and answer["__type"].endswith("InvalidParameter"), answer
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
        assert session["Target"] == host.id and session["Reason"] == "port 7"
    finally:
        echo.kill()
        echo.wait()
    process = network.tunnel(7, address=host.id)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 255 and b"the target's own agent cannot connect to 127.0.0.1" in said
