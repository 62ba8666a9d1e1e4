"""What a recorded Responses answer says, read without any of the proxy's code: the judge of its translation."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENDS = ("response.completed", "response.incomplete", "response.failed", "error")
CALLS = ("function_call", "custom_tool_call")


@dataclass
class Reading:
    """One answer. Texts, calls and reasoning in order; `error` where it ends with one."""

    texts: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)  # id, name, input
    reasoning: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)  # id and encrypted content of each reasoning item
    stop: str = ""
    usage: tuple[int, int, int, int] | None = None  # input, read from a cache, output, spent on reasoning
    error: bool = False


def events_of(recording: bytes) -> list[dict[str, Any]]:
    """The JSON of every data line, lines that are none left out."""
    found = []
    for line in recording.decode().splitlines():
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            try:
                found.append(json.loads(line[5:]))
            except ValueError:
                continue
    return found


def read_stream(recording: bytes) -> Reading:
    """Some recordings hold several answers one after the other: the first counts."""
    events = events_of(recording)
    end = next((place for place, event in enumerate(events) if event["type"] in ENDS), None)
    if end is None or events[end]["type"] not in ("response.completed", "response.incomplete"):
        return Reading(error=True)
    events, last = events[:end], events[end]["response"]
    done = {e["output_index"]: e["item"] for e in events if e["type"] == "response.output_item.done"}
    for (key, part), said in deltas(events).items():
        content = done[key]["content"][part]
        if not content["text"].startswith(said):  # a shortened recording: the pieces are what was heard
            content["text"] = said
    return read_items([done[key] for key in sorted(done)] or last.get("output", []), last)


def deltas(events: list[dict[str, Any]]) -> dict[tuple[int, int], str]:
    said: dict[tuple[int, int], str] = {}
    for event in events:
        if event["type"] == "response.output_text.delta":
            place = event["output_index"], event["content_index"]
            said[place] = said.get(place, "") + event["delta"]
    return said


def read_whole(recording: bytes) -> Reading:
    response = json.loads(recording)
    if response.get("error"):
        return Reading(error=True)
    return read_items(response["output"], response)


def read_items(items: list[dict[str, Any]], response: dict[str, Any]) -> Reading:
    reading = Reading()
    refused = False
    for item in items:
        if item["type"] == "message":
            parts = [part.get("text") or part.get("refusal") or "" for part in item["content"]]
            reading.texts += [part for part in parts if part.strip()]
            refused = refused or any("refusal" in part for part in item["content"])
        elif item["type"] in CALLS:
            given = {"input": item["input"]} if "input" in item else json.loads(item["arguments"] or "{}")
            reading.calls.append((item["call_id"], item["name"], given))
        elif item["type"] == "reasoning":
            read_reasoning(reading, item)
    reading.stop = stop_reason(reading, response, refused)
    if any(number for number in (response.get("usage") or {}).values() if isinstance(number, int)):
        reading.usage = usage(response["usage"])
    return reading


def read_reasoning(reading: Reading, item: dict[str, Any]) -> None:
    parts = item.get("summary") or item.get("content") or []
    encrypted = item.get("encrypted_content") or ""
    if parts or encrypted:
        reading.reasoning.append("\n\n".join(part["text"] for part in parts))
        reading.kept.append((item.get("id", ""), encrypted))


def stop_reason(reading: Reading, response: dict[str, Any], refused: bool) -> str:
    why = (response.get("incomplete_details") or {}).get("reason")
    if refused or why == "content_filter":
        return "refusal"
    if why == "max_output_tokens":
        return "max_tokens"
    return "tool_use" if reading.calls else "end_turn"


def usage(given: dict[str, Any]) -> tuple[int, int, int, int]:
    cached = (given.get("input_tokens_details") or {}).get("cached_tokens") or 0
    written = (given.get("input_tokens_details") or {}).get("cache_write_tokens") or 0
    thought = (given.get("output_tokens_details") or {}).get("reasoning_tokens") or 0
    return given["input_tokens"] - cached - written, cached, given["output_tokens"], thought


def envelope(signature: str) -> dict[str, Any]:
    """What the proxy keeps in the signature of a thinking block."""
    mark, _, text = signature.partition(".")
    assert mark == "ccx1", signature[:40]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def recordings(folder: Path) -> list[tuple[Path, str]]:
    """Every answer below a folder with its kind: `stream` or `whole`."""
    found = [(path, "stream") for path in folder.rglob("*.sse")]
    found += [(path, "stream") for path in folder.rglob("*.chunks.txt")]
    found += [(path, "whole") for path in folder.rglob("*.json") if not path.name.endswith(".request.json")]
    for path in folder.rglob("upstream.bytes"):
        found.append((path, "stream" if path.parent.name.startswith("stream") else "whole"))
    return sorted(pair for pair in found if is_answer(*pair))


def is_answer(path: Path, kind: str) -> bool:
    if path.name in ("upstream.json", "variables.json", "request.json"):
        return False
    return kind == "stream" or '"output"' in path.read_text() or '"error"' in path.read_text()


def content(path: Path) -> bytes:
    """The bytes of an answer; of a list of chunks, the stream that it was."""
    if not path.name.endswith(".chunks.txt"):
        return path.read_bytes()
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    return "".join(f"data: {line}\n\n" for line in lines).encode()
