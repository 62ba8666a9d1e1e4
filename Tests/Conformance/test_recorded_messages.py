"""Every recorded answer of the Messages API passes through byte for byte, and the trace holds the message it describes.

RECORDINGS names another folder of recordings, with the same layout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import settled
from messages_reading import events_of, read_stream
from proxy import Proxy
from recordings import Recording, Replay, recordings
from sdk import body_of, post

ALL = recordings("anthropic")
COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    with Replay() as service:
        yield service


@pytest.fixture
def proxy(replay: Replay, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path, "-b", "anthropic", "--upstream", replay.url) as one:
        yield one


@pytest.mark.parametrize("write", [0, 7], ids=["whole", "sevens"])
@pytest.mark.parametrize("recording", ALL, ids=lambda one: one.name)
def test_an_answer_passes_through_and_is_recorded(
    proxy: Proxy, replay: Replay, recording: Recording, write: int
) -> None:
    replay.play(recording, write)
    status, headers, body = post(proxy.url, body_of(stream=recording.is_stream))
    assert (status, body) == (recording.status, recording.data)
    assert headers["content-type"] == recording.type
    (told,) = settled(proxy, 1).of("response")
    assert told["status"] == recording.status
    wanted = read_stream(recording.data) if recording.is_stream else json.loads(recording.data)
    if "content" in wanted:
        compare(told, wanted)
    else:
        assert told["body"] == wanted


def compare(told: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert [shown(block) for block in told["message"]["content"]] == [shown(block) for block in wanted["content"]]
    assert told.get("stop_reason") == wanted["stop_reason"]
    usage = {name: wanted["usage"].get(name) or 0 for name in COUNTS}
    assert {name: told["usage"].get(name) or 0 for name in COUNTS} == usage


def shown(block: dict[str, Any]) -> dict[str, Any]:
    """A block without members that say nothing, and with input that is no JSON as its text."""
    input = block.get("input")
    if isinstance(input, dict) and set(input) == {"__unparsedToolInput"}:
        block = {**block, "input": input["__unparsedToolInput"]["raw"]}
    return {key: value for key, value in block.items() if value not in (None, "", [])}


def test_the_recordings_hold_what_they_are_chosen_for() -> None:
    kinds = {event["type"] for one in ALL if one.is_stream for event in events_of(one.data)}
    assert {"message_start", "content_block_delta", "message_delta", "ping"} <= kinds
