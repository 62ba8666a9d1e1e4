"""What Converse refuses beyond its types, and what Claude refuses behind it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from bedrock_shapes import Mismatch, check_input

MAGIC = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8", "webp": b"RIFF"}
DOCUMENT_NAME = re.compile(r"(?!.*  )[A-Za-z0-9 \-()\[\]]{1,200}")
BETAS = re.compile(
    r"interleaved-thinking-|context-1m-|output-128k-|dev-full-thinking-|effort-|fine-grained-tool-streaming-|computer-use-"
    r"|context-management-|compact-|tool-search-tool-|token-efficient-tools-"
)
INVOKE_FIELDS = {
    "anthropic_version", "anthropic_beta", "max_tokens", "messages", "system", "temperature", "top_p", "top_k",
    "stop_sequences", "tools", "tool_choice", "metadata", "thinking", "output_config", "output_format",
    "context_management",
}  # fmt: skip


class Refused(Exception):
    """One refusal, in a ValidationException's words."""


def check_converse(operation: str, body: Any) -> None:
    """Raises `Refused` for the first thing the service would not take."""
    try:
        check_input(operation, body)
    except Mismatch as problem:
        raise Refused(str(problem)) from None
    messages = body.get("messages") or []
    check_turns(messages)
    check_pairs(messages)
    for index, message in enumerate(messages):
        check_content(message, f"messages[{index}]")
    check_names(messages)
    check_cache_points(body)
    check_tools(body, messages)
    for text in (block["text"] for block in body.get("system", []) if "text" in block):
        not_blank(text, "system")
    for beta in (body.get("additionalModelRequestFields") or {}).get("anthropic_beta", []):
        if not BETAS.match(beta):
            raise Refused(f"invalid beta flag {beta}")


def check_turns(messages: list[dict[str, Any]]) -> None:
    if not messages or messages[0]["role"] != "user":
        raise Refused("A conversation must start with a user message.")
    last = ""
    for index, message in enumerate(messages):
        if message["role"] == last:
            raise Refused(f"messages[{index}]: roles must alternate, {last} twice")
        if message["role"] == "system" and index + 1 < len(messages) and messages[index + 1]["role"] != "assistant":
            raise Refused(f"messages[{index}]: a system message must be last or before an assistant's")
        last = message["role"]
        if not message["content"]:
            raise Refused(f"messages[{index}]: the content is empty")


