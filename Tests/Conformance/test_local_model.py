"""A real model answers through the proxy: `LOCAL_MODEL=1 Tests/Conformance/run test_local_model.py`.

The model is tiny. What it says is not judged, only that it arrives: words, calls, counts, reasons and errors. The real client
gets answers in the bare mode and, with a window twice as long as the model was made for, with its usual prompt of 12 000
tokens (20 s on two cores); calling tools by itself is beyond this model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import anthropic
import pytest

import grammar
import sdk
from claude import Claude
from local_model import CONTEXT, LocalModel, is_installed
from proxy import Proxy, chat_environment
from sdk import WEATHER, body_of, post

pytestmark = pytest.mark.skipif(
    not (os.environ.get("LOCAL_MODEL") and is_installed()), reason="asked for with LOCAL_MODEL=1"
)
MODEL = "smollm2"


@pytest.fixture(scope="module", params=["chatml", "chatml-function-calling"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalModel]:
    """With and without a template that knows tools."""
    with LocalModel(tmp_path_factory.mktemp("model") / "log", request.param) as one:
        yield one


@pytest.fixture
def proxy(server: LocalModel, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path, env=chat_environment(server.base_url, MODEL)) as one:
        yield one
        assert one.trace().of("check") == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_words_and_counts_arrive(proxy: Proxy, stream: bool) -> None:
    message = sdk.ask(proxy.url, stream, "Say hello in one short sentence.", max_tokens=40, timeout=120.0)
    assert message.content and message.content[0].type == "text" and message.content[0].text.strip()
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert message.usage.input_tokens > 5 and 0 < message.usage.output_tokens <= 41


def test_the_stream_follows_the_grammar_and_the_limit(proxy: Proxy) -> None:
    status, _, body = post(proxy.url, body_of("Count from one to one hundred.", stream=True, max_tokens=12))
    assert status == 200
    events = grammar.check(body)
    assert events[-2]["delta"]["stop_reason"] in ("max_tokens", "end_turn")
    assert sum(event["type"] == "content_block_delta" for event in events) > 1, "the words did not come one by one"


def test_a_stop_sequence_ends_the_answer(proxy: Proxy) -> None:
    asked = "Repeat exactly: one two three four five"
    message = sdk.ask(proxy.url, True, asked, max_tokens=60, stop_sequences=["e"], timeout=120.0)
    assert all("e" not in block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_forced_tool_is_called(proxy: Proxy, server: LocalModel, stream: bool) -> None:
    if "chatml-function-calling" not in server.command:
        pytest.skip("this template knows no tools")
    choice = {"type": "tool", "name": "get_weather"}
    asked = "What is the weather in Paris?"
    message = sdk.ask(proxy.url, stream, asked, tools=[WEATHER], tool_choice=choice, max_tokens=120, timeout=120.0)
    (call,) = [block for block in message.content if block.type == "tool_use"]
    assert call.name == "get_weather" and isinstance(call.input, dict)
    assert message.stop_reason in ("tool_use", "max_tokens")


def test_an_overflow_is_told_in_the_clients_words(proxy: Proxy) -> None:
    with pytest.raises(anthropic.BadRequestError) as raised:
        sdk.ask(proxy.url, False, "word " * (CONTEXT * 2), max_tokens=10, timeout=120.0)
    assert "prompt is too long" in str(raised.value) and f"> {CONTEXT} maximum" in str(raised.value)


MODES = {
    "bare, no tools": ("--bare", "--tools", "", "--system-prompt", "Answer in one word."),
    "bare": ("--bare",),
    "as usual": (),
}


@pytest.mark.parametrize("mode", MODES)
def test_the_real_client_gets_an_answer(proxy: Proxy, server: LocalModel, tmp_path: Path, mode: str) -> None:
    if "chatml-function-calling" in server.command and mode != "bare, no tools":
        pytest.skip("this template puts every tool into the prompt twice")
    env = {"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "500"}
    claude = Claude(proxy.url, tmp_path / "home", tmp_path / "work", env, limit=280.0)
    done = claude.ask("Say hello.", *MODES[mode], "--max-turns", "1")
    assert not done.failed and done.text.strip(), done.out + done.err
    assert proxy.trace().of("response", status=200)
