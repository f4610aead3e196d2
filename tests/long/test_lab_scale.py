"""A lab of fifty instances comes up and goes in time, and one whose server is killed in the middle of changes ends as asked. Needs root."""

import json
import random
import subprocess
import time

import pytest

from house.lab import LabPlane, running_lab
from house.programs import AWS, FUMIDAI, is_root, wait_until

pytestmark = pytest.mark.skipif(not is_root(), reason="a lab needs root")

# Requirements, on a machine with nothing else to do.
SECONDS_UP, SECONDS_GONE = 30, 15
VPCS = ("10.1.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16")
OF_EACH = 10
LONGEST_CHANCE = 1.5  # seconds from a change's beginning until the server is killed


class Lab(LabPlane):
    """A lab, and what of it is on the machine."""

    def ec2(self, *words, **more):
        return self.aws("ec2", *words, **more)

    def instances(self):
        return [each for reservation in self.ec2("describe-instances")["Reservations"] for each in reservation["Instances"]]

    def states(self):
        return {each["InstanceId"]: each["State"]["Name"] for each in self.instances()}

    def image(self):
        return self.ec2("describe-images", "--owners", "amazon")["Images"][0]["ImageId"]

    def directories(self):
        instances = self.data / "lab" / "instances"
        return {each.name for each in instances.iterdir()} if instances.exists() else set()

    def in_space(self, interface, *words):
        return self.world.run("ip", "netns", "exec", self.space(interface), *words)

    def host_key(self, interface, address):
        """What sshd at the address shows to who asks from that interface; empty when nothing answers."""
        return self.in_space(interface, "ssh-keyscan", "-T", "2", "-t", "ed25519", address).stdout.partition(" ")[2].strip()


def interface_of(instance):
    return instance["NetworkInterfaces"][0]["NetworkInterfaceId"]


# ---- fifty instances


def make_subnet(lab, cidr):
    vpc = lab.ec2("create-vpc", "--cidr-block", cidr)["Vpc"]["VpcId"]
    return lab.ec2("create-subnet", "--vpc-id", vpc, "--cidr-block", cidr.replace("/16", "/24"))["Subnet"]["SubnetId"]


def run_ten(lab, image, subnet, *more):
    words = ["run-instances", "--image-id", image, "--instance-type", "t3.micro", "--count", str(OF_EACH), "--subnet-id", subnet, *more]
    return lab.ec2(*words)["Instances"]


def test_fifty_instances_in_five_networks_come_and_go_in_time(tmp_path):
    with running_lab(tmp_path / "lab", kind=Lab) as lab:
        image, subnets = lab.image(), [make_subnet(lab, cidr) for cidr in VPCS]
        began = time.monotonic()
        groups = []
        for number, subnet in enumerate(subnets):
            bare = ["--tag-specifications", "ResourceType=instance,Tags=[{Key=fumidai-agent,Value=none}]"] if number % 2 else []
            groups.append(run_ten(lab, image, subnet, *bare))
        asked = time.monotonic() - began
        wait_until("all run", lambda: sorted(lab.states().values()) == ["running"] * OF_EACH * len(VPCS), 90)
        ran = time.monotonic() - began
        keys = [wait_until("sshd of a sample", lambda group=group: lab.host_key(interface_of(group[0]), group[-1]["PrivateIpAddress"])) for group in groups]
        up = time.monotonic() - began
        print(f"50 instances in 5 VPCs: asked for in {asked:.1f} s, all running after {ran:.1f} s, a sample of each VPC answers after {up:.1f} s (budget {SECONDS_UP})")
        check_same_addresses(groups, keys)

        everyone = [each for group in groups for each in group]
        spaces = {lab.space(interface_of(each)) for each in everyone}
        inodes = {lab.inode(space) for space in spaces}
        assert len(lab.processes_in(inodes)) >= len(everyone)
        began = time.monotonic()
        lab.ec2("terminate-instances", "--instance-ids", *(each["InstanceId"] for each in everyone))
        wait_until("all are terminated", lambda: set(lab.states().values()) == {"terminated"}, 60)
        wait_until("nothing is left of them", lambda: not (spaces & set(lab.world.spaces()) or lab.directories() or lab.processes_in(inodes)), 60)
        gone = time.monotonic() - began
        print(f"50 instances: all gone after {gone:.1f} s (budget {SECONDS_GONE})")
        assert up < SECONDS_UP and gone < SECONDS_GONE, f"up after {up:.1f} s, gone after {gone:.1f} s"


def check_same_addresses(groups, keys):
    """In the two VPCs of one block the same address is another machine."""
    assert groups[0][-1]["PrivateIpAddress"] == groups[1][-1]["PrivateIpAddress"]
    assert len(set(keys)) == len(VPCS)


# ---- kills


