"""openTunnel by hand: every refusal of its URL, and frames that no client of a tunnel sends."""

import contextlib
import http.client
import json
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from house import wire
from house.calm import stays_calm
from house.lab import running_lab
from house.network import SSH, Network
from house.open_tunnel import Door
from house.programs import FUMIDAI, is_root, wait_until
from house.query import Query

ELSEWHERE = "eice-0123456789abcdef0"
PROTOCOL_ERROR, TOO_LARGE = 1002, 1009


@pytest.fixture(scope="module")
def doors(plane):
    """Two endpoints of one VPC, 10.7.0.0/16, where no instance is."""
    query = Query(plane)
    vpc = plane.aws("ec2", "create-vpc", "--cidr-block", "10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = plane.aws("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.7.1.0/24")["Subnet"]["SubnetId"]
    made = [query("CreateInstanceConnectEndpoint", SubnetId=subnet)["instanceConnectEndpoint"] for _ in range(2)]

    def state():
        return [each["state"] for each in query("DescribeInstanceConnectEndpoints")["instanceConnectEndpointSet"]]

    wait_until("the endpoints are complete", lambda: set(state()) == {"create-complete"})
    return [Door(plane, each["instanceConnectEndpointId"], each["dnsName"], "10.7.1.9") for each in made]


@pytest.fixture
def door(plane, doors):
    with stays_calm(plane):
        yield doors[0]


def reason(door, target=None):
    """Of a tunnel that was opened and leads nowhere."""
    with door.open(target) as tunnel:
        assert tunnel.status == 101, (tunnel.head, tunnel.buffer)
        assert b"\r\nx-amzn-RequestId: " in tunnel.head
        assert b"sec-websocket-protocol" not in tunnel.head.lower() and b"sec-websocket-extensions" not in tunnel.head.lower()
        return tunnel.closed()


def test_a_tunnel_that_leads_nowhere_is_opened_and_ends_with_a_reason(door):
    end = reason(door)
    assert end.code == 1011 and end.reason, end


def test_the_order_of_the_query_means_nothing(door):
    path, _, query = door.target(door.pairs(maxTunnelDuration=60)).partition("?")
    for order in (sorted, lambda pairs: sorted(pairs, reverse=True)):
        assert reason(door, path + "?" + "&".join(order(query.split("&")))).code == 1011


def test_a_name_in_capitals_is_the_same_name(door):
    name = door.host.upper()
    with door.open(door.target(host=name), name) as tunnel:
        assert tunnel.status == 101, tunnel.buffer


@pytest.mark.parametrize("what, code", [
    ("expired", "RequestExpired"), ("of tomorrow", "RequestExpired"), ("too long a life", "AuthorizationQueryParametersError"), ("unknown key", "InvalidClientTokenId"),
    ("no signature", "MissingAuthenticationToken"),
    *((what, "SignatureDoesNotMatch") for what in ("wrong secret", "another host", "another endpoint", "another port", "another service", "another region", "another method", "a word more"))])
def test_a_signature_is_for_one_thing_only(doors, door, what, code):
    other = doors[1]
    access, secret = door.key
    target, host = {
        "expired": (door.target(age=62), None),
        "of tomorrow": (door.target(age=-86400), None),
        "too long a life": (door.target(expires=301), None),
        "unknown key": (door.target(key=("AKIA" + "A" * 16, secret)), None),
        "wrong secret": (door.target(key=(access, "x" * 40)), None),
        "another host": (door.target(), other.host),
        "another endpoint": (door.target().replace(door.endpoint, other.endpoint), None),
        "another port": (door.target().replace("remotePort=22", "remotePort=23"), None),
        "another service": (door.target(service="ssm"), None),
        "another region": (door.target(region="eu-west-1"), None),
        "another method": (door.target(method="POST"), None),
        "no signature": (door.target().partition("&X-Amz")[0], None),
        "a word more": (door.target() + "&maxTunnelDuration=60", None),
    }[what]
    status, name, message = door.refusal(target, host)
    assert (status, name) == (400 if code == "AuthorizationQueryParametersError" else 403, code) and message


@pytest.mark.parametrize("changes, why", [
    *(({"remotePort": port}, "RemotePort") for port in ("0", "65536", "-1", "022", "22 ", "+22", "0x16", "ssh", "99999999999999999999", "22,3389")),
    *(({"maxTunnelDuration": seconds}, "MaxTunnelDuration") for seconds in ("0", "-1", "1.5", "2592001", "99999999999999999999", "")),
    *(({"privateIpAddress": address}, "PrivateIpAddress") for address in ("0.0.0.0", "::", "::ffff:10.7.1.9", "::ffff:a07:109", "224.0.0.1", "010.7.1.9", "10.7.1", "168230153", "0x0a070109", "localhost", "10.7.1.9.rebound.example", "10.7.1.9\n", "10.7.1.9:22", "fe80::1%eth0")),
    *(({"privateIpAddress": address}, "is not an address of vpc-") for address in ("127.0.0.1", "::1", "169.254.169.254", "169.254.1.1", "10.8.0.1", "198.51.100.1", "fe80::1", "fd00:ec2::254", "2001:db8::9", "::a07:109", "64:ff9b::a07:109", "8.8.8.8")),
    *(({name: None}, f"must contain the parameter {name}") for name in ("instanceConnectEndpointId", "remotePort", "privateIpAddress")),
    *(({"instanceConnectEndpointId": name}, "InstanceConnectEndpointId") for name in ("eice-1", "vpc-0123456789abcdef0", "eice-0123456789abcdef0'", "EICE-0123456789ABCDEF0")),
], ids=str)
def test_what_makes_no_sense_is_refused_by_name(door, changes, why):
    status, code, message = door.refusal(door.target(door.pairs(**changes)))
    assert (status, code) == (400, "InvalidParameter") and why in message, message


@pytest.mark.parametrize("again", ["instanceConnectEndpointId", "remotePort", "privateIpAddress", "maxTunnelDuration"])
def test_a_parameter_comes_once(door, again):
    pairs = door.pairs(maxTunnelDuration=60)
    status, code, message = door.refusal(door.target([*pairs, (again, dict(pairs)[again])]))
    assert (status, code) == (400, "InvalidParameter") and "more than once" in message


def test_an_upgrade_of_another_version_is_refused_and_no_tunnel(plane, door):
    before = tunnels(plane, "History")
    with wire.connect(plane) as connection:
        connection.sendall(f"GET {door.target()} HTTP/1.1\r\nHost: {door.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 400 and answer.getheader("x-amzn-RequestId") and answer.getheader("Sec-WebSocket-Version") == "13"
        assert json.loads(answer.read()) == {"ErrorCode": "InvalidParameter", "Message": "A tunnel is opened by a WebSocket upgrade of version 13."}
    assert tunnels(plane, "History") == before and not tunnels(plane)


def test_a_url_lives_for_five_minutes_at_most(door):
    assert reason(door, door.target(expires=300)).code == 1011
    status, code, message = door.refusal(door.target(expires=301))
    assert (status, code) == (400, "AuthorizationQueryParametersError") and "between 1 and 300 seconds" in message


def test_a_url_that_is_used_again_is_asked_about_again(plane, door):
    user = plane.make_user("replayed", {"Effect": "Allow", "Action": "ec2-instance-connect:OpenTunnel", "Resource": "*"})
    key = Query(plane, user).key

    def recorded():
        return [each for each in plane.events() if each["action"] == "ec2-instance-connect:OpenTunnel" and each["principal"].endswith("/replayed")]

    target = door.target(key=key)
    for _ in range(2):
        assert reason(door, target).code == 1011
    sessions = {each["detail"]["made"]["session"] for each in recorded()}
    assert len(sessions) == 2, "each is a tunnel of its own"
    plane.set_policy(user, {"Effect": "Deny", "Action": "*", "Resource": "*"})
    status, code, _ = door.refusal(target)
    assert (status, code) == (403, "AccessDenied")
    assert [each["outcome"] for each in recorded()].count("denied") == 1
    assert door.refusal(door.target(key=key, age=61))[:2] == (403, "RequestExpired")


def test_every_attempt_is_in_the_trail_with_the_words_of_cloudtrail(plane, door):
    user = plane.make_user("tried", {"Effect": "Allow", "Action": "ec2-instance-connect:OpenTunnel", "Resource": "*"})
    key = Query(plane, user).key

    def last(outcome):
        events = [each for each in plane.events() if each["action"] == "ec2-instance-connect:OpenTunnel" and each["principal"].endswith("/tried")]
        return events and events[0]["outcome"] == outcome and events[0]

    wished = {"instanceConnectEndpointId": door.endpoint, "maxTunnelDuration": "60", "remotePort": "22", "privateIpAddress": door.address}
    assert reason(door, door.target(door.pairs(maxTunnelDuration=60), key=key)).code == 1011
    opened = wait_until("it is recorded", lambda: last("allowed"))
    assert opened["resource"].endswith(f":instance-connect-endpoint/{door.endpoint}") and opened["source"] == "127.0.0.1"
    for name, value in {"eventSource": "ec2-instance-connect.amazonaws.com", **wished}.items():
        assert opened["detail"][name] == value
    assert opened["session"] == opened["detail"]["made"]["session"]
    wait_until("its end is recorded", lambda: [each["kind"] for each in plane.events("--session", opened["session"])] == ["session.end", "api.call"])

    door.refusal(door.target(door.pairs(privateIpAddress="10.8.0.1"), key=key))
    failed = wait_until("that it led nowhere is recorded", lambda: last("failed"))
    assert failed["detail"]["privateIpAddress"] == "10.8.0.1" and "is not an address of vpc-" in failed["detail"]["why"]

    door.refusal(door.target(door.pairs(remotePort=0), key=key))
    refused = wait_until("that it made no sense is recorded", lambda: last("denied"))
    assert "RemotePort" in refused["detail"]["decidedBy"]
    for name, value in {"eventSource": "ec2-instance-connect.amazonaws.com", "instanceConnectEndpointId": door.endpoint, "remotePort": "0"}.items():
        assert refused["detail"][name] == value
    assert refused["source"] == "127.0.0.1" and not [name for name in refused["detail"] if name.startswith("X-Amz")]


def test_endpoints_are_asked_by_their_own_names(doors, door):
    status, code, _ = door.refusal(door.target(door.pairs(instanceConnectEndpointId=ELSEWHERE)))
    assert (status, code) == (400, "ResourceNotFound")
    status, code, message = door.refusal(door.target(host=doors[1].host), doors[1].host)
    assert (status, code) == (400, "InvalidParameter") and door.host in message


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1", "localhost", "{}.rebound.example", "x{}", "{}."])
def test_a_name_of_somebody_else_that_leads_here_is_no_endpoints(door, host):
    """As a page in a browser has it after its name was bound to the server's address, and even where its words are signed."""
    host = host.format(door.host)
    status, code, message = door.refusal(door.target(host=host), host)
    assert (status, code) == (400, "InvalidParameter") and door.host in message
    assert door.refusal(door.target(), host)[:2] == (403, "SignatureDoesNotMatch")


# With a target: in a lab.

@pytest.fixture(scope="module")
def network(tmp_path_factory):
    if not is_root():
        pytest.skip("a lab needs root")
    with running_lab(tmp_path_factory.mktemp("wire")) as plane:
        network = Network(plane, plane.directory)
        wait_until("ssh answers", lambda: network.ssh("true").returncode == 0, 30)
        yield network


@pytest.fixture(scope="module")
def lab(network):
    return network.plane, Door(network.plane, network.endpoints[0], network.names()[0], network.address)


def greeted(door):
    """An open one, whose sshd has greeted."""
    opened = door.open()
    assert opened.status == 101, opened.buffer
    assert opened.receive().startswith(b"SSH-2.0-")
    return opened


def names_algorithms(tunnel):
    return tunnel.receive()[5:6] == b"\x14"


@pytest.fixture
def tunnel(lab):
    """One beside another, which must not notice what becomes of it."""
    plane, door = lab
    with plane.world.network():
        opened, beside = greeted(door), greeted(door)
    with opened, beside:
        yield opened
        beside.send(b"SSH-2.0-beside\r\n")
        assert names_algorithms(beside)
    wait_until("they are over", lambda: not tunnels(plane))


def tunnels(plane, state="Active"):
    return [each for each in plane.aws("ssm", "describe-sessions", "--state", state)["Sessions"] if each["DocumentName"] == "OpenTunnel"]


@pytest.mark.parametrize("seconds", ["4", "true", "", "999", "-1"])
def test_who_awaits_the_target_is_answered_when_it_is_reached(lab, seconds):
    plane, door = lab
    with plane.world.network(), door.open(headers={"fumidai-await-target": seconds}) as opened:
        assert opened.status == 101, opened.buffer
        assert opened.receive().startswith(b"SSH-2.0-")


def test_who_awaits_a_mute_target_is_told_in_his_time(lab):
    plane, door = lab
    address = door.address.rsplit(".", 1)[0] + ".250"  # nobody's
    begun = time.monotonic()
    with plane.world.network():
        status, code, message = door.refusal(door.target(door.pairs(privateIpAddress=address)), headers={"fumidai-await-target": "1"})
    assert (status, code) == (504, "TargetUnreachable") and message.startswith(f"no answer from {address} port 22 in 1 s"), message
    assert time.monotonic() - begun < 3


@pytest.fixture
def mute(network, lab):
    """The target's group lets nothing in, until the rule is given back that this yields."""
    plane, door = lab
    rule = "ingress", network.inner, network.outer

    def is_open():
        with plane.world.network(), door.open(headers={"fumidai-await-target": "1"}) as tunnel:
            return tunnel.status == 101

    network.allow(*rule, verb="revoke")
    wait_until("nothing is let in", lambda: not is_open() and not tunnels(plane))
    given_back = []
    yield lambda: given_back.append(network.allow(*rule))
    if not given_back:
        network.allow(*rule)
    wait_until("it is let in again", is_open)


def test_a_tunnel_that_is_ended_while_its_target_is_awaited_is_refused(lab, mute):
    plane, door = lab

    def ask():
        with plane.world.network():
            return door.refusal(door.target(), headers={"fumidai-await-target": "10"})

    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(ask)
        (awaiting,) = wait_until("it is there", lambda: tunnels(plane))
        assert plane.fumidai("session", "end", awaiting["SessionId"]).returncode == 0
        mute()
        status, code, message = asked.result(20)
    assert (status, code) == (504, "TargetUnreachable") and message.startswith("Terminated by "), message


SLOW = """
import socket, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
listener.bind(("", 8081))
listener.listen()
print("it listens", flush=True)
peer, _ = listener.accept()
heard = 0
while data := peer.recv(4096):
    heard += len(data)
    peer.send(b".")
    time.sleep(.002)
print(heard, flush=True)
"""


def test_a_slow_target_that_speaks_takes_all_that_was_said_before_the_client_left(lab, network):
    plane, door = lab
    for direction, group, other in (("egress", network.outer, network.inner), ("ingress", network.inner, network.outer)):
        network.allow(direction, group, other, port=8081)
    target = subprocess.Popen(plane.world.words(*SSH, "-i", network.key, "-o", f"ProxyCommand={FUMIDAI} tunnel {network.instance}", f"ec2-user@{network.instance}", f"python3 -uc {shlex.quote(SLOW)}"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plane.environment())
    assert target.stdout.readline() == b"it listens\n", target.communicate()
    said = b"x" * 200_000
    with plane.world.network(), door.open(door.target(door.pairs(remotePort=8081))) as tunnel:
        assert tunnel.status == 101, tunnel.buffer
        for at in range(0, len(said), 50_000):
            tunnel.send(said[at:at + 50_000])
        tunnel.send(b"\x03\xe8", 8)
        assert tunnel.closed().code == 1000
    heard, failed = target.communicate(timeout=20)
    assert heard == b"200000\n", (heard, failed)


def test_bytes_may_come_in_any_pieces(tunnel):
    tunnel.send_raw(b"".join(tunnel.frame(opcode, piece, final) for opcode, piece, final in ((2, b"SSH-2", False), (0, b"", False), (9, b"alive", True), (0, b".0-", True), (2, b"", True), (2, b"me\r\n", True))))
    assert names_algorithms(tunnel)


@pytest.mark.parametrize("address, why", [
    *((address, "is not an address of vpc-") for address in ("198.51.100.10", "198.51.100.53", "198.51.100.1", "127.0.0.1", "169.254.169.254", "169.254.169.253")),
    ("10.7.0.2", "is the name server of vpc-"),
])
def test_what_the_server_and_the_lab_answer_themselves_is_no_target(lab, address, why):
    plane, door = lab
    for port in (22, 53, 80, 443, plane.port):
        with plane.world.network():
            status, code, message = door.refusal(door.target(door.pairs(privateIpAddress=address, remotePort=port)))
        assert (status, code) == (400, "InvalidParameter") and why in message


def test_a_text_frame_ends_it(tunnel):
    tunnel.send("SSH-2.0-me\r\n")
    end = tunnel.closed()
    assert end.code == PROTOCOL_ERROR and "binary" in end.reason, end


def test_an_unmasked_frame_ends_it(tunnel):
    tunnel.send_raw(tunnel.frame(2, b"SSH-2.0-me\r\n", masked=False))
    assert tunnel.closed().code == PROTOCOL_ERROR


def test_a_frame_above_128_kib_ends_it(tunnel):
    with contextlib.suppress(OSError):  # it need not be read to its end
        tunnel.send_raw(tunnel.frame(2, bytes(128 * 1024 + 1))[:20])
    assert tunnel.closed().code == TOO_LARGE


def test_a_frame_of_128_kib_is_taken(tunnel):
    tunnel.send(b"SSH-2.0-me\r\n")
    tunnel.send(b"\xff" * (128 * 1024))
    end = tunnel.closed()
    assert end.code == 1000 or (end.code == 1011 and "the connection broke" in end.reason), "sshd has enough of it, and may not have read all; not the server"


def test_a_close_frame_is_answered(tunnel):
    tunnel.send(b"", opcode=8)
    assert tunnel.closed().code in (1000, 1005)


def test_a_hundred_thousand_empty_frames_are_one_end_of_input(lab, tunnel):
    plane, _ = lab
    with plane.world.network(), stays_calm(plane):
        tunnel.socket.settimeout(20)
        with contextlib.suppress(OSError):
            tunnel.send_raw(tunnel.frame(2, b"") * 100_000)
        assert tunnel.closed().code == 1000, "sshd leaves when it is told that no more comes"


def test_a_peer_that_is_cut_off_is_given_up_within_30_seconds(lab):
    plane, door = lab
    with plane.world.network():
        lost = door.open()
    with lost:
        lost.receive()
        assert len(tunnels(plane)) == 1
        port = lost.socket.getsockname()[1]
        rules = f"table ip cut {{ chain out {{ type filter hook output priority 0; tcp sport {port} drop; tcp dport {port} drop; }}; }}"
        made = plane.world.run("nft", rules)
        assert made.returncode == 0, made.stderr
        try:
            began = time.monotonic()
            wait_until("it is over", lambda: not tunnels(plane), 40)
            assert time.monotonic() - began < 30
        finally:
            plane.world.run("nft", "delete table ip cut")
