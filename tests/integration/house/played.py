"""An agent and a client played by the test, message by message: they can do what no program would."""

import base64
import json
import struct
import uuid

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from house import wire

OUTPUT, SIZE, HANDSHAKE_REQUEST, HANDSHAKE_RESPONSE, HANDSHAKE_COMPLETE = 1, 3, 5, 6, 7


class InstanceKey(SigV4Auth):
    """SigV4 as registered instances do it: the id stands for the access key, RSA-PSS for the HMAC."""

    def __init__(self, instance, key):
        super().__init__(Credentials(instance, ""), "ssm", "us-east-1")
        self.key = key

    def signature(self, string_to_sign, request):
        scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
        return base64.b64encode(self.key.sign(string_to_sign.encode(), scheme, hashes.SHA256())).decode()


def signed_headers(plane, method, path, credentials, body=b"", headers=None, service="ssmmessages"):
    prepared = AWSRequest(method=method, url=plane.url + path, data=body, headers=headers or {})
    SigV4Auth(Credentials(*credentials), service, "us-east-1").add_auth(prepared)
    return dict(prepared.headers.items())


def create_activation(plane):
    status, made = wire.call(plane, "AmazonSSM.CreateActivation", {"IamRole": "SSMServiceRole"})
    assert status == 200, made
    return made


