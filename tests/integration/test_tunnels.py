"""Tunnels through connect endpoints of a lab: our client and ssh over them; what is refused, and what ends them. Needs root."""

import json
import signal
import socket
import ssl
import subprocess
import time

import pytest

from house.lab import running_lab
from house.names import address_of
from house.network import SSH, Network
from house.programs import FUMIDAI, is_root, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="a lab needs root")

SOON = 15  # seconds: a failure is told within 10, and the machine may be busy


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("tunnels")) as one:
        yield one


@pytest.fixture(scope="module")
def network(plane, tmp_path_factory):
    made = Network(plane, tmp_path_factory.mktemp("keys"))
    wait_until("ssh answers", lambda: made.ssh("true").returncode == 0, 30)
    return made


def tunnels_of(plane, state="Active"):
    return [each for each in plane.aws("ssm", "describe-sessions", "--state", state)["Sessions"] if each["DocumentName"] == "OpenTunnel"]


def test_ssh_reaches_an_instance_that_nothing_else_leads_to(plane, network):
    done = network.ssh("hostname; echo $SSH_CONNECTION")
    host, connection = done.stdout.splitlines()
    assert host == "ip-" + network.address.replace(".", "-")
    (interface,) = plane.aws("ec2", "describe-network-interfaces", "--filters", "Name=interface-type,Values=ec2_instance_connect_endpoint")["NetworkInterfaces"]
    assert connection.split()[0] == interface["PrivateIpAddress"], "it comes from the endpoint's own address"


def test_ssh_that_is_told_to_end_leaves_nothing_behind(plane, network, tmp_path):
    environment = plane.environment() | {"TMPDIR": str(tmp_path)}
    words = plane.world.words(FUMIDAI, "ssh", *SSH[1:], network.instance, "sleep 600")
    held = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    wait_until("the tunnel is listed", lambda: [each for each in tunnels_of(plane) if each["Status"] == "Connected"])
    wait_until("its key is there", lambda: list(tmp_path.iterdir()))
    held.terminate()
    held.communicate(timeout=10)
    assert held.returncode != 0 and not list(tmp_path.iterdir())
    wait_until("the tunnel has ended", lambda: not tunnels_of(plane))


def test_a_listener_that_is_told_to_end_ends_well(plane, network):
    for number in (signal.SIGTERM, signal.SIGINT):
        listener = subprocess.Popen(plane.world.words(FUMIDAI, "tunnel", network.instance, "--listen", "0"), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=plane.environment())
        assert b"listening on 127.0.0.1:" in listener.stderr.readline()
        listener.send_signal(number)
        _, said = listener.communicate(timeout=10)
        assert (listener.returncode, said) == (0, b"")


def test_much_goes_both_ways_and_arrives_whole(plane, network, tmp_path):
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)) * (64 * 1024))
    words = [*SSH, "-i", network.key, "-o", f"ProxyCommand={FUMIDAI} tunnel {network.instance}", f"ec2-user@{network.instance}", "cat"]
    with open(sent, "rb") as source:
        done = subprocess.run(plane.world.words(*words), stdin=source, stdout=subprocess.PIPE, env=plane.environment(), timeout=60, check=True)
    assert done.stdout == sent.read_bytes()


def test_programs_that_run_ssh_run_ours(plane, network, tmp_path):
    ssh = tmp_path / "fumidai-ssh"
    ssh.write_text(f'#!/bin/sh\nexec {FUMIDAI} ssh "$@"\n')
    ssh.chmod(0o755)
    (tmp_path / "sent").write_text("sent by a program")
    (tmp_path / "orders").write_text(f"put {tmp_path}/sent by-sftp\n")
    for program, words in (("scp", ("-S", ssh, tmp_path / "sent", f"{network.instance}:by-scp")), ("scp", ("-O", "-S", ssh, tmp_path / "sent", f"ec2-user@{network.instance}:by-old-scp")),
                           ("sftp", ("-S", ssh, "-b", tmp_path / "orders", network.instance)), ("rsync", ("-e", f"{FUMIDAI} ssh", tmp_path / "sent", f"{network.instance}:by-rsync"))):
        done = plane.world.run(program, *words, env=plane.environment())
        assert done.returncode == 0, (program, done.stderr)
    there = plane.fumidai("ssh", network.instance, "for each in by-*; do echo $each $(cat $each); done")
    assert there.stdout.decode().splitlines() == [f"by-{each} sent by a program" for each in ("old-scp", "rsync", "scp", "sftp")], there
    back = plane.world.run("scp", "-S", ssh, f"{network.instance}:by-scp", tmp_path / "back", env=plane.environment())
    assert (tmp_path / "back").read_text() == "sent by a program", back.stderr


