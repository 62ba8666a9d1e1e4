"""A scripted turn as Chat Completions says it: one completion, or the chunks of a stream."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from service import Cut, Stall
from turns import Call, Turn, argument_pieces, text_pieces

_numbers = itertools.count(1)
STOPS = {"length": "length", "filter": "content_filter"}
BROKEN_STREAM = {
    "error": {"message": "The server had an error in the middle", "type": "server_error", "param": None, "code": None}
}


def completion(turn: Turn, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": turn.text or None, "refusal": None, "annotations": []}
    if turn.thinking:
        message["reasoning_content"] = turn.thinking
    if turn.calls:
        message["tool_calls"] = [
            {**head(call), "function": {"name": call.tool, "arguments": call.arguments}} for call in turn.calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish(turn)}
    return {**frame(model, "chat.completion"), "choices": [choice], "usage": usage(turn)}


def frame(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{next(_numbers):08d}", "object": kind, "created": 1790000000, "model": model,
            "service_tier": "default", "system_fingerprint": "fp_scripted"}  # fmt: skip


def head(call: Call) -> dict[str, Any]:
    return {"id": call.id or f"call_{next(_numbers):024d}", "type": "function"}


def finish(turn: Turn) -> str:
    return STOPS.get(turn.stop) or ("tool_calls" if turn.calls else "stop")


def usage(turn: Turn) -> dict[str, Any]:
    use = turn.usage
    return {
        "prompt_tokens": use.prompt,
        "completion_tokens": use.answer,
        "total_tokens": use.prompt + use.answer,
        "prompt_tokens_details": {"cached_tokens": use.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": use.reasoning, "audio_tokens": 0},
    }


def events(turn: Turn, model: str, with_usage: bool) -> Iterator[bytes]:
    common = frame(model, "chat.completion.chunk")
    every = {"usage": None} if with_usage else {}
    deltas = list(all_deltas(turn))
    if turn.ending != "complete":
        deltas = deltas[: max(2, len(deltas) // 2)]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        yield data({**common, "choices": [choice], **every, "obfuscation": "x7Kq"})
    if turn.ending != "complete":
        yield from break_off(turn)
        return
    yield data(
        {**common, "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": finish(turn)}], **every}
    )
    if with_usage:
        yield data({**common, "choices": [], "usage": usage(turn)})
    yield b"data: [DONE]\n\n"


def all_deltas(turn: Turn) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": None if turn.calls and not turn.text else "", "refusal": None}
    yield from ({"reasoning_content": piece, "content": None} for piece in text_pieces(turn.thinking))
    yield from ({"content": piece} for piece in text_pieces(turn.text))
    calls = [list(call_deltas(index, call, turn.piece)) for index, call in enumerate(turn.calls)]
    ordered = itertools.zip_longest(*calls) if turn.interleave else calls
    yield from ({"tool_calls": [delta]} for group in ordered for delta in group if delta)


def call_deltas(index: int, call: Call, piece: int) -> Iterator[dict[str, Any]]:
    if not piece:
        yield {"index": index, **head(call), "function": {"name": call.tool, "arguments": call.arguments}}
        return
    yield {"index": index, **head(call), "function": {"name": call.tool, "arguments": ""}}
    for text in argument_pieces(call, piece):
        yield {"index": index, "function": {"arguments": text}}


def break_off(turn: Turn) -> Iterator[bytes]:
    if turn.ending == "cut":
        raise Cut
    if turn.ending == "stall":
        raise Stall
    yield data(BROKEN_STREAM)


def data(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
