"""The grammar of a Messages stream, read from raw bytes: a judge that shares no code with any SDK."""

from __future__ import annotations

import json
from typing import Any

DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
}


def parse(stream: bytes) -> list[dict[str, Any]]:
    """The events of a whole stream; every one must be `event: NAME`, `data: JSON`, blank line, and agree with itself."""
    text = stream.decode("utf-8")
    assert text.endswith("\n\n"), f"the stream ends inside an event: {text[-80:]!r}"
    events = []
    for lump in text[:-2].split("\n\n"):
        lines = [line for line in lump.split("\n") if not line.startswith(":")]
        if not lines:
            continue
        assert len(lines) == 2 and lines[0].startswith("event: ") and lines[1].startswith("data: "), lump
        event = json.loads(lines[1][6:])
        assert event["type"] == lines[0][7:], lump
        events.append(event)
    return events


def check(stream: bytes) -> list[dict[str, Any]]:
    """Asserts that a complete stream follows the grammar; returns its events without pings."""
    events = [event for event in parse(stream) if event["type"] != "ping"]
    kinds = [event["type"] for event in events]
    assert kinds[0] == "message_start" and kinds.count("message_start") == 1, kinds
    assert kinds[-1] == "message_stop" and kinds.count("message_stop") == 1, kinds
    assert kinds[-2] == "message_delta", kinds
    check_start(events[0]["message"])
    check_blocks([event for event in events[1:] if event["type"].startswith("content_block")])
    blocks_end = max((i for i, kind in enumerate(kinds) if kind.startswith("content_block")), default=0)
    assert "message_delta" not in kinds[:blocks_end], "a message_delta before the last block"
    return events


def check_start(message: dict[str, Any]) -> None:
    assert message["content"] == [] and message["stop_reason"] is None
    assert message["role"] == "assistant" and message["type"] == "message"
    assert message["id"].startswith("msg_")
    assert {"input_tokens", "output_tokens"} <= message["usage"].keys()


def check_blocks(events: list[dict[str, Any]]) -> None:
    """Indexes 0, 1, 2…; one block open at a time; deltas of the block's own kind; one signature, last."""
    index, kind, seen = -1, "", []
    for event in events:
        if event["type"] == "content_block_start":
            assert not kind, "a block starts while another is open"
            index, kind, seen = index + 1, event["content_block"]["type"], []
            check_opening(event["content_block"])
        elif event["type"] == "content_block_delta":
            assert event["delta"]["type"] in DELTAS[kind], f"{event['delta']['type']} in a {kind} block"
            assert "signature_delta" not in seen, "a delta after the signature"
            seen.append(event["delta"]["type"])
        else:
            assert kind, "a block stops that is not open"
            if kind == "thinking":
                assert seen[-1:] == ["signature_delta"], "a thinking block without a signature"
            kind = ""
        assert event["index"] == index, event
    assert not kind, "the last block was never stopped"


def check_opening(block: dict[str, Any]) -> None:
    if block["type"] == "text":
        assert block["text"] == ""
    if block["type"] == "thinking":
        assert block["thinking"] == "" and block["signature"] == ""
    if block["type"] == "tool_use":
        assert block["input"] == {} and block["id"] and block["name"]