class Changes:
    """To the example: each may be cut off by the server's end, and is then there as a whole or not at all."""

    def __init__(self, lab):
        self.lab, self.parts, self.image = lab, lab.example(), lab.image()
        self.subnet = self.parts["example-private"]["subnet"]
        group, bastion_group = self.group_of("behind-bastion"), self.group_of("bastion")
        self.rule = ["--group-id", group, "--protocol", "tcp", "--port", "22", "--source-group", bastion_group]
        tables = lab.ec2("describe-route-tables")["RouteTables"]
        self.table, self.gateway = next((table["RouteTableId"], route["NatGatewayId"]) for table in tables for route in table["Routes"] if "NatGatewayId" in route)
        self.route = ["--route-table-id", self.table, "--destination-cidr-block", "0.0.0.0/0"]

    def group_of(self, name):
        return next(each for each in self.lab.instances() if each["InstanceId"] == self.parts[name]["instance"])["SecurityGroups"][0]["GroupId"]

    def all(self):
        return [self.run, self.remove_rule, self.reboot, self.delete_route, self.terminate, self.add_rule, self.run, self.create_route, self.reboot, self.terminate]

    def run(self):
        return ["run-instances", "--image-id", self.image, "--instance-type", "t3.micro", "--count", "4", "--subnet-id", self.subnet]

    def terminate(self):
        kept = {part.get("instance") for part in self.parts.values()}
        mine = [instance for instance, state in self.lab.states().items() if instance not in kept and state != "terminated"]
        return ["terminate-instances", "--instance-ids", *mine]

    def reboot(self):
        return ["reboot-instances", "--instance-ids", self.parts["by-endpoints"]["instance"]]

    def remove_rule(self):
        return ["revoke-security-group-ingress", *self.rule]

    def add_rule(self):
        return ["authorize-security-group-ingress", *self.rule]

    def delete_route(self):
        return ["delete-route", *self.route]

    def create_route(self):
        return ["create-route", *self.route, "--nat-gateway-id", self.gateway]


def wanted_spaces(lab):
    interfaces = [each["NetworkInterfaceId"] for each in lab.ec2("describe-network-interfaces")["NetworkInterfaces"]]
    vpcs = [each["VpcId"] for each in lab.ec2("describe-vpcs")["Vpcs"]]
    return {lab.space(part) for part in ["internet", *vpcs, *interfaces]}


def disagreements_anywhere(lab):
    done = lab.fumidai("doctor", "--json", seconds=120)
    assert done.returncode in (0, 1), done.stderr
    targets = json.loads(done.stdout)["Targets"]
    assert targets
    needs = [(target["InstanceId"], need) for target in targets for method in target["Methods"] for need in method["Requirements"]]
    return [f"{target}: {need['Need']} {need['Subject']}: {need['Observed']['How']}" for target, need in needs if need.get("Observed", {}).get("Disagrees")]


def check_settled(lab, before):
    """That the machine holds what the store says, no less and no more; `before` are the namespaces that there were."""
    wait_until("states settle", lambda: set(lab.states().values()) <= {"running", "terminated"}, 60)
    living = {instance for instance, state in lab.states().items() if state == "running"}
    spaces = wanted_spaces(lab)
    wait_until(f"the namespaces are {spaces}", lambda: lab.own_spaces() == spaces, 30)
    wait_until("nothing runs in what is gone", lambda: not lab.processes_in(before - lab.inodes()), 30)
    wait_until(f"the directories are those of {living}", lambda: lab.directories() == living, 30)
    end = time.monotonic() + 60  # an instance that was started again just now has no sshd yet
    while (found := disagreements_anywhere(lab)) and time.monotonic() < end:
        time.sleep(1)
    assert not found, found


def test_killed_in_the_middle_of_changes_it_ends_as_asked(tmp_path):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    luck = random.Random(seed)
    with running_lab(tmp_path / "lab", kind=Lab) as lab:
        done = lab.world.run(FUMIDAI, "lab", "up", "--data-dir", lab.data, "--label", lab.label, env=lab.server_environment(), timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        changes = Changes(lab)
        for number, change in enumerate(changes.all()):
            words, before = change(), lab.inodes()
            asking = subprocess.Popen(lab.world.words(AWS, "ec2", *words), env=lab.environment(AWS_PAGER=""), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            moment = luck.uniform(0, LONGEST_CHANCE)
            time.sleep(moment)
            lab.kill()
            lab.start()
            _, refused = asking.communicate(timeout=60)
            print(f"round {number}: {words[0]}, killed after {moment:.2f} s, {'told so' if asking.returncode else 'acknowledged'} {refused.decode().strip()}")
            check_settled(lab, before)
        check_what_is_deleted_by_hand_comes_back(lab, changes)


def check_what_is_deleted_by_hand_comes_back(lab, changes):
    instance = changes.parts["by-nat"]["instance"]
    interface = lab.interface_of(instance)
    space, before = lab.space(interface), lab.inodes()
    first = lab.inode(space)
    assert lab.world.run("ip", "-n", space, "link", "delete", "eth0").returncode == 0
    wait_until("the link is back", lambda: lab.in_space(interface, "ip", "link", "show", "eth0").returncode == 0, 20)
    assert lab.inode(space) == first
    check_settled(lab, before)
    assert lab.world.run("ip", "netns", "delete", space).returncode == 0
    wait_until("the namespace is back", lambda: space in lab.world.spaces() and lab.inode(space) != first, 20)
    check_settled(lab, before)
    assert lab.is_reached(instance, 40)
