"""In front of the real API the proxy must be invisible: the same bytes both ways, the client's own credentials."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

import scripted_messages
from claude import KEY
from sdk import body_of, post
from turns import Call, Turn

pytestmark = pytest.mark.backends("direct", "messages")

# Legal JSON that no serialiser would write like this.
ODD_JSON = (
    b'{ "stream" :false,\n\t"model":"claude-opus-5-5","max_tokens":1e3, "messages":[{"role":"user","content":"[[main]] '
    b'\\u00e9\\ud83c\\udf0d \\/ caf\xc3\xa9"}],"a_field_of_tomorrow":{"n":1.50,"big":12345678901234567890,"z":1,"a":2},'
    b'"metadata":{"user_id":"{\\"session_id\\":\\"s\\"}"},"stop_sequences":[]\r\n}  '
)


def test_request_bytes_and_query_arrive_unchanged(lab: Any) -> None:
    one = lab(main=[Turn(text="Hello.")])
    status, _, _ = post(one.url, ODD_JSON, "/v1/messages?beta=true&x=%20y&beta=again")
    (request,) = one.service.requests
    assert status == 200
    assert request.body == ODD_JSON
    assert request.target == "/v1/messages?beta=true&x=%20y&beta=again"
    one.check()


def test_headers_of_the_client_arrive_unchanged(lab: Any) -> None:
    sent = {
        "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,of-tomorrow-2027-01-01",
        "anthropic-version": "2026-10-21",
        "anthropic-workspace-id": "wrkspc_1",
        "x-claude-code-session-id": "11111111-2222-3333-4444-555555555555",
        "x-stainless-retry-count": "0",
        "x-my-own": "value of mine",
        "user-agent": "claude-cli/2.1.330 (external, sdk-cli)",
    }
    one = lab(main=[Turn(text="Hello.")])
    post(one.url, body_of(), headers=sent)
    (request,) = one.service.requests
    assert {name: request.header(name) for name in sent} == sent
    assert request.header("x-api-key") == KEY
    one.check()


def test_a_bearer_token_stays_a_bearer_token(lab: Any) -> None:
    one = lab(main=[Turn(text="Hello.")])
    token = "Bearer sk-ant-oat-of-the-conformance-suite"
    post(one.url, body_of(), headers={"authorization": token, "x-api-key": ""})
    assert one.service.requests[0].header("authorization") == token
    trace = one.check()
    assert trace is None or token.removeprefix("Bearer ").encode() not in trace.raw


@pytest.mark.parametrize("write", [0, 1, 7])
def test_the_stream_comes_back_byte_for_byte(lab: Any, write: int) -> None:
    turn = Turn(thinking="Hm, 🌍.", text="Grüße. " * 9, calls=(Call("clock", {"zone": "Ö"}),), piece=3, write=write)
    one = lab(main=[turn])
    tool = {"name": "clock", "input_schema": {"type": "object"}}
    status, headers, stream = post(one.url, body_of(stream=True, tools=[tool]))
    assert (status, stream) == (200, bytes(one.service.sent[0]))
    assert headers["request-id"].startswith("req_0000") and headers["anthropic-organization-id"] == "org-scripted"
    one.check()


def test_a_compressed_answer_comes_back_compressed(lab: Any) -> None:
    one = lab(main=[Turn(text="Hello.")])
    status, headers, body = post(one.url, body_of(), headers={"accept-encoding": "gzip, deflate, br, zstd"})
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert json.loads(gzip.decompress(body))["content"][0]["text"] == "Hello."
    trace = one.check()
    if trace:
        (response,) = trace.of("response")
        assert response["message"]["content"][0]["text"] == "Hello."


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 529])
def test_errors_come_back_unchanged(lab: Any, status: int) -> None:
    sent = (
        scripted_messages.failure(status, "as the service said it")
        .with_header("retry-after", "3")
        .with_header("x-should-retry", "true")
    )
    one = lab(main=[sent])
    got, headers, body = post(one.url, body_of(stream=True))
    assert (got, body) == (status, sent.bytes)
    assert (headers["retry-after"], headers["x-should-retry"]) == ("3", "true")
    one.check()


def test_an_error_event_comes_back_unchanged(lab: Any) -> None:
    one = lab(main=[Turn(text="Half of this sentence will be heard.", ending="error")])
    _, _, stream = post(one.url, body_of(stream=True))
    assert stream == bytes(one.service.sent[0])


def test_count_tokens_is_asked_of_the_service(lab: Any) -> None:
    one = lab()
    status, _, body = post(one.url, body_of("foo"), "/v1/messages/count_tokens?beta=true")
    assert (status, json.loads(body)) == (200, {"input_tokens": 4321})
    assert one.service.requests[0].target == "/v1/messages/count_tokens?beta=true"


def test_a_path_we_do_not_know_is_left_to_the_service(lab: Any) -> None:
    one = lab()
    status, _, body = post(one.url, {"requests": [], "model": "m", "messages": []}, "/v1/messages/batches")
    assert status == 404 and json.loads(body)["error"]["type"] == "not_found_error"
    assert one.service.requests[0].path == "/v1/messages/batches"


def test_many_turns_on_one_connection(lab: Any) -> None:
    import http.client

    one = lab(main=[Turn(text="Hello.")])
    connection = http.client.HTTPConnection(one.url.removeprefix("http://"), timeout=10)
    headers = {"content-type": "application/json", "x-api-key": KEY, "anthropic-version": "2023-06-01"}
    for number in range(30):
        connection.request("POST", "/v1/messages", json.dumps(body_of(stream=bool(number % 2))), headers)
        response = connection.getresponse()
        assert response.status == 200 and b"Hello." in response.read()
    connection.close()
    one.check()
