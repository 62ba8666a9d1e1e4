"""The judges judged: the strict services must accept what is right, refuse what is wrong, and speak their own API."""

from __future__ import annotations

import copy
import json
from typing import Any

import openai
import pytest

import grammar
import messages_wire
import samples
from chat_rules import PLAIN, REASONING, Refused, check_chat
from recording import Trace, whole_bodies
from scripted_chat import KEY, ScriptedChat, failure
from turns import Call, Script, Turn

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + samples.base64_text(samples.png())}}
FILE = {
    "type": "file",
    "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64," + samples.base64_text(samples.pdf())},
}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("clock", "look")
]


def calls(*ids: str) -> dict[str, Any]:
    return {
        "role": "assistant",
        "tool_calls": [{"id": id, "type": "function", "function": {"name": "clock", "arguments": "{}"}} for id in ids],
    }


def told(id: str, content: Any = "noon") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


GOOD: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Look."}, PICTURE, FILE]},
        {**calls("a", "b"), "content": None},
        told("b", [{"type": "text", "text": "noon"}]),
        told("a"),
        {"role": "assistant", "content": "Noon."},
        {"role": "user", "content": "[[main]] And now?"},
    ],
    "tools": TOOLS,
    "tool_choice": {"type": "function", "function": {"name": "clock"}},
    "parallel_tool_calls": False,
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_completion_tokens": 16384,
    "stop": ["a", "b", "c", "d"],
    "temperature": 0,
    "user": "u" * 64,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
}


def with_fields(**fields: Any) -> dict[str, Any]:
    body = {**copy.deepcopy(GOOD), **fields}
    return {key: value for key, value in body.items() if value is not ...}


def with_messages(*messages: Any) -> dict[str, Any]:
    return with_fields(messages=list(messages))


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def with_tool(**function: Any) -> dict[str, Any]:
    return with_fields(tools=[*TOOLS, {"type": "function", "function": function}])


def picture(url: str) -> dict[str, Any]:
    return with_messages(user({"type": "image_url", "image_url": {"url": url}}))


