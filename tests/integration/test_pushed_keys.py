"""Keys that are pushed for a minute: into an instance of the lab, by our command and by the scripts of EC2 Instance Connect, and to a host with our agent."""

import base64
import io
import signal
import subprocess
import tarfile
import time

import pytest

from house.agent import Agent
from house.lab import running_lab
from house.programs import FUMIDAI, is_root, newer_aws, stock, wait_until
from house.ssh import DENIED, OPTIONS, Key, Sshd
from house.terminal import Terminal

pytestmark = pytest.mark.skipif(not is_root(), reason="instances, and an sshd that asks for keys, need root")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("lab")) as one:
        yield one.up()


class Instance:
    """One with a public address, as someone outside sees it."""

    def __init__(self, lab, target):
        self.lab, self.id = lab, target
        (self.facts,) = lab.aws("ec2", "describe-instances", "--instance-ids", target)["Reservations"][0]["Instances"]

    def try_login(self, key, user="ec2-user"):
        done = self.lab.world.run(*key.words(user, self.facts["PublicIpAddress"]))
        return (done.stdout + done.stderr).strip()

    def wait_sshd(self, key):
        wait_until("its sshd", lambda: DENIED in self.try_login(key))


@pytest.fixture(scope="module")
def bastion(lab):
    return Instance(lab, lab.example()["bastion"]["instance"])


@pytest.fixture
def key(tmp_path):
    return Key(tmp_path)


def test_a_pushed_key_opens_an_instance_at_once_and_for_one_user(lab, bastion, key):
    assert DENIED in bastion.try_login(key)
    answer = key.push(lab, bastion.id, "ec2-user")
    assert answer["Success"] is True and len(answer["RequestId"]) == 36
    assert bastion.try_login(key) == "in as ec2-user"
    assert DENIED in bastion.try_login(key, "ssm-user")
    key.push(lab, bastion.id, "ssm-user")
    assert bastion.try_login(key, "ssm-user") == "in as ssm-user"


def test_several_keys_live_at_once_rsa_among_them(lab, bastion, tmp_path):
    keys = [Key(tmp_path), Key(tmp_path), Key(tmp_path, "-t", "rsa", "-b", "2048"), Key(tmp_path, "-t", "rsa", "-b", "4096")]
    for each in keys:
        each.push(lab, bastion.id, "ec2-user")
    for each in keys:
        assert bastion.try_login(each) == "in as ec2-user"


def test_a_key_is_for_its_instance_alone(lab, bastion, key):
    key.push(lab, lab.example()["by-nat"]["instance"], "ec2-user")
    assert DENIED in bastion.try_login(key)


def test_the_metadata_service_tells_of_keys_in_milliseconds(lab, bastion, key):
    key.push(lab, bastion.id, "ec2-user")
    base = "http://169.254.169.254/latest/meta-data"
    script = f"""t=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 5' http://169.254.169.254/latest/api/token)
for path in {' '.join(f'{base}/{path}' for path in PATHS)}; do
  for way in '' -I; do curl -s $way -m 1 -H "X-aws-ec2-metadata-token: $t" -o /dev/null -w '%{{http_code}} %{{time_total}} ' "$path"; done
  echo "${{path##*meta-data/}}"
done"""
    done = lab.world.run(*key.words("ec2-user", bastion.facts["PublicIpAddress"])[:-1], script)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [(line[0], line[2], line[4]) for line in lines] == [(status, status, path) for path, status in PATHS.items()], done.stdout + done.stderr
    slowest = max(float(seconds) for line in lines for seconds in (line[1], line[3]))
    print(f"slowest answer: {slowest * 1000:.1f} ms")
    assert slowest < 0.5


PATHS = {
    "managed-ssh-keys/active-keys/ec2-user/": "200",
    "managed-ssh-keys/active-keys/ec2-user": "200",
    "managed-ssh-keys/active-keys/nobody/": "404",
    "managed-ssh-keys/signer-cert/": "200",
    "managed-ssh-keys/signer-ocsp/": "200",
    "managed-ssh-keys/signer-ocsp/0000": "404",
    "services/domain/": "200",
    "placement/availability-zone/": "200",
}

REFUSALS = [
    ("no-instance", {"--instance-id": "i-0123456789abcdef0"}, "EC2InstanceNotFoundException"),
    ("user", {"--instance-os-user": "a/b"}, "InvalidArgsException"),
    ("zone", {"--availability-zone": "us-east-1c"}, "InvalidArgsException"),
    ("type", {"--ssh-public-key": "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CL"}, "InvalidArgsException"),
    ("options", {"--ssh-public-key": 'command="id" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV2qduH7YekWco7dBXBTSsW7VSNzPTv/Q9fuy1JfQ1B'}, "InvalidArgsException"),
]