def test_connections_that_share_one_push_one_key(plane, network, tmp_path):
    pushes = lambda: len([each for each in plane.events() if each["action"] == "ec2-instance-connect:SendSSHPublicKey"])
    before, shared = pushes(), tmp_path / "shared"
    held = subprocess.run(plane.world.words(FUMIDAI, "ssh", "-f", "-N", "-M", "-S", shared, network.instance), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=plane.environment(), timeout=30, check=False)
    assert held.returncode == 0
    (tmp_path / "sent").write_text("sent")
    for words in (("ssh", "-S", shared, network.instance, "true"), ("scp", "-o", f"ControlPath={shared}", tmp_path / "sent", f"{network.instance}:shared-scp"), ("rsync", "-e", f"ssh -S {shared}", tmp_path / "sent", f"{network.instance}:shared-rsync")):
        done = plane.world.run(*words)
        assert done.returncode == 0, (words, done.stderr)
    there = plane.world.run("ssh", "-S", shared, network.instance, "cat shared-scp shared-rsync; whoami")
    assert there.stdout == "sentsentec2-user\n", there.stderr
    assert pushes() == before + 1
    plane.world.run("ssh", "-S", shared, "-O", "exit", network.instance)
    wait_until("the tunnel has ended", lambda: not tunnels_of(plane))