class PlayedAgent:
    """Registered with a key of the test's own."""

    def __init__(self, plane, name="played"):
        self.plane = plane
        self.key = rsa.generate_private_key(65537, 2048)
        public = self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.fingerprint = str(uuid.uuid4())
        activation = create_activation(plane)
        answer = self._post("AmazonSSM.RegisterManagedInstance",
                            {"ActivationId": activation["ActivationId"], "ActivationCode": activation["ActivationCode"], "PublicKey": base64.b64encode(public).decode(),
                             "PublicKeyType": "Rsa", "Fingerprint": self.fingerprint, "Name": name})
        self.id = answer["InstanceId"]
        self.credentials = None
        self.ask_for_credentials()

    def _post(self, target, body, auth=None):
        raw = json.dumps(body).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
        if auth:
            prepared = AWSRequest(method="POST", url=self.plane.url + "/", data=raw, headers=headers)
            auth.add_auth(prepared)
            headers = dict(prepared.headers.items())
        status, _, answer = wire.request(self.plane, "POST", "/", raw, headers)
        assert status == 200, (status, answer)
        return json.loads(answer)

    def ask_for_credentials(self):
        answer = self._post("AmazonSSM.RequestManagedInstanceRoleToken", {"Fingerprint": self.fingerprint}, InstanceKey(self.id, self.key))
        self.credentials = answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]

    def channel_token(self, path):
        """(status, the token or the refusal) of CreateControlChannel or CreateDataChannel."""
        body = json.dumps({"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4())}).encode()
        headers = signed_headers(self.plane, "POST", path, self.credentials, body, {"Content-Type": "application/json"})
        status, _, answer = wire.request(self.plane, "POST", path, body, headers)
        text = answer.decode()
        return status, text.partition("<TokenValue>")[2].partition("</TokenValue>")[0] or text

    def upgrade(self, path, query):
        return wire.WebSocket(self.plane, path + query, signed_headers(self.plane, "GET", path + query, self.credentials))

    def open_control(self):
        path = f"/v1/control-channel/{self.id}"
        status, token = self.channel_token(path)
        assert status == 201, token
        channel = self.upgrade(path, "?role=subscribe&stream=input")
        assert channel.status == 101, channel.head
        channel.send(json.dumps({"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), "TokenValue": token, "AgentVersion": "3.3.0.0", "PlatformType": "linux"}))
        return channel

    def open_data(self, session, token=None, claims=None):
        path = f"/v1/data-channel/{session}"
        if token is None:
            status, token = self.channel_token(path)
            assert status == 201, token
        channel = self.upgrade(path, "?role=publish_subscribe")
        assert channel.status == 101, channel.head
        channel.send(wire.open_message(token, ClientInstanceId=claims or self.id, ClientId=""))
        return channel

    @staticmethod
    def next_order(control):
        """The session that the plane orders."""
        while True:
            message = wire.parse_agent_message(control.receive())
            if message["kind"] == "interactive_shell":
                return json.loads(json.loads(message["payload"])["Content"])["SessionId"]


def complete(session, instance, status="Success", output=""):
    content = {"SchemaVersion": 1, "TaskId": session, "Topic": "agent_task_complete", "FinalTaskStatus": status, "IsRoutingFailure": False, "AwsAccountId": "",
               "InstanceId": instance, "Output": output, "S3Bucket": "", "S3UrlSuffix": "", "CwlGroup": "", "CwlStream": "", "RetryNumber": 1}
    return wire.agent_message("agent_task_complete", json.dumps(content).encode())


def start_session(plane, target, headers=None, **more):
    """What StartSession answers."""
    status, answer = wire.call(plane, "AmazonSSM.StartSession", {"Target": target, **more}) if headers is None else _start_with(plane, target, headers)
    assert status == 200, answer
    return answer


def _start_with(plane, target, headers):
    body = json.dumps({"Target": target}).encode()
    given = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.StartSession", **headers}
    status, _, answer = wire.request(plane, "POST", "/", body, given, sign_as=wire.administrator(plane))
    return status, json.loads(answer)


def data_path(session):
    return f"/v1/data-channel/{session}?role=publish_subscribe"


class PlayedClient:
    """A client of one session. Output is put in order and acknowledged; input is whatever the test says."""

    def __init__(self, plane, target, started=None, **more):
        self.plane = plane
        self.target = target
        started = started or start_session(plane, target, **more)
        self.session = started["SessionId"]
        self.token = started["TokenValue"]
        self.channel = None
        self.sequence = 0
        self.expected = 0
        self.early = {}
        self.output = b""

    def connect(self):
        self.channel = wire.WebSocket(self.plane, data_path(self.session))
        assert self.channel.status == 101, self.channel.head
        self.channel.send(wire.open_message(self.token, ClientVersion="1.2.0.0"))
        return self

    def resume(self):
        """Connects again, as a client does that lost its connection."""
        status, answer = wire.call(self.plane, "AmazonSSM.ResumeSession", {"SessionId": self.session})
        assert status == 200 and answer.get("TokenValue"), f"the session is over: {answer}"
        self.token = answer["TokenValue"]
        return self.connect()

    def message(self, payload, sequence, kind=OUTPUT):
        return wire.agent_message("input_stream_data", payload, sequence=sequence, payload_type=kind)

    def say(self, payload, kind=OUTPUT):
        raw = payload.encode() if isinstance(payload, str) else payload
        self.channel.send(self.message(raw, self.sequence, kind))
        self.sequence += 1

    def take(self):
        """Takes one message of the plane; returns it when it is none of the stream."""
        message = wire.parse_agent_message(self.channel.receive())
        if message["kind"] != "output_stream_data":
            return message
        self.channel.send(wire.acknowledge(message))
        self.early[message["sequence"]] = message
        while self.expected in self.early:
            self._deliver(self.early.pop(self.expected))
            self.expected += 1
        return None

    def _deliver(self, message):
        if message["type"] == HANDSHAKE_REQUEST:
            asked = json.loads(message["payload"])["RequestedClientActions"]
            answers = [{"ActionType": each["ActionType"], "ActionStatus": 1 if each["ActionType"] == "SessionType" else 3, "ActionResult": None, "Error": ""} for each in asked]
            self.say(json.dumps({"ClientVersion": "1.2.0.0", "ProcessedClientActions": answers, "Errors": None}), HANDSHAKE_RESPONSE)
        elif message["type"] == HANDSHAKE_COMPLETE:
            self.say(json.dumps({"cols": 200, "rows": 50}), SIZE)
            self.say(" unset HISTFILE\n")  # the shell is a real one, of whoever runs the tests
        else:
            self.output += message["payload"]

    def read_until(self, mark):
        """Takes output until the mark is in it, and returns what came with it."""
        wanted = mark.encode()
        while wanted not in self.output:
            message = self.take()
            assert message is None or message["kind"] != "channel_closed", f"the session ended: {message['payload'].decode()}; output: {self.output[-500:]!r}"
        seen, _, self.output = self.output.partition(wanted)
        return seen.decode(errors="replace") + mark

    def farewell(self):
        """Reads on to the end of the session, and closes; returns the sentence that it ends with."""
        while True:
            message = self.take()
            if message and message["kind"] == "channel_closed":
                self.channel.close()
                return json.loads(message["payload"])["Output"]

    def ask_shell(self, number):
        """Whether a shell is there and answers."""
        self.say(f"echo answer-$(({number}+1)).\n")
        return self.read_until(f"answer-{number + 1}.")

    def end(self):
        wire.call(self.plane, "AmazonSSM.TerminateSession", {"SessionId": self.session})
        if self.channel:
            self.channel.close()

    def __enter__(self):
        return self.connect()

    def __exit__(self, *_):
        self.end()


def header(kind=b"input_stream_data", length=wire.HEADER, created=1_700_000_000_000, sequence=0, payload=b"x", digest=None):
    """An AgentMessage of which each part may be wrong."""
    import hashlib  # pylint: disable=import-outside-toplevel

    return (struct.pack(">I", length) + kind.ljust(32)[:32] + struct.pack(">IQqQ", 1, created, sequence, 0) + bytes(16) + (digest or hashlib.sha256(payload).digest())
            + struct.pack(">II", OUTPUT, len(payload)) + payload)
