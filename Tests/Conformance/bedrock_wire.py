"""A scripted turn as Bedrock says it: answers of Converse and InvokeModel, and the frames of their streams."""

from __future__ import annotations

import base64
import itertools
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import messages_wire
from service import Cut, Stall
from turns import Call, Turn, argument_pieces, text_pieces

_numbers = itertools.count(1)
SIGNATURE = messages_wire.SIGNATURE
STOPS = {"length": "max_tokens", "filter": "content_filtered"}
STREAM = ("content-type", "application/vnd.amazon.eventstream")
JSON = ("content-type", "application/json")


def converse(turn: Turn) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": content(turn)}},
        "stopReason": stop_reason(turn),
        "usage": usage(turn),
        "metrics": {"latencyMs": 12},
    }


def content(turn: Turn) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if turn.thinking:
        parts.append({"reasoningContent": {"reasoningText": {"text": turn.thinking, "signature": SIGNATURE}}})
    if turn.text:
        parts.append({"text": turn.text})
    return parts + [{"toolUse": {**head(call), "input": call.input}} for call in turn.calls]


def head(call: Call) -> dict[str, Any]:
    return {"toolUseId": call.id or f"tooluse_{next(_numbers):022d}", "name": call.tool}


def stop_reason(turn: Turn) -> str:
    return STOPS.get(turn.stop) or ("tool_use" if turn.calls else "end_turn")


def usage(turn: Turn) -> dict[str, Any]:
    use = turn.usage
    return {
        "inputTokens": use.prompt - use.cached,
        "outputTokens": use.answer,
        "totalTokens": use.prompt + use.answer,
        "cacheReadInputTokens": use.cached,
        "cacheWriteInputTokens": 0,
        "cacheReadInputTokenCount": use.cached,
        "serverToolUsage": {},
    }


def converse_stream(turn: Turn) -> Iterator[bytes]:
    yield event("messageStart", role="assistant")
    blocks = [list(block_events(index, block, turn)) for index, block in enumerate(parts(turn))]
    if turn.ending != "complete":
        events = [one for block in blocks for one in block]
        yield from events[: max(1, len(events) // 2)]
        yield from break_off(turn)
        return
    for block in blocks:
        yield from block
    yield event("messageStop", stopReason=stop_reason(turn))
    yield event("metadata", usage=usage(turn), metrics={"latencyMs": 12})


def parts(turn: Turn) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [("thinking", turn.thinking)] if turn.thinking else []
    found += [("text", turn.text)] if turn.text else []
    return found + [("call", call) for call in turn.calls]


def block_events(index: int, part: tuple[str, Any], turn: Turn) -> Iterator[bytes]:
    """Only calls have a start: the real service leaves it out for text and reasoning."""
    kind, value = part
    if kind == "call":
        yield event("contentBlockStart", contentBlockIndex=index, start={"toolUse": head(value)})
        deltas = [{"toolUse": {"input": piece}} for piece in argument_pieces(value, turn.piece)]
    elif kind == "thinking":
        deltas = [{"reasoningContent": {"text": piece}} for piece in text_pieces(value)]
        deltas.append({"reasoningContent": {"signature": SIGNATURE}})
    else:
        deltas = [{"text": piece} for piece in text_pieces(value)]
    for delta in deltas:
        yield event("contentBlockDelta", contentBlockIndex=index, delta=delta)
    yield event("contentBlockStop", contentBlockIndex=index)


def break_off(turn: Turn) -> Iterator[bytes]:
    if turn.ending == "cut":
        raise Cut
    if turn.ending == "stall":
        raise Stall
    yield exception("serviceUnavailableException", "Overloaded in the middle")


def invoke(turn: Turn, model: str) -> dict[str, Any]:
    return messages_wire.message(turn, model)


def invoke_stream(turn: Turn, model: str) -> Iterator[bytes]:
    """Anthropic's own events, each in a frame, with Bedrock's measurements in the last and without pings."""
    for one in messages_wire.events(turn, model):
        data = json.loads(one.split(b"data: ", 1)[1])
        if data["type"] == "ping":
            continue
        if data["type"] == "error":
            yield exception("serviceUnavailableException", "Overloaded in the middle")
            return
        if data["type"] == "message_stop":
            data["amazon-bedrock-invocationMetrics"] = {"inputTokenCount": turn.usage.prompt, "invocationLatency": 12}
        yield event("chunk", bytes=base64.b64encode(json.dumps(data).encode()).decode())


def event(name: str, **payload: Any) -> bytes:
    number = next(_numbers)
    payload["p"] = "abcdefghijklmnop"[: number % 16]  # the real service pads its events with letters
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(payload, ensure_ascii=False).encode())


def exception(name: str, text: str) -> bytes:
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": text}).encode())


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    fields = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in headers.items()
    )
    lengths = struct.pack("!II", 16 + len(fields) + len(payload), len(fields))
    message = lengths + struct.pack("!I", zlib.crc32(lengths)) + fields + payload
    return message + struct.pack("!I", zlib.crc32(message))
