"""Ends of tunnels that read nothing for longer than TCP has patience with who does not answer. Needs root."""

import shlex
import socket
import subprocess
import threading
import time

import pytest

from house.lab import running_lab
from house.network import Network
from house.private_network import SERVER, PrivateNetwork
from house.programs import FUMIDAI, is_root, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="network namespaces need root")

MUCH = 32 * 1024 * 1024  # more than all buffers on the way hold

# Reads nothing for a while, then everything, and says how much that was.
LATE_READER = """
import socket, time
server = socket.create_server(("0.0.0.0", 9009))
while True:
    client = server.accept()[0]
    time.sleep(70)
    heard = 0
    while chunk := client.recv(65536):
        heard += len(chunk)
    client.sendall(b"%d" % heard)
    client.close()
"""


def test_a_target_of_a_lab_that_reads_nothing_for_70_seconds_keeps_its_tunnel(tmp_path):
    with running_lab(tmp_path) as plane:
        network = Network(plane, tmp_path)
        wait_until("ssh answers", lambda: network.ssh("true").returncode == 0, 30)
        network.allow("egress", network.outer, network.inner, port=9009)
        network.allow("ingress", network.inner, network.outer, port=9009)
        started = network.ssh(f"nohup python3 -c {shlex.quote(LATE_READER)} >reader.log 2>&1 &")
        assert started.returncode == 0, started.stderr
        wait_until("it listens", lambda: ":9009 " in network.ssh("ss -ltn").stdout)
        done = plane.fumidai("tunnel", network.instance, "9009", stdin=b"x" * MUCH, seconds=120)
        assert done.stdout == b"%d" % MUCH, done.stderr


def test_a_local_client_that_reads_nothing_for_75_seconds_keeps_its_tunnel(tmp_path):
    network = PrivateNetwork(tmp_path, 1)
    words = network.plane.world.words(FUMIDAI, "tunnel", SERVER, "7", "--listen", "15432")
    try:
        network.serve(network.hosts[0])
        listening = subprocess.Popen(words, stderr=subprocess.PIPE, env=network.plane.environment())
        assert b"listening on" in listening.stderr.readline()
        with network.plane.world.network():
            client = socket.create_connection(("127.0.0.1", 15432))
        sender = threading.Thread(target=lambda: (client.sendall(b"x" * MUCH), client.shutdown(socket.SHUT_WR)))
        sender.start()
        time.sleep(75)
        client.settimeout(30)
        heard = bytearray()
        while chunk := client.recv(65536):
            heard += chunk
        assert heard == b"hello\n" + b"X" * MUCH
        sender.join(10)
        listening.terminate()
        listening.wait(10)
    finally:
        network.close()
