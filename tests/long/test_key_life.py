"""A pushed key lives for a minute: in an instance, by our command and by the scripts of EC2 Instance Connect, and on a host with our agent."""

import time

import pytest
from test_pushed_keys import bastion, lab, scripted, told_host  # pylint: disable=unused-import

from house.programs import is_root
from house.ssh import DENIED, Key

pytestmark = pytest.mark.skipif(not is_root(), reason="instances, and an sshd that asks for keys, need root")


def at(began, seconds):
    time.sleep(max(0, began + seconds - time.monotonic()))


def check_life(key, push, try_login, user):
    began = time.monotonic()
    push()
    pushed = time.monotonic()  # its minute began between the two
    assert try_login(key, user) == f"in as {user}"
    at(began, 55)
    assert try_login(key, user) == f"in as {user}"
    at(pushed, 61)
    assert DENIED in try_login(key, user)


def test_in_an_instance(lab, bastion, tmp_path):
    key = Key(tmp_path)
    check_life(key, lambda: key.push(lab, bastion.id, "ec2-user"), bastion.try_login, "ec2-user")


def test_in_an_instance_with_the_unmodified_scripts(lab, scripted, tmp_path):
    key = Key(tmp_path)
    scripted.wait_sshd(key)
    check_life(key, lambda: key.push(lab, scripted.id, "ec2-user"), scripted.try_login, "ec2-user")


def test_on_a_host_with_our_agent(plane, told_host, tmp_path):
    key = Key(tmp_path)
    check_life(key, lambda: key.push(plane, told_host.id, "root"), told_host.sshd.try_login, "root")


def test_pushed_again_a_key_begins_anew(plane, told_host, tmp_path):
    key = Key(tmp_path)
    key.push(plane, told_host.id, "root")
    time.sleep(40)
    key.push(plane, told_host.id, "root")
    time.sleep(25)
    assert told_host.sshd.try_login(key) == "in as root"