def test_it_is_a_session_that_is_listed_recorded_and_ended_by_others(plane, network):
    words = [*SSH, "-i", network.key, "-o", f"ProxyCommand={FUMIDAI} tunnel {network.instance}", f"ec2-user@{network.instance}", "sleep 600"]
    held = subprocess.Popen(plane.world.words(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plane.environment())
    (session,) = wait_until("the tunnel is listed", lambda: [each for each in tunnels_of(plane) if each["Status"] == "Connected"])
    assert session["Target"] == network.instance and session["Reason"].startswith(f"{network.address} port 22 through eice-")
    ended = plane.fumidai("session", "end", session["SessionId"])
    assert ended.returncode == 0, ended.stderr
    _, said = held.communicate(timeout=20)
    assert b"Terminated by arn:aws:iam::" in said, said
    assert not tunnels_of(plane)
    (over,) = [each for each in tunnels_of(plane, "History") if each["SessionId"] == session["SessionId"]]
    assert over["Status"] == "Terminated" and "Terminated by" in over["Details"]
    events = json.loads(plane.fumidai("audit", "list", "--json", "--session", session["SessionId"], "--data-dir", plane.data).stdout)
    end = next(each for each in events if each["kind"] == "session.end")
    assert end["detail"]["bytesIn"] > 0 and end["detail"]["bytesOut"] > 0, end


def test_e2_e3_groups_decide(plane, network):
    for direction, group, other in (("egress", network.outer, network.inner), ("ingress", network.inner, network.outer)):
        network.allow(direction, group, other, verb="revoke")
        try:
            wait_until("the way is closed", lambda: "no answer from" in network.ssh("true").stderr, 40)
            lacks = [each for each in plane.diagnosis("inner")["connect endpoint"]["Requirements"] if each["Standing"] == "unmet"]
            assert any(each["Need"] == "way to the instance" for each in lacks), lacks
        finally:
            network.allow(direction, group, other)
    wait_until("the way is open", lambda: network.ssh("true").returncode == 0, 20)


def test_doctor_judges_the_port_that_a_tunnel_wants(plane, network):
    def way(port, standing):
        answer = json.loads(plane.fumidai("doctor", network.instance, "--port", port, "--json").stdout)
        (method,) = [each for each in answer["Targets"][0]["Methods"] if each["Method"] == "connect endpoint"]
        (way,) = [each for each in method["Requirements"] if each["Need"] == "way to the instance"]
        return way if way["Standing"] == standing and method["Works"] == (standing == "met") else None

    told = plane.fumidai("tunnel", network.instance, "5432").stderr.decode()
    assert f"fumidai doctor {network.instance} --port 5432" in told, told
    assert "egress" in json.dumps(way("5432", "unmet"))
    for direction, group, other in (("egress", network.outer, network.inner), ("ingress", network.inner, network.outer)):
        network.allow(direction, group, other, port=5432)
    refused = wait_until("the way is open", lambda: (found := way("5432", "unmet")) and "nobody listens there on tcp 5432" in found["Reason"] and found, 20)
    assert not refused["Observed"]["Disagrees"]
    assert way("22", "met")


def test_e9_a_caller_without_permission_and_one_for_another_port(plane, network):
    region = "arn:aws:ec2:*:*:instance-connect-endpoint/*"
    plane.make_user("none", {"Effect": "Allow", "Action": "fumidai:FindTunnel", "Resource": "*"})
    plane.make_user("ssh-only", {"Effect": "Allow", "Action": "fumidai:FindTunnel", "Resource": "*"}, {"Effect": "Allow", "Action": "ec2-instance-connect:OpenTunnel", "Resource": region, "Condition": {"NumericEquals": {"ec2-instance-connect:remotePort": "22"}, "IpAddress": {"ec2-instance-connect:privateIpAddress": "10.7.1.0/24"}}})
    refused = plane.fumidai("tunnel", network.instance, user="none")
    assert refused.returncode == 255 and b"is not authorized to perform: ec2-instance-connect:OpenTunnel" in refused.stderr
    other = plane.fumidai("tunnel", network.instance, "80", user="ssh-only")
    assert b"is not authorized to perform: ec2-instance-connect:OpenTunnel" in other.stderr
    allowed = plane.fumidai("tunnel", network.instance, "22", user="ssh-only")
    assert allowed.stdout.startswith(b"SSH-2.0-"), allowed.stderr


def test_what_leads_nowhere_is_told_at_once(plane, network):
    begun = time.monotonic()
    closed = plane.fumidai("tunnel", network.instance, "23", "--max-tunnel-duration", "60")
    assert closed.returncode == 255 and b"fumidai: " in closed.stderr, closed.stderr
    assert time.monotonic() - begun < SOON
    begun = time.monotonic()
    for command in ("tunnel", "ssh"):
        unknown = plane.fumidai(command, "i-00000000000000000")
        assert unknown.returncode == 255 and b"means nothing here" in unknown.stderr and b"`fumidai doctor`" in unknown.stderr
    assert time.monotonic() - begun < SOON


def test_of_an_instance_that_is_stopped_it_is_told_at_once(plane, network):
    plane.aws("ec2", "stop-instances", "--instance-ids", network.instance)
    plane.aws("ec2", "wait", "instance-stopped", "--instance-ids", network.instance)
    try:
        for words in (("tunnel", network.instance), ("ssh", network.instance), ("tunnel", network.address), ("ssh", network.address)):
            begun = time.monotonic()
            told = plane.fumidai(*words).stderr.decode()
            assert told.startswith(f"fumidai: {network.instance} is stopped. Start it: ") and time.monotonic() - begun < 4, (words, told)
    finally:
        plane.aws("ec2", "start-instances", "--instance-ids", network.instance)
    wait_until("ssh answers", lambda: network.ssh("true").returncode == 0, 30)


def test_a_server_that_says_nothing_is_told_of(plane, network):
    commands = (("tunnel", network.instance), ("tunnel", network.instance, "--listen", "0"), ("ssh", network.instance))
    plane.world.run("kill", "-STOP", plane.server)
    try:
        begun = time.monotonic()
        asking = [subprocess.Popen(plane.world.words(FUMIDAI, *words), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=plane.environment()) for words in commands]
        for each in asking:
            _, said = each.communicate(timeout=SOON)
            assert each.returncode != 0 and b"did not answer in time" in said, said
        assert time.monotonic() - begun < SOON
    finally:
        plane.world.run("kill", "-CONT", plane.server)
    assert network.ssh("true").returncode == 0


def test_e14_a_tunnel_ends_after_its_duration(plane, network):
    proxy = f"{FUMIDAI} tunnel {network.instance} --max-tunnel-duration 2"
    done = network.ssh("sleep 30", proxy=proxy)
    assert "Maximum tunnel duration of 2 seconds reached" in done.stderr, done.stderr


def test_ssh_takes_the_duration_that_a_policy_wants(plane, network):
    brief = {"Effect": "Allow", "Action": "ec2-instance-connect:OpenTunnel", "Resource": "*", "Condition": {"NumericLessThanEquals": {"ec2-instance-connect:maxTunnelDuration": "60"}}}
    plane.make_user("brief", {"Effect": "Allow", "Action": ["fumidai:FindTunnel", "ec2-instance-connect:SendSSHPublicKey"], "Resource": "*"}, brief)
    ssh = lambda *words: plane.fumidai("ssh", *SSH[1:], "-i", network.key, *words, user="brief")
    refused = ssh(network.instance, "true")
    assert b"is not authorized to perform: ec2-instance-connect:OpenTunnel" in refused.stderr, refused.stderr
    assert b"[fumidai]" not in refused.stderr, "no way was taken"
    ended = ssh(network.instance, "--max-tunnel-duration", "2", "sleep 30")
    assert b"Maximum tunnel duration of 2 seconds reached" in ended.stderr, ended.stderr
    before = plane.fumidai("ssh", "--max-tunnel-duration", "60", *SSH[1:], "-i", network.key, network.instance, "true", user="brief")
    assert before.returncode == 0 and f"[fumidai] connected to {network.instance} through connect endpoint ".encode() in before.stderr, before.stderr
    wrong = ssh("--max-tunnel-duration", "long", network.instance, "true")
    assert b"takes a number of seconds from 1 to 2592000, not 'long'" in wrong.stderr, wrong.stderr


def test_the_labs_name_server_leads_to_the_endpoints(plane, network):
    name = network.names()[0]
    trust = ssl.create_default_context(cafile=str(plane.data / "ca.pem"))
    with plane.world.network():
        at = address_of(name)
        assert at == "198.51.100.10"
        assert address_of("nowhere.example") is None
        with socket.create_connection((at, 443), timeout=10) as raw, trust.wrap_socket(raw, server_hostname=name) as secure:
            secure.sendall(f"GET /healthz HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            assert secure.recv(12) == b"HTTP/1.1 200"


def test_a_second_endpoint_takes_over_when_the_first_is_deleted(plane, network):
    second = network.endpoint()
    assert network.ssh("true").returncode == 0
    plane.ec2("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=network.endpoints[0])
    assert network.ssh("true").returncode == 0
    assert second in tunnels_of(plane, "History")[0]["Reason"]


def test_a_server_that_is_killed_records_its_tunnels_when_it_is_back(plane, network):
    words = [*SSH, "-i", network.key, "-o", f"ProxyCommand={FUMIDAI} tunnel {network.instance}", f"ec2-user@{network.instance}", "sleep 600"]
    held = subprocess.Popen(plane.world.words(*words), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=plane.environment())
    (session,) = wait_until("the tunnel is listed", lambda: [each for each in tunnels_of(plane) if each["Status"] == "Connected"])
    plane.world.run("kill", "-KILL", plane.server)
    plane.process.wait()
    held.wait(20)
    (plane.data / "endpoint").unlink(missing_ok=True)
    plane.start()
    wait_until("it is over", lambda: not tunnels_of(plane))
    (over,) = [each for each in tunnels_of(plane, "History") if each["SessionId"] == session["SessionId"]]
    assert over["Status"] == "Failed" and over["Details"] == "The plane was restarted."
    assert network.ssh("true").returncode == 0
