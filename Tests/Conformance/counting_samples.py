"""Recorded requests with the prompt tokens that their services reported, in the form of the Messages API."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SELECTION = Path(__file__).resolve().parents[1] / "Fixtures" / "counting"
# What says that a prompt holds more than its request.
FOREIGN = ("server_tool_use", "file_id", "mcp_servers", "web_search", "image_url", "advisor", '"file', "video_url", "plugins")
FOREIGN += ('"response_format"',)
THINKING = re.compile(r"<think>.*?</think>\s*", flags=re.S)


@dataclass
class Sample:
    source: str
    service: str
    request: dict[str, Any]
    reported: int

    @property
    def group(self) -> tuple[str, str]:
        return self.service, self.request["model"]

    @property
    def key(self) -> str:
        return json.dumps([self.service, self.request], sort_keys=True)


def messages_of(path: Path) -> list[dict[str, Any]]:
    """The JSON values of a response: one, or those of its events."""
    text = path.read_text()
    if path.suffix == ".json":
        value = json.loads(text)
        return [value] if isinstance(value, dict) else []
    data = (line[5:].strip() for line in text.split("\n") if line.startswith("data:"))
    return [json.loads(line) for line in data if line.startswith("{")]


def reported(values: list[dict[str, Any]]) -> int:
    """The prompt's tokens in the last `usage` that names any."""
    total = 0
    for value in values:
        for usage in (value.get("usage"), (value.get("message") or {}).get("usage") if "message" in value else None, value):
            if not isinstance(usage, dict):
                continue
            cached = (usage.get("cache_creation_input_tokens") or 0) + (usage.get("cache_read_input_tokens") or 0)
            total = usage.get("prompt_tokens") or (usage.get("input_tokens") or 0) + cached or total
    return total


def recordings(root: Path) -> list[Sample]:
    samples: dict[str, Sample] = {}
    for path in sorted(root.glob("*/**/*.request.json")):
        language = path.relative_to(root).parts[0]
        request = json.loads(path.read_text())
        if language not in ("anthropic", "openai-chat") or not isinstance(request, dict) or "messages" not in request:
            continue
        stem = path.name.removesuffix(".request.json")
        found = [path.with_name(stem + end) for end in (".response.json", ".response.sse")]
        values = [value for file in found if file.exists() for value in messages_of(file)]
        tokens = reported(values)
        whole = json.dumps(request) + (json.dumps(values) if language == "anthropic" else "")
        if not tokens or any(word in whole for word in FOREIGN):
            continue
        service = "anthropic" if language == "anthropic" else path.relative_to(root).parts[2]
        if language == "openai-chat":
            request = from_chat(request)
        kept = {name: request[name] for name in KEPT if name in request}
        sample = Sample(str(path.relative_to(root)).removesuffix(".request.json"), service, kept, tokens)
        samples.setdefault(sample.key, sample)
    return list(samples.values())


KEPT = ("model", "system", "messages", "tools", "tool_choice", "thinking")


def from_chat(request: dict[str, Any]) -> dict[str, Any]:
    """The request of the Messages API that says the same."""
    out: dict[str, Any] = {"model": request["model"], "messages": []}
    system = [words(m) for m in request["messages"] if m["role"] in ("system", "developer")]
    if system:
        out["system"] = "\n".join(system)
    for message in request["messages"]:
        if message["role"] not in ("system", "developer"):
            add(out["messages"], message)
    if request.get("tools"):
        out["tools"] = [tool(entry.get("function", entry)) for entry in request["tools"]]
    if request.get("tool_choice") == "required" or isinstance(request.get("tool_choice"), dict):
        out["tool_choice"] = {"type": "any"}
    return out


def words(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return THINKING.sub("", text) if message["role"] == "assistant" else text


def add(messages: list[dict[str, Any]], message: dict[str, Any]) -> None:
    if message["role"] == "tool":
        result = {"type": "tool_result", "tool_use_id": message.get("tool_call_id", "t"), "content": words(message)}
        if messages and messages[-1]["role"] == "user" and isinstance(messages[-1]["content"], list):
            messages[-1]["content"].append(result)
        else:
            messages.append({"role": "user", "content": [result]})
        return
    calls = [
        {"type": "tool_use", "id": call.get("id") or "t", "name": call["function"]["name"], "input": arguments(call)}
        for call in message.get("tool_calls") or []
    ]
    text = words(message)
    content: Any = ([{"type": "text", "text": text}] if text else []) + calls if calls else text
    messages.append({"role": message["role"], "content": content})


def arguments(call: dict[str, Any]) -> Any:
    try:
        return json.loads(call["function"]["arguments"] or "{}")
    except ValueError:
        return {"text": call["function"]["arguments"]}


def tool(function: dict[str, Any]) -> dict[str, Any]:
    out = {"name": function.get("name", ""), "input_schema": function.get("parameters") or {"type": "object"}}
    return out | ({"description": function["description"]} if function.get("description") else {})


def selection() -> list[Sample]:
    lines = [line for file in sorted(SELECTION.glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [Sample(**json.loads(line)) for line in lines]


def write(samples: list[Sample]) -> None:
    SELECTION.mkdir(exist_ok=True)
    for name in ("anthropic", "chat"):
        chosen = [s for s in samples if (s.service == "anthropic") == (name == "anthropic")]
        text = "".join(json.dumps(vars(sample), ensure_ascii=False, separators=(",", ":")) + "\n" for sample in chosen)
        (SELECTION / f"{name}.jsonl").write_text(text)
