"""Fixtures: a plane and a host for the tests of one file (they share them), and ones that a test may break."""

import os

import pytest

from house.agent import Agent
from house.plane import Plane
from house.programs import AWS, BUILD, FUMIDAI, bare_environment, version_of


def pytest_report_header(config):
    del config
    lines = [f"programs: {BUILD}"]
    if not FUMIDAI.exists():
        pytest.exit(f"{FUMIDAI} is not built; run: make build", returncode=2)
    env = bare_environment("/nonexistent")
    lines.append(f"aws: {AWS}: {version_of(AWS, env)}")
    for variable in ("FUMIDAI_TEST_AWS_NEW", "FUMIDAI_TEST_PLUGIN"):
        path = os.environ.get(variable)
        lines.append(f"{variable}: {path + ': ' + version_of(path, env) if path else 'not set, its tests are skipped'}")
    directory = os.environ.get("FUMIDAI_TEST_SSM_AGENT_DIR")
    lines.append(f"FUMIDAI_TEST_SSM_AGENT_DIR: {directory or 'not set, its tests are skipped'}")
    return lines


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    one = Plane(tmp_path_factory.mktemp("plane")).start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def host(plane, tmp_path_factory):
    one = Agent(plane, tmp_path_factory.mktemp("host")).register().start()
    yield one
    one.clean()


@pytest.fixture
def own_plane(tmp_path):
    """A plane that the test may stop, break and start again."""
    one = Plane(tmp_path / "plane").start()
    yield one
    one.stop()


@pytest.fixture
def own_host(own_plane, tmp_path):
    one = Agent(own_plane, tmp_path / "host").register().start()
    yield one
    if own_plane.process is None or own_plane.process.poll() is not None:
        own_plane.process = None
        own_plane.start()  # it knows which workers are this agent's
    one.clean()
