"""amazon-ssm-agent in the instances of a lab: it connects by its instance's role, through endpoints and through a NAT gateway."""

import pytest

from house.lab import running_lab
from house.programs import is_root, stock

pytestmark = pytest.mark.skipif(not is_root(), reason="a lab needs root")


@pytest.fixture
def plane(tmp_path):
    directory = stock("FUMIDAI_TEST_SSM_AGENT_DIR", "a folder with AWS's amazon-ssm-agent")
    with running_lab(tmp_path, "--lab-ssm-agent", directory) as one:
        yield one


def test_it_connects_by_both_ways_and_serves_sessions(plane):
    up = plane.lab("up", timeout=180)
    assert up.returncode == 0, up.stdout + up.stderr
    known = plane.aws("ssm", "describe-instance-information")["InstanceInformationList"]
    assert len(known) == 2 and all(each["PingStatus"] == "Online" for each in known), known
    assert not any(each["AgentVersion"].startswith("3.3.9000") for each in known), "that is ours"
    for each in known:
        said = plane.fumidai("session", "start", each["InstanceId"], "--no-input", "--", "cat", "/sys/devices/virtual/dmi/id/board_asset_tag")
        assert said.stdout.decode().strip() == each["InstanceId"], said.stderr
