"""The conversation as a scripted model sees it, read from a request body of any of the three APIs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

MARKER = re.compile(r"\[\[(\w+)\]\]")
SEARCH = "Perform a web search for the query"
COMPACT = "CRITICAL: Respond with TEXT ONLY"


@dataclass
class Result:
    """What one tool call gave back."""

    id: str
    text: str
    is_error: bool = False
    media: int = 0


@dataclass
class Talk:
    """The last marker, how many answers the model has given since, and what it has been told."""

    body: dict[str, Any]
    marker: str = ""
    step: int = 0
    last_text: str = ""
    results: list[Result] = field(default_factory=list)
    tools: dict[str, str] = field(default_factory=dict)  # name -> description
    media: int = 0  # images and documents anywhere

    def user_text(self, text: str) -> None:
        self.last_text = text
        marker = side_request(text) or (MARKER.findall(text) or [""])[-1]
        if marker:
            self.marker, self.step, self.results = marker, 0, []

    def tool_named(self, name: str, says: str = "") -> str | None:
        """The name under which this tool was offered, if it was."""
        if name in self.tools:
            return name
        return next((own for own, told in self.tools.items() if says and says in told), None)


def side_request(text: str) -> str:
    """Requests the client makes by itself, known by their first words."""
    if text.startswith(SEARCH):
        return "search"
    return "compact" if COMPACT in text[:400] else ""


def from_chat(body: dict[str, Any]) -> Talk:
    talk = Talk(
        body, tools={t["function"]["name"]: t["function"].get("description", "") for t in body.get("tools", [])}
    )
    answering = False
    for message in body["messages"]:
        role, content = message["role"], message.get("content")
        if role == "assistant" and not answering:
            talk.step += 1
        answering = role == "assistant"
        if role == "tool":
            talk.results.append(Result(message["tool_call_id"], chat_text(content)))
        if role == "user":
            talk.media += chat_media(content)
            for text in chat_texts(content):
                talk.user_text(text)
    return talk


def chat_texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content or [] if part["type"] == "text"]


def chat_text(content: Any) -> str:
    return "\n".join(chat_texts(content))


def chat_media(content: Any) -> int:
    return 0 if isinstance(content, str) else sum(part["type"] in ("image_url", "file") for part in content or [])


def from_responses(body: dict[str, Any]) -> Talk:
    talk = Talk(body, tools={tool["name"]: tool.get("description", "") for tool in body.get("tools", [])})
    answering = False
    for item in body["input"]:
        is_answer = item["type"] in ("function_call", "reasoning") or item.get("role") == "assistant"
        if is_answer and not answering:
            talk.step += 1
        answering = is_answer
        talk.media += response_media(item)
        if item["type"] == "function_call_output":
            talk.results.append(Result(item["call_id"], response_text(item["output"]), media=response_media(item)))
        if item.get("role") == "user":
            for text in response_texts(item["content"]):
                talk.user_text(text)
    return talk


def response_texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if part["type"] == "input_text"]


def response_text(content: Any) -> str:
    return "\n".join(response_texts(content))


def response_media(item: dict[str, Any]) -> int:
    parts = item.get("output") or item.get("content") or []
    return 0 if isinstance(parts, str) else sum(part["type"] in ("input_image", "input_file") for part in parts)


def from_messages(body: dict[str, Any]) -> Talk:
    talk = Talk(body, tools={t["name"]: t.get("description", "") for t in body.get("tools", [])})
    answering = False
    for message in body["messages"]:
        if message["role"] == "assistant" and not answering:
            talk.step += 1
        answering = message["role"] == "assistant"
        if message["role"] == "user":
            for block in blocks(message["content"]):
                read_user_block(talk, block)
    return talk


def read_user_block(talk: Talk, block: dict[str, Any]) -> None:
    if block["type"] == "text":
        talk.user_text(block["text"])
    elif block["type"] in ("image", "document"):
        talk.media += 1
    elif block["type"] == "tool_result":
        inner = blocks(block.get("content") or "")
        media = sum(part["type"] in ("image", "document") for part in inner)
        text = "\n".join(part.get("text") or part.get("tool_name", "") for part in inner)
        talk.results.append(Result(block["tool_use_id"], text, bool(block.get("is_error")), media))
        talk.media += media


def blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def from_converse(body: dict[str, Any]) -> Talk:
    specs = [tool["toolSpec"] for tool in (body.get("toolConfig") or {}).get("tools", []) if "toolSpec" in tool]
    talk = Talk(body, tools={spec["name"]: spec.get("description", "") for spec in specs})
    for message in body["messages"]:
        if message["role"] == "assistant":
            talk.step += 1
        if message["role"] == "user":
            for block in message["content"]:
                read_converse_block(talk, block)
    return talk


def read_converse_block(talk: Talk, block: dict[str, Any]) -> None:
    if "text" in block:
        talk.user_text(block["text"])
    elif "image" in block or "document" in block:
        talk.media += 1
    elif "toolResult" in block:
        result = block["toolResult"]
        media = sum("image" in part or "document" in part for part in result["content"])
        text = "\n".join(part["text"] for part in result["content"] if "text" in part)
        talk.results.append(Result(result["toolUseId"], text, result.get("status") == "error", media))
        talk.media += media