@pytest.mark.parametrize("more, error", [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_a_push_that_is_refused_has_awss_name_for_it(lab, bastion, key, more, error):
    words = {"--instance-id": bastion.id, "--instance-os-user": "ec2-user", "--ssh-public-key": f"file://{key.path}.pub", "--availability-zone": bastion.facts["Placement"]["AvailabilityZone"], **more}
    said = lab.refused("ec2-instance-connect", "send-ssh-public-key", *[word for pair in words.items() for word in pair])
    assert f"({error})" in said, said


def test_there_is_no_serial_console(lab, bastion, key):
    said = lab.refused("ec2-instance-connect", "send-serial-console-ssh-public-key", "--instance-id", bastion.id, "--ssh-public-key", f"file://{key.path}.pub")
    assert "(SerialConsoleAccessDisabledException)" in said


def test_policies_and_the_trail_know_a_push(lab, bastion, key):
    lab.make_user("kim", {"Effect": "Allow", "Action": "ec2-instance-connect:SendSSHPublicKey", "Resource": "arn:aws:ec2:*:*:instance/*", "Condition": {"StringEquals": {"ec2:osuser": "ec2-user"}}})
    allowed = key.push(lab, bastion.id, "ec2-user", user="kim")
    refused = key.push(lab, bastion.id, "ssm-user", user="kim", check=False).stderr.decode()
    assert "(AccessDeniedException)" in refused and f"ec2-instance-connect:SendSSHPublicKey on resource: arn:aws:ec2:us-east-1:" in refused
    events = [event for event in lab.events() if event["principal"].endswith("user/kim")]
    assert {event["outcome"] for event in events} == {"allowed", "denied"}
    (event,) = [event for event in events if event["request"] == allowed["RequestId"]]
    assert event["action"] == "ec2-instance-connect:SendSSHPublicKey" and event["resource"].endswith(f":instance/{bastion.id}")
    assert event["detail"]["InstanceOSUser"] == "ec2-user" and event["detail"]["eventSource"] == "ec2-instance-connect.amazonaws.com"


def test_the_newer_cli_pushes_as_well(lab, bastion, key):
    key.push(lab, bastion.id, "ec2-user", program=newer_aws())
    assert bastion.try_login(key) == "in as ec2-user"


# ---- the unmodified scripts

@pytest.fixture(scope="module")
def scripted(lab):
    """An instance that got the scripts by its user data; started again, as an image that has them starts."""
    scripts = stock("FUMIDAI_TEST_EIC_SCRIPTS", "a folder with eic_run_authorized_keys, eic_curl_authorized_keys and eic_parse_authorized_keys")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("eic_run_authorized_keys", "eic_curl_authorized_keys", "eic_parse_authorized_keys"):
            archive.add(scripts / name, name)
    text = base64.b64encode(packed.getvalue()).decode()
    at = "/usr/share/ec2-instance-connect"
    user_data = f"#!/bin/sh\nmkdir -p {at}\nbase64 -d <<END | tar xz -C {at}\n{text}\nEND\nchown -R root:root {at}\nchmod 755 {at}/*\necho scripts are there\n"
    parts = lab.example()
    image = lab.aws("ec2", "describe-images", "--owners", "amazon")["Images"][0]["ImageId"]
    (made,) = lab.aws("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", parts["example-public"]["subnet"], "--associate-public-ip-address",
                      "--security-group-ids", parts["bastion-sg"]["security-group"], "--user-data", user_data)["Instances"]
    lab.aws("ec2", "wait", "instance-running", "--instance-ids", made["InstanceId"])
    wait_until("the user data", lambda: "scripts are there" in lab.aws("ec2", "get-console-output", "--instance-id", made["InstanceId"]).get("Output", ""))
    lab.aws("ec2", "stop-instances", "--instance-ids", made["InstanceId"])
    lab.aws("ec2", "wait", "instance-stopped", "--instance-ids", made["InstanceId"])
    lab.aws("ec2", "start-instances", "--instance-ids", made["InstanceId"])
    lab.aws("ec2", "wait", "instance-running", "--instance-ids", made["InstanceId"])
    return Instance(lab, made["InstanceId"])


def test_the_unmodified_scripts_accept_a_pushed_key(lab, scripted, key, tmp_path):
    scripted.wait_sshd(key)
    key.push(lab, scripted.id, "ec2-user")
    began = time.monotonic()
    assert scripted.try_login(key) == "in as ec2-user", lab.aws("ec2", "get-console-output", "--instance-id", scripted.id).get("Output", "")[-3000:]
    print(f"login through the scripts: {time.monotonic() - began:.2f} s")
    used = lab.world.run(*key.words("ec2-user", scripted.facts["PublicIpAddress"])[:-1], "tr '\\0' ' ' </proc/$(cat /run/sshd.pid)/cmdline")
    assert "eic_run_authorized_keys %u %f" in used.stdout
    assert DENIED in scripted.try_login(key, "ssm-user")
    assert DENIED in scripted.try_login(Key(tmp_path))


# ---- a host with our agent, and no lab

@pytest.fixture(scope="module")
def told_host(plane, tmp_path_factory):
    directory = tmp_path_factory.mktemp("told")
    one = Agent(plane, directory)
    one.sshd = Sshd(directory)
    one.options = ["--keys-dir", one.sshd.keys, "--keys-user", "nobody"]
    one.register().start()
    yield one
    one.sshd.stop()
    one.clean()


def test_a_host_accepts_a_pushed_key_from_its_agent(plane, told_host, key):
    sshd = told_host.sshd
    assert DENIED in sshd.try_login(key)
    key.push(plane, told_host.id, "root")
    assert sshd.try_login(key) == "in as root", sshd.log.read_text() + told_host.log.read_text()
    assert DENIED in sshd.try_login(key, "daemon")
    assert "(EC2InstanceNotFoundException)" in key.push(plane, "mi-00000000000000000", "root", check=False).stderr.decode()


def test_our_ssh_reaches_a_host_by_its_agent_alone(plane, told_host):
    done = plane.fumidai("ssh", f"root@{told_host.id}", "-p", str(told_host.sshd.port), *OPTIONS, "echo by agent as $USER")
    assert (done.returncode, done.stdout) == (0, b"by agent as root\n"), done.stderr
    assert done.stderr.decode().splitlines()[0] == f"[fumidai] connected to {told_host.id} through its own agent"
    wait_until("the end of the session", lambda: not plane.sessions())
    newest = plane.fumidai("session", "list", "--history").stdout.decode().splitlines()[1].split()
    assert newest[1:3] == [told_host.id, "tunnel"], newest


@pytest.mark.parametrize("place", ["before", "behind"])
def test_options_of_ssh_stand_before_the_host_or_behind_it(plane, told_host, tmp_path, place):
    options = ["-o", f"UserKnownHostsFile={tmp_path / 'known'}", "-l", "root", "-o", "HashKnownHosts=no", "-vp", str(told_host.sshd.port)]
    around = [*options, told_host.id] if place == "before" else [told_host.id, *options]
    done = plane.fumidai("ssh", *around, "echo in as $USER")
    assert (done.returncode, done.stdout) == (0, b"in as root\n"), done.stderr
    assert b"debug1: " in done.stderr
    assert told_host.id in (tmp_path / "known").read_text(), "a new host is believed, under its id"


def test_an_ordinary_end_is_told_by_ssh_alone(plane, told_host):
    done = plane.fumidai("ssh", "-q", f"root@{told_host.id}", "-p", str(told_host.sshd.port), *OPTIONS, "exit 7")
    assert (done.returncode, done.stderr.decode().splitlines()) == (7, [f"[fumidai] connected to {told_host.id} through its own agent"])


def our_ssh(host, *words):
    return [FUMIDAI, "ssh", f"root@{host.id}", "-p", str(host.sshd.port), *OPTIONS, *words]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM])
