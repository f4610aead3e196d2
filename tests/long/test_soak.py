"""Sessions of all kinds for a long time, while every part is killed at random: nothing is ever wrong in silence."""

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

from house import session as sessions
from house import wire
from house.played import PlayedClient
from house.programs import FUMIDAI, SANITIZED, wait_until

SECONDS = float(os.environ.get("FUMIDAI_TEST_SOAK_SECONDS", "1200"))
SENTENCES = (b"The process of the session ended without a word", b"is not connected", b"cannot connect", b"Terminated by", b"did not come back", b"was lost", b"closed the connection",
             b"did not within", b"TLS handshake", b"The session", b"the connection broke", b"internal error")


class Soak:
    def __init__(self, plane, host):
        self.plane, self.host = plane, host
        self.environment = plane.environment()  # asked for once: the server is not always there
        self.administrator = wire.administrator(plane)
        self.stop = threading.Event()
        self.whole = 0  # sessions that ended as they should
        self.broken = []  # and that were killed: with which words
        self.wrong = []  # what must never happen
        self.clients = set()
        self.lock = threading.Lock()

    def run(self, words, stdin=b"", options=()):
        """A command by our client; (status, output, sentences)."""
        process = subprocess.Popen([str(FUMIDAI), "session", "start", *options, self.host.id, "--", *words], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        with self.lock:
            self.clients.add(process)
        try:
            out, err = process.communicate(stdin, timeout=180)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.wrong.append(f"{words}: stuck; said {err[-500:]!r}")
        with self.lock:
            self.clients.discard(process)
        return process.returncode, out, err

    def judge(self, what, status, out, err, wanted):
        if status == 0 and out == wanted:
            self.whole += 1
        elif status == 0:
            self.wrong.append(f"{what}: status 0 and {len(out)} bytes instead of {len(wanted)}")
        elif status == -signal.SIGKILL:
            self.broken.append("the client was killed")
        elif not any(sentence in err for sentence in SENTENCES):
            self.wrong.append(f"{what}: status {status} without a sentence: {err[-500:]!r}")
        else:
            self.broken.append(err.decode(errors="replace").strip().splitlines()[-1])

    def printer(self, luck):
        count = luck.choice([10, 1000, 100_000, 400_000])
        self.judge("seq", *self.run(["seq", "1", str(count)], options=["-n"]), b"".join(b"%d\n" % number for number in range(1, count + 1)))

    def reader(self, luck):
        data = luck.randbytes(luck.choice([10, 10_000, 3_000_000]))
        self.judge("sha256sum", *self.run(["sha256sum"], stdin=data), f"{hashlib.sha256(data).hexdigest()}  -\n".encode())

    def idler(self, luck):
        self.judge("sleep", *self.run(["sh", "-c", f"sleep {luck.uniform(0, 6):.1f}; echo awake"], options=["-n"]), b"awake\n")

    def typist(self, luck):
        """A stock-like client that is cut off and resumes."""
        try:
            with PlayedClient(self.plane, self.host.id) as client:
                for number in range(luck.randrange(1, 6)):
                    if luck.random() < 0.3:
                        client.channel.close()
                        client.resume()
                    client.ask_shell(number)
            self.whole += 1
        except (OSError, wire.Closed, AssertionError, ValueError) as error:
            self.broken.append(f"typist: {type(error).__name__}")

    def work(self, number):
        luck = random.Random(number)
        while not self.stop.is_set():
            self.attempt(luck.choice([self.printer, self.reader, self.idler, self.typist]), luck)

    def attempt(self, what, luck):
        try:
            what(luck)
        except BaseException as error:  # pylint: disable=broad-except
            self.wrong.append(f"{what.__name__}: {error!r}")

    def trouble(self):
        luck = random.Random()
        kinds = [self.kill_server, self.kill_agent, self.kill_worker, self.kill_client, self.restart_server]
        while not self.stop.wait(luck.uniform(2, 8)):
            self.attempt(luck.choice(kinds), luck)

    def kill_server(self, _):
        self.plane.kill()
        self.plane.start()

    def restart_server(self, _):
        status = self.plane.stop()
        if status != 0:
            self.wrong.append(f"the server ended with {status}")
        self.plane.start()

    def kill_agent(self, luck):
        self.host.kill()
        time.sleep(luck.uniform(0, 0.2))
        self.host.start(wait=False)

    def kill_worker(self, luck):
        running = [pid for pid in map(sessions.worker, sessions.active(self.plane)) if pid]
        with contextlib.suppress(ProcessLookupError):  # its session ended at this moment
            if running:
                os.kill(luck.choice(running), signal.SIGKILL)

    def kill_client(self, luck):
        with self.lock:
            running = [client for client in self.clients if client.poll() is None]
        if running:
            luck.choice(running).kill()


def descriptors(plane):
    return len(os.listdir(f"/proc/{plane.process.pid}/fd"))


def test_sessions_of_all_kinds_survive_or_say_why(own_plane, own_host):
    soak = Soak(own_plane, own_host)
    threads = [threading.Thread(target=soak.work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    trouble = threading.Thread(target=soak.trouble)
    trouble.start()
    soak.stop.wait(SECONDS)
    soak.stop.set()
    trouble.join()
    for thread in threads:
        thread.join()
    sessions.wait_for_host(own_plane, own_host.id)
    print(f"{soak.whole} sessions whole, {len(soak.broken)} broken off: {sorted(set(soak.broken))}")
    assert not soak.wrong, soak.wrong[:10]
    assert soak.whole > SECONDS / 10

    known = {event["session"] for event in exported(own_plane) if event["kind"] == "session.start"}
    for session in sessions.active(own_plane):  # of clients that were killed
        wire.call(own_plane, "AmazonSSM.TerminateSession", {"SessionId": session})
    wait_until("all sessions are over", lambda: not sessions.active(own_plane), 60)
    wait_until("nothing is left of any", lambda: not any(sessions.processes(session) or sessions.worker(session) for session in known), 60)
    events = exported(own_plane)
    ended = [event["session"] for event in events if event["kind"] == "session.end"]
    assert set(ended) == known and len(ended) == len(known)
    assert own_plane.fumidai("audit", "verify", seconds=60).returncode == 0
    assert descriptors(own_plane) < 60
    assert SANITIZED or own_plane.resident_kib() < 64 * 1024
    assert Path(own_plane.log).stat().st_size < 50_000_000


def exported(plane):
    done = plane.fumidai("audit", "export", seconds=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
