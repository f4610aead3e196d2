"""A host with our agent: registered, running, with sessions of its own."""

import os
import signal
import subprocess
from pathlib import Path

from house.plane import Plane
from house.programs import AGENT, PATIENCE, bare_environment, is_root, run, wait_until

# A login shell reads what the tester keeps in his home, and adds to its history: not here, where it is the product that is tested.
PLAIN_SHELLS = ["unshare", "--mount", "bash", "-c", """
for file in .bash_profile .bash_login .profile .bashrc .bash_history; do
  [ ! -e ~root/$file ] || mount --bind /dev/null ~root/$file || exit 1
done
exec "$@" """, "bash"]


class Agent:
    def __init__(self, plane: Plane, directory: Path, name="host-1"):
        self.plane = plane
        self.directory = directory
        self.state = directory / "agent"
        self.log = directory / "agent.log"
        self.name = name
        self.process = None
        self.id = None
        self.url = plane.url  # where it finds the plane
        self.options = []  # more of `run`
        self.wrapper = []  # what the agent is registered through
        directory.mkdir(parents=True, exist_ok=True)

    def environment(self):
        # As a service manager would start it: nothing of the tools' environment.
        return bare_environment(self.directory)

    def command_line(self):
        return [*(PLAIN_SHELLS if is_root() else []), str(AGENT), "run", "--state-dir", str(self.state), *map(str, self.options)]

    def register(self, activation=None, *more):
        identifier, code = activation or self.plane.activation("--default-instance-name", self.name)
        done = run([*self.wrapper, AGENT, "register", "--url", self.url, "--ca", self.plane.data / "ca.pem", "--activation-id", identifier, "--activation-code", code,
                    "--state-dir", self.state, *more], self.environment())
        assert done.returncode == 0, done.stderr.decode()
        self.id = done.stdout.decode().strip()
        return self

    def start(self, wait=True):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command_line(), env=self.environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        if wait:
            self.wait_connected()
        return self

    def wait_connected(self):
        wait_until("the agent's control channel", lambda: self.plane.is_connected(self.id))
        wait_until("the agent's first report", lambda: self.plane.is_online(self.id))

    def stop(self, signal_number=signal.SIGTERM):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        self.process.wait(PATIENCE)
        self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def workers(self):
        """The processes that serve sessions of this agent's plane, by session."""
        ids = {session["SessionId"] for session in self.plane.sessions()}
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if words[0] == "fumidai-agent-session" and words[1] in ids:
                found[words[1]] = int(process.name)
        return found

    def clean(self):
        for pid in self.workers().values():
            os.kill(pid, signal.SIGKILL)
        self.stop()
