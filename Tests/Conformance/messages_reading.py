"""What a recorded answer of the Messages API says, read from the meaning of its events alone."""

from __future__ import annotations

import json
from typing import Any


def events_of(data: bytes) -> list[dict[str, Any]]:
    """The JSON of every `data:` line; pings too."""
    return [json.loads(line[5:]) for line in data.decode().splitlines() if line.startswith("data:")]


def read_stream(data: bytes) -> dict[str, Any]:
    """The message put together: `content` (every block that began, also where a service begins twice), `stop_reason`,
    `usage`."""
    blocks: list[tuple[int, dict[str, Any]]] = []
    message: dict[str, Any] = {"stop_reason": None, "usage": {}}
    for event in events_of(data):
        if event["type"] == "message_start":
            message["usage"] = dict(event["message"]["usage"])
        elif event["type"] == "content_block_start":
            blocks.append((event["index"], dict(event["content_block"])))
        elif event["type"] == "content_block_delta":
            add(next(block for index, block in reversed(blocks) if index == event["index"]), event["delta"])
        elif event["type"] == "message_delta":
            message["stop_reason"] = event["delta"].get("stop_reason")
            later = {key: value for key, value in (event.get("usage") or {}).items() if value is not None}
            counted = max(message["usage"].get("output_tokens", 0), later.get("output_tokens", 0))
            message["usage"].update(later, output_tokens=counted)  # what was counted is not taken back
    return {**message, "content": [finished(block) for _, block in blocks]}


def add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    kind = delta["type"]
    if kind == "input_json_delta":
        block["partial"] = block.get("partial", "") + delta["partial_json"]
    elif kind == "citations_delta":
        block["citations"] = [*(block.get("citations") or []), delta["citation"]]
    elif kind in ("text_delta", "thinking_delta", "signature_delta"):
        name = kind.removesuffix("_delta")
        block[name] = block.get(name, "") + delta[name]
    else:
        block.update({key: value for key, value in delta.items() if key != "type"})


def finished(block: dict[str, Any]) -> dict[str, Any]:
    partial = block.pop("partial", None)
    if partial:
        try:
            block["input"] = json.loads(partial)
        except ValueError:
            block["input"] = partial
    return block
