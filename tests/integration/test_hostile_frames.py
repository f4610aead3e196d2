"""WebSocket frames that RFC 6455 forbids, and ones that it allows but no reasonable program sends."""

import struct

import pytest

from house import wire
from house.calm import stays_calm
from house.played import PlayedClient, data_path
from house.programs import SANITIZED

PROTOCOL_ERROR, TOO_LARGE = 1002, 1009


@pytest.fixture(autouse=True)
def calm(plane):
    with stays_calm(plane):
        yield


@pytest.fixture(scope="module")
def shell(plane, host):
    client = PlayedClient(plane, host.id).connect()
    client.ask_shell(1)
    yield client
    client.end()


@pytest.fixture(params=["before-the-first-message", "in-a-session"])
def channel(request, plane, shell):
    """A data channel of a stranger, and one that was proven."""
    if request.param == "in-a-session":
        yield shell.resume().channel
        shell.resume().ask_shell(2)  # whatever became of the channel, the session is intact
        return
    with wire.WebSocket(plane, data_path(shell.session)) as stranger:
        yield stranger


def frame(first, length, payload=b"", mask=bytes(4)):
    """A masked frame, bit by bit; the mask of zeros leaves the payload as it is."""
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 65536:
        size = b"\xfe" + struct.pack(">H", length)
    else:
        size = b"\xff" + struct.pack(">Q", length)
    return bytes([first]) + size + mask + payload


FORBIDDEN = {
    "an unmasked frame": (b"\x82\x01x", PROTOCOL_ERROR),
    "reserved bit 1": (frame(0xC2, 1, b"x"), PROTOCOL_ERROR),
    "reserved bit 2": (frame(0xA2, 1, b"x"), PROTOCOL_ERROR),
    "reserved bit 3": (frame(0x92, 1, b"x"), PROTOCOL_ERROR),
    "an unknown opcode": (frame(0x83, 1, b"x"), PROTOCOL_ERROR),
    "an unknown control opcode": (frame(0x8B, 0), PROTOCOL_ERROR),
    "a length of 2^63": (b"\x82\xff" + struct.pack(">Q", 2**63) + bytes(4), PROTOCOL_ERROR),
    "a length of 2^64-1": (b"\x82\xff" + struct.pack(">Q", 2**64 - 1) + bytes(4), PROTOCOL_ERROR),
    "a length of 2^63-1": (b"\x82\xff" + struct.pack(">Q", 2**63 - 1) + bytes(4), TOO_LARGE),
    "a continuation of nothing": (frame(0x80, 1, b"x"), PROTOCOL_ERROR),
    "a message inside another": (frame(0x02, 1, b"x") + frame(0x82, 1, b"y"), PROTOCOL_ERROR),
    "a fragmented ping": (frame(0x09, 1, b"x"), PROTOCOL_ERROR),
    "a ping of 126 bytes": (frame(0x89, 126, bytes(126)), PROTOCOL_ERROR),
    "fragments above the limit together": (frame(0x02, 65535, bytes(65535)) + frame(0x00, 65535, bytes(65535)) + frame(0x00, 65535), TOO_LARGE),
}


@pytest.mark.sanitized
@pytest.mark.parametrize("raw, code", [pytest.param(*value, id=name.replace(" ", "-")) for name, value in FORBIDDEN.items()])
def test_a_forbidden_frame_closes_the_channel_with_the_right_code(channel, raw, code):
    channel.send_raw(raw)
    end = channel.closed()
    assert end.code == code and end.reason


@pytest.mark.parametrize("payload", [b"", b"\x03", struct.pack(">H", 1000) + b"bye", struct.pack(">H", 0), struct.pack(">H", 65535), b"\x03\xe8\xff\xfe"],
                         ids=["empty", "half-a-code", "with-a-reason", "code-0", "code-65535", "reason-not-utf8"])
def test_a_close_frame_is_answered_whatever_it_holds(channel, payload):
    channel.send(payload, 8)
    assert channel.closed().code != 1006


