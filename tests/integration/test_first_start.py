"""The first start of a server, what it leaves for others, and how it refuses what cannot be."""

import json
import os
import socket
import sqlite3
import ssl
import stat
import subprocess

import pytest

from house import wire
from house.agent import Agent
from house.plane import Plane
from house.programs import FUMIDAI, PATIENCE, bare_environment, free_port, run, wait_until


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def attempt(tmp_path, *words, **environment):
    """A server that is not expected to start."""
    env = {**bare_environment(tmp_path), "FUMIDAI_SECRET_FILE": str(secret(tmp_path)), **environment}
    return run([FUMIDAI, "server", "--data-dir", tmp_path / "data", "--listen", f"127.0.0.1:{free_port()}", *words], env)


def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("s" * 64)
    path.chmod(0o600)
    return path


@pytest.mark.sanitized
def test_a_fresh_start_leaves_what_the_tools_need(plane):
    data = plane.data
    assert mode(data / "credentials") == 0o600
    assert mode(data) == 0o700
    assert mode(data / "fumidai.db") & 0o077 == 0
    authority = (data / "ca.pem").read_text()
    assert (data / "ca-bundle.pem").read_text().count("BEGIN CERTIFICATE") > 50 and authority.strip() in (data / "ca-bundle.pem").read_text()
    json.loads((data / "aws-models" / "endpoints.json").read_text())
    for service in ("ssm", "sts", "iam"):
        (rules,) = (data / "aws-models" / service).glob("*/endpoint-rule-set-1.json")
        assert plane.url in rules.read_text()
    assert (data / "endpoint").read_text().strip() == plane.url


def test_a_second_start_keeps_the_administrator_and_the_authority(own_plane):
    before = own_plane.aws("sts", "get-caller-identity"), (own_plane.data / "ca.pem").read_text()
    assert own_plane.stop() == 0
    assert not (own_plane.data / "endpoint").exists()
    own_plane.start()
    assert (own_plane.aws("sts", "get-caller-identity"), (own_plane.data / "ca.pem").read_text()) == before


def test_the_secret_is_not_in_the_data_directory(tmp_path):
    plane = Plane(tmp_path)
    environment = plane.server_environment()
    del environment["FUMIDAI_SECRET_FILE"]
    plane.server_environment = lambda: environment
    plane.start()
    try:
        made = [path for path in (plane.home / ".config").rglob("*") if path.is_file()]
        assert len(made) == 1 and mode(made[0]) == 0o600
        text = made[0].read_bytes().strip()
        for path in plane.data.rglob("*"):
            assert not path.is_file() or text not in path.read_bytes()
    finally:
        plane.stop()


def test_two_servers_do_not_share_a_directory(plane):
    done = run([FUMIDAI, "server", "--data-dir", plane.data, "--listen", f"127.0.0.1:{free_port()}"], plane.server_environment())
    assert done.returncode != 0
    assert str(plane.data).encode() in done.stderr
    assert plane.aws("sts", "get-caller-identity")


def test_a_port_that_is_taken_is_named(plane, tmp_path):
    done = attempt(tmp_path, "--listen", f"127.0.0.1:{plane.port}")
    assert done.returncode != 0
    assert f"127.0.0.1:{plane.port}".encode() in done.stderr


@pytest.mark.parametrize("option, value, said", [
    ("--listen", "foo", "'foo' has no port; write ADDRESS:PORT"), ("--listen", "foo:8443", "'foo' is not an address to listen on; write an IP address"),
    ("--connect-proxy", "3128", "'3128' has no port"), ("--log-level", "loud", "the log level is one of")])
def test_what_cannot_be_is_refused_before_anything_is_made(tmp_path, option, value, said):
    done = attempt(tmp_path, option, value)
    assert done.returncode != 0 and said in done.stderr.decode(), done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("text, said", [("lisen = ['127.0.0.1:1']", "lisen"), ("drain_seconds = 'soon'", "drain_seconds"), ("connections = 1", "connections"), ("= 3", "expected keys")])
def test_a_mistake_in_the_settings_is_told_with_its_line(tmp_path, text, said):
    settings = tmp_path / "settings.toml"
    settings.write_text("\n" + text + "\n")
    done = attempt(tmp_path, "--config", settings)
    assert done.returncode != 0
    assert f"{settings}:2".encode() in done.stderr and said.encode() in done.stderr, done.stderr


def test_a_wrong_secret_opens_nothing(own_plane):
    own_plane.stop()
    own_plane.secret.write_text("another secret that is long enough")
    done = run(own_plane.command_line(), own_plane.server_environment())
    assert done.returncode != 0
    assert b"secret" in done.stderr


@pytest.fixture
def named(tmp_path):
    second = free_port()
    one = Plane(tmp_path, "--listen", f"127.0.0.2:{second}", "--public-url", "https://fumidai.example:9443", "--name", "other.example")
    yield one.start()
    one.stop()


