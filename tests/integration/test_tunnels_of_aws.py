"""Tunnels through connect endpoints of a lab by the unmodified AWS CLI v2: walkthrough E and its negative cases (api-surface.md 5.4). Needs root."""

import json
import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from house.aws2 import Aws2
from house.clock import SteerableClock
from house.lab import LabPlane, World
from house.network import SSH, Network
from house.programs import is_root, need, stock, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="a lab needs root")

TRANSFERS = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
LOOK = ({"Effect": "Allow", "Action": ["ec2:DescribeInstances", "ec2:DescribeInstanceConnectEndpoints"], "Resource": "*"},)
# It greets, hears its client out, says what it heard, and stays.
HOLDER = """
import socket, threading, time
def hold(client):
    client.sendall(b"here")
    client.sendall(b" heard " + client.makefile("rb").read())
    time.sleep(600)
server = socket.create_server(("", {port}))
while True:
    threading.Thread(target=hold, args=server.accept()[:1]).start()
"""
# It says much to each that comes, and ends.
SPEAKER = """
import socket
server = socket.create_server(("", {port}))
while True:
    client, _ = server.accept()
    with client:
        client.sendall(bytes(4 << 20))
"""


class Site:
    """A world with a plane, a network with an endpoint, and a workstation with the CLI."""

    def __init__(self, directory, *options, clock=None):
        stock("FUMIDAI_TEST_AWS2", "an AWS CLI of 2.12 or newer")
        self.world = World()
        self.plane = LabPlane(directory, self.world, *options)
        if clock:
            self.plane.wrapper = clock.wrapper
        self.plane.start()
        self.network = Network(self.plane, directory)
        self.cli = Aws2(self.plane, directory)
        self.cli.learn(*self.network.names())

    def ssh(self, *command, options=(), **more):
        return self.network.ssh(*command, proxy=self.cli.proxy(self.network.instance, *options), **more)

    def open_tunnel(self, *options, **more):
        return self.cli.run("open-tunnel", "--instance-id", self.network.instance, *options, **more)

    def serve(self, port, program):
        """A server on a port of the instance."""
        self.network.allow("egress", self.network.outer, self.network.inner, port=port)
        self.network.allow("ingress", self.network.inner, self.network.outer, port=port)
        done = self.ssh(f"nohup python3 -c {shlex.quote(program.format(port=port))} >{port}.log 2>&1 &")
        assert done.returncode == 0, done.stderr
        wait_until("it is there", lambda: self.open_tunnel("--remote-port", port, "--max-tunnel-duration", "2").stdout)

    def hold(self, port):
        """One whose connections end by their clients only."""
        self.serve(port, HOLDER)

    def tunnels(self, state="Active"):
        return [each for each in self.plane.aws("ssm", "describe-sessions", "--state", state)["Sessions"] if each["DocumentName"] == "OpenTunnel"]

    def close(self):
        self.plane.stop()
        self.plane.lab("down")
        self.world.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("aws2"))
    try:
        wait_until("ssh answers", lambda: made.ssh("true").returncode == 0, 30)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return SteerableClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def limited(tmp_path_factory, clock):
    """Where AWS's quotas are kept."""
    made = Site(tmp_path_factory.mktemp("limited"), "--aws-limits", clock=clock)
    try:
        wait_until("ssh answers", lambda: made.ssh("true").returncode == 0, 30)
        yield made
    finally:
        made.close()


def test_ssh_by_proxy_command(site):
    done = site.ssh("hostname; echo $SSH_CONNECTION; exit 7")
    host, connection = done.stdout.splitlines()
    assert (done.returncode, host) == (7, "ip-" + site.network.address.replace(".", "-"))
    (interface,) = site.plane.aws("ec2", "describe-network-interfaces", "--filters", "Name=interface-type,Values=ec2_instance_connect_endpoint")["NetworkInterfaces"]
    assert connection.split()[0] == interface["PrivateIpAddress"], "it comes from the endpoint's own address, of E15's instance"
    over = wait_until("the tunnel is over: ssh killed its ProxyCommand, which says nothing", lambda: site.tunnels("History"))[0]
    assert over["Status"] == "Terminated" and not site.tunnels()


