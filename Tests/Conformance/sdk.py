"""The official `anthropic` package as a client of the proxy, with its response types checked strictly."""

from __future__ import annotations

import http.client
import json
from typing import Any

import anthropic
from anthropic.types import Message

from claude import KEY

MODEL = "claude-opus-5-5"
LIMIT = 20.0

WEATHER = {
    "name": "get_weather",
    "description": "Tells the weather of a place.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "more": {"type": "object"}},
        "required": ["city"],
    },
}
CLOCK = {"name": "clock", "description": "Tells the time.", "input_schema": {"type": "object", "properties": {}}}


def client(url: str, **options: Any) -> anthropic.Anthropic:
    settings = {"api_key": KEY, "max_retries": 0, "timeout": LIMIT, "_strict_response_validation": True, **options}
    return anthropic.Anthropic(base_url=url, **settings)


def ask(url: str, stream: bool, messages: Any = "[[main]] Go on.", timeout: float = LIMIT, **fields: Any) -> Message:
    """One turn, streamed or not; a string is one user message."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    request = {"model": MODEL, "max_tokens": 1000, "messages": messages, **fields}
    with client(url, timeout=timeout) as one:
        if not stream:
            return one.messages.create(**request)
        with one.messages.stream(**request) as events:
            return events.get_final_message()


def back(message: Message) -> dict[str, Any]:
    """The answer as the next request carries it."""
    return {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in message.content]}


def result(id: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content, **more}


def body_of(messages: Any = "[[main]] Go on.", **fields: Any) -> dict[str, Any]:
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return {"model": MODEL, "max_tokens": 1000, "messages": messages, **fields}


def post(
    url: str, body: Any, path: str = "/v1/messages", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """A request without any SDK: status, headers with lower-case names, the undecoded body. Empty headers are not sent."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json", "x-api-key": KEY, "anthropic-version": "2023-06-01", **(headers or {})}
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=LIMIT)
    try:
        connection.request("POST", path, data, {name: value for name, value in sent.items() if value})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()
