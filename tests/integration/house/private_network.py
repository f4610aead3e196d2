"""A network that nobody reaches from outside, without a lab: hosts that dial out to the plane and carry its tunnels, and one server behind them. Each is a network namespace."""

import subprocess

from house.agent import Agent
from house.lab import World, WorldPlane
from house.open_tunnel import Door
from house.programs import FUMIDAI, wait_until
from house.query import Query

PLANE = "198.18.0.1"
SERVER = "10.0.1.4"

# Says its name, then repeats what it hears, in capitals; the end of the input ends it.
ECHO = """
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"hello\\n")
        while chunk := self.request.recv(65536):
            self.request.sendall(chunk.upper())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 4096
print("ready", flush=True)
Server(("0.0.0.0", 7), Echo).serve_forever()
"""

# Port 9 accepts, and reads nothing; port 10 says one word, ends, and writes down how much it hears; port 11 says half of what it has to say, and breaks off; port 12 takes
# 20 KB a second, and writes down how much.
OTHERS = """
import socket, struct, sys, threading, time
def count(client):
    client.sendall(b"go")
    client.shutdown(socket.SHUT_WR)
    heard = 0
    while chunk := client.recv(65536):
        heard += len(chunk)
    with open(sys.argv[1], "a") as sink:
        sink.write(f"{heard}\\n")
def deaf():
    held = []
    server = socket.create_server(("0.0.0.0", 9))
    while True:
        held.append(server.accept()[0])
def slow():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    server.bind(("0.0.0.0", 12))
    server.listen()
    while True:
        client, _ = server.accept()
        heard = 0
        while chunk := client.recv(1000):
            heard += len(chunk)
            time.sleep(0.05)
        with open(sys.argv[1], "a") as sink:
            sink.write(f"slowly {heard}\\n")
def broken():
    server = socket.create_server(("0.0.0.0", 11))
    while True:
        client, _ = server.accept()
        client.sendall(b"half")
        time.sleep(0.2)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
threading.Thread(target=deaf).start()
threading.Thread(target=broken).start()
threading.Thread(target=slow).start()
server = socket.create_server(("0.0.0.0", 10))
print("ready", flush=True)
while True:
    threading.Thread(target=count, args=server.accept()[:1]).start()
"""


def ip(world, *words):
    done = world.run("ip", *words)
    assert done.returncode == 0, done.stderr


class PublicPlane(WorldPlane):
    """Known by an address of its world."""

    def __init__(self, directory, world, *options):
        super().__init__(directory, world, "--public-url", f"https://{PLANE}:8443", *options)
        self.port = 8443

    @property
    def url(self):
        return f"https://{PLANE}:{self.port}"

    def command_line(self):
        words = super().command_line()
        words[words.index("--listen") + 1] = f"0.0.0.0:{self.port}"
        return words

    def kill(self):
        self.world.run("kill", "-KILL", self.server)
        self.process.wait()
        self.process = None
        (self.data / "endpoint").unlink(missing_ok=True)

    def ec2(self, action, **parameters):
        with self.world.network():
            return Query(self)(action, **parameters)


class EndpointHost(Agent):
    """A host of the private network with our agent, which carries the tunnels of an endpoint."""

    def __init__(self, network, number):
        self.world = World()
        super().__init__(network.plane, network.directory / f"host-{number}", f"host-{number}")
        self.number = number
        self.wrapper = self.world.words()
        plane_world, server_world = network.plane.world, network.server_world
        pid = str(self.world.process.pid)
        ip(plane_world, "link", "add", f"host{number}", "type", "veth", "peer", "name", "out", "netns", pid)
        ip(plane_world, "addr", "add", f"198.18.{number}.1/24", "dev", f"host{number}")
        ip(plane_world, "link", "set", f"host{number}", "up")
        ip(server_world, "link", "add", f"host{number}", "type", "veth", "peer", "name", "in", "netns", pid)
        ip(server_world, "addr", "add", f"10.0.{number + 100}.1/24", "dev", f"host{number}")
        ip(server_world, "link", "set", f"host{number}", "up")
        for device, address in (("out", f"198.18.{number}.2/24"), ("in", f"10.0.{number + 100}.2/24")):
            ip(self.world, "addr", "add", address, "dev", device)
            ip(self.world, "link", "set", device, "up")
        ip(self.world, "route", "add", f"{PLANE}/32", "via", f"198.18.{number}.1")
        ip(self.world, "route", "add", f"{SERVER}/32", "via", f"10.0.{number + 100}.1")

    def command_line(self):
        return self.world.words(*super().command_line())

    @property
    def pid(self):
        return int(self.world.run("pgrep", "-f", f"run --state-dir {self.state}").stdout.split()[-1])

    def signal(self, number):
        self.world.run("kill", f"-{number}", self.pid)

    def cut(self, is_cut=True):
        """Takes the cable between this host and the plane out, or puts it in again."""
        ip(self.plane.world, "link", "set", f"host{self.number}", "down" if is_cut else "up")
        if not is_cut:
            self.world.run("ip", "route", "replace", f"{PLANE}/32", "via", f"198.18.{self.number}.1")

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.signal("KILL")
        self.stop()
        self.world.close()


