"""A server that is killed over and over loses nothing that it acknowledged."""

from house import kill_loop
from house.programs import SANITIZED


def test_ten_kills_lose_nothing_that_was_acknowledged(own_plane, own_host):
    assert kill_loop.run(own_plane, own_host.id, rounds=3 if SANITIZED else 10) > 50
