"""The AWS CLI v2 on a workstation of a lab's world, set up as its user would: the plane's authority is one of the system's, and the endpoints' names lead to the plane."""

import subprocess
from pathlib import Path

from house.programs import run, stock

HOSTS = Path("/etc/hosts")
SSH_CONFIG = Path("/etc/ssh/ssh_config")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
FRONT = "198.51.100.10"  # where a lab's internet has AWS's names


class Aws2:
    def __init__(self, plane, directory):
        self.program = stock("FUMIDAI_TEST_AWS2", "an AWS CLI of 2.12 or newer")
        self.plane = plane
        self.hosts = directory / "hosts"
        authorities = directory / "authorities.crt"
        authorities.write_text(AUTHORITIES.read_text() + (plane.data / "ca.pem").read_text())
        self.hosts.write_text("127.0.0.1 localhost\n")
        config = directory / "ssh_config"  # the CLI passes no options to ssh, and nobody is there to say yes
        config.write_text(f"UserKnownHostsFile {directory}/known_hosts\nStrictHostKeyChecking accept-new\n")
        for ours, theirs in ((self.hosts, HOSTS), (authorities, AUTHORITIES), (config, SSH_CONFIG)):
            done = plane.world.run("mount", "--bind", ours, theirs)
            assert done.returncode == 0, done.stderr

    def learn(self, *names):
        with self.hosts.open("a") as hosts:
            hosts.writelines(f"{FRONT} {name}\n" for name in names)

    def environment(self, user=None):
        env = self.plane.environment(AWS_PAGER="", **({"AWS_PROFILE": user} if user else {}))
        env.pop("SSL_CERT_FILE")  # the tunnel's authorities are the system's, or the test proves nothing
        return {**env, "PATH": f"{self.program.parent}:{env['PATH']}"}

    def words(self, *words):
        return self.plane.world.words(self.program, "ec2-instance-connect", *words)

    def run(self, *words, user=None, **more):
        """To its end; both outputs as bytes."""
        return run(self.words(*words), self.environment(user), **more)

    def start(self, *words, user=None, **more):
        return subprocess.Popen(self.words(*words), env=self.environment(user), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def proxy(self, instance, *options):
        """For ssh's ProxyCommand."""
        return " ".join(map(str, [self.program, "ec2-instance-connect", "open-tunnel", "--instance-id", instance, *options]))
