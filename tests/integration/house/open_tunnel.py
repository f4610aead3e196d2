"""openTunnel by hand: URLs that are signed as told (ec2-instance-connect.md 4.1), and what the server makes of them."""

import datetime
import hashlib
import hmac
import json
import urllib.parse

from house import wire

NOTHING = hashlib.sha256(b"").hexdigest()


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quoted(text):
    return urllib.parse.quote(str(text), safe="-_.~")


def presigned(key, host, pairs, age=0, expires=60, service="ec2-instance-connect", method="GET", region="us-east-1"):
    """The target of a request; `pairs` may hold a name twice."""
    at = datetime.datetime.utcnow() - datetime.timedelta(seconds=age)
    scope = f"{at:%Y%m%d}/{region}/{service}/aws4_request"
    stamp = f"{at:%Y%m%dT%H%M%SZ}"
    access, secret = key
    signature = [("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", f"{access}/{scope}"), ("X-Amz-Date", stamp), ("X-Amz-Expires", expires), ("X-Amz-SignedHeaders", "host")]
    encoded = [(quoted(name), quoted(value)) for name, value in [*pairs, *signature]]
    canonical = "&".join("=".join(pair) for pair in sorted(encoded))
    request = "\n".join([method, "/openTunnel", canonical, f"host:{host}", "", "host", NOTHING])
    signing = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing = digest(signing, part)
    proof = digest(signing, "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])).hex()
    return "/openTunnel?" + "&".join("=".join(pair) for pair in encoded) + f"&X-Amz-Signature={proof}"


class Door:
    """An endpoint, as a client that may send anything sees it."""

    def __init__(self, plane, endpoint, host, address):
        self.plane, self.endpoint, self.host, self.address = plane, endpoint, host, address
        self.key = wire.administrator(plane)

    def pairs(self, **more):
        known = {"instanceConnectEndpointId": self.endpoint, "remotePort": 22, "privateIpAddress": self.address, **more}
        return [(name, value) for name, value in known.items() if value is not None]

    def target(self, pairs=None, **how):
        return presigned(how.pop("key", self.key), how.pop("host", self.host), self.pairs() if pairs is None else pairs, **how)

    def open(self, target=None, host=None, headers=None):
        return wire.WebSocket(self.plane, target or self.target(), headers, host or self.host)

    def refusal(self, target, host=None, headers=None):
        """(status, ErrorCode, Message) of one that is not opened."""
        with self.open(target, host, headers) as tunnel:
            head, body = tunnel.head.decode().lower(), tunnel.buffer
            assert tunnel.status != 101, "it was opened"
            length = int(next(line for line in head.split("\r\n") if line.startswith("content-length:")).split(":")[1])
            while len(body) < length:
                body += tunnel.socket.recv(4096)
        assert "\r\nx-amzn-requestid: " in head
        answer = json.loads(body)
        return tunnel.status, answer["ErrorCode"], answer["Message"]
