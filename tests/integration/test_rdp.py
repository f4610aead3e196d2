"""A desktop through a tunnel: xfreerdp at one end, Debian's xrdp with Xvnc in an instance of a lab at the other. Needs root.

What was seen is kept as transcripts/rdp.png in the build folder."""

import contextlib
import secrets
import shlex
import shutil
import subprocess

import pytest

from house.lab import running_lab
from house.network import SSH, Network
from house.programs import BUILD, FUMIDAI, is_root, wait_until
from house.screen import Screen

PACKAGES = {"xrdp": "xrdp", "Xvnc": "tigervnc-standalone-server", "xsetroot": "x11-xserver-utils", "xterm": "xterm", "xfreerdp": "freerdp2-x11", "Xvfb": "xvfb"}
MISSING = [package for program, package in PACKAGES.items() if not shutil.which(program, path="/usr/sbin:/usr/bin")]

pytestmark = [
    pytest.mark.skipif(not is_root(), reason="a lab needs root"),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {' '.join(MISSING)}; run: tools/install-deps"),
]

PORT = 13389  # of the lab's world, which has nobody else in it
USER = "ec2-user"

# The instance has the packages' /usr; of their /etc, their users and their passwords it has what is made here.
PREPARE = """set -e
tar -xz -C /etc
useradd --system --user-group --no-create-home --home-dir /run/xrdp xrdp
install -m 640 -o xrdp /dev/null /var/log/xrdp.log
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=desktop -days 2 -keyout /etc/xrdp/key.pem -out /etc/xrdp/cert.pem
xrdp-keygen xrdp auto
chown xrdp /etc/xrdp/key.pem /etc/xrdp/rsakeys.ini
sed -i 's/^autorun=$/autorun=Xvnc/' /etc/xrdp/xrdp.ini
echo "{user}:{password}" | chpasswd
cat >/home/{user}/startwm.sh <<'END'
#!/bin/sh
xsetroot -solid '#{desktop}'
exec xterm -geometry 80x12+60+80 -fg white -bg '#{window}' -e sh -c 'echo "$USER on $(hostname), display $DISPLAY"; id; exec sleep 600'
END
chmod 755 /home/{user}/startwm.sh
/etc/init.d/xrdp start </dev/null
"""


def colour():
    """A dark one that nothing else on a screen has."""
    return bytes(each & 0x7f for each in secrets.token_bytes(3))


class Desktop:
    """An instance with xrdp, whose desktop has a colour of this run, and a terminal with another."""

    def __init__(self, network):
        self.network = network
        self.password = secrets.token_hex(8)
        self.root, self.window = colour(), colour()
        for direction, group, other in (("egress", network.outer, network.inner), ("ingress", network.inner, network.outer)):
            network.allow(direction, group, other, port=3389)
        packed = subprocess.run(["tar", "-cz", "-C", "/etc", "--exclude=*.pem", "--exclude=rsakeys.ini", "xrdp", "init.d/xrdp", "default/xrdp", "ssl/openssl.cnf"], stdout=subprocess.PIPE, check=True).stdout
        script = PREPARE.format(user=USER, password=self.password, desktop=self.root.hex(), window=self.window.hex())
        done = self.ssh(f"sudo sh -c {shlex.quote(script)}", stdin=packed)
        assert done.returncode == 0, done.stderr

    def ssh(self, command, stdin=b""):
        network = self.network
        words = [*SSH, "-i", network.key, "-o", f"ProxyCommand={FUMIDAI} tunnel {network.instance}", f"{USER}@{network.instance}", command]
        return subprocess.run(network.plane.world.words(*words), input=stdin, env=network.plane.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)

    @contextlib.contextmanager
    def client(self, screen, password):
        """FreeRDP's through a tunnel, as a person at `screen` starts both."""
        plane = self.network.plane
        words = ["xfreerdp", f"/v:127.0.0.1:{PORT}", f"/u:{USER}", f"/p:{password}", "/cert:tofu", "/size:800x600", "/bpp:32"]
        with started(plane.world.words(FUMIDAI, "tunnel", self.network.instance, "3389", "--listen", PORT), plane.environment()) as tunnel:
            assert b"listening on 127.0.0.1:" in tunnel.stdout.readline()
            with started(plane.world.words(*words), {"PATH": "/usr/bin:/bin", "HOME": str(screen.file.parent), "DISPLAY": screen.display}) as client:
                yield client

    def is_shown(self, picture):
        """With what the terminal says, in white."""
        return picture.share(self.root) > 0.4 and picture.share(self.window) > 0.1 and picture.share(b"\xff\xff\xff") > 0.001


@contextlib.contextmanager
def started(words, env):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def desktop(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("rdp")) as plane:
        network = Network(plane, tmp_path_factory.mktemp("keys"))
        wait_until("ssh answers", lambda: network.ssh("true").returncode == 0, 30)
        yield Desktop(network)


@pytest.fixture
def screen(desktop, tmp_path):
    one = Screen(desktop.network.plane.world, tmp_path)
    yield one
    one.close()


def test_a_desktop_is_shown_to_who_has_its_password(desktop, screen):
    def shown():
        assert client.poll() is None, client.stdout.read()
        picture = screen.picture()
        return picture if desktop.is_shown(picture) else None

    with desktop.client(screen, desktop.password) as client:
        picture = wait_until("the desktop is shown", shown, 40)
        sessions = desktop.network.plane.aws("ssm", "describe-sessions", "--state", "Active")["Sessions"]
    folder = BUILD / "transcripts"
    folder.mkdir(exist_ok=True)
    picture.save(folder / "rdp.png")
    (session,) = [each for each in sessions if each["Status"] == "Connected"]
    assert session["Target"] == desktop.network.instance
    assert session["Reason"].startswith(f"{desktop.network.address} port 3389 through eice-"), session


def test_no_desktop_is_shown_to_who_has_not(desktop, screen):
    with desktop.client(screen, "a guess"):
        wait_until("xrdp refuses it", lambda: b"AUTHFAIL" in desktop.ssh("sudo cat /var/log/xrdp-sesman.log").stdout, 40)
        assert not desktop.is_shown(screen.picture())
