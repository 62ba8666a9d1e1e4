"""Recorded Responses answers, played through the proxy: the client must get what an independent reading finds in them.

RECORDINGS=FOLDER plays all answers below another folder instead of those that are kept here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

import grammar
import sdk
from proxy import REPOSITORY, Proxy, chat_environment
from responses_reading import Reading, content, envelope, read_stream, read_whole, recordings
from service import Recorded, Reply, Service

FOLDER = Path(os.environ.get("RECORDINGS") or REPOSITORY / "Tests" / "Fixtures" / "openai_responses")
ANSWERS = recordings(FOLDER)
MODEL = "gpt-5.1"


class Player(Service):
    """Answers every request with the bytes it was given last."""

    bytes = b""
    kind = "stream"
    write = 0

    def answer(self, request: Recorded) -> Reply:
        assert request.path == "/v1/responses"
        if self.kind == "whole":
            return Reply(200, [("content-type", "application/json")], self.bytes)
        return Reply(200, [("content-type", "text/event-stream")], [self.bytes], self.write)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Player, Proxy]]:
    with Player() as player:
        env = chat_environment(f"{player.url}/v1", MODEL)
        with Proxy(tmp_path_factory.mktemp("played"), "-b", "openai_responses", env=env) as proxy:
            yield player, proxy


def test_there_are_recordings() -> None:
    assert {kind for _, kind in ANSWERS} == {"stream", "whole"}


@pytest.mark.parametrize("write", [0, 7], ids=["whole", "7-byte-writes"])
@pytest.mark.parametrize(("path", "kind"), ANSWERS, ids=[str(path.relative_to(FOLDER)) for path, _ in ANSWERS])
def test_a_recording_says_the_same_to_the_client(
    played: tuple[Player, Proxy], path: Path, kind: str, write: int
) -> None:
    player, proxy = played
    player.bytes, player.kind, player.write = content(path), kind, write
    expected = read_stream(player.bytes) if kind == "stream" else read_whole(player.bytes)
    fields = {"thinking": {"type": "adaptive"}, "tools": [sdk.CLOCK]}
    if expected.error:
        with pytest.raises(anthropic.APIError):
            sdk.ask(proxy.url, kind == "stream", "Go on.", **fields)
        return
    if kind == "stream":
        _, _, stream = sdk.post(proxy.url, sdk.body_of("Go on.", stream=True, **fields))
        grammar.check(stream)
    compare(sdk.ask(proxy.url, kind == "stream", "Go on.", **fields), expected)


def compare(message: Any, expected: Reading) -> None:
    blocks = message.content
    assert [block.text for block in blocks if block.type == "text"] == expected.texts
    calls = [block for block in blocks if block.type == "tool_use"]
    assert [(call.id, call.name, json.dumps(call.input)) for call in calls] == [
        (id, name, json.dumps(given)) for id, name, given in expected.calls
    ]
    thoughts = [block for block in blocks if block.type == "thinking"]
    assert [block.thinking for block in thoughts] == expected.reasoning
    kept = [envelope(block.signature) for block in thoughts]
    assert [(seal.get("id", ""), seal.get("enc", "")) for seal in kept] == expected.kept
    assert message.stop_reason == expected.stop
    if expected.usage:
        use = message.usage
        thought = use.output_tokens_details.thinking_tokens if use.output_tokens_details else 0
        assert (use.input_tokens, use.cache_read_input_tokens or 0, use.output_tokens, thought) == expected.usage