def test_the_certificate_carries_all_names(named):
    text = ssl.get_server_certificate(("127.0.0.1", named.port))
    shown = subprocess.run(["openssl", "x509", "-noout", "-text"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
    for name in ("fumidai.example", "other.example", "127.0.0.1", "127.0.0.2"):
        assert name in shown


def test_a_session_leads_to_the_name_of_ours_by_which_its_caller_came_and_to_no_other(tmp_path):
    plane = Plane(tmp_path, "--name", "fumidai.example").start()
    host = Agent(plane, tmp_path / "host").register().start()
    try:
        def stream_url(name):
            headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.StartSession", "Host": name}
            status, _, body = wire.request(plane, "POST", "/", json.dumps({"Target": host.id}).encode(), headers, wire.administrator(plane))
            return json.loads(body)["StreamUrl"] if status == 200 else None

        for ours in (f"fumidai.example:{plane.port}", f"127.0.0.1:{plane.port}"):
            assert stream_url(ours).startswith(f"wss://{ours}/")
        for strange in ("evil.example", f"evil.example:{plane.port}", "fumidai.example:1"):
            url = stream_url(strange)
            assert url is None or url.startswith(f"wss://127.0.0.1:{plane.port}/"), url
    finally:
        host.clean()
        plane.stop()


def test_a_name_that_is_none_is_refused_with_a_sentence(tmp_path):
    for name in ("a,b", "a b", "DNS:x"):
        done = attempt(tmp_path, "--name", name)
        assert done.returncode == 1, name
        assert b"is neither a host name nor an address" in done.stderr


def test_a_certificate_of_a_private_authority_is_trusted_by_tools_and_agents(tmp_path):
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], cwd=tmp_path, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=A private authority", "-days", "2")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=plane")
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem", "-days", "1", "-extfile", "names")
    settings = tmp_path / "settings.toml"
    settings.write_text("".join(f'{name} = "{tmp_path / file}"\n' for name, file in [("tls_certificate", "server.pem"), ("tls_key", "server.key"), ("tls_ca", "ca.pem")]))
    plane = Plane(tmp_path / "plane", "--config", settings).start()
    host = None
    try:
        assert "A private authority" in subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{plane.port}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode()
        assert plane.fumidai("host", "list").returncode == 0
        assert plane.aws("sts", "get-caller-identity")["Account"]
        host = Agent(plane, tmp_path / "host").register().start()
    finally:
        if host:
            host.clean()
        plane.stop()


def test_env_and_back_leave_the_shell_as_it_was(plane):
    script = 'env -0 >"$1/before"; eval "$("$2" env --data-dir "$3")"; env -0 >"$1/set"; eval "$("$2" env --data-dir "$3" --unset)"; env -0 >"$1/after"'
    folder = plane.directory
    subprocess.run(["/bin/bash", "-c", script, "bash", folder, FUMIDAI, plane.data], env=bare_environment(folder), check=True)
    before, changed, after = [{pair for pair in (folder / name).read_bytes().split(b"\0") if not pair.startswith(b"_=")} for name in ("before", "set", "after")]
    assert before == after
    assert any(pair.startswith(b"AWS_ENDPOINT_URL=") for pair in changed - before)


def test_a_directory_may_have_any_name(tmp_path):
    # But for a dollar sign: AWS's tools expand variables in the paths that they are given.
    folder = tmp_path / "it's a \"dir\" in 東京"
    folder.mkdir()
    plane = Plane(folder).start()
    try:
        assert plane.aws("sts", "get-caller-identity")["Account"]
    finally:
        plane.stop()


def test_env_of_a_stopped_server_says_how_to_start_it(own_plane):
    own_plane.stop()
    done = run([FUMIDAI, "env", "--data-dir", own_plane.data], bare_environment(own_plane.home))
    assert done.returncode != 0 and done.stdout == b""
    assert b"fumidai server" in done.stderr


def test_health_is_told_to_anyone(plane):
    assert wire.request(plane, "GET", "/healthz")[0] == 200


def test_a_service_manager_is_told(tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(PATIENCE)
        plane = Plane(tmp_path / "plane")
        environment = {**plane.server_environment(), "NOTIFY_SOCKET": str(path)}
        plane.server_environment = lambda: environment
        plane.start()
        assert b"READY=1" in manager.recv(4096)
        assert plane.stop() == 0
        assert b"STOPPING=1" in manager.recv(4096)


def test_secrets_of_keys_are_sealed_in_the_store(plane):
    _, administrator = wire.administrator(plane)
    with sqlite3.connect(f"file:{plane.data}/fumidai.db?mode=ro", uri=True) as store:
        (sealed,) = store.execute("select sealed_secret from access_keys limit 1").fetchone()
    store.close()
    assert administrator not in str(sealed)
    assert os.path.getsize(plane.data / "fumidai.db") > 0


def test_a_server_that_is_asked_to_stop_goes_at_once_when_nothing_runs(own_plane):
    assert own_plane.stop() == 0
    wait_until("the endpoint's end", lambda: not (own_plane.data / "endpoint").exists(), 1)
