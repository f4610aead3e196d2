"""AWS's own agent, unmodified, on a host of its own: what it writes (a user, sudoers, its state) stays in layers that go with it."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from house.plane import Plane
from house.programs import PATIENCE, bare_environment, is_root, run, stock, wait_until

# A private view of the folders that the agent and useradd write to.
ISOLATE = """
set -e
mount -t tmpfs tmpfs "$SCRATCH"
for folder in etc var home; do
  mkdir -p "$SCRATCH/$folder/upper" "$SCRATCH/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$SCRATCH/$folder/upper,workdir=$SCRATCH/$folder/work" "/$folder"
done
echo ready
exec sleep infinity
"""


class StockAgent:
    def __init__(self, plane: Plane, directory: Path):
        self.plane = plane
        self.program_directory = stock("FUMIDAI_TEST_SSM_AGENT_DIR", "the folder of AWS's amazon-ssm-agent")
        if not is_root():
            pytest.skip("amazon-ssm-agent needs root")
        # It trusts only a folder that nobody else may write to, and all above it.
        self.directory = Path("/opt") / f"fumidai-test-{os.getpid()}-{directory.name}"
        self.directory.mkdir(mode=0o755)
        shutil.copytree(self.program_directory, self.directory, dirs_exist_ok=True)
        subprocess.run(["chown", "-R", "root:root", self.directory], check=True)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", self.directory], check=True)
        self.log = directory / "agent.log"
        scratch = self.directory / "scratch"
        scratch.mkdir()
        self.room = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "bash", "-c", ISOLATE], env={**bare_environment("/root"), "SCRATCH": str(scratch)},
                                     stdout=subprocess.PIPE)
        assert self.room.stdout.readline() == b"ready\n"
        self.process = None
        self.id = None
        configuration = self.directory / "configuration"
        configuration.mkdir(mode=0o755, exist_ok=True)
        settings = {
            "Profile": {"ShareCreds": False},
            "Identity": {"ConsumptionOrder": ["OnPrem"]},
            "Agent": {"Region": "us-east-1"},
            "Ssm": {"Endpoint": self.plane.url},
            "Mds": {"Endpoint": self.plane.url},
            "Mgs": {"Endpoint": self.plane.url, "Region": "us-east-1"},
        }
        (configuration / "amazon-ssm-agent.json").write_text(json.dumps(settings))
        (configuration / "amazon-ssm-agent.json").chmod(0o600)

    def inside(self, *words):
        return ["nsenter", "--target", str(self.room.pid), "--mount", f"--wd={self.directory}", *map(str, words)]

    def environment(self):
        return {**bare_environment("/root"), "SSL_CERT_FILE": str(self.plane.data / "ca-bundle.pem")}

    @property
    def version(self):
        done = run(self.inside(self.directory / "amazon-ssm-agent", "-version"), self.environment())
        return done.stdout.decode().strip()

    def register(self):
        identifier, code = self.plane.activation()
        done = run(self.inside(self.directory / "amazon-ssm-agent", "-register", "-code", code, "-id", identifier, "-region", "us-east-1", "-y", "-disableSimilarityCheck"), self.environment())
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        listed = self.plane.aws("ssm", "describe-instance-information", "--filters", f"Key=ActivationIds,Values={identifier}")["InstanceInformationList"]
        self.id = listed[0]["InstanceId"]
        return self

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.inside(self.directory / "amazon-ssm-agent"), env=self.environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until("the stock agent's control channel", lambda: self.plane.is_connected(self.id), 3 * PATIENCE)
        wait_until("the stock agent's report", lambda: self.plane.is_online(self.id), 3 * PATIENCE)
        return self

    def clean(self):
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = os.readlink(process / "exe").startswith(str(self.directory) + "/")
            except OSError:
                continue
            if ours:
                os.kill(int(process.name), signal.SIGKILL)
        if self.process:
            self.process.wait(PATIENCE)
        self.room.kill()
        self.room.wait()
        shutil.rmtree(self.directory)
