"""Every recorded Chat Completions answer comes through: its words, calls, reasoning, reason and counts.

RECORDINGS names another folder of recordings, with the same layout."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import anthropic
import pytest

import grammar
import sdk
from chat_reading import Reading, read_stream, read_whole
from proxy import Proxy, binary, chat_environment
from recordings import Recording, Replay, recordings
from sdk import body_of, post

ALL = recordings("openai_chat")
STREAMS = [one for one in ALL if one.is_stream]
WHOLES = [one for one in ALL if not one.is_stream and one.status == 200]
REFUSALS = [one for one in ALL if one.status != 200]
CLASSES = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    404: anthropic.NotFoundError,
    429: anthropic.RateLimitError,
}
PROVIDERS = "alibaba azure cerebras deepseek groq llama.cpp mistral ollama openai openrouter together xai zai".split()
TYPES = {400: "invalid_request_error", 429: "rate_limit_error", 500: "api_error"}


def name(recording: Recording) -> str:
    return recording.name


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with Replay() as service:
        yield service


@cache
def knows_providers() -> bool:
    done = subprocess.run([binary(), "help", "--markdown"], capture_output=True, text=True, timeout=10)
    return "OPENAI_PROVIDER" in done.stdout


def provider(recording: Recording) -> str:
    """The service that a recording came from, where the proxy has a profile of it."""
    known = [part for part in recording.name.split("/") if part in PROVIDERS]
    return known[0] if known and knows_providers() else ""


@pytest.fixture(scope="module")
def proxies(replay: Replay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Proxy]]:
    """One for each service, started when it is needed."""
    started: dict[str, Proxy] = {}
    yield started
    for one in started.values():
        one.__exit__(None)
        assert one.trace().of("check") == [], "our own streams broke the grammar"


@pytest.fixture
def proxy(
    proxies: dict[str, Proxy], replay: Replay, recording: Recording, tmp_path_factory: pytest.TempPathFactory
) -> Proxy:
    name = provider(recording)
    if name not in proxies:
        env = chat_environment(f"{replay.url}/v1", "house-model") | ({"OPENAI_PROVIDER": name} if name else {})
        proxies[name] = Proxy(tmp_path_factory.mktemp("proxy"), env=env).__enter__()
    return proxies[name]


def folded(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The message that a stream describes, as a whole answer would hold it."""
    message = dict(events[0]["message"])
    blocks: list[dict[str, Any]] = []
    for event in events:
        if event["type"] == "content_block_start":
            blocks.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            add(blocks[event["index"]], event["delta"])
        elif event["type"] == "message_delta":
            message.update(event["delta"])
            message["usage"] = {**message["usage"], **event["usage"]}
    for block in blocks:
        if block["type"] == "tool_use":
            block["input"] = json.loads(block["json"]) if block["json"] else {}
    return {**message, "content": blocks}


def add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for key, value in delta.items():
        if key == "partial_json":
            block["json"] += value
        elif key != "type":
            block[key] += value


def compare(message: dict[str, Any], reading: Reading) -> None:
    blocks = message["content"]
    calls = [block for block in blocks if block["type"] == "tool_use"]
    assert all(b["text"].strip() for b in blocks if b["type"] == "text"), "a text of blanks"
    if len(reading.choices) < 2:  # several choices are several answers; nobody asked for them
        compare_words(blocks, reading)
    assert [(c["name"], c["input"]) for c in calls] == [(c.name, c.input) for c in reading.calls]
    assert len({c["id"] for c in calls}) == len(calls), "two calls of one id"
    assert message["stop_reason"] == reading.stop_reason
    compare_usage(message["usage"], reading.usage)


def compare_words(blocks: list[dict[str, Any]], reading: Reading) -> None:
    thinking = "".join(b["thinking"] for b in blocks if b["type"] == "thinking")
    text = "".join(b["text"] for b in blocks if b["type"] == "text")
    if thinking != reading.reasoning and (tagged := reading.tagged):
        assert (thinking.strip(), text.strip()) == tagged
    else:
        assert (thinking, text) == (reading.reasoning, reading.text)


def compare_usage(usage: dict[str, Any], wanted: dict[str, int] | None) -> None:
    if wanted is None:
        assert usage["input_tokens"] > 0 and usage["output_tokens"] > 0, "without counts there are estimates"
        return
    assert {key: usage.get(key) or 0 for key in wanted} == wanted


@pytest.mark.parametrize("recording", STREAMS, ids=name)
def test_a_stream_comes_through_in_pieces_of_seven_bytes(proxy: Proxy, replay: Replay, recording: Recording) -> None:
    replay.play(recording, write=7)
    status, headers, body = post(proxy.url, body_of(stream=True))
    assert status == 200 and headers["content-type"].startswith("text/event-stream")
    reading = read_stream(recording.data)
    if reading.error:
        last = grammar.parse(body)[-1]
        assert last["type"] == "error" and last["error"]["message"], last
        assert last["error"]["type"] == TYPES[status_inside(reading.error)]
    else:
        compare(folded(grammar.check(body)), reading)


def status_inside(error: dict[str, Any]) -> int:
    """The status that an error inside a stream names; what names none is a fault of the service."""
    named = [error.get("status_code"), error.get("code")]
    return next((value for value in named if isinstance(value, int) and value in TYPES), 500)


@pytest.mark.parametrize("recording", STREAMS, ids=name)
def test_the_sdk_reads_a_stream(proxy: Proxy, replay: Replay, recording: Recording) -> None:
    replay.play(recording)
    reading = read_stream(recording.data)
    if reading.error:
        with pytest.raises(anthropic.APIError):
            sdk.ask(proxy.url, stream=True)
    else:
        compare(sdk.ask(proxy.url, stream=True).model_dump(), reading)


@pytest.mark.parametrize("recording", WHOLES, ids=name)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "asked as a stream"])
def test_the_sdk_reads_a_whole_answer(proxy: Proxy, replay: Replay, recording: Recording, stream: bool) -> None:
    replay.play(recording, write=7)
    compare(sdk.ask(proxy.url, stream=stream).model_dump(), read_whole(recording.data))


@pytest.mark.parametrize("recording", REFUSALS, ids=name)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_refusal_is_of_the_same_class(proxy: Proxy, replay: Replay, recording: Recording, stream: bool) -> None:
    replay.play(recording)
    with pytest.raises(CLASSES[recording.status]) as raised:
        sdk.ask(proxy.url, stream=stream)
    error = raised.value.body["error"]  # type: ignore[index]
    assert error["type"] and error["message"]
