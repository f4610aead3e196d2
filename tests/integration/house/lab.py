"""A server with a lab, in a world of its own: a network and /run that nothing else on the machine sees."""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from house.plane import Plane
from house.programs import AWS, FUMIDAI, bare_environment, run, wait_until

WORLD = """
mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir /run/netns /run/lock && ip link set lo up && echo ready && exec sleep infinity
"""


ASK = """
import json, pathlib, sys, types
from house.query import Query
plane, action, parameters = json.loads(sys.argv[1])
plane["data"] = pathlib.Path(plane["data"])
print(json.dumps(Query(types.SimpleNamespace(**plane))(action, **parameters)))
"""


class World:
    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "--mount", "bash", "-c", WORLD], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def words(self, *words):
        return ["nsenter", "-t", str(self.process.pid), "--net", "--mount", *map(str, words)]

    def run(self, *words, **more):
        return subprocess.run(self.words(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=more.pop("timeout", 60), check=False, **more)

    @contextlib.contextmanager
    def network(self):
        """What this thread connects meanwhile, it connects there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/proc/{self.process.pid}/ns/net", "rb") as there:
            assert libc.setns(there.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(home.fileno(), 0) == 0, os.strerror(ctypes.get_errno())

    def spaces(self):
        return self.run("ls", "/run/netns").stdout.split()

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class WorldPlane(Plane):
    """A server in a world of its own; everything that talks to it runs there, too."""

    def __init__(self, directory, world, *options):
        super().__init__(directory, *options)
        self.world = world

    def command_line(self):
        return self.world.words(*super().command_line())

    def start(self):
        super().start()
        self.server = int(self.world.run("pgrep", "-f", f"server --data-dir {self.data} ").stdout.split()[-1])
        return self

    def environment(self, **more):
        if not hasattr(self, "known_environment"):
            self.known_environment = super().environment()
        return {**self.known_environment, **more}

    def fumidai(self, *words, user=None, **more):
        env = self.environment(**({"AWS_PROFILE": user} if user else {}))
        return run(self.world.words(FUMIDAI, *words), env, **more)

    def aws(self, *words, program=AWS, **more):
        nsenter, *inside = self.world.words(program)
        return super().aws(*inside, *words, program=nsenter, **more)


class LabPlane(WorldPlane):
    """With a lab."""

    def __init__(self, directory, world, *options):
        super().__init__(directory, world, "--lab", "--lab-label", f"t{world.process.pid % 100000}", *options)
        self.label = self.options[2]

    def try_up(self):
        return self.world.run(FUMIDAI, "lab", "up", "--data-dir", self.data, "--label", self.label, env=self.server_environment(), timeout=150)

    def up(self):
        """Makes the example and reaches all of it; what it printed is `printed`."""
        done = self.try_up()
        assert done.returncode == 0, done.stdout + done.stderr + self.log.read_text()[-3000:]
        self.printed = done.stdout
        return self

    def lab(self, *words, **more):
        return self.world.run(FUMIDAI, "lab", *words, "--data-dir", self.data, "--label", self.label, env={**bare_environment(self.home), "FUMIDAI_SECRET_FILE": str(self.secret)}, **more)

    @contextmanager
    def held(self):
        """The lab changes nothing meanwhile, and mends nothing: its turn at the kernel is taken."""
        with open(f"/proc/{self.world.process.pid}/root/run/fumidai-{self.label}/lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def example(self):
        """The ids of the example's parts by their names, and its instances by theirs."""
        done = self.fumidai("lab", "status", "--data-dir", self.data)
        assert done.returncode == 0, done.stderr
        tags = self.aws("ec2", "describe-tags", "--filters", "Name=key,Values=Name")["Tags"]
        found = {}
        for tag in tags:
            found.setdefault(tag["Value"], {})[tag["ResourceType"]] = tag["ResourceId"]
        return found

    def ec2(self, action, **parameters):
        """EC2's Query protocol (house.query), for what Debian's AWS CLI is too old to send; from within its world."""
        plane = {"data": str(self.data), "port": self.port, "url": self.url}
        done = self.world.run("/usr/bin/python3", "-c", ASK, json.dumps([plane, action, parameters]), env={"PYTHONPATH": str(Path(__file__).parent.parent)})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def interface_of(self, instance):
        (reservation,) = self.aws("ec2", "describe-instances", "--instance-ids", instance)["Reservations"]
        return reservation["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]

    def diagnosis(self, target):
        """Doctor's word about each method: whether it works, and its unmet requirements as "need subject"."""
        done = self.fumidai("doctor", target, "--json")
        assert done.stdout, done.stderr
        answer = json.loads(done.stdout)
        (target,) = answer["Targets"]
        methods = {method["Method"]: method for method in target["Methods"]}
        is_well = any(method["Works"] for method in methods.values()) and not disagreements(methods) and not answer.get("Complaint")
        assert done.returncode == (0 if is_well else 1), done.stdout + done.stderr
        return methods

    def space(self, part):
        return f"fumidai-{self.label}-{part}"

    def own_spaces(self):
        return {space for space in self.world.spaces() if space.startswith(self.space(""))}

    def inode(self, space):
        return os.stat(f"/proc/{self.world.process.pid}/root/run/netns/{space}").st_ino

    def inodes(self):
        return {self.inode(space) for space in self.own_spaces()}

    def processes_in(self, spaces):
        """The ids of all processes of the machine in namespaces with these inode numbers."""
        found = []
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat(f"/proc/{process}/ns/net").st_ino in spaces:
                    found.append(process)
            except OSError:  # it has ended
                continue
        return found

    def is_reached(self, instance, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.fumidai("session", "start", instance, "--no-input", "--", "hostname").returncode == 0:
                    return True
            except subprocess.TimeoutExpired:  # its host was cut off just now
                continue
            time.sleep(0.3)
        return False

    def wait_connected(self, instance, wanted="connected", seconds=30):
        wait_until(f"{instance} is {wanted}", lambda: self.aws("ssm", "get-connection-status", "--target", instance)["Status"] == wanted, seconds)


@contextmanager
def running_lab(directory, *options, kind=LabPlane):
    """A server with a lab in a world of its own; nothing of it is left."""
    world = World()
    plane = kind(directory, world, *options)
    try:
        yield plane.start()
    finally:
        plane.stop()
        plane.lab("down")
        world.close()


def unmet(method):
    return [f"{each['Need']} {each['Subject']}" for each in method["Requirements"] if each["Standing"] == "unmet"]


def disagreements(methods):
    return [f"{each['Need']} {each['Subject']}: {each['Observed']['How']}" for method in methods.values() for each in method["Requirements"] if each.get("Observed", {}).get("Disagrees")]
