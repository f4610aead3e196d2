"""A key pushed by Debian's boto3, and plain ssh with it, as mssh does; and AWS's mssh itself: straight to a public address, and through a tunnel to a private one. Needs root."""

import shlex
from pathlib import Path

import pytest

from house.lab import running_lab
from house.network import SSH, Network
from house.programs import FUMIDAI, is_root, stock, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="a lab needs root")


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("mssh")) as one:
        yield one.up()


@pytest.fixture(scope="module")
def network(plane, tmp_path_factory):
    made = Network(plane, tmp_path_factory.mktemp("keys"))
    wait_until("ssh answers", lambda: made.ssh("true").returncode == 0, 30)
    return made


@pytest.fixture(params=["boto3", "AWS's mssh"])
def mssh(plane, request):
    if request.param == "boto3":
        script, more = Path(__file__).parent / "house/mssh.py", {}
    else:
        folder = stock("FUMIDAI_TEST_MSSH", "a folder with bin/mssh and ec2instanceconnectcli, as aws-ec2-instance-connect-cli has them")
        script, more = folder / "bin/mssh", {"PYTHONPATH": str(folder)}

    def call(instance, *command, user="ec2-user", proxy=None):
        options = SSH[1:]
        if proxy:  # AWS's puts its words to a shell
            options = [*options, "-o", f"ProxyCommand={proxy}" if request.param == "boto3" else shlex.quote(f"ProxyCommand={proxy}")]
        return plane.world.run("/usr/bin/python3", script, *options, f"{user}@{instance}", *command, env={**plane.environment(), **more})

    return call


def seen(done):
    """Whose session it is, from where and to where."""
    assert done.returncode == 0, done.stdout + done.stderr
    user, connection = done.stdout.splitlines()
    source, _, address, _ = connection.split()
    return user, source, address


def test_straight_to_a_public_address(plane, mssh):
    bastion = plane.example()["bastion"]["instance"]
    (reservation,) = plane.aws("ec2", "describe-instances", "--instance-ids", bastion)["Reservations"]
    user, source, address = seen(mssh(bastion, "printenv", "USER", "SSH_CONNECTION"))
    assert (user, address) == ("ec2-user", reservation["Instances"][0]["PrivateIpAddress"])
    assert source.startswith("198.51.100."), "it comes from the lab's internet"


def test_through_a_tunnel_to_a_private_address(network, mssh):
    user, source, address = seen(mssh(network.instance, "printenv", "USER", "SSH_CONNECTION", proxy=f"{FUMIDAI} tunnel {network.instance}"))
    assert (user, address) == ("ec2-user", network.address)
    assert source.startswith("10.7.1."), "it comes from the endpoint"


def test_a_key_is_for_its_user(network, mssh):
    proxy = f"{FUMIDAI} tunnel {network.instance}"
    assert "Permission denied (publickey)" in mssh(network.instance, "true", user="somebody", proxy=proxy).stderr
    assert mssh(network.instance, "whoami", user="ssm-user", proxy=proxy).stdout == "ssm-user\n"


def test_a_refusal_is_an_exception_with_awss_name(plane, network):
    push = {"InstanceOSUser": "ec2-user", "SSHPublicKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV2qduH7YekWco7dBXBTSsW7VSNzPTv/Q9fuy1JfQ1B"}
    with plane.world.network():
        client = plane.boto3("ec2-instance-connect")
        with pytest.raises(client.exceptions.EC2InstanceNotFoundException):
            client.send_ssh_public_key(InstanceId="i-00000000000000000", **push)
        with pytest.raises(client.exceptions.InvalidArgsException):
            client.send_ssh_public_key(InstanceId=network.instance, **push, AvailabilityZone="us-east-1f")
        assert client.send_ssh_public_key(InstanceId=network.instance, **push)["Success"] is True
