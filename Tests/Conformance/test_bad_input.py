"""Hostile and broken input on raw sockets: a clear answer, a connection in a known state, a proxy that goes on."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from raw_http import Answer, Line, request
from sdk import body_of
from turns import Turn

pytestmark = pytest.mark.backends("chat", "messages")
GOOD = json.dumps(body_of()).encode()


@pytest.fixture
def line(lab: Any) -> Iterator[Line]:
    """A connection to a proxy that must still serve others when the test is over."""
    one = lab(main=[Turn(text="Still here.")])
    with Line(one.proxy.port) as first:
        yield first
    assert one.proxy.alive, one.proxy.said
    with Line(one.proxy.port) as second:
        second.send(request(GOOD))
        assert b"Still here." in second.answer().body
    assert one.service.refusals == []


def refused(line: Line, data: bytes, *statuses: int) -> Answer:
    line.send(data)
    answer = line.answer()
    assert answer.status in statuses, answer
    assert answer.error["message"]
    return answer


def goes_on_or_ends(line: Line, answer: Answer) -> None:
    """A connection that says it stays open serves the next request; any other one is closed."""
    if answer.closed:
        assert line.ended()
    else:
        line.send(request(GOOD))
        assert b"Still here." in line.answer().body


BROKEN_JSON = {
    "nothing": (b"", None),
    "cut": (b'{"model": "claude', 17),
    "a comma too many": (b'{"model": "m",}', 14),
    "single quotes": (b"{'model': 'm'}", 1),
    "a leading zero": (b'{"max_tokens": 01}', 16),
    "two dots": (b'{"max_tokens": 1.2.3}', 18),
    "a bad escape": (b'{"model": "\\x41"}', 12),
    "a raw control character": (b'{"model": "a\nb"}', 12),
    "something after it": (b'{"model": "m"} {"model": "m"}', 15),
    "NaN": (b'{"max_tokens": NaN}', 15),
    "broken UTF-8": (b'{"model": "\xff\xfe"}', 11),
    "overlong UTF-8": (b'{"model": "\xc0\xaf"}', 11),
    "a byte order mark": (b'\xef\xbb\xbf{"model": "m"', None),
    "10,000 nested arrays": (b"[" * 10000, None),
    "10,000 nested arrays, closed": (b'{"messages": ' + b"[" * 10000 + b"]" * 10000 + b"}", None),
    "10,000 nested objects": (b'{"a":' * 10000 + b"1" + b"}" * 10000, None),
}


@pytest.mark.backends("chat")
@pytest.mark.parametrize("name", BROKEN_JSON)
def test_broken_json_is_named_with_its_place(line: Line, name: str) -> None:
    body, place = BROKEN_JSON[name]
    answer = refused(line, request(body), 400)
    assert answer.error["type"] == "invalid_request_error"
    if place is not None:
        said = [int(number) for number in re.findall(r"\d+", answer.error["message"])]
        assert any(place - 8 <= number <= place + 1 for number in said), (
            answer.error
        )  # the place, or where its token begins
    goes_on_or_ends(line, answer)


WRONG_SHAPES: dict[str, Any] = {
    "an array": [],
    "a string": "hello",
    "null": None,
    "no model": {"max_tokens": 1, "messages": []},
    "no messages": {"model": "m", "max_tokens": 1},
    "no max_tokens": {"model": "m", "messages": [{"role": "user", "content": "[[main]]"}]},
    "model is a number": {**body_of(), "model": 5},
    "messages is an object": {**body_of(), "messages": {}},
    "messages is empty": {**body_of(), "messages": []},
    "a message is a string": {**body_of(), "messages": ["[[main]]"]},
    "a message has no role": {**body_of(), "messages": [{"content": "[[main]]"}]},
    "content is a number": {**body_of(), "messages": [{"role": "user", "content": 5}]},
    "content has a string": {**body_of(), "messages": [{"role": "user", "content": ["[[main]]"]}]},
    "a text is a number": {**body_of(), "messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]},
    "max_tokens is a string": {**body_of(), "max_tokens": "many"},
    "max_tokens is negative": {**body_of(), "max_tokens": -1},
    "tools is an object": {**body_of(), "tools": {}},
    "stream is a word": {**body_of(), "stream": "yes"},
    "system is a number": {**body_of(), "system": 5},
    "an image without a source": {**body_of(), "messages": [{"role": "user", "content": [{"type": "image"}]}]},
    "a call without an id": {
        **body_of(),
        "messages": [{"role": "assistant", "content": [{"type": "tool_use", "name": "a", "input": {}}]}],
    },
}


DOUBTFUL_SHAPES: dict[str, Any] = {
    "a role nobody knows": {**body_of(), "messages": [{"role": "narrator", "content": "[[main]]"}]},
    "a tool has no name": {**body_of(), "tools": [{"input_schema": {"type": "object"}}]},
    "a block has no type": {
        **body_of(),
        "messages": [{"role": "user", "content": [{"text": "x"}, {"type": "text", "text": "[[main]]"}]}],
    },
    "metadata is a list": {**body_of(), "metadata": []},
    "thinking is a word": {**body_of(), "thinking": "hard"},
    "cache_control is a number": {**body_of(), "system": [{"type": "text", "text": "x", "cache_control": 5}]},
}


@pytest.mark.backends("chat")
@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_wrong_shapes_are_refused_in_words(line: Line, name: str) -> None:
    answer = refused(line, request(json.dumps(WRONG_SHAPES[name]).encode()), 400)
    assert answer.error["type"] == "invalid_request_error"
    goes_on_or_ends(line, answer)


@pytest.mark.backends("chat")
@pytest.mark.parametrize("name", DOUBTFUL_SHAPES)
def test_doubtful_shapes_are_refused_in_words_or_served(line: Line, name: str) -> None:
    line.send(request(json.dumps(DOUBTFUL_SHAPES[name]).encode()))
    answer = line.answer()
    assert answer.status == 200 or (answer.status == 400 and answer.error["message"]), answer
    goes_on_or_ends(line, answer)


SMUGGLING = {
    "both lengths": request(GOOD, "Transfer-Encoding: chunked"),
    "two different lengths": request(GOOD, "Content-Length: 3"),
    "a list of lengths": request(GOOD, f"Content-Length: {len(GOOD)}, 3", length=False),
    "a negative length": request(GOOD, "Content-Length: -5", length=False),
    "a signed length": request(GOOD, f"Content-Length: +{len(GOOD)}", length=False),
    "a hexadecimal length": request(GOOD, "Content-Length: 0x10", length=False),
    "an enormous length": request(GOOD, "Content-Length: 99999999999999999999999", length=False),
    "a folded header": request(GOOD, "X-A: b\r\n c"),
    "a blank before the colon": request(GOOD, "X-A : b"),
    "a blank before the name": b"POST /v1/messages HTTP/1.1\r\n Host: x\r\n\r\n",
    "a length with a blank before the colon": request(GOOD, f"Content-Length : {len(GOOD)}", length=False),
    "a header without a colon": request(GOOD, "X-A"),
    "a header without a name": request(GOOD, ": b"),
    "a NUL in a header": request(GOOD, "X-A: a\0b"),
    "a bare CR in a header": request(GOOD, "X-A: a\rX-B: c"),
    "an unknown transfer coding": request(GOOD, "Transfer-Encoding: gzip, chunked", length=False),
    "chunked, but not last": request(GOOD, "Transfer-Encoding: chunked, identity", length=False),
    "a disguised transfer coding": request(GOOD, "Transfer-Encoding: \x0bchunked", length=False),
    "a chunk size that is a word": request(b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False),
    "a negative chunk size": request(b"-2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False),
    "an enormous chunk size": request(b"f" * 17 + b"\r\n{}", "Transfer-Encoding: chunked", length=False),
    "a chunk longer than it says": request(b"2\r\n{}}}\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False),
    "HTTP/2 in clear": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9.9": b"POST /v1/messages HTTP/9.9\r\nHost: x\r\n\r\n",
    "no version": b"POST /v1/messages\r\nHost: x\r\n\r\n",
    "rubbish": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n\r\n",
    "a request line of 100 KB": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "3 MB of one header": request(GOOD, "X-A: " + "a" * 3_000_000),
    "10,000 headers": request(GOOD, *(f"X-{n}: {n}" for n in range(10_000))),
    "two hosts": request(GOOD, "Host: evil.example"),
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_doubtful_framing_is_refused_and_the_connection_closed(line: Line, name: str) -> None:
    """Where the next request begins cannot be known, so there must be none."""
    line.send(SMUGGLING[name] + request(GOOD))
    answer = line.answer()
    assert answer.status in (0, 400, 413, 414, 431, 501, 505), answer
    if answer.body:
        assert answer.error["message"]
    assert line.ended(), f"something was answered after {name}: {line.buffer[:300]!r}"


def test_bare_line_feeds_are_never_half_understood(line: Line) -> None:
    """Refused and closed, or read as what they are: never a second request out of a body."""
    line.send(request(GOOD).replace(b"\r\n", b"\n"))
    answer = line.answer()
    if answer.status == 200:
        assert b"Still here." in answer.body
    else:
        assert answer.status in (0, 400) and line.ended()


def test_a_chunked_body_is_understood(line: Line) -> None:
    chunks = b"".join(
        b"%x;note=1\r\n%s\r\n" % (len(GOOD[at : at + 9]), GOOD[at : at + 9]) for at in range(0, len(GOOD), 9)
    )
    line.send(request(chunks + b"0\r\nX-Trailer: t\r\n\r\n", "Transfer-Encoding: chunked", length=False))
    answer = line.answer()
    assert answer.status == 200 and b"Still here." in answer.body
    goes_on_or_ends(line, answer)


def test_a_body_of_100_mb_is_refused(line: Line) -> None:
    megabyte = b"a" * 1_000_000
    line.send(request(b"", f"Content-Length: {100 * len(megabyte)}", length=False))
    for _ in range(100):
        line.send(megabyte)
    answer = line.answer()
    assert (answer.status, answer.error["type"]) == (413, "request_too_large")
    assert line.ended()


def test_a_body_of_100_mb_in_chunks_is_refused(line: Line) -> None:
    chunk = b"f4240\r\n" + b"a" * 1_000_000 + b"\r\n"
    line.send(request(b"", "Transfer-Encoding: chunked", length=False))
    for _ in range(100):
        line.send(chunk)
    answer = line.answer()
    assert answer.status in (0, 413), answer
    assert line.ended()


def test_a_body_of_20_mb_is_served(line: Line) -> None:
    body = json.dumps(body_of("lorem ipsum " * 1_700_000 + "[[main]]")).encode()
    line.send(request(body))
    answer = line.answer()
    assert answer.status == 200 and b"Still here." in answer.body


def test_pipelined_requests_are_answered_in_order(line: Line) -> None:
    line.send(request(GOOD) * 2 + request(b"{", path="/v1/nowhere") + request(GOOD))
    assert [line.answer().status for _ in range(4)] == [200, 200, 404, 200]


@pytest.mark.backends("chat")
def test_a_path_nobody_serves(line: Line) -> None:
    answer = refused(line, request(GOOD, path="/v1/nowhere"), 404)
    assert answer.error["type"] == "not_found_error"
    goes_on_or_ends(line, answer)


def test_a_method_nobody_serves(line: Line) -> None:
    line.send(request(GOOD).replace(b"POST", b"BREW", 1))
    answer = line.answer()
    assert answer.status in (400, 404, 405, 501), answer
    goes_on_or_ends(line, answer)


def test_one_byte_at_a_time(line: Line) -> None:
    for byte in request(GOOD):
        line.send(bytes([byte]))
    assert b"Still here." in line.answer().body


def test_a_hundred_idle_connections_disturb_nobody(lab: Any) -> None:
    one = lab(main=[Turn(text="Still here.")])
    idle = [Line(one.proxy.port) for _ in range(100)]
    for number, each in enumerate(idle):
        each.send(request(GOOD)[: number * 3])
    start = time.monotonic()
    with Line(one.proxy.port) as line:
        line.send(request(GOOD))
        assert b"Still here." in line.answer().body
    assert time.monotonic() - start < 2
    for each in idle:
        each.socket.close()


@pytest.mark.parametrize("headers", [("Host: evil.example",), ("Host: 127.0.0.1", "Origin: https://evil.example")])
def test_a_web_page_cannot_use_the_proxy(line: Line, headers: tuple[str, ...]) -> None:
    """A browser that was led here (DNS rebinding, cross-site requests) must get nothing."""
    data = request(GOOD).replace(b"Host: 127.0.0.1", "\r\n".join(headers).encode())
    line.send(data)
    assert line.answer().status in (400, 403, 421)