def test_ssh_that_is_told_to_end_ends_as_plain_ssh_does(plane, told_host, tmp_path, number):
    as_a_person_starts_it = ["env", "--default-signal"]  # whoever runs the tests may ignore some
    held = subprocess.Popen([*as_a_person_starts_it, *our_ssh(told_host, "echo in; sleep 20")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plane.environment(TMPDIR=str(tmp_path)))
    assert held.stdout.readline() == b"in\n" and list(tmp_path.iterdir())
    held.send_signal(number)
    _, said = held.communicate(timeout=10)
    assert held.returncode == 255, said
    assert not list(tmp_path.iterdir()), "its key is gone"
    wait_until("the end of the session", lambda: not plane.sessions())


def test_ssh_that_was_started_to_outlive_its_terminal_does(plane, told_host):
    held = subprocess.Popen(["nohup", *our_ssh(told_host, "echo in; sleep 1; echo out")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=plane.environment())
    assert held.stdout.readline() == b"in\n"
    held.send_signal(signal.SIGHUP)
    assert (held.communicate(timeout=10)[0], held.returncode) == (b"out\n", 0)


def test_ctrl_c_at_a_terminal_is_for_who_runs_there(plane, told_host):
    with Terminal(our_ssh(told_host, "echo in; sleep 20"), plane.environment()) as terminal:
        terminal.expect("in\r\n")
        terminal.type("\x03")
        assert terminal.wait(10) == 255
    with Terminal(our_ssh(told_host, "-t", "trap 'echo heard' INT; echo in; sleep 20; echo still here; exit 7"), plane.environment()) as terminal:
        terminal.expect("in\r\n")
        terminal.type("\x03")
        terminal.expect("heard\r\n")
        terminal.expect("still here\r\n", 10)
        assert terminal.wait(10) == 7


def test_only_the_commands_user_may_ask_the_agent(told_host):
    folder = told_host.sshd.keys
    assert folder.stat().st_mode & 0o777 == 0o750
    assert folder.group() == "nogroup" and folder.owner() == "root"


def test_without_the_plane_there_are_no_keys_and_the_log_says_why(own_plane, tmp_path, key):
    agent = Agent(own_plane, tmp_path / "host")
    sshd = Sshd(tmp_path)
    agent.options = ["--keys-dir", sshd.keys, "--keys-user", "nobody"]
    agent.register().start()
    try:
        key.push(own_plane, agent.id, "root")
        assert sshd.try_login(key) == "in as root"
        own_plane.stop()
        began = time.monotonic()
        assert DENIED in sshd.try_login(key)
        assert time.monotonic() - began < 5
        wait_until("the reason", lambda: "no pushed keys are known" in agent.log.read_text())
    finally:
        sshd.stop()
        agent.stop()
