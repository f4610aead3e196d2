"""Instances whose programs are those of a directory, and not this machine's. Needs root."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from house.lab import running_lab
from house.programs import is_root, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="a lab needs root")

PROGRAMS = ["/usr/sbin/sshd", "/usr/bin/ssh-keygen", "/usr/bin/bash", "/usr/bin/sh", "/usr/bin/cat", "/usr/bin/ls"]


def copy(program, root):
    target = root / str(program).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(program, target)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The least that an instance needs: a few programs, with the libraries that they and PAM load."""
    root = tmp_path_factory.mktemp("image")
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")
    modules = [*Path("/usr/lib").glob("*-linux-gnu/security/*.so"), *Path("/usr/lib").glob("*-linux-gnu/libnss_*.so*")]
    for program in [*PROGRAMS, *modules]:
        copy(program, root)
        loaded = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"(/\S+)", loaded):
            if not (root / library.lstrip("/")).exists():
                copy(library, root)
    (root / "opt").mkdir()
    (root / "opt/whose").write_text("the image's\n")
    return root


@pytest.fixture(scope="module")
def plane(tmp_path_factory, image):
    with running_lab(tmp_path_factory.mktemp("lab"), "--lab-image", str(image)) as one:
        yield one


def test_an_instance_has_the_programs_of_the_image(plane):
    vpc = plane.aws("ec2", "create-vpc", "--cidr-block", "10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = plane.aws("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.9.1.0/24")["Subnet"]["SubnetId"]
    image = plane.aws("ec2", "describe-images")["Images"][0]["ImageId"]
    (instance,) = plane.aws("ec2", "run-instances", "--image-id", image, "--subnet-id", subnet, "--user-data", "#!/bin/bash\ncat /opt/whose; ls /usr/bin")["Instances"]

    def console():
        return plane.aws("ec2", "get-console-output", "--instance-id", instance["InstanceId"]).get("Output", "")

    said = wait_until("the user data has run", lambda: "the image's" in console() and console(), 30)
    assert "ssh-keygen" in said and "\nawk" not in said, said


def test_the_image_is_described(plane, image):
    (described,) = plane.aws("ec2", "describe-images", "--owners", "amazon")["Images"]
    assert (described["Name"], described["Description"]) == (image.name, f"The directory {image}")
    assert plane.aws("ec2", "describe-images", "--filters", f"Name=name,Values={image.name}")["Images"] == [described]
    assert plane.aws("ec2", "describe-images", "--filters", "Name=name,Values=fumidai*")["Images"] == []


def test_a_directory_that_is_no_image_is_refused(tmp_path):
    with pytest.raises(AssertionError, match="has no /usr/sbin/sshd; install an OpenSSH server"):
        with running_lab(tmp_path, "--lab-image", str(tmp_path)):
            pass
