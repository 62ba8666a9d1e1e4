"""The judges of recordings can tell a wrong answer from a right one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_reading import Reading, read_stream
from messages_reading import read_stream as read_messages
from test_recorded_chat import compare

STREAM = b"".join(
    b"data: %s\n\n" % json.dumps(chunk).encode()
    for chunk in (
        {"choices": [{"delta": {"role": "assistant", "reasoning_content": "Hm. "}}]},
        {"choices": [{"delta": {"content": "  "}}]},
        {"choices": [{"delta": {"reasoning": "Yes."}}]},
        {"choices": [{"delta": {"content": "Look: "}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"x":'}}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        {
            "choices": [],
            "usage": {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}},
        },
    )
)


def right() -> dict[str, Any]:
    return {
        "content": [
            {"type": "thinking", "thinking": "Hm. Yes."},
            {"type": "text", "text": "Look: "},
            {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 7, "output_tokens": 4, "cache_read_input_tokens": 2},
    }


def test_the_right_answer_is_accepted() -> None:
    compare(right(), read_stream(STREAM))


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("content", 0, "thinking"), "Hm."),
        (("content", 1, "text"), "Look:"),
        (("content", 1, "text"), "  Look: "),
        (("content", 2, "name"), "g"),
        (("content", 2, "input"), {"x": 2}),
        (("stop_reason",), "end_turn"),
        (("usage", "input_tokens"), 9),
        (("usage", "output_tokens"), 0),
        (("usage", "cache_read_input_tokens"), 0),
    ],
)
def test_a_wrong_answer_is_refused(path: tuple[Any, ...], wrong: Any) -> None:
    message: Any = right()
    place = message
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    with pytest.raises(AssertionError):
        compare(message, read_stream(STREAM))


def test_a_call_too_many_or_too_few_is_refused() -> None:
    for content in (right()["content"][:2], right()["content"] + [right()["content"][2]]):
        with pytest.raises(AssertionError):
            compare({**right(), "content": content}, read_stream(STREAM))


def test_an_error_inside_a_stream_is_seen() -> None:
    reading: Reading = read_stream(STREAM + b'data: {"error":{"message":"full"}}\n\n')
    assert reading.error == {"message": "full"}


def test_messages_are_put_together() -> None:
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "a", "input": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"x"'}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": ":1}"}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
    ]
    message = read_messages(b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events))
    assert message["content"] == [{"type": "tool_use", "id": "a", "input": {"x": 1}}]
    assert message["usage"] == {"input_tokens": 3, "output_tokens": 5} and message["stop_reason"] == "tool_use"
