"""Plain ssh with a key that nobody knows yet, and a host's sshd that asks our agent for pushed keys."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from house.programs import BUILD, free_port, run, wait_until

DENIED = "Permission denied (publickey)"
OPTIONS = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "LogLevel=ERROR"]


class Key:
    def __init__(self, directory, *kind):
        self.path = directory / f"key-{os.urandom(4).hex()}"
        subprocess.run(["ssh-keygen", "-q", *(kind or ("-t", "ed25519")), "-N", "", "-C", "someone@example.com", "-f", self.path], check=True)

    def push(self, plane, instance, os_user, **more):
        """As the AWS CLI does, with the file's line end and comment."""
        words = ["ec2-instance-connect", "send-ssh-public-key", "--instance-id", instance, "--instance-os-user", os_user, "--ssh-public-key", f"file://{self.path}.pub"]
        return plane.aws(*words, **more)

    def words(self, user, address, port=22):
        return ["ssh", *OPTIONS, "-i", str(self.path), "-p", str(port), f"{user}@{address}", "echo in as $USER"]


class Sshd:
    """On loopback, as root, with keys from the command alone, which asks an agent whose --keys-dir is `keys`. Both are below /run: sshd runs only what is in folders that
    root alone can write to, and pytest closes its own to the command's user."""

    def __init__(self, directory):
        self.folder = Path(tempfile.mkdtemp(prefix="fumidai-test-", dir="/run"))
        self.folder.chmod(0o755)
        self.keys = self.folder / "keys"
        command = self.folder / "authorized-keys"
        shutil.copy(BUILD / "fumidai-authorized-keys", command)
        command.chmod(0o755)
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.port = free_port()
        self.log = directory / "sshd.log"
        host_key = directory / "host-key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key], check=True)
        config = directory / "sshd_config"
        config.write_text(f"""Port {self.port}
ListenAddress 127.0.0.1
HostKey {host_key}
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile none
AuthorizedKeysCommand {command} --socket {self.keys}/keys %u %f
AuthorizedKeysCommandUser nobody
""")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", config], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until("sshd listens", lambda: "Server listening" in self.log.read_text())

    def try_login(self, key, user="root"):
        done = run(key.words(user, "127.0.0.1", self.port), {"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
        return (done.stdout + done.stderr).decode().strip()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)