def test_an_editors_server_is_started_by_a_script_on_standard_input(site):
    """As VS Code's Remote - SSH does: ssh -T HOST bash, and the script."""
    proxy = site.cli.proxy(site.network.instance)
    words = [*SSH, "-T", "-i", site.network.key, "-o", f"ProxyCommand={proxy}", f"ec2-user@{site.network.instance}", "bash"]
    done = subprocess.run(site.world.words(*words), input=b"echo ready $((6 * 7))\nuname\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=site.cli.environment(), timeout=30, check=False)
    assert done.stdout == b"ready 42\nLinux\n", done.stderr


def test_all_that_a_target_said_before_it_ended_arrives(site):
    site.serve(8099, SPEAKER)
    for _ in range(5):
        done = site.open_tunnel("--remote-port", "8099")
        assert len(done.stdout) == 4 << 20, done.stderr


@pytest.mark.parametrize("program", ["scp", "scp-of-old", "sftp", "rsync"])
def test_files_go_there_and_back(site, tmp_path, program):
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(os.urandom(3_000_001))
    remote = f"ec2-user@{site.network.instance}"
    proxy = ["-i", site.network.key, "-o", f"ProxyCommand={site.cli.proxy(site.network.instance)}"]
    if program == "sftp":
        batch = tmp_path / "batch"
        batch.write_text(f"put {sent} file-sftp\nget file-sftp {back}\n")
        steps = [["/usr/bin/sftp", *TRANSFERS, *proxy, "-b", batch, remote]]
    elif program == "rsync":
        shell = " ".join([*SSH, "-i", str(site.network.key), "-o", f"'ProxyCommand={site.cli.proxy(site.network.instance)}'"])
        steps = [[need("rsync"), "-e", shell, sent, f"{remote}:file-rsync"], [need("rsync"), "-e", shell, f"{remote}:file-rsync", back]]
    else:
        scp = ["/usr/bin/scp", *(["-O"] if program == "scp-of-old" else []), *TRANSFERS, *proxy]
        steps = [[*scp, sent, f"{remote}:file-{program}"], [*scp, f"{remote}:file-{program}", back]]
    for step in steps:
        done = site.world.run(*step, env=site.cli.environment())
        assert done.returncode == 0, done.stderr
    assert back.read_bytes() == sent.read_bytes()


def test_a_listener_carries_two_connections_at_once(site):
    listener = site.cli.start("open-tunnel", "--instance-id", site.network.instance, "--local-port", "2222", stdin=subprocess.DEVNULL, text=True)
    try:
        wait_until("it listens", lambda: ":2222 " in site.world.run("ss", "-Hltn").stdout)
        words = site.world.words(*SSH, "-i", site.network.key, "-p", "2222", "ec2-user@localhost", "echo here; read line; echo $line")
        both = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        assert [each.stdout.readline() for each in both] == ["here\n", "here\n"]
        assert len(site.tunnels()) == 2
        for number, each in enumerate(both):
            out, err = each.communicate(f"word {number}\n", timeout=20)
            assert (out, each.returncode) == (f"word {number}\n", 0), err
        wait_until("the tunnels are over", lambda: not site.tunnels(), 10)
    finally:
        listener.terminate()
        listener.wait()


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_e2_e3_a_closed_group_is_told_by_the_reason_of_the_end(site, direction):
    network = site.network
    group, other = (network.outer, network.inner) if direction == "egress" else (network.inner, network.outer)
    network.allow(direction, group, other, verb="revoke")
    try:
        done = wait_until("the way is closed", lambda: told(site.ssh("true")), 40)
        assert f"{network.address} port 22" in done.stderr
        assert "Connection closed by remote host" in done.stderr, done.stderr
    finally:
        network.allow(direction, group, other)
    wait_until("the way is open", lambda: site.ssh("true").returncode == 0, 20)


def told(done):
    return done if "Websocket Closure Reason: " in done.stderr else None


def test_e9_who_may_not_is_told_so(site):
    site.plane.make_user("looker", *LOOK)
    done = site.open_tunnel(user="looker", stdin=subprocess.DEVNULL)
    assert done.returncode == 255
    assert refusal(done) == "AccessDenied"
    assert b"is not authorized to perform: ec2-instance-connect:OpenTunnel on resource: arn:aws:ec2:us-east-1:" in done.stderr


def refusal(done):
    """The ErrorCode of the body that the CLI prints."""
    (line,) = [line for line in done.stderr.decode().splitlines() if " - ERROR - {" in line]
    assert "AWS_ERROR_HTTP_WEBSOCKET_UPGRADE_FAILURE" in done.stderr.decode()
    return json.loads(line.split(" - ERROR - ", 1)[1])["ErrorCode"]


def test_e12_too_long_a_duration_is_refused_by_the_cli(site):
    done = site.open_tunnel("--max-tunnel-duration", "4000")
    assert done.returncode == 252 and b"Value must be greater than 1 and less than 3600" in done.stderr


def test_e14_a_tunnel_is_closed_after_its_duration(site):
    began = time.monotonic()
    done = site.ssh("sleep 30", options=("--max-tunnel-duration", 2))
    assert "Websocket Closure Reason: Maximum tunnel duration of 2 seconds reached" in done.stderr, done.stderr
    assert time.monotonic() - began < 10


def test_an_input_that_ends_ends_the_tunnel_of_a_target_that_leaves(site):
    done = site.open_tunnel(stdin=b"SSH-2.0-nobody\r\n")
    assert done.returncode == 0 and done.stdout.startswith(b"SSH-2.0-OpenSSH"), done
    assert not site.tunnels()


def test_an_input_that_ends_costs_the_server_nothing_while_the_target_stays(site):
    """The CLI sends empty frames as fast as it can."""
    site.hold(7000)
    tunnel = site.cli.start("open-tunnel", "--instance-id", site.network.instance, "--remote-port", "7000", "--max-tunnel-duration", "8", stdin=subprocess.PIPE)
    tunnel.stdin.write(b"a word")
    tunnel.stdin.close()
    assert tunnel.stdout.read(len("here heard a word")) == b"here heard a word", "the target is told that no more comes"
    before = processor_seconds(site.plane.server)
    time.sleep(4)
    assert processor_seconds(site.plane.server) - before < 0.4
    assert tunnel.wait(20) == 255
    assert b"Maximum tunnel duration of 8 seconds reached" in tunnel.stderr.read()


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_ssh_with_a_key_of_its_own(site):
    """aws ec2-instance-connect ssh: it pushes a key, and starts ssh with open-tunnel."""
    eice = ("ssh", "--instance-id", site.network.instance, "--connection-type", "eice")
    done = site.cli.run(*eice, stdin=b"hostname; exit 7\n")
    assert (done.returncode, done.stdout.split()) == (7, [b"ip-" + site.network.address.replace(".", "-").encode()]), done.stderr
    done = site.cli.run(*eice, "--eice-options", f"maxTunnelDuration=2,endpointId={site.network.endpoints[0]}", stdin=b"sleep 30\n")
    assert b"Maximum tunnel duration of 2 seconds reached" in done.stderr, done.stderr


def push(site, key, os_user="ec2-user", **more):
    if not key.exists():
        subprocess.run(["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    return site.cli.run("send-ssh-public-key", "--instance-id", site.network.instance, "--instance-os-user", os_user, "--ssh-public-key", f"file://{key}.pub", **more)


def ssh_with(site, key):
    words = [*SSH, "-i", key, "-o", "IdentitiesOnly=yes", "-o", f"ProxyCommand={site.cli.proxy(site.network.instance)}", f"ec2-user@{site.network.instance}", "true"]
    return site.world.run(*words, env=site.cli.environment())


def test_e5_a_pushed_key_lives_a_minute(site, tmp_path):
    key = tmp_path / "key"
    done = push(site, key)
    pushed = time.monotonic()
    assert json.loads(done.stdout)["Success"] is True
    time.sleep(53)
    done = ssh_with(site, key)
    assert done.returncode == 0 and time.monotonic() - pushed < 60, done.stderr
    time.sleep(pushed + 61 - time.monotonic())
    done = ssh_with(site, key)
    assert done.returncode == 255 and "Permission denied (publickey)" in done.stderr, "the tunnel works, the key does not"


def test_e6_a_pushed_key_is_for_one_user(site, tmp_path):
    assert push(site, tmp_path / "key", os_user="somebody").returncode == 0
    assert "Permission denied (publickey)" in ssh_with(site, tmp_path / "key").stderr


def test_e10_without_leave_to_push_ssh_is_not_started(site):
    tunnel = {"Effect": "Allow", "Action": "ec2-instance-connect:OpenTunnel", "Resource": "*"}
    site.plane.make_user("no-pusher", *LOOK, tunnel)
    done = site.cli.run("ssh", "--instance-id", site.network.instance, "--connection-type", "eice", user="no-pusher")
    assert done.returncode == 254 and b"(AccessDeniedException)" in done.stderr, done.stderr
    assert b"not authorized to perform: ec2-instance-connect:SendSSHPublicKey" in done.stderr


def test_e16_the_clients_address_may_be_kept(site):
    network = site.network
    endpoint = network.endpoints[0]

    def keep(wanted):
        site.plane.ec2("ModifyInstanceConnectEndpoint", InstanceConnectEndpointId=endpoint, PreserveClientIp=wanted)
        wait_until("it is so", lambda: network.state(endpoint) == "update-complete")

    def source():
        return site.ssh("echo $SSH_CONNECTION").stdout.partition(" ")[0]

    keep("true")
    try:
        wait_until("let in by the endpoint's group, from the client's address", lambda: source() == "198.51.100.1", 5)
        network.allow("ingress", network.inner, network.outer, verb="revoke")
        site.plane.aws("ec2", "authorize-security-group-ingress", "--group-id", network.inner, "--protocol", "tcp", "--port", "22", "--cidr", "198.51.100.1/32")
        wait_until("let in by the client's address", lambda: source() == "198.51.100.1", 30)
        keep("false")
        wait_until("the endpoint's address is not let in", lambda: told(site.ssh("true")), 40)
        network.allow("ingress", network.inner, network.outer)
    finally:
        keep("false")


def test_e1_one_endpoint_of_a_vpc(limited):
    done = limited.plane.aws("ec2", "create-instance-connect-endpoint", "--subnet-id", limited.network.subnet, program=limited.cli.program, check=False)
    assert done.returncode == 254 and b"(ResourceLimitExceeded)" in done.stderr and limited.network.endpoints[0].encode() in done.stderr, done.stderr


def test_e7_only_two_ports_where_awss_limits_are_kept(limited):
    done = limited.open_tunnel("--remote-port", "80")
    assert (done.returncode, refusal(done)) == (255, "InvalidParameter")
    assert b"Specify either 22 or 3389 as the RemotePort" in done.stderr


def test_e13_the_21st_tunnel(limited):
    limited.hold(3389)
    listener = limited.cli.start("open-tunnel", "--instance-id", limited.network.instance, "--remote-port", "3389", "--local-port", "2222", "--max-websocket-connections", "25", stdin=subprocess.DEVNULL)
    hold = "import socket, sys; held = [socket.create_connection(('localhost', 2222)) for _ in range(20)]; print([each.recv(4) for each in held].count(b'here'), flush=True); sys.stdin.read()"
    try:
        wait_until("it listens", lambda: ":2222 " in limited.world.run("ss", "-Hltn").stdout)
        holder = subprocess.Popen(limited.world.words("/usr/bin/python3", "-c", hold), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout.readline() == b"20\n"
        done = limited.open_tunnel()
        assert (done.returncode, refusal(done)) == (255, "TooManyConnections")
        holder.stdin.close()
        holder.wait()
        wait_until("there is room again", lambda: limited.ssh("true").returncode == 0)
    finally:
        listener.terminate()
        listener.wait()


def test_e8_an_endpoint_that_is_being_made_takes_no_tunnels(limited, clock):
    limited.plane.ec2("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=limited.network.endpoints[0])
    wait_until("the endpoint is gone", lambda: limited.network.state(limited.network.endpoints[0]) == "delete-complete")
    made = limited.plane.ec2("CreateInstanceConnectEndpoint", SubnetId=limited.network.subnet, SecurityGroupId_1=limited.network.outer)["instanceConnectEndpoint"]
    clock.set("-60s")  # it stays in between
    done = limited.open_tunnel()
    assert limited.network.state(made["instanceConnectEndpointId"]) == "create-in-progress"
    assert done.returncode == 252 and b"There are no available instance connect endpoints." in done.stderr, done.stderr


def test_e11_a_stopped_instance_takes_no_keys(limited, clock, tmp_path):
    clock.set("+0")
    limited.plane.aws("ec2", "stop-instances", "--instance-ids", limited.network.instance)
    limited.plane.aws("ec2", "wait", "instance-stopped", "--instance-ids", limited.network.instance, seconds=60)
    done = push(limited, tmp_path / "key")
    assert done.returncode == 254 and b"(EC2InstanceStateInvalidException)" in done.stderr, done.stderr
