"""A private network of a lab with one instance, and connect endpoints as the only way to it."""

import json

from house.programs import FUMIDAI, wait_until

SSH = ["/usr/bin/ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"]


class Network:
    """A VPC that nothing leads into or out of, with an instance that has no role, no agent and no way out (E15), and an endpoint."""

    def __init__(self, plane, directory):
        self.plane, self.directory = plane, directory
        aws = plane.aws
        self.vpc = aws("ec2", "create-vpc", "--cidr-block", "10.7.0.0/16")["Vpc"]["VpcId"]
        self.subnet = aws("ec2", "create-subnet", "--vpc-id", self.vpc, "--cidr-block", "10.7.1.0/24")["Subnet"]["SubnetId"]
        self.outer = self.group("eice-sg")
        self.inner = self.group("instance-sg")
        aws("ec2", "revoke-security-group-egress", "--group-id", self.outer, "--protocol", "all", "--cidr", "0.0.0.0/0")
        self.allow("egress", self.outer, self.inner)
        self.allow("ingress", self.inner, self.outer)
        self.key = directory / "key.pem"
        self.key.write_text(aws("ec2", "create-key-pair", "--key-name", "tunnel", "--key-type", "ed25519")["KeyMaterial"])
        self.key.chmod(0o600)
        image = aws("ec2", "describe-images", "--owners", "amazon")["Images"][0]["ImageId"]
        (made,) = aws("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--key-name", "tunnel", "--subnet-id", self.subnet, "--security-group-ids", self.inner, "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=inner},{Key=fumidai-agent,Value=none}]")["Instances"]
        self.instance, self.address = made["InstanceId"], made["PrivateIpAddress"]
        self.endpoints = [self.endpoint()]
        aws("ec2", "wait", "instance-running", "--instance-ids", self.instance)

    def group(self, name):
        return self.plane.aws("ec2", "create-security-group", "--group-name", name, "--description", name, "--vpc-id", self.vpc)["GroupId"]

    def allow(self, direction, group, other, verb="authorize", port=22):
        self.plane.aws("ec2", f"{verb}-security-group-{direction}", "--group-id", group, "--ip-permissions", json.dumps([{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": other}]}]))

    def endpoint(self):
        made = self.plane.ec2("CreateInstanceConnectEndpoint", SubnetId=self.subnet, SecurityGroupId_1=self.outer)
        endpoint = made["instanceConnectEndpoint"]["instanceConnectEndpointId"]
        wait_until("the endpoint is complete", lambda: self.state(endpoint) == "create-complete")
        return endpoint

    def state(self, endpoint):
        return self.plane.ec2("DescribeInstanceConnectEndpoints", InstanceConnectEndpointId_1=endpoint)["instanceConnectEndpointSet"][0]["state"]

    def names(self):
        return [each["dnsName"] for each in self.plane.ec2("DescribeInstanceConnectEndpoints")["instanceConnectEndpointSet"]]

    def ssh(self, *command, proxy=None, user="ec2-user", seconds=30):
        proxy = proxy or f"{FUMIDAI} tunnel {self.instance}"
        words = [*SSH, "-i", self.key, "-o", f"ProxyCommand={proxy}", f"{user}@{self.instance}", *command]
        return self.plane.world.run(*words, env=self.plane.environment(), timeout=seconds)
