"""Where no lab can be, that is said before anything is changed; and a plane without one needs no root."""

import subprocess

import pytest

from house.plane import Plane
from house.programs import FUMIDAI, bare_environment, is_root, run

# By its own number and to the kernel it is nobody; files are still the tester's.
AS_NOBODY = ["unshare", "--user"]
# Root that may make namespaces, and no rules in them.
WITHOUT_NFTABLES = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]


@pytest.fixture
def nobody():
    if subprocess.run([*AS_NOBODY, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("this machine has no user namespaces")
    return AS_NOBODY


def refusal(tmp_path, wrapper, *words):
    """What it says to who may not; nothing is there afterwards."""
    data = tmp_path / "data"
    done = run([*wrapper, FUMIDAI, *words, "--data-dir", data], bare_environment(tmp_path))
    assert done.returncode == 1 and not done.stdout.count(b"ready"), done.stdout + done.stderr
    assert not (data / "server.log").exists() and not (data / "lab").exists()
    return done.stderr.decode()


@pytest.mark.parametrize("words", [("lab", "up"), ("server", "--lab", "--listen", "127.0.0.1:0")], ids=["lab", "server"])
def test_a_lab_needs_root(tmp_path, nobody, words):
    assert "needs root; run it" in refusal(tmp_path, nobody, *words)


@pytest.mark.parametrize("words", [("lab", "up", "--label", "unable"), ("server", "--lab", "--lab-label", "unable", "--listen", "127.0.0.1:0")], ids=["lab", "server"])
def test_a_lab_needs_nftables(tmp_path, words):
    if not is_root():
        pytest.skip("only root gets that far")
    said = refusal(tmp_path, ["unshare", "--net", *WITHOUT_NFTABLES], *words)
    assert "this machine cannot hold a lab" in said and "nftables refuses" in said, said


def test_a_plane_without_a_lab_needs_no_root(tmp_path, nobody):
    plane = Plane(tmp_path)
    plane.wrapper = nobody
    try:
        plane.start()
        assert plane.aws("sts", "get-caller-identity")["Account"]
    finally:
        plane.stop()
