"""What must be true after whatever a stranger did: the server runs, answers, and has not filled its log."""

from contextlib import contextmanager

from house import wire


def still_serves(plane):
    assert plane.process.poll() is None, f"the server ended: {plane.log.read_text()[-3000:]}"
    status, _, body = wire.request(plane, "GET", "/healthz")
    assert (status, body) == (200, b"ok\n")
    status, answer = wire.call(plane, "AmazonSSM.DescribeSessions", {"State": "Active"})
    assert status == 200, answer


@contextmanager
def stays_calm(plane, most_lines=30):
    before = plane.log.stat().st_size
    yield
    still_serves(plane)
    said = plane.log.read_bytes()[before:].decode(errors="replace").splitlines()
    errors = [line for line in said if " error " in line[:40] or not line[:4].isdigit()]
    assert not errors, errors[:5]
    assert len(said) <= most_lines, f"{len(said)} lines of log, as {said[:3]}"
