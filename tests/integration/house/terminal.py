"""A program at a terminal of its own: typed to, looked at, resized."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from house.programs import PATIENCE


class Terminal:
    def __init__(self, argv, env, rows=24, columns=80):
        master, slave = pty.openpty()
        self.master = master
        self.resize(rows, columns)
        self.seen = b""
        self.transcript = b""
        self.process = subprocess.Popen([str(word) for word in argv], env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def _read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return None
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other end is gone
            return b""
        self.transcript += data
        # Nobody sees that line editors switch bracketed paste on and off, and that AWS's plugin ends lines twice.
        self.seen = re.sub(rb"\x1b\[\?2004[hl]\r?", b"", self.seen + data)
        self.seen = re.sub(rb"\r+\n", b"\r\n", self.seen)
        return data

    def expect(self, pattern, seconds=PATIENCE):
        """Waits until `pattern` (a regular expression) is seen, and takes everything up to it."""
        expression = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.S)
        end = time.monotonic() + seconds
        while True:
            found = expression.search(self.seen)
            if found:
                self.seen = self.seen[found.end():]
                return found
            data = self._read(max(0.0, min(0.2, end - time.monotonic())))
            if data == b"" or time.monotonic() > end:
                pytest.fail(f"{pattern!r} was not seen; {'the program ended after' if data == b'' else 'there was'}: {self.transcript[-3000:].decode(errors='replace')}")

    def run(self, command, pattern, seconds=PATIENCE):
        """Types a line, and waits for what it prints (not for the echo of the line: say it so that they differ)."""
        self.type(command + "\r")
        return self.expect(pattern, seconds)


    def wait(self, seconds=PATIENCE):
        """To the end of the program; returns its exit status."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            self._read(0.1)
            if time.monotonic() > end:
                pytest.fail(f"the program did not end: {self.transcript[-2000:].decode(errors='replace')}")
        while self._read(0):
            pass
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGHUP)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
