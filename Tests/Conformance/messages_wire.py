"""A scripted turn as the Messages API says it: one message, or the events of a stream."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from service import Cut, Stall
from turns import Call, Turn, argument_pieces, text_pieces

_numbers = itertools.count(1)
SIGNATURE = "c2lnbmF0dXJlIG9mIHRoZSBzY3JpcHRlZCBtb2RlbA=="
STOPS = {"length": "max_tokens", "filter": "refusal"}
BROKEN_STREAM = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded in the middle"}}


def message(turn: Turn, model: str) -> dict[str, Any]:
    return {
        "id": f"msg_{next(_numbers):024d}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [finished(block) for block in content(turn)],
        "stop_reason": stop_reason(turn),
        "stop_sequence": None,
        "usage": usage(turn),
    }


def content(turn: Turn) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if turn.thinking:
        parts.append({"type": "thinking", "thinking": turn.thinking, "signature": SIGNATURE})
    if turn.text:
        parts.append({"type": "text", "text": turn.text})
    return parts + [{"type": "tool_use", "id": call_id(call), "name": call.tool, "call": call} for call in turn.calls]


def call_id(call: Call) -> str:
    return call.id or f"toolu_{next(_numbers):024d}"


def finished(block: dict[str, Any]) -> dict[str, Any]:
    call = block.pop("call", None)
    return {**block, "input": call.input} if call else block


def stop_reason(turn: Turn) -> str:
    return STOPS.get(turn.stop) or ("tool_use" if turn.calls else "end_turn")


def usage(turn: Turn) -> dict[str, Any]:
    use = turn.usage
    return {
        "input_tokens": use.prompt - use.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": use.cached,
        "output_tokens": use.answer,
    }


def events(turn: Turn, model: str) -> Iterator[bytes]:
    start = {**message(Turn(usage=turn.usage), model), "stop_reason": None}
    start["usage"] = {**start["usage"], "output_tokens": 1}
    yield event("message_start", message=start)
    yield event("ping")
    for index, block in enumerate(content(turn)):
        deltas = list(block_deltas(turn, block))
        yield event("content_block_start", index=index, content_block=opened(block))
        if turn.ending != "complete":
            deltas = deltas[: max(1, len(deltas) // 2)]
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        if turn.ending != "complete":
            yield from break_off(turn)
            return
        yield event("content_block_stop", index=index)
    delta = {"stop_reason": stop_reason(turn), "stop_sequence": None}
    yield event("message_delta", delta=delta, usage={"output_tokens": turn.usage.answer})
    yield event("message_stop")


def opened(block: dict[str, Any]) -> dict[str, Any]:
    if block["type"] == "text":
        return {"type": "text", "text": ""}
    if block["type"] == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "tool_use", "id": block["id"], "name": block["name"], "input": {}}


def block_deltas(turn: Turn, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": piece} for piece in text_pieces(block["text"]))
    elif block["type"] == "thinking":
        yield from ({"type": "thinking_delta", "thinking": piece} for piece in text_pieces(block["thinking"]))
        yield {"type": "signature_delta", "signature": SIGNATURE}
    else:
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in argument_pieces(block["call"], turn.piece):
            yield {"type": "input_json_delta", "partial_json": piece}


def break_off(turn: Turn) -> Iterator[bytes]:
    if turn.ending == "cut":
        raise Cut
    if turn.ending == "stall":
        raise Stall
    yield event("error", error=BROKEN_STREAM["error"])


def event(name: str, **fields: Any) -> bytes:
    data = json.dumps({"type": name, **fields}, ensure_ascii=False, separators=(",", ":"))
    padded = data[:-1] + " " * (len(data) % 7) + "}"  # the real service pads its events with blanks
    return f"event: {name}\ndata: {padded}\n\n".encode()
