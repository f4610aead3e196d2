"""The wire by hand: signed requests, WebSockets and AgentMessages, so that a test can send what no program would."""

import base64
import hashlib
import http.client
import json
import os
import socket
import ssl
import struct
import time
import urllib.parse
import uuid

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from house.programs import PATIENCE


def address_of(plane):
    return urllib.parse.urlsplit(plane.url).hostname


def connect(plane, seconds=PATIENCE, tls=True):
    raw = socket.create_connection((address_of(plane), plane.port), timeout=seconds)
    if not tls:
        return raw
    context = ssl.create_default_context(cafile=str(plane.data / "ca.pem"))
    return context.wrap_socket(raw, server_hostname=address_of(plane))


def request(plane, method, path, body=b"", headers=None, sign_as=None, service="ssm"):
    """One HTTPS request; signed when `sign_as` is (access key, secret[, token]). Returns (status, headers, body)."""
    headers = dict(headers or {})
    if sign_as:
        prepared = AWSRequest(method=method, url=plane.url + path, data=body, headers=headers)
        SigV4Auth(Credentials(*sign_as), service, "us-east-1").add_auth(prepared)
        headers = dict(prepared.headers.items())
    connection = http.client.HTTPSConnection(address_of(plane), plane.port, timeout=PATIENCE, context=ssl.create_default_context(cafile=str(plane.data / "ca.pem")))
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def administrator(plane):
    """The administrator's key, from the file that the tools read."""
    found = {}
    for line in (plane.data / "credentials").read_text().splitlines():
        if line.startswith("[") and found:
            break
        if "=" in line:
            name, value = line.split("=", 1)
            found[name.strip()] = value.strip()
    return found["aws_access_key_id"], found["aws_secret_access_key"]


def call(plane, target, body, sign_as=None, service="ssm", **more):
    """An AWS JSON 1.1 call. Returns (status, answer)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    status, _, answer = request(plane, "POST", "/", raw, headers, sign_as or administrator(plane), service, **more)
    return status, json.loads(answer) if answer else None


class Closed(Exception):
    def __init__(self, code, reason):
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    """RFC 6455, the client's side; as much as a test needs to misbehave."""

    def __init__(self, plane, path, headers=None, host=None):
        self.socket = connect(plane)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host or f'{address_of(plane)}:{plane.port}'}", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            data = self.socket.recv(4096)
            if not data:
                break
            self.buffer += data
        if b"\r\n\r\n" not in self.buffer:
            raise ConnectionError("the server closed the connection during the upgrade")
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1])
        self.head = head

    def frame(self, opcode, payload, final=True, masked=True):
        mask = os.urandom(4)
        head = bytes([(0x80 if final else 0) | opcode])
        bit = 0x80 if masked else 0
        if len(payload) < 126:
            head += bytes([bit | len(payload)])
        elif len(payload) < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
        if not masked:
            return head + payload
        key = (mask * (len(payload) // 4 + 1))[:len(payload)]
        return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")

    def send(self, payload, opcode=None):
        if opcode is None:
            opcode = 1 if isinstance(payload, str) else 2
        raw = payload.encode() if isinstance(payload, str) else payload
        self.socket.sendall(self.frame(opcode, raw))

    def send_raw(self, data):
        self.socket.sendall(data)

    def _take(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                raise Closed(1006, "no close frame")
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def receive(self, seconds=PATIENCE):
        """The next message's bytes; pings are answered. Raises Closed, or TimeoutError."""
        self.socket.settimeout(seconds)
        message = b""
        while True:
            first, second = self._take(2)
            length = second & 0x7F
            if length == 126:
                length = struct.unpack(">H", self._take(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self._take(8))[0]
            payload = self._take(length)
            opcode = first & 0x0F
            if opcode == 8:
                raise Closed(struct.unpack(">H", payload[:2])[0] if len(payload) > 1 else 1005, payload[2:].decode(errors="replace"))
            if opcode == 9:
                self.socket.sendall(self.frame(10, payload))
                continue
            if opcode == 10:
                continue
            message += payload
            if first & 0x80:
                return message

    def closed(self, seconds=PATIENCE):
        """Reads to the end of the connection and returns how it was closed."""
        try:
            while True:
                self.receive(seconds)
        except Closed as end:
            return end
        except (ConnectionError, ssl.SSLError):
            return Closed(1006, "reset")

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


HEADER = 116


def agent_message(kind, payload, sequence=0, flags=0, payload_type=0, identifier=None):
    """Encodes an AgentMessage: big-endian, 116 bytes of header, then the payload's length and the payload."""
    raw = (identifier or uuid.uuid4()).bytes
    return (struct.pack(">I", HEADER) + kind.encode().ljust(32) + struct.pack(">IQqQ", 1, int(time.time() * 1000), sequence, flags) + raw[8:] + raw[:8]
            + hashlib.sha256(payload).digest() + struct.pack(">I", payload_type) + struct.pack(">I", len(payload)) + payload)


def parse_agent_message(data):
    assert struct.unpack(">I", data[:4])[0] == HEADER
    _, _, sequence, flags = struct.unpack(">IQqQ", data[36:64])
    payload = data[HEADER + 4:]
    assert struct.unpack(">I", data[HEADER:HEADER + 4])[0] == len(payload)
    return {"kind": data[4:36].decode().strip(" \0"), "sequence": sequence, "flags": flags, "id": uuid.UUID(bytes=data[72:80] + data[64:72]), "type": struct.unpack(">I", data[112:116])[0],
            "payload": payload}


def open_message(token, **more):
    return json.dumps({"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), "TokenValue": token, "ClientId": str(uuid.uuid4()), "ClientVersion": "1.2.677.0", **more})


def acknowledge(message):
    content = {"AcknowledgedMessageType": message["kind"], "AcknowledgedMessageId": str(message["id"]), "AcknowledgedMessageSequenceNumber": message["sequence"],
               "IsSequentialMessage": True}
    return agent_message("acknowledge", json.dumps(content).encode(), flags=3)