ASK = {"role": "user", "content": "x"}
JPEG_THAT_IS_PNG = "data:image/jpeg;base64," + samples.base64_text(samples.png())
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": (with_fields(thinking={}), "Unrecognized request argument supplied: thinking"),
    "an unknown field of a message": (with_messages({**ASK, "cache_control": {}}), "messages[0].cache_control"),
    "an unknown field of a part": (
        with_messages(user({"type": "text", "text": "x", "citations": None})),
        "messages[0].content[0].citations",
    ),
    "an unknown field of a tool": (with_tool(name="x", input_schema={}), "tools[2].function.input_schema"),
    "reasoning sent back": (
        with_messages(ASK, {"role": "assistant", "content": "x", "reasoning_content": "y"}),
        "reasoning_content",
    ),
    "an unknown role": (with_messages({"role": "human", "content": "x"}), "role"),
    "a field of the wrong type": (with_fields(temperature="hot"), "temperature"),
    "a boolean for a number": (with_fields(max_completion_tokens=True), "max_completion_tokens"),
    "a part of the Messages API": (with_messages(user({"type": "image", "source": {}})), "type"),
    "a picture in a tool message": (with_messages(ASK, calls("a"), told("a", [PICTURE])), "type"),
    "a picture in a system message": (with_messages({"role": "system", "content": [PICTURE]}), "type"),
    "no model": (with_fields(model=...), "model"),
    "no messages": (with_fields(messages=[]), "empty array"),
    "an unanswered call": (with_messages(ASK, calls("a", "b"), told("a"), ASK), "did not have response messages: b"),
    "an unanswered call at the end": (with_messages(ASK, calls("a")), "did not have response messages: a"),
    "a system message before the answer": (
        with_messages(ASK, calls("a"), {"role": "system", "content": "x"}, told("a")),
        "did not have",
    ),
    "an answer nobody asked for": (with_messages(ASK, told("a")), "must be a response"),
    "an answer twice": (with_messages(ASK, calls("a"), told("a"), told("a")), "must be a response"),
    "the same id twice": (with_messages(ASK, calls("a", "a"), told("a"), told("a")), "Duplicate"),
    "a long id": (with_messages(ASK, calls("a" * 65), told("a" * 65)), "65 characters"),
    "an empty result": (with_messages(ASK, calls("a"), told("a", "")), "empty"),
    "an empty text part": (with_messages(user({"type": "text", "text": ""})), "non-empty"),
    "an empty user message": (with_messages({"role": "user", "content": ""}), "empty"),
    "an empty assistant message": (with_messages(ASK, {"role": "assistant", "content": ""}), "content"),
    "an empty list of calls": (
        with_messages(ASK, {"role": "assistant", "content": "x", "tool_calls": []}),
        "empty array",
    ),
    "a long tool name": (with_tool(name="x" * 65), "maximum length 64"),
    "a tool name with a dot": (with_tool(name="a.b"), "pattern"),
    "a tool twice": (with_tool(name="clock"), "Duplicate"),
    "a schema that is no object": (with_tool(name="x", parameters={}), 'type: "object"'),
    "a schema combined at the top": (
        with_tool(name="x", parameters={"type": "object", "anyOf": [{"required": ["a"]}]}),
        "at the top level",
    ),
    "an array of nothing": (
        with_tool(name="x", parameters={"type": "object", "properties": {"a": {"anyOf": [{"type": "array"}]}}}),
        "array schema missing items",
    ),
    "a strict schema that is open": (
        with_tool(name="x", strict=True, parameters={"type": "object", "properties": {}}),
        "'additionalProperties' is required",
    ),
    "a strict schema with a choice": (
        with_tool(
            name="x",
            strict=True,
            parameters={"type": "object", "properties": {"a": {}}, "required": [], "additionalProperties": False},
        ),
        "Missing ['a']",
    ),
    "too many tools": (
        with_fields(
            tools=[{"type": "function", "function": {"name": f"t{i}"}} for i in range(129)],
            tool_choice="auto",
        ),
        "maximum length 128",
    ),
    "no tools but a choice": (with_fields(tools=..., parallel_tool_calls=...), "'tool_choice' is only allowed"),
    "no tools but parallel": (with_fields(tools=..., tool_choice=...), "'parallel_tool_calls' is only allowed"),
    "an empty list of tools": (with_fields(tools=[]), "empty array"),
    "a choice that is not there": (
        with_fields(tool_choice={"type": "function", "function": {"name": "gone"}}),
        "'gone' not found",
    ),
    "five stops": (with_fields(stop=list("abcde")), "at most 4"),
    "an empty stop": (with_fields(stop=["a", ""]), "stop"),
    "stream options without a stream": (with_fields(stream=False), "stream_options"),
    "both limits": (with_fields(max_tokens=1), "at the same time"),
    "too many tokens": (
        with_fields(max_completion_tokens=128000),
        "max_tokens is too large: 128000. This model supports at most 16384 completion tokens, whereas you provided 128000.",
    ),
    "effort for a plain model": (
        with_fields(reasoning_effort="low"),
        "Unrecognized request argument supplied: reasoning_effort",
    ),
    "a developer for a plain model": (with_messages({"role": "developer", "content": "x"}, ASK), "developer"),
    "a long user": (with_fields(user="u" * 65), "maximum length 64"),
    "two answers": (with_fields(n=2), "n"),
    "a picture that is another": (picture(JPEG_THAT_IS_PNG), "its bytes say otherwise"),
    "a picture that is no base64": (picture("data:image/png;base64,???"), "valid base64"),
    "a PDF as a picture": (picture("data:application/pdf;base64,JVBERi0="), "unsupported image type"),
    "a file without a name": (
        with_messages(user({"type": "file", "file": {"file_data": FILE["file"]["file_data"]}})),
        "filename",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused(name: str) -> None:
    body, words = WRONG[name]
    with pytest.raises(Refused) as refused:
        check_chat(body, PLAIN)
    assert words in refused.value.message or words in (refused.value.param or ""), refused.value.body


def test_arguments_must_be_an_object_in_a_string() -> None:
    for arguments in ("[]", "{", "", "null"):
        message = calls("a")
        message["tool_calls"][0]["function"]["arguments"] = arguments
        with pytest.raises(Refused, match="JSON"):
            check_chat(with_messages(ASK, message, told("a")))


def test_what_is_right_is_accepted() -> None:
    check_chat(GOOD, PLAIN)
    check_chat(with_fields(stop=..., temperature=1, reasoning_effort="high"), REASONING)


@pytest.mark.parametrize(("fields", "words"), [
    ({"max_completion_tokens": ..., "max_tokens": 5}, "Use 'max_completion_tokens' instead"),
    ({"temperature": 0.5}, "'temperature' does not support 0.5"),
    ({"temperature": 1, "top_p": 0.5}, "top_p"),
    ({"temperature": 1}, "'stop' is not supported"),
])  # fmt: skip
def test_what_a_reasoning_model_refuses(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        check_chat(with_fields(**fields), REASONING)


TURN = Turn(text="Grüße 🌍", calls=(Call("clock", {"zone": "Ö"}), Call("look", {"at": [1, 2]})))


@pytest.mark.parametrize(
    "turn",
    [
        TURN,
        Turn(text="a" * 99),
        Turn(**{**vars(TURN), "piece": 7}),
        Turn(**{**vars(TURN), "piece": 1, "interleave": True, "write": 1}),
    ],
)
def test_the_chat_service_speaks_to_the_official_sdk(turn: Turn) -> None:
    request = with_fields(stream=..., stream_options=..., response_format=...)
    with ScriptedChat(Script(main=[turn])) as service:
        client = openai.OpenAI(base_url=service.base_url, api_key=KEY, max_retries=0, _strict_response_validation=True)
        whole = client.chat.completions.create(**request).choices[0].message
        with client.chat.completions.stream(**request, stream_options={"include_usage": True}) as events:
            streamed = events.get_final_completion()
    assert service.refusals == []
    for message in (whole, streamed.choices[0].message):
        assert (message.content or "") == turn.text
        got = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
        assert got == [(call.tool, call.input) for call in turn.calls]
    assert streamed.usage.prompt_tokens == turn.usage.prompt


def test_the_chat_service_fails_as_told() -> None:
    with ScriptedChat(Script(main=[[failure(429, "Slow down"), Turn(text="ending", ending="error")]])) as service:
        client = openai.OpenAI(base_url=service.base_url, api_key=KEY, max_retries=0)
        request = with_fields(stream=..., stream_options=...)
        with pytest.raises(openai.RateLimitError, match="Slow down"):
            client.chat.completions.create(**request)
        with pytest.raises(openai.APIError, match="in the middle"):
            list(client.chat.completions.create(**request, stream=True))
        client = openai.OpenAI(base_url=service.base_url, api_key="sk-wrong", max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(**request)


def stream_of(turn: Turn) -> bytes:
    return b"".join(messages_wire.events(turn, "m"))


def test_the_grammar_accepts_what_the_api_sends() -> None:
    grammar.check(stream_of(Turn(thinking="Hm.", text="So.", calls=TURN.calls, piece=3)))


@pytest.mark.parametrize(("old", "new"), [
    (b"event: message_stop\n", b""),
    (b"event: content_block_stop\n", b"event: content_block_end\n"),
    (b'"index":1', b'"index":2'),
    (b'"type":"text_delta"', b'"type":"thinking_delta"'),
    (b'"signature_delta"', b'"thinking_delta"'),
    (b"event: content_block_start", b"event: message_start"),
])  # fmt: skip
def test_the_grammar_refuses_what_it_never_sends(old: bytes, new: bytes) -> None:
    stream = stream_of(Turn(thinking="Hm.", text="So."))
    assert old in stream
    with pytest.raises((AssertionError, KeyError)):
        grammar.check(stream.replace(old, new))


def test_a_body_is_rebuilt_from_its_difference() -> None:
    whole = {"model": "m", "tools": [1, 2], "messages": ["a", "b", "c"]}
    delta = {"base": "one", "same": ["model", "tools"], "keep": {"messages": 2}}
    requests = [{"type": "request", "id": "one", "body": whole}]
    requests.append({"type": "request", "id": "two", "delta": delta, "body": {"messages": ["x", "y"], "stream": True}})
    bodies = [body for _, body in whole_bodies(Trace(requests, b""))]
    assert bodies[1] == {"model": "m", "tools": [1, 2], "messages": ["a", "b", "x", "y"], "stream": True}
