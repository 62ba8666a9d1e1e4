"""A scripted turn as the Responses API says it: one response, or the events of a stream."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any

from service import Cut, Stall
from turns import Call, Turn, text_pieces

_numbers = itertools.count(1)
WHY = {"length": "max_output_tokens", "filter": "content_filter"}
BROKEN = {"type": "server_error", "code": "server_error", "message": "The server had an error in the middle", "param": None}
Item = dict[str, Any]


def seal(made: dict[str, Any]) -> str:
    """Reasoning that only this service can read."""
    return "gAAAA" + base64.urlsafe_b64encode(json.dumps(made).encode()).decode()


def unseal(text: str) -> dict[str, Any] | None:
    try:
        return json.loads(base64.urlsafe_b64decode(text.removeprefix("gAAAA")))
    except ValueError:
        return None


def items(turn: Turn, request: dict[str, Any]) -> list[Item]:
    """Reasoning stands before all that it led to: the text if there is one, else the first call."""
    found: list[Item] = []
    if turn.text:
        part = {"type": "output_text", "text": turn.text, "annotations": [], "logprobs": []}
        found.append({"type": "message", "id": f"msg_{next(_numbers):048d}", "role": "assistant",
                      "status": "completed", "content": [part]})  # fmt: skip
    found += [call_item(call) for call in turn.calls]
    if turn.thinking or turn.calls:
        led_to = found[0].get("call_id", "message") if found else ""
        found.insert(0, reasoning(turn.thinking, led_to, request))
    return found


def call_item(call: Call) -> Item:
    id = f"{next(_numbers):048d}"
    return {"type": "function_call", "id": f"fc_{id}", "call_id": call.id or f"call_{id[24:]}", "name": call.tool,
            "arguments": call.arguments, "status": "completed"}  # fmt: skip


def reasoning(text: str, led_to: str, request: dict[str, Any]) -> Item:
    item: Item = {"type": "reasoning", "id": f"rs_{next(_numbers):048d}", "summary": []}
    if text and (request.get("reasoning") or {}).get("summary"):
        item["summary"] = [{"type": "summary_text", "text": part} for part in text.split("\n\n")]
    if "reasoning.encrypted_content" in request.get("include", []):
        item["encrypted_content"] = seal({"model": request["model"], "id": item["id"], "led_to": led_to})
    return item


def response(
    turn: Turn, request: dict[str, Any], output: list[Item], begun: dict[str, Any] | None = None
) -> dict[str, Any]:
    why = WHY.get(turn.stop)
    return {
        **(begun or frame(request)),
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "output": output,
        "usage": usage(turn),
    }


def frame(request: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"resp_{next(_numbers):048d}", "object": "response", "created_at": 1790000000, "error": None,
            "incomplete_details": None, "instructions": request.get("instructions"), "metadata": {},
            "model": request["model"], "output": [], "parallel_tool_calls": True, "status": "in_progress",
            "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0, "usage": None}  # fmt: skip


def usage(turn: Turn) -> dict[str, Any]:
    use = turn.usage
    return {
        "input_tokens": use.prompt,
        "input_tokens_details": {"cached_tokens": use.cached, "cache_write_tokens": 0},
        "output_tokens": use.answer,
        "output_tokens_details": {"reasoning_tokens": use.reasoning},
        "total_tokens": use.prompt + use.answer,
    }


def events(turn: Turn, request: dict[str, Any], output: list[Item]) -> Iterator[bytes]:
    numbers = itertools.count()
    begun = frame(request)
    for kind in ("response.created", "response.in_progress"):
        yield event(numbers, kind, response=begun)
    inner = list(item_events(turn, output))
    if turn.ending != "complete":
        inner = inner[: max(2, len(inner) // 2)]
    for kind, fields in inner:
        yield event(numbers, kind, **fields)
    if turn.ending == "complete":
        end = response(turn, request, output, begun)
        yield event(numbers, f"response.{end['status']}", response=end)
    else:
        yield from break_off(turn, numbers)


def item_events(turn: Turn, output: list[Item]) -> Iterator[tuple[str, dict[str, Any]]]:
    lists = [list(one_item(index, item, turn)) for index, item in enumerate(output)]
    calls = [events for events, item in zip(lists, output, strict=True) if item["type"] == "function_call"]
    if not turn.interleave:
        yield from itertools.chain.from_iterable(lists)
        return
    yield from itertools.chain.from_iterable(events for events in lists if events not in calls)
    yield from (event for group in itertools.zip_longest(*calls) for event in group if event)


def one_item(index: int, item: Item, turn: Turn) -> Iterator[tuple[str, dict[str, Any]]]:
    at = {"output_index": index, "item_id": item["id"]}
    empty = {"summary": [], "content": [], "arguments": ""}
    begun = {**item, **{key: value for key, value in empty.items() if key in item}}
    begun.pop("encrypted_content", None)
    yield "response.output_item.added", {"output_index": index, "item": begun}
    if item["type"] == "message":
        yield from message_events(at, item["content"][0])
    elif item["type"] == "reasoning":
        for part, summary in enumerate(item["summary"]):
            yield from summary_events({**at, "summary_index": part}, summary["text"])
    else:
        pieces = text_pieces(item["arguments"], turn.piece) if turn.piece else [item["arguments"]]
        for piece in pieces:
            yield "response.function_call_arguments.delta", {**at, "delta": piece, "obfuscation": "x7Kq"}
        yield "response.function_call_arguments.done", {**at, "arguments": item["arguments"], "name": item["name"]}
    yield "response.output_item.done", {"output_index": index, "item": item}


def message_events(at: dict[str, Any], part: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    at = {**at, "content_index": 0}
    yield "response.content_part.added", {**at, "part": {**part, "text": ""}}
    for piece in text_pieces(part["text"]):
        yield "response.output_text.delta", {**at, "delta": piece, "logprobs": [], "obfuscation": "x7Kq"}
    yield "response.output_text.done", {**at, "text": part["text"], "logprobs": []}
    yield "response.content_part.done", {**at, "part": part}


def summary_events(at: dict[str, Any], text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "response.reasoning_summary_part.added", {**at, "part": {"type": "summary_text", "text": ""}}
    for piece in text_pieces(text):
        yield "response.reasoning_summary_text.delta", {**at, "delta": piece, "obfuscation": "x7Kq"}
    yield "response.reasoning_summary_text.done", {**at, "text": text}
    yield "response.reasoning_summary_part.done", {**at, "part": {"type": "summary_text", "text": text}}


def break_off(turn: Turn, numbers: Iterator[int]) -> Iterator[bytes]:
    if turn.ending == "cut":
        raise Cut
    if turn.ending == "stall":
        raise Stall
    yield b"event: error\n" + data({"type": "error", "sequence_number": next(numbers), "error": BROKEN})


def event(numbers: Iterator[int], kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\n".encode() + data({"type": kind, "sequence_number": next(numbers), **fields})


def data(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"

