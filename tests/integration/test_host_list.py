"""`fumidai host list` against a server that answers only the first of its two questions."""

import http.server
import json
import ssl
import subprocess
import threading

import pytest

from house.programs import FUMIDAI, bare_environment, run

HOST = {"InstanceId": "i-0123456789abcdef0", "PingStatus": "Online"}


@pytest.fixture
def listed(tmp_path):
    """What `host list` does when asking for names is answered with this status, or with an end (None)."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key, "-out", certificate], stderr=subprocess.DEVNULL, check=True)
    names = {}

    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            is_first = self.headers["X-Amz-Target"] == "AmazonSSM.DescribeInstanceInformation"
            status = 200 if is_first else names["status"]
            if status is None:
                return
            body = json.dumps({"InstanceInformationList": [HOST]} if is_first else {"__type": "Refused", "message": "so it is"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def list_hosts(status):
        names["status"] = status
        environment = {"AWS_ENDPOINT_URL": f"https://127.0.0.1:{server.server_address[1]}", "AWS_CA_BUNDLE": str(certificate), "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
        return run([FUMIDAI, "host", "list"], {**bare_environment(tmp_path), **environment})

    yield list_hosts
    server.shutdown()
    server.server_close()


def test_who_is_refused_the_names_sees_hosts_without(listed):
    done = listed(400)
    assert done.returncode == 0 and HOST["InstanceId"].encode() in done.stdout, done.stderr


@pytest.mark.parametrize("status", [500, None])
def test_names_that_are_lost_on_the_way_are_a_failure(listed, status):
    done = listed(status)
    assert done.returncode != 0 and done.stderr, done.stdout
