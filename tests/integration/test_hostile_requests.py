"""HTTP that is slow, too large, ambiguous or none at all, and TLS that is none."""

import os
import select
import socket
import ssl
import time

import pytest

from house import wire
from house.calm import stays_calm, still_serves
from house.played import start_session
from house.programs import SANITIZED

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def calm(plane):
    with stays_calm(plane):
        yield


def answers(plane, raw, seconds=5):
    """The statuses of all answers to these bytes; the connection's end is waited for when the last one promises it."""
    with wire.connect(plane, seconds) as connection:
        try:
            connection.sendall(raw)
        except (ConnectionError, ssl.SSLError):
            pass  # refused while it was still written
        got, found = b"", []
        try:
            while True:
                data = connection.recv(65536)
                if not data:
                    break
                got += data
                while b"\r\n\r\n" in got:
                    head, _, rest = got.partition(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
                    if len(rest) < length:
                        break
                    found.append((int(head.split(b" ")[1]), rest[:length]))
                    got = rest[length:]
        except TimeoutError:
            found.append("open")
        except (ConnectionError, ssl.SSLError):
            pass
        return found


def statuses(plane, raw, seconds=5):
    return [each if each == "open" else each[0] for each in answers(plane, raw, seconds)]


# ---- what is no request


NONSENSE = {
    "noise": os.urandom(2000),
    "a newline": b"\n",
    "no version": b"GET /healthz\r\n\r\n",
    "a version of the future": b"GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n",
    "HTTP/2 by prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method of noise": b"\x00\x01 / HTTP/1.1\r\n\r\n",
    "a header without a colon": b"GET /healthz HTTP/1.1\r\nHost x\r\n\r\n",
    "a space before the colon": b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
    "a NUL in a header": b"GET /healthz HTTP/1.1\r\nHost: x\0y\r\n\r\n",
    "a bare CR": b"GET /healthz HTTP/1.1\rHost: x\r\n\r\n",
    "an SSH banner": b"SSH-2.0-OpenSSH_9.2p1\r\n",
}


@pytest.mark.sanitized
@pytest.mark.parametrize("raw", [pytest.param(value, id=name.replace(" ", "-")) for name, value in NONSENSE.items()])
def test_what_is_no_request_is_answered_with_400_and_the_connection_ends(plane, raw):
    assert statuses(plane, raw + b"\r\n\r\n") == [400]


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
AMBIGUOUS = {
    "both lengths": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, the other way": b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
    "two different lengths": b"Content-Length: 0\r\nContent-Length: 36\r\n\r\n",
    "a list of lengths": b"Content-Length: 0, 36\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a signed length": b"Content-Length: +0\r\n\r\n",
    "a hexadecimal length": b"Content-Length: 0x0\r\n\r\n",
    "a length of 2^64": b"Content-Length: 18446744073709551616\r\n\r\n",
    "a length in words": b"Content-Length: none\r\n\r\n",
    "a chunk size of 2^64": b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
    "a negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a chunk without its end": b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
}


@pytest.mark.sanitized
@pytest.mark.parametrize("rest", [pytest.param(value, id=name.replace(" ", "-")) for name, value in AMBIGUOUS.items()])
def test_a_request_of_ambiguous_length_is_refused_and_nothing_behind_it_is_read(plane, rest):
    found = statuses(plane, b"POST / HTTP/1.1\r\nHost: x\r\n" + rest + SMUGGLED)
    assert len(found) == 1 and found[0] in (400, 413), found


@pytest.mark.parametrize("coding", [b"chunked, identity", b"identity, chunked", b"xchunked", b"gzip, chunked", b"identity", b"", b"chunked\r\nTransfer-Encoding: identity"])
def test_a_transfer_coding_that_is_not_just_chunked_is_refused_and_nothing_behind_it_is_read(plane, coding):
    found = statuses(plane, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n" + LAST)
    assert found in ([400], [501]), found


def test_a_folded_header_makes_one_request(plane):
    assert statuses(plane, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Folded: one\r\n two\r\nConnection: close\r\n\r\n") in ([200], [400])


# ---- sizes


@pytest.mark.parametrize("head", [b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
                                  b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n"], ids=["target", "header", "many-headers"])
def test_a_head_above_16_kib_is_refused(plane, head):
    assert statuses(plane, head) == [413]


def test_a_body_above_two_mebibytes_is_refused_before_it_is_sent(plane):
    assert statuses(plane, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2097153\r\n\r\n") == [413]
    assert statuses(plane, b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n") == [413]


def test_a_chunked_body_above_two_mebibytes_is_refused_and_not_held(plane):
    before = plane.resident_kib()
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    found = statuses(plane, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 64)
    assert found in ([413], []), found  # the answer may be lost behind what was still being sent
    assert SANITIZED or plane.resident_kib() - before < 8192


# ---- one after another


def test_pipelined_requests_are_answered_in_order(plane):
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    found = statuses(plane, HEALTH + post + HEALTH + post + LAST)
    assert found[0] == found[2] == found[4] == 200 and len(found) == 5
    assert found[1] == found[3] and 400 <= found[1] < 500


def test_who_pipelines_and_never_reads_is_not_read_from(plane):
    before = plane.resident_kib()
    with wire.connect(plane, 1) as connection, pytest.raises(TimeoutError):
        for _ in range(2000):
            connection.sendall(HEALTH * 1000)
    assert SANITIZED or plane.resident_kib() - before < 4096


# ---- where to


@pytest.mark.parametrize("path", ["/nothing", "/%00", "/../../etc/passwd", "//", "/healthz/", "/healthz%20", "*", "http://elsewhere/healthz", "/v1/data-channel/x", "/v1/control-channel/x"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_an_address_that_is_not_served_is_answered_with_4xx(plane, method, path):
    found = statuses(plane, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert len(found) == 1 and 400 <= found[0] < 500, found


@pytest.mark.parametrize("lie", ["evil.example", "evil.example:443", "127.0.0.1:1", "x" * 4000])
def test_a_host_header_that_lies_gets_no_stream_url_of_its_own(plane, host, lie):
    started = start_session(plane, host.id, headers={"Host": lie})
    assert started["StreamUrl"].startswith(f"wss://127.0.0.1:{plane.port}/v1/data-channel/")
    wire.call(plane, "AmazonSSM.TerminateSession", {"SessionId": started["SessionId"]})


@pytest.mark.parametrize("lines", ["", "Host:", "Host: a b", "Host: x\r\nHost: y"], ids=["none", "empty", "two-words", "two"])
def test_a_host_header_that_is_none_harms_nobody(plane, lines):
    assert statuses(plane, f"GET /healthz HTTP/1.1\r\n{lines}\r\nConnection: close\r\n\r\n".replace("1.1\r\n\r\n", "1.1\r\n").encode())[0] in (200, 400)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"Target":' * 1000, b'{"Target":7}', b'{"Target":{}}', b'{"Target":"' + b"a" * 5000 + b'"}',
                                  b'{"Target":"x","Parameters":{"a":"b"}}', b'{"Target":"x","Target":"y"}', b'{"Target":"\\ud800"}'],
                         ids=["empty", "cut", "list", "null", "not-utf8", "deep-list", "deep-object", "number", "object", "long", "wrong-map", "twice", "lone-surrogate"])
def test_a_body_that_is_none_gets_an_aws_error(plane, body):
    status, answer = wire.call(plane, "AmazonSSM.StartSession", body)
    assert status == 400 and answer["__type"] and answer["message"], answer


# ---- not TLS


def test_plain_http_is_closed_at_once(plane):
    with wire.connect(plane, 5, tls=False) as connection:
        connection.sendall(HEALTH)
        try:
            assert b"200 OK" not in connection.recv(4096)
        except ConnectionError:
            pass


@pytest.mark.sanitized
@pytest.mark.parametrize("raw", [os.urandom(4000), b"\x16\x03\x01\xff\xff" + os.urandom(65535), b"\x16\x03\x01\x00\x00" * 1000, b"\x15\x03\x01\x00\x02\x02\x28", b"\x80\x2e\x01\x00\x02",
                                 b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + bytes(16373)], ids=["noise", "long-record", "empty-records", "alert", "sslv2", "hello-of-zeros"])
def test_tls_that_is_none_is_closed(plane, raw):
    with wire.connect(plane, 5, tls=False) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except OSError as error:
            assert not isinstance(error, TimeoutError), "it was left open"


def test_old_tls_is_refused(plane):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with wire.connect(plane, 5, tls=False) as raw, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(raw)


# ---- slow-loris


class Dripper:
    """Sends its bytes one by one, a fifth of a second apart, and notes when the other side had enough."""

    def __init__(self, name, connection, data, limit):
        self.name, self.connection, self.limit = name, connection, limit
        self.data = iter(data)
        self.began = time.monotonic()
        self.took = None
        connection.setblocking(False)

    def drip(self):
        if self.took is not None:
            return
        try:
            byte = next(self.data, None)
            if byte is not None:
                self.connection.send(bytes([byte]))
            while select.select([self.connection], [], [], 0)[0]:
                if not self.connection.recv(4096):
                    raise ConnectionError
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            pass
        except (ConnectionError, ssl.SSLError, OSError):
            self.took = time.monotonic() - self.began
            self.connection.close()


def test_whoever_is_slow_is_cut_off_on_every_path(plane):
    """All of them at once; each has ten seconds to shake hands or to open a channel, or twenty to make a request."""
    slow = [Dripper("no TLS", wire.connect(plane, tls=False), b"", 10), Dripper("half a TLS record", wire.connect(plane, tls=False), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + bytes(500), 10)]
    for path in ("/", "/healthz", "/nothing", "/v1/data-channel/x", "/v1/control-channel/x"):
        head = f"POST {path} HTTP/1.1\r\n".encode()
        slow.append(Dripper(f"the head of {path}", wire.connect(plane), head + b"X-Slow: " + b"a" * 500, 20))
        for name, rest in (("body", b"Content-Length: 500\r\n\r\n"), ("chunks", b"Transfer-Encoding: chunked\r\n\r\n")):
            connection = wire.connect(plane)
            connection.sendall(head + rest)
            slow.append(Dripper(f"the {name} of {path}", connection, b"1\r\na\r\n" * 100, 20))
    for name, data in (("no first message", b""), ("a slow first message", b"\x81\xfe\x01\xf4" + bytes(500)), ("pings", b"\x89\x80\0\0\0\0" * 100)):
        slow.append(Dripper(name, wire.WebSocket(plane, "/v1/data-channel/x").socket, data, 10))
    end = time.monotonic() + 30
    looked = 0.0
    while any(each.took is None for each in slow) and time.monotonic() < end:
        for each in slow:
            each.drip()
        time.sleep(0.2)
        if time.monotonic() - looked > 2:
            still_serves(plane)
            looked = time.monotonic()
    late = {each.name: each.took for each in slow if each.took is None or not each.limit - 2 < each.took < each.limit + 3}
    assert not late, late
