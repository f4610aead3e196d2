"""Tunnels to the echo of a private network, held open: by our client, and byte by byte as AWS's clients have them."""

import threading
import time

from house.programs import wait_until


class Held:
    """A tunnel of our client, spoken to line by line."""

    def __init__(self, network, *more):
        self.network = network
        self.process = network.tunnel(7, *more)
        assert self.process.stdout.readline() == b"hello\n", self.process.stderr.read()
        self.session = wait_until("it is listed", lambda: [each for each in network.tunnels() if each["Status"] == "Connected"])[0]

    def says(self, text=b"abc\n"):
        self.process.stdin.write(text)
        self.process.stdin.flush()
        return self.process.stdout.readline() == text.upper()

    def carrier(self):
        """The host that carries it."""
        (carrier,) = self.network.carriers(1)
        return next(host for host in self.network.hosts if host.id == carrier)

    def end(self):
        out, said = self.process.communicate(timeout=20)
        return out, said.decode(), self.process.returncode


class Raw:
    """A tunnel of a client of AWS, byte by byte."""

    def __init__(self, network, port=7, **more):
        self.door = network.door(port)
        self.socket = self.door.open(self.door.target(self.door.pairs(**more)))
        assert self.socket.status == 101
        self.bytes = b""

    def read(self, count):
        while len(self.bytes) < count:
            self.bytes += self.socket.receive()
        said, self.bytes = self.bytes[:count], self.bytes[count:]
        return said

    def read_close(self):
        end = self.socket.closed()
        return end.code, end.reason


def stream_through(network, disturb, seconds=6, length=1000, pause=0.001):
    """Sends numbers through a tunnel for some seconds, and disturbs it meanwhile; all of them have to come back."""
    held = Held(network)
    carrier = held.carrier()
    sent = []

    def send():
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            line = b"n%d" % number + b"." * length + b"\n"
            held.process.stdin.write(line)
            sent.append(line.upper())
            number += 1
            time.sleep(pause)
        held.process.stdin.close()

    got = []
    reader = threading.Thread(target=lambda: got.extend(iter(held.process.stdout.readline, b"")))
    sender = threading.Thread(target=send)
    reader.start()
    sender.start()
    time.sleep(1)
    disturb(carrier)
    for thread in (sender, reader):
        thread.join(60)
        assert not thread.is_alive()
    said = held.process.stderr.read().decode()
    assert held.process.wait(20) == 0, said
    assert got == sent, f"{len(got)} of {len(sent)} lines came back"
    return said
