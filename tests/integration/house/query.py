"""EC2's Query protocol by hand: signed forms, and answers in XML, for what the tools at hand are too old or too careful to send."""

import configparser
import urllib.parse
import xml.etree.ElementTree

import pytest

from house import wire


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message


def as_value(element):
    """Lists are what has item children; a leaf is its text."""
    children = list(element)
    is_list = all(child.tag.endswith("}item") for child in children)
    if element.tag.split("}")[1].endswith(("Set", "Info")) and is_list:
        return [as_value(child) for child in children]
    if not children:
        return element.text or ""
    return {child.tag.split("}")[1]: as_value(child) for child in children}


class Query:
    """Query(plane)("DescribeInstanceConnectEndpoints", MaxResults=1); an underscore stands for a dot."""

    def __init__(self, plane, user="default"):
        profiles = configparser.ConfigParser()
        profiles.read(plane.data / "credentials")
        self.plane = plane
        self.key = (profiles[user]["aws_access_key_id"], profiles[user]["aws_secret_access_key"])

    def __call__(self, action, **parameters):
        fields = {"Action": action, "Version": "2016-11-15", **{name.replace("_", "."): value for name, value in parameters.items()}}
        body = urllib.parse.urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        status, _, answer = wire.request(self.plane, "POST", "/", body, headers, sign_as=self.key, service="ec2")
        root = xml.etree.ElementTree.fromstring(answer)
        if status != 200:
            raise Refused(status, root.findtext(".//Code"), root.findtext(".//Message"))
        return as_value(root)

    def refused(self, action, **parameters):
        with pytest.raises(Refused) as refusal:
            self(action, **parameters)
        return refusal.value