def of_kind(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [block[kind] for block in message["content"] if kind in block]


def check_pairs(messages: list[dict[str, Any]]) -> None:
    """Every toolUse is answered at the beginning of the next user message, and nothing else is."""
    waiting: list[str] = []
    seen: set[str] = set()
    for index, message in enumerate(messages):
        results = [result["toolUseId"] for result in of_kind(message, "toolResult")]
        if message["role"] == "user":
            if sorted(results) != sorted(waiting):
                raise Refused(f"messages[{index}]: toolResult {results} for toolUse {waiting}")
            kinds = ["toolResult" in block for block in message["content"] if "cachePoint" not in block]
            if kinds != sorted(kinds, reverse=True):
                raise Refused(f"messages[{index}]: toolResult blocks must come first")
            waiting = []
        elif results:
            raise Refused(f"messages[{index}]: toolResult in a message of {message['role']}")
        if message["role"] == "assistant":
            waiting = [call["toolUseId"] for call in of_kind(message, "toolUse")]
            if len(set(waiting)) != len(waiting) or seen & set(waiting):
                raise Refused(f"messages[{index}]: `tool_use` ids must be unique")
            seen |= set(waiting)
    if waiting:
        raise Refused(f"toolUse without toolResult: {waiting}")


def flat(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        yield block
        if "toolResult" in block:
            yield from flat(block["toolResult"]["content"])


def check_content(message: dict[str, Any], path: str) -> None:
    role, images, documents = message["role"], 0, 0
    for block in flat(message["content"]):
        if "text" in block:
            not_blank(block["text"], path)
        if "image" in block:
            images += 1
            check_image(block["image"], path)
        documents += "document" in block
        if role != "user" and ("image" in block or "document" in block):
            raise Refused(f"{path}: images and documents belong to the user")
        if "toolUse" in block and not isinstance(block["toolUse"]["input"], dict):
            raise Refused(f"{path}: the input of a toolUse must be an object")
        if "toolResult" in block and not block["toolResult"]["content"]:
            raise Refused(f"{path}: an empty toolResult")
        if "reasoningContent" in block and "reasoningText" in block["reasoningContent"]:
            if not block["reasoningContent"]["reasoningText"].get("signature"):
                raise Refused(f"{path}: Invalid `signature` in `thinking` block")
    if images > 20 or documents > 5:
        raise Refused(f"{path}: {images} images and {documents} documents")
    if of_kind(message, "document") and not of_kind(message, "text"):
        raise Refused(f"{path}: a document needs a text beside it")
    last = message["content"][-1]
    if role == "assistant" and "text" in last and last["text"] != last["text"].rstrip():
        raise Refused(f"{path}: final assistant content cannot end with trailing whitespace")


def check_image(image: dict[str, Any], path: str) -> None:
    if not base64.b64decode(image["source"]["bytes"]).startswith(MAGIC[image["format"]]):
        raise Refused(f"{path}: image does not match the provided media type {image['format']}")


def check_names(messages: list[dict[str, Any]]) -> None:
    blocks = [block for message in messages for block in flat(message["content"])]
    names = [block["document"]["name"] for block in blocks if "document" in block]
    if len(set(names)) != len(names):
        raise Refused(f"documents of the same name: {names}")
    for name in names:
        if not DOCUMENT_NAME.fullmatch(name):
            raise Refused(f"a document's name may not be {name!r}")


def check_cache_points(body: dict[str, Any]) -> None:
    lists = [body.get("system", []), (body.get("toolConfig") or {}).get("tools", [])]
    lists += [message["content"] for message in body["messages"]]
    if sum("cachePoint" in block for blocks in lists for block in blocks) > 4:
        raise Refused("A maximum of 4 blocks with cache_control may be provided.")
    for blocks in lists:
        for before, block in zip([None, *blocks], blocks):
            if "cachePoint" in block and (before is None or "cachePoint" in before or "reasoningContent" in before):
                raise Refused("a cachePoint with nothing to cache in front of it")


def check_tools(body: dict[str, Any], messages: list[dict[str, Any]]) -> None:
    config = body.get("toolConfig")
    needs = any("toolUse" in block or "toolResult" in block for m in messages for block in m["content"])
    if needs and not config:
        raise Refused("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
    specs = [tool["toolSpec"] for tool in (config or {}).get("tools", []) if "toolSpec" in tool]
    names = [spec["name"] for spec in specs]
    if len(set(names)) != len(names):
        raise Refused(f"tools of the same name: {names}")
    for spec in specs:
        if spec["inputSchema"]["json"].get("type") != "object":
            raise Refused(f"{spec['name']}: the schema must be of type object")
    extra = body.get("additionalModelRequestFields") or {}
    choice = (config or {}).get("toolChoice") or {}
    thinks = (extra.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    if thinks and ("any" in choice or "tool" in choice):
        raise Refused("Thinking may not be enabled when tool_choice forces tool use.")
    if "tool" in choice and choice["tool"]["name"] not in names:
        raise Refused(f"tool_choice: {choice['tool']['name']} is not among {names}")
    if (extra.get("thinking") or {}).get("display") not in (None, "summarized", "omitted"):
        raise Refused(f"thinking.display: {extra['thinking']['display']}")


def not_blank(text: str, path: str) -> None:
    if not text.strip():
        raise Refused(f"{path}: text content blocks must contain non-whitespace text")


def check_invoke(body: Any) -> None:
    """The Anthropic body: what the Messages API takes, less what Bedrock does not know."""
    if not isinstance(body, dict):
        raise Refused("Malformed input request: expected an object")
    if body.get("anthropic_version") not in ("bedrock-2023-05-31", "2026-10-21"):
        raise Refused(f"anthropic_version: {body.get('anthropic_version')}")
    for key in body:
        if key not in INVOKE_FIELDS:
            raise Refused(f"{key}: Extra inputs are not permitted")
    for key in ("max_tokens", "messages"):
        if key not in body:
            raise Refused(f"{key}: Field required")
    for beta in body.get("anthropic_beta", []):
        if not BETAS.match(beta):
            raise Refused(f"invalid beta flag {beta}")
    if (body.get("thinking") or {}).get("display") not in (None, "summarized", "omitted"):
        raise Refused(f"thinking.display: {body['thinking']['display']}")
    for index, tool in enumerate(body.get("tools", [])):
        if "defer_loading" in tool and not any(b.startswith("tool-search-tool-") for b in body.get("anthropic_beta", [])):
            raise Refused(f"tools.{index}.defer_loading: Extra inputs are not permitted")
