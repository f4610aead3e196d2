"""An X display that nobody sees (Xvfb), and what is on it."""

import struct
import subprocess
import zlib


class Screen:
    """In a lab's world. Its pixels are a file of `directory`, in the format of xwd(1)."""

    def __init__(self, world, directory, width=800, height=600):
        self.file = directory / "Xvfb_screen0"
        self.log = directory / "Xvfb.log"
        with self.log.open("wb") as log:
            words = world.words("Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24", "-fbdir", directory, "-nolisten", "tcp")
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        number = self.process.stdout.readline().strip()
        assert number, f"Xvfb did not start: {self.log.read_text()}"
        self.display = f":{number}"

    def close(self):
        self.process.terminate()
        self.process.wait(20)

    def picture(self):
        return Picture(self.file.read_bytes())


class Picture:
    """What was on a display: `pixels` from the left of the top row on, each three bytes, red, green and blue."""

    def __init__(self, dump):
        # X11/XWDFile.h: 25 big-endian words; then a name, a colour map of 12 bytes a colour, and the rows.
        header = struct.unpack(">25I", dump[:100])
        size, self.width, self.height, colours = header[0], header[4], header[5], header[19]
        version, depth, byte_order, bits, stride = header[1], header[3], header[7], header[11], header[12]
        assert (version, depth, byte_order, bits, stride) == (7, 24, 0, 32, 4 * self.width), header
        rows = dump[size + 12 * colours:][:stride * self.height]
        self.pixels = bytearray(3 * self.width * self.height)
        for colour in range(3):
            self.pixels[colour::3] = rows[2 - colour::4]

    def share(self, colour):
        """How much of it has exactly the colour, three bytes too: 0 to 1."""
        return sum(self.pixels[at:at + 3] == colour for at in range(0, len(self.pixels), 3)) / (self.width * self.height)

    def save(self, path):
        """As PNG (RFC 2083)."""
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        stride = 3 * self.width
        rows = b"".join(b"\0" + self.pixels[at:at + stride] for at in range(0, len(self.pixels), stride))
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
