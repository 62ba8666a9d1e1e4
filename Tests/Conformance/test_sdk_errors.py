"""Failures of the service behind the proxy, as the official SDK raises them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2
import pytest

import sdk
from scripted_chat import failure, too_long
from sdk import body_of, post
from turns import Failure, Turn

on_chat = pytest.mark.backends("chat")
on_openai = pytest.mark.backends("chat", "responses")
HTML = Failure(502, "<html><head><title>502 Bad Gateway</title></head></html>", (("content-type", "text/html"),))


@dataclass(frozen=True)
class Case:
    """What the service answers, and what the program must see."""

    upstream: Failure
    raised: type[Exception]
    kind: str
    words: str = ""
    retry: bool = True  # False: the answer must say x-should-retry: false


CASES = {
    "400": Case(failure(400, "Invalid value: keep-this"), anthropic.BadRequestError, "invalid_request_error", "keep-this"),
    "401": Case(failure(401, "Incorrect API key provided"), anthropic.AuthenticationError, "authentication_error", retry=False),
    "402": Case(failure(402, "Pay first"), anthropic.PaymentRequiredError, "billing_error", retry=False),
    "403": Case(failure(403, "Not in your country"), anthropic.PermissionDeniedError, "permission_error", "country"),
    "404": Case(failure(404, "The model `x` does not exist", "model_not_found"), anthropic.NotFoundError, "not_found_error", retry=False),
    "413": Case(failure(413, "Too large"), anthropic.ContentTooLargeError, "request_too_large"),
    "422": Case(failure(422, "Unprocessable"), anthropic.BadRequestError, "invalid_request_error"),
    "429": Case(failure(429, "Rate limit reached", "rate_limit_exceeded"), anthropic.RateLimitError, "rate_limit_error"),
    "quota": Case(failure(429, "You exceeded your quota", "insufficient_quota"), anthropic.RateLimitError, "rate_limit_error", retry=False),
    "500": Case(failure(500, "The server had an error"), anthropic.InternalServerError, "api_error"),
    "503": Case(failure(503, "Overloaded"), anthropic.OverloadedError, "overloaded_error"),
    "529": Case(failure(529, "Overloaded"), anthropic.OverloadedError, "overloaded_error"),
    "504": Case(failure(504, "Too slow"), anthropic.GatewayTimeoutError, "timeout_error"),
    "html": Case(HTML, anthropic.InternalServerError, "api_error"),
    "empty": Case(Failure(500), anthropic.InternalServerError, "api_error"),
    "fastapi": Case(Failure(400, {"detail": "keep-detail"}), anthropic.BadRequestError, "invalid_request_error", "keep-detail"),
    "ollama": Case(Failure(400, {"error": "keep-plain"}), anthropic.BadRequestError, "invalid_request_error", "keep-plain"),
    "list": Case(Failure(400, [{"error": {"code": 400, "message": "keep-list"}}]), anthropic.BadRequestError, "invalid_request_error", "keep-list"),
    "cut json": Case(Failure(400, '{"error": {"mess'), anthropic.BadRequestError, "invalid_request_error"),
}  # fmt: skip


@on_openai
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("name", CASES)
def test_a_failure_becomes_the_right_exception(lab: Any, name: str, stream: bool) -> None:
    case = CASES[name]
    one = lab(main=[case.upstream])
    with pytest.raises(anthropic.APIStatusError) as raised:
        sdk.ask(one.url, stream)
    error = raised.value
    assert isinstance(error, case.raised), f"{type(error).__name__}: {error}"
    assert (error.body["type"], error.type) == ("error", case.kind)
    assert error.api_message and case.words in error.api_message
    assert (error.response.headers.get("x-should-retry") == "false") is not case.retry
    trace = one.check()
    assert trace.of("error") and trace.of("end")[0]["outcome"] == "upstream_error"


@on_openai
def test_retry_after_is_passed_on(lab: Any) -> None:
    one = lab(main=[CASES["429"].upstream.with_header("retry-after", "7")])
    with pytest.raises(anthropic.RateLimitError) as raised:
        sdk.ask(one.url, False)
    assert raised.value.response.headers["retry-after"] == "7"


@on_chat
def test_what_cannot_succeed_is_not_tried_again(lab: Any) -> None:
    one = lab(main=[CASES["401"].upstream])
    with sdk.client(one.url, max_retries=3) as client, pytest.raises(anthropic.AuthenticationError):
        client.messages.create(**body_of())
    assert len(one.service.requests) == 1


@on_openai
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_an_overflow_says_the_sentence_clients_know(lab: Any, stream: bool) -> None:
    one = lab(main=[too_long(250000, 128000)])
    with pytest.raises(anthropic.BadRequestError) as raised:
        sdk.ask(one.url, stream)
    assert raised.value.api_message == "prompt is too long: 250000 tokens > 128000 maximum"


OVERFLOWS = [
    "This model's maximum context length is 8192 tokens, however you requested 9000 tokens (8000 in your prompt; 1000 for the completion).",
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens in the messages, Please reduce the length.",
]


# The first names prompt and completion apart: a smaller max_tokens mends it, so the client is told both numbers.
HEALING = [
    "input length and `max_tokens` exceed context limit: 8000 + 1000 > 8192, decrease input length or `max_tokens` and try again",
    "prompt is too long: 9000 tokens > 8192 maximum",
]


@on_chat
@pytest.mark.parametrize("text", OVERFLOWS)
def test_overflows_of_other_services(lab: Any, text: str) -> None:
    one = lab(main=[failure(400, text)])
    with pytest.raises(anthropic.BadRequestError) as raised:
        sdk.ask(one.url, False)
    assert raised.value.api_message in HEALING


@pytest.mark.responses
def test_an_error_in_the_middle_is_raised(lab: Any) -> None:
    one = lab(main=[Turn(text="Half of this sentence will be heard.", ending="error")])
    with pytest.raises(anthropic.APIError):
        sdk.ask(one.url, True)
    one.check()


@pytest.mark.responses
def test_a_cut_in_the_middle_is_raised(lab: Any) -> None:
    one = lab(main=[Turn(text="Half of this sentence will be heard.", ending="cut")])
    with pytest.raises((anthropic.APIError, httpx2.HTTPError)):
        sdk.ask(one.url, True)
    one.check()


@on_openai
@pytest.mark.parametrize("ending", ["cut", "error"])
def test_a_broken_stream_ends_with_one_error_event_and_nothing_after(lab: Any, ending: str) -> None:
    one = lab(main=[Turn(text="Half of this sentence will be heard.", ending=ending)])
    status, _, stream = post(one.url, body_of(stream=True))
    events = [line[7:] for line in stream.decode().splitlines() if line.startswith("event: ")]
    assert status == 200 and events[-1] == "error" and events.count("error") == 1
    assert "message_stop" not in events and "message_delta" not in events
    data = json.loads(stream.decode().splitlines()[-2].removeprefix("data: "))
    assert data["type"] == "error" and data["error"]["message"]
    one.check()


@on_openai
def test_a_silent_service_is_given_up(lab: Any) -> None:
    """With a time limit of seconds the client hears about it, instead of waiting for ever."""
    one = lab(flags=("--timeout", "2s"), main=[Turn(text="Half of this sentence will be heard.", ending="stall")])
    _, _, stream = post(one.url, body_of(stream=True))
    assert b"event: error\n" in stream


@on_chat
def test_a_service_that_is_not_there(lab: Any) -> None:
    one = lab(main=[Turn(text="never")])
    one.service.__exit__(None)
    with pytest.raises(anthropic.APIStatusError) as raised:
        sdk.ask(one.url, False)
    assert raised.value.status_code >= 500 and raised.value.body["type"] == "error"


@on_openai
def test_an_error_object_with_status_200(lab: Any) -> None:
    """Some routers answer 200 and put the failure into the body."""
    one = lab(
        main=[
            Failure(
                200, {"error": {"message": "Provider is down", "code": 502}}, (("content-type", "application/json"),)
            )
        ]
    )
    with pytest.raises(anthropic.APIStatusError):
        sdk.ask(one.url, False)