def test_what_comes_after_a_close_is_not_read(shell):
    channel = shell.resume().channel
    shell.channel.send_raw(channel.frame(8, b"") + channel.frame(2, shell.message(b"echo un''read\n", shell.sequence)))
    channel.closed()
    assert "unread" not in shell.resume().ask_shell(3)


def test_a_message_in_many_fragments_is_put_together(shell):
    channel = shell.resume().channel
    message = shell.message(b"echo whole-$((4*4)).\n", shell.sequence)
    shell.sequence += 1
    for at, byte in enumerate(message):
        is_last = at == len(message) - 1
        channel.send_raw(channel.frame(2 if at == 0 else 0, bytes([byte]), final=is_last))
        if at % 50 == 0:
            channel.send_raw(channel.frame(9, b"between"))
    shell.read_until("whole-16.")


def test_a_frame_that_comes_byte_by_byte_is_read(shell):
    channel = shell.resume().channel
    for byte in channel.frame(2, shell.message(b"echo slow-$((5*5)).\n", shell.sequence)):
        channel.send_raw(bytes([byte]))
    shell.sequence += 1
    shell.read_until("slow-25.")


def test_a_text_frame_with_an_agent_message_is_taken_as_aws_programs_do(shell):
    shell.resume().channel.send(shell.message(b"echo text-$((6*6)).\n", shell.sequence), opcode=1)
    shell.sequence += 1
    shell.read_until("text-36.")


def test_text_where_binary_is_due_closes_the_channel(shell):
    shell.resume().channel.send("hello")
    assert shell.channel.closed().code == 1008
    shell.resume().ask_shell(4)


def test_empty_fragments_without_end_cost_no_memory(plane, channel):
    channel.send_raw(frame(0x02, 0))
    empty = frame(0x00, 0)
    before = plane.resident_kib()
    for _ in range(200):
        channel.send_raw(empty * 1000)
    assert SANITIZED or plane.resident_kib() - before < 4096


def test_pings_that_nobody_reads_the_answers_of_cost_no_memory(plane, channel):
    pings = frame(0x89, 125, bytes(125)) * 500
    before = plane.resident_kib()
    channel.socket.settimeout(1)
    with pytest.raises(TimeoutError):  # the server stops reading from who does not read
        for _ in range(1000):
            channel.send_raw(pings)
    assert SANITIZED or plane.resident_kib() - before < 4096


def test_pings_are_answered_in_a_session(shell):
    channel = shell.resume().channel
    for number in range(1000):
        channel.send_raw(channel.frame(9, str(number).encode()))
    shell.ask_shell(5)


def test_a_connection_cut_in_the_middle_of_a_frame_is_forgotten(channel):
    channel.send_raw(channel.frame(2, bytes(1000))[:500])
    channel.close()


@pytest.mark.parametrize("headers, status", [
    ({"Sec-WebSocket-Version": "12"}, 400), ({"Sec-WebSocket-Version": "13, 8"}, 400), ({"Sec-WebSocket-Key": "k" * 1000}, 400), ({"Sec-WebSocket-Key": None}, 400),
    ({"Sec-WebSocket-Extensions": "permessage-deflate", "Sec-WebSocket-Protocol": "mqtt"}, 101), ({"Connection": "keep-alive, upgrade", "Upgrade": "WebSocket"}, 101)],
                         ids=["version-12", "two-versions", "long-key", "no-key", "extension", "case"])
def test_an_upgrade_is_as_the_rfc_says_or_refused(plane, shell, headers, status):
    given = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13", **headers}
    text = f"GET {data_path(shell.session)} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None) + "\r\n"
    with wire.connect(plane) as connection:
        connection.sendall(text.encode())
        head = connection.recv(4096)
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"Sec-WebSocket-Extensions" not in head and b"Sec-WebSocket-Protocol" not in head
        if status == 101:
            assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
