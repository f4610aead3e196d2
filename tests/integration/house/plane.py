"""A server with a data directory of its own, and the tools pointed to it."""

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

from house.programs import AWS, FUMIDAI, PATIENCE, bare_environment, free_port, run, wait_until


class Plane:
    def __init__(self, directory: Path, *options):
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "server.log"
        self.options = [str(option) for option in options]
        self.port = free_port()
        self.process = None
        self.home = directory / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.secret = directory / "secret"
        self.secret.write_text(os.urandom(32).hex())
        self.secret.chmod(0o600)
        self.wrapper = []  # what the server is started through, as faketime

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def server_environment(self):
        return {**bare_environment(self.home), "FUMIDAI_SECRET_FILE": str(self.secret)}

    def command_line(self):
        return [*self.wrapper, str(FUMIDAI), "server", "--data-dir", str(self.data), "--listen", f"127.0.0.1:{self.port}", *self.options]

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command_line(), env=self.server_environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until("the server's endpoint file", lambda: (self.data / "endpoint").exists() or self.process.poll() is not None)
        assert self.process.poll() is None, f"the server ended: {self.log.read_text()[-2000:]}"
        return self

    def stop(self, signal_number=signal.SIGTERM):
        """Returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)
        # Left behind, it would look like a server that is ready.
        (self.data / "endpoint").unlink(missing_ok=True)

    def resident_kib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    # As a user's shell after eval "$(fumidai env)".
    def environment(self, **more):
        base = bare_environment(self.home)
        base.pop("ASAN_OPTIONS", None)
        printed = run([FUMIDAI, "env", "--data-dir", self.data], base)
        assert printed.returncode == 0, printed.stderr
        shown = subprocess.run(["/bin/bash", "-c", 'eval "$1"; env -0', "bash", printed.stdout.decode()], env=bare_environment(self.home), stdout=subprocess.PIPE, check=True)
        return {**dict(pair.split("=", 1) for pair in shown.stdout.decode().split("\0") if pair), **more}

    def fumidai(self, *words, user=None, **more):
        env = self.environment(**({"AWS_PROFILE": user} if user else {}))
        return run([FUMIDAI, *words], env, **more)

    def aws(self, *words, user=None, program=AWS, **more):
        """The AWS CLI; returns what it printed as JSON, or the completed process when `check` is false."""
        check = more.pop("check", True)
        env = self.environment(AWS_PAGER="", **({"AWS_PROFILE": user} if user else {}))
        done = run([program, *words, "--output", "json"], env, **more)
        if not check:
            return done
        assert done.returncode == 0, f"aws {shlex.join(map(str, words))}: {done.stderr.decode()}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, *words, **more):
        """What the AWS CLI says of a refusal; fails when it was none."""
        done = self.aws(*words, check=False, **more)
        assert done.returncode != 0, f"allowed: {done.stdout.decode()}"
        return done.stderr.decode().strip()

    def boto3(self, service, user=None):
        """A boto3 client as Debian's python3-boto3 makes it, with nothing but the environment."""
        import boto3  # pylint: disable=import-outside-toplevel
        import botocore.session  # pylint: disable=import-outside-toplevel

        env = self.environment()
        held = dict(os.environ)
        try:
            os.environ.clear()
            os.environ.update(env)
            session = boto3.session.Session(botocore_session=botocore.session.Session(profile=user), region_name="us-east-1")
            return session.client(service)
        finally:
            os.environ.clear()
            os.environ.update(held)

    def add_profile(self, name, key):
        """Credentials, as IAM or STS answer with them, in the tools' files."""
        lines = [f"\n[{name}]", f"aws_access_key_id = {key['AccessKeyId']}", f"aws_secret_access_key = {key['SecretAccessKey']}"]
        if "SessionToken" in key:
            lines.append(f"aws_session_token = {key['SessionToken']}")
        with (self.data / "credentials").open("a") as credentials:
            credentials.write("\n".join(lines) + "\n")
        return name

    def make_user(self, name, *statements):
        """A user with a key in the tools' files, and one inline policy of these statements (none: no policy)."""
        self.aws("iam", "create-user", "--user-name", name)
        self.add_profile(name, self.aws("iam", "create-access-key", "--user-name", name)["AccessKey"])
        if statements:
            self.set_policy(name, *statements)
        return name

    def set_policy(self, name, *statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.aws("iam", "put-user-policy", "--user-name", name, "--policy-name", "test", "--policy-document", document)

    def activation(self, *more):
        made = self.aws("ssm", "create-activation", "--iam-role", "SSMServiceRole", *more)
        return made["ActivationId"], made["ActivationCode"]

    def is_online(self, instance):
        listed = self.aws("ssm", "describe-instance-information", "--filters", f"Key=InstanceIds,Values={instance}")["InstanceInformationList"]
        return bool(listed) and listed[0]["PingStatus"] == "Online"

    def is_connected(self, instance):
        return self.aws("ssm", "get-connection-status", "--target", instance)["Status"] == "connected"

    def sessions(self, state="Active", *more):
        return self.aws("ssm", "describe-sessions", "--state", state, *more)["Sessions"]

    def events(self, *more):
        done = self.fumidai("audit", "list", "--json", "--most", "1000", *more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
