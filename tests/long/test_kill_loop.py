"""A server that is killed sixty times while changes are made loses nothing that it acknowledged."""

from house import kill_loop


def test_sixty_kills_lose_nothing_that_was_acknowledged(own_plane, own_host):
    assert kill_loop.run(own_plane, own_host.id, rounds=60) > 300
