"""Hosts of connect endpoints that are cut off for longer than their connections live. Needs root."""

import time

import pytest

from house.private_network import PrivateNetwork
from house.programs import is_root
from house.tunnel import Raw, stream_through

pytestmark = pytest.mark.skipif(not is_root(), reason="network namespaces need root")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    one = PrivateNetwork(tmp_path_factory.mktemp("hosts"), 1)
    one.serve(one.hosts[0])
    yield one
    one.close()


def test_a_long_cut_is_told_and_nothing_is_lost(network):
    def cut(carrier):
        carrier.cut()
        time.sleep(35)  # longer than the connections of the host live
        carrier.cut(False)

    said = stream_through(network, cut)
    assert said.splitlines()[-1] == f"[fumidai] The agent on {network.hosts[0].id} is back.", said
    assert said.splitlines()[0] == f"[fumidai] The agent on {network.carriers(1)[0]} does not answer; waiting for it.", said
    assert "connection lost" not in said, "the client's own was never"


def test_a_tunnel_of_awss_clients_waits_for_its_host_as_well(network):
    with network.plane.world.network():
        tunnel = Raw(network)
        assert tunnel.read(6) == b"hello\n"
        network.hosts[0].cut()
        for _ in range(4):  # as much as is held on the way
            tunnel.socket.send(b"x" * 60_000)
        time.sleep(35)
        network.hosts[0].cut(False)
        assert tunnel.read(240_000) == b"X" * 240_000
