"""Fixtures: a plane and a host for the tests of one file (they share them), and ones that a test may break."""

import os

import pytest

from house.agent import Agent
from house.order import longest_first
from house.plane import Plane
from house.programs import AWS, BUILD, FUMIDAI, bare_environment, version_of

# A minute and more each.
FIRST = ["test_lab.py", "test_endpoint_hosts.py", "test_tunnels_of_aws.py", "test_ec2_networks.py", "test_tunnel_wire.py", "test_tunnels.py", "test_ec2_groups_and_endpoints.py"]


def pytest_collection_modifyitems(items):
    longest_first(items, FIRST)


def pytest_report_header(config):
    del config
    lines = [f"programs: {BUILD}"]
    if not FUMIDAI.exists():
        pytest.exit(f"{FUMIDAI} is not built; run: make build", returncode=2)
    env = bare_environment("/nonexistent")
    lines.append(f"aws: {AWS}: {version_of(AWS, env)}")
    for variable in ("FUMIDAI_TEST_AWS_NEW", "FUMIDAI_TEST_AWS2", "FUMIDAI_TEST_PLUGIN"):
        path = os.environ.get(variable)
        lines.append(f"{variable}: {path + ': ' + version_of(path, env) if path else 'not set, its tests are skipped'}")
    directory = os.environ.get("FUMIDAI_TEST_SSM_AGENT_DIR")
    lines.append(f"FUMIDAI_TEST_SSM_AGENT_DIR: {directory or 'not set, its tests are skipped'}")
    lines.append(f"FUMIDAI_TEST_EIC_SCRIPTS: {os.environ.get('FUMIDAI_TEST_EIC_SCRIPTS') or 'not set, its tests are skipped'}")
    lines.append(f"FUMIDAI_TEST_MSSH: {os.environ.get('FUMIDAI_TEST_MSSH') or 'not set, its tests are skipped'}")
    return lines


def end_in_order(plane):
    """Stopped, a server leaves with 0, and no sanitizer has found anything."""
    if plane.process is not None and plane.process.poll() is None:
        status = plane.stop()
        assert status == 0, f"the server ended with {status}: {plane.log.read_text(errors='replace')[-3000:]}"
    assert_clean(plane.log)


def assert_clean(log):
    text = log.read_text(errors="replace") if log.exists() else ""
    for word in ("Sanitizer", "runtime error:", "terminate called", "Assertion"):
        assert word not in text, text[max(0, text.index(word) - 500):][:6000]


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    one = Plane(tmp_path_factory.mktemp("plane")).start()
    yield one
    end_in_order(one)


@pytest.fixture(scope="module")
def host(plane, tmp_path_factory):
    one = Agent(plane, tmp_path_factory.mktemp("host")).register().start()
    yield one
    one.clean()
    assert_clean(one.log)


@pytest.fixture
def own_plane(tmp_path):
    """A plane that the test may stop, break and start again."""
    one = Plane(tmp_path / "plane").start()
    yield one
    end_in_order(one)


@pytest.fixture
def own_host(own_plane, tmp_path):
    one = Agent(own_plane, tmp_path / "host").register().start()
    yield one
    if own_plane.process is None or own_plane.process.poll() is not None:
        own_plane.process = None
        own_plane.start()  # it knows which workers are this agent's
    one.clean()
    assert_clean(one.log)
