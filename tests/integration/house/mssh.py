"""ssh with a new key that is pushed for a minute, as AWS's mssh does it, with nothing but boto3 and the environment that `fumidai env` prints:

    python3 mssh.py [OPTION OF SSH VALUE]... USER@INSTANCE [COMMAND]..."""

import subprocess
import sys
import tempfile
from pathlib import Path

import boto3


def push(user, instance, key):
    """Returns the instance's address: its public one or, if it has none, its private one."""
    (reservation,) = boto3.client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    (facts,) = reservation["Instances"]
    boto3.client("ec2-instance-connect").send_ssh_public_key(InstanceId=instance, InstanceOSUser=user, SSHPublicKey=key, AvailabilityZone=facts["Placement"]["AvailabilityZone"])
    return facts.get("PublicIpAddress") or facts["PrivateIpAddress"]


def main(words):
    at = next(at for at in range(0, len(words), 2) if not words[at].startswith("-"))
    options, target, command = words[:at], words[at], words[at + 1:]
    user, _, instance = target.partition("@")
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", key], check=True)
        address = push(user, instance, key.with_suffix(".pub").read_text())
        return subprocess.run(["ssh", "-o", "IdentitiesOnly=yes", "-i", key, *options, f"{user}@{address}", *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