class PrivateNetwork:
    def __init__(self, directory, hosts=2, *options):
        self.directory = directory
        self.worlds = []
        world = World()
        ip(world, "addr", "add", f"{PLANE}/32", "dev", "lo")
        self.plane = PublicPlane(directory, world, *options).start()
        self.server_world = World()
        ip(self.server_world, "addr", "add", f"{SERVER}/32", "dev", "lo")
        self.echo = subprocess.Popen(self.server_world.words("/usr/bin/python3", "-c", ECHO), stdout=subprocess.PIPE, text=True)
        assert self.echo.stdout.readline().strip() == "ready"
        self.sink = directory / "sink"
        self.others = subprocess.Popen(self.server_world.words("/usr/bin/python3", "-c", OTHERS, self.sink), stdout=subprocess.PIPE, text=True)
        assert self.others.stdout.readline().strip() == "ready"
        aws = self.plane.aws
        self.vpc = aws("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = aws("ec2", "create-subnet", "--vpc-id", self.vpc, "--cidr-block", "10.0.1.0/24")["Subnet"]["SubnetId"]
        self.role()
        self.hosts = [EndpointHost(self, number) for number in range(1, hosts + 1)]
        self.endpoint = self.make_endpoint()

    def role(self):
        trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ssm.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
        self.plane.aws("iam", "create-role", "--role-name", "endpoint-host", "--assume-role-policy-document", trust)
        for policy in ("AmazonSSMManagedInstanceCore", "FumidaiServeEndpoint"):
            self.plane.aws("iam", "attach-role-policy", "--role-name", "endpoint-host", "--policy-arn", f"arn:aws:iam::aws:policy/{policy}")

    def make_endpoint(self):
        made = self.plane.ec2("CreateInstanceConnectEndpoint", SubnetId=self.subnet)["instanceConnectEndpoint"]["instanceConnectEndpointId"]
        state = lambda: self.plane.ec2("DescribeInstanceConnectEndpoints", InstanceConnectEndpointId_1=made)["instanceConnectEndpointSet"][0]["state"]
        wait_until("the endpoint is complete", lambda: state() == "create-complete")
        return made

    def serve(self, host, endpoint=None):
        if host.id is None:
            made = self.plane.aws("ssm", "create-activation", "--iam-role", "endpoint-host", "--default-instance-name", host.name)
            host.register((made["ActivationId"], made["ActivationCode"]))
        host.options = ["--endpoint", endpoint or self.endpoint]
        return host.start()

    def tunnel(self, port=7, *more, address=SERVER):
        """Our client, its input and output held here."""
        return subprocess.Popen(self.plane.world.words(FUMIDAI, "tunnel", address, str(port), *more), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.plane.environment())

    def door(self, port, address=SERVER, endpoint=None):
        """The endpoint as AWS's clients know it, which may send anything."""
        endpoint = endpoint or self.endpoint
        (known,) = self.plane.ec2("DescribeInstanceConnectEndpoints", InstanceConnectEndpointId_1=endpoint)["instanceConnectEndpointSet"]
        door = Door(self.plane, endpoint, known["dnsName"], address)
        door.pairs = lambda **more: Door.pairs(door, **{"remotePort": port, **more})
        return door

    def tunnels(self, state="Active"):
        return [each for each in self.plane.sessions(state) if each["DocumentName"].endswith("OpenTunnel")]

    def carriers(self, count):
        """Who was chosen for the last tunnels, as the audit trail has it; the last one first."""
        made = [each["detail"].get("made", {}) for each in self.plane.events()]
        return [each["carrier"] for each in made if "carrier" in each][:count]

    def close(self):
        for host in self.hosts:
            host.close()
        for each in (self.echo, self.others):
            each.kill()
            each.wait()
        if self.plane.process is not None:
            self.plane.world.run("kill", "-TERM", self.plane.server)
            self.plane.process.wait(20)
        for world in (self.server_world, self.plane.world):
            world.close()
        for log in (self.plane.log, *(host.log for host in self.hosts)):
            text = log.read_text(errors="replace") if log.exists() else ""
            for word in ("Sanitizer", "runtime error:", "terminate called", "Assertion"):
                assert word not in text, text[max(0, text.index(word) - 500):][:6000]
