"""The real client in its other modes: flags, variables and commands that change what it sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import samples
import scripted_chat
from lab import Lab
from test_real_client import fails
from turns import Call, Script, Turn

HELLO = Turn(text="Hello.")


def test_the_context_command_counts_tokens(lab: Any) -> None:
    one = lab()
    done = one.ask("/context")
    assert done.code == 0 and "**Tokens:**" in done.text, done.err
    trace = one.check()
    if trace:
        assert len(trace.of("request", kind="count_tokens")) >= 20


@pytest.mark.reasoning
def test_a_mentioned_picture_arrives(lab: Any, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "red.png").write_bytes(samples.png())
    one = lab(main=[Turn(text="Red.")])
    assert one.ask("[[main]] Look at @red.png").text == "Red."
    assert one.service.talks()[-1].media == 1
    one.check()


def test_an_answer_in_a_given_schema(lab: Any) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    one = lab(main=[Turn(calls=(Call("StructuredOutput", {"n": 5}),), piece=2), HELLO])
    done = one.ask("[[main]] A number", "--json-schema", json.dumps(schema))
    assert done.code == 0 and done.report["structured_output"] == {"n": 5}, done.out
    one.check()


def test_an_answer_cut_by_the_token_limit_is_resumed(lab: Any) -> None:
    one = lab(main=[Turn(text="The first half", stop="length"), Turn(text="and the second.")])
    done = one.ask("[[main]] Tell me everything")
    assert (done.code, done.text) == (0, "and the second."), done.err
    assert "Output token limit hit" in one.service.talks()[-1].last_text
    one.check()


def test_an_answer_without_words_is_asked_for_again(lab: Any) -> None:
    one = lab(main=[[Turn(), Turn(text="Sorry. Hello.")]])
    done = one.ask("[[main]] Hello")
    assert (done.code, done.text) == (0, "Sorry. Hello."), done.err
    one.check()


def test_a_permanent_failure_ends_with_its_reason(lab: Any, backend: str) -> None:
    one = lab(main=[fails(backend, 403, "Not in your country")])
    done = one.ask("[[main]] Hello")
    assert done.failed and "Not in your country" in done.text
    assert len(one.service.requests) == 1
    one.check()


def test_500_for_ever_ends_after_the_tries(lab: Any, backend: str) -> None:
    one = lab(env={"CLAUDE_CODE_MAX_RETRIES": "1"}, main=[fails(backend, 500, "It broke")])
    done = one.ask("[[main]] Hello")
    assert done.failed and "API Error" in done.text
    one.check()


@pytest.mark.parametrize("variables", [
    {"CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS": "1"},
    {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1"},
    {"ENABLE_TOOL_SEARCH": "false"},
    {"ANTHROPIC_AUTH_TOKEN": "token-of-the-conformance-suite", "ANTHROPIC_API_KEY": ""},
    {"CLAUDE_CODE_EXTRA_BODY": '{"a_field_of_tomorrow": {"x": [1]}}'},
    {"ANTHROPIC_CUSTOM_HEADERS": "X-Of-Mine: one"},
], ids=lambda variables: next(iter(variables)))  # fmt: skip
@pytest.mark.reasoning
def test_variables_that_change_the_request(lab: Any, variables: dict[str, str]) -> None:
    one = lab(env=variables, main=[HELLO])
    done = one.ask("[[main]] Hello")
    assert (done.code, done.text) == (0, "Hello."), done.err
    trace = one.check()
    assert trace is None or b"token-of-the-conformance-suite" not in trace.raw


@pytest.mark.parametrize("model", ["haiku", "claude-opus-4-5-20251101", "gpt-5", "claude-sonnet-4-20250514"])
@pytest.mark.reasoning
def test_models_the_user_may_name(lab: Any, model: str) -> None:
    one = lab(main=[Turn(thinking="Hm.", text="Hello.")])
    done = one.ask("[[main]] Hello", "--model", model)
    assert (done.code, done.text) == (0, "Hello."), done.err
    one.check()


def test_words_reach_the_user_while_they_are_made(lab: Any) -> None:
    one = lab(main=[Turn(text="one two three four five six seven eight", pace=0.05)])
    done = one.ask("[[main]] Count", "--output-format", "stream-json", "--verbose", "--include-partial-messages")
    lines = [json.loads(line) for line in done.out.splitlines()]
    deltas = [
        line["event"]["delta"].get("text", "")
        for line in lines
        if line.get("event", {}).get("type") == "content_block_delta"
    ]
    assert len(deltas) >= 3 and "".join(deltas) == "one two three four five six seven eight"
    one.check()


@pytest.mark.backends("chat")
def test_a_small_model_the_proxy_does_not_know(backend: str, tmp_path: Path) -> None:
    """Its limit is learned from its refusal: the session goes on, whoever of client and proxy does the learning."""
    with Lab("small", tmp_path, Script(main=[HELLO])) as one:
        done = one.ask("[[main]] Hello")
        assert (done.code, done.text) == (0, "Hello."), done.err
        assert all("max_tokens is too large" in refusal for refusal in one.service.refusals)
        assert one.service.requests[-1].status == 200 and len(one.service.requests) <= 3


@pytest.mark.backends("chat")
def test_the_key_of_the_client_never_reaches_another_service(lab: Any) -> None:
    one = lab(main=[HELLO])
    one.ask("[[main]] Hello")
    for request in one.service.requests:
        assert request.header("authorization") == f"Bearer {scripted_chat.KEY}"
        assert b"sk-ant-" not in request.body and "sk-ant-" not in str(request.headers)
