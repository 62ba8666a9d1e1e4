"""Conversations as clients really send them: legal for the Messages API, and awkward for anything else.

Every word that begins with `keep-` must still be somewhere in what the model is told.
"""

from __future__ import annotations

from typing import Any

import samples
from sdk import result

Blocks = list[dict[str, Any]]


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [text(block) if isinstance(block, str) else block for block in blocks]}


def model(*blocks: Any) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def system(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "system", "content": content, **more}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(id: str, name: str = "get_weather", **input: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": input or {"city": "Lund"}}


def image() -> dict[str, Any]:
    return {"type": "image", "source": source("image/png", samples.base64_text(samples.png()))}


def document(**more: Any) -> dict[str, Any]:
    return {"type": "document", "source": source("application/pdf", samples.base64_text(samples.pdf())), **more}


def source(media_type: str, data: str) -> dict[str, Any]:
    return {"type": "base64", "media_type": media_type, "data": data}


SERVER_TOOL: Blocks = [
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "weather"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [
            {
                "type": "web_search_result",
                "title": "keep-title",
                "url": "https://example.org/",
                "encrypted_content": "eA==",
            }
        ],
    },
]
ASK = user("[[main]] keep-question")
PLAIN_DOCUMENT = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "keep-plain"},
    "title": "Notes",
}
PARTS_DOCUMENT = {"type": "document", "source": {"type": "content", "content": [text("keep-part")]}}
FOUND = {"type": "search_result", "source": "keep-source", "title": "keep-name", "content": [text("keep-found")]}

HISTORIES: dict[str, Blocks] = {
    "two user messages in a row": [user("keep-one"), user("keep-two"), ASK],
    "two assistant messages in a row": [ASK, model("keep-one"), model("keep-two"), user("[[main]] on")],
    "an assistant message first": [model("keep-one"), ASK],
    "an assistant message last": [ASK, model("keep-prefill")],
    "an empty assistant message": [ASK, model(), user("[[main]] on")],
    "only thinking": [ASK, model({"type": "thinking", "thinking": "hm", "signature": "c2ln"}), user("[[main]] on")],
    "redacted thinking": [ASK, model({"type": "redacted_thinking", "data": "eHg="}, "keep-said"), user("[[main]] on")],
    "blank texts": [user("", "keep-one", ""), model("", "keep-two"), user("[[main]] on", "")],
    "a system message in the middle": [
        ASK,
        system("keep-rule", output_config={"effort": "medium"}),
        model("yes"),
        user("[[main]] on"),
    ],
    "a system message of blocks": [ASK, system([{**text("keep-rule"), "cache_control": {"type": "ephemeral"}}])],
    "a result that never came": [ASK, model(use("toolu_1")), user("[[main]] keep-instead")],
    "one result of two": [ASK, model(use("toolu_1"), use("toolu_2")), user(result("toolu_2", "keep-two"))],
    "a result nobody asked for": [user(result("toolu_9", "keep-lost"), "[[main]] keep-on")],
    "a result twice": [ASK, model(use("toolu_1")), user(result("toolu_1", "keep-one"), result("toolu_1", "again"))],
    "text before the results": [ASK, model(use("toolu_1")), user("keep-note", result("toolu_1", "keep-rain"))],
    "text between the results": [
        ASK,
        model(use("toolu_1"), use("toolu_2")),
        user(result("toolu_1", "keep-one"), "keep-note", result("toolu_2", "keep-two")),
    ],
    "results in another order": [
        ASK,
        model(use("toolu_1"), use("toolu_2")),
        user(result("toolu_2", "keep-two"), result("toolu_1", "keep-one")),
    ],
    "results in two messages": [
        ASK,
        model(use("toolu_1"), use("toolu_2")),
        user(result("toolu_1", "keep-one")),
        user(result("toolu_2", "keep-two")),
    ],
    "calls in two messages": [
        ASK,
        model(use("toolu_1")),
        model(use("toolu_2")),
        user(result("toolu_1", "keep-one"), result("toolu_2", "keep-two")),
    ],
    "a system message between call and result": [
        ASK,
        model(use("toolu_1")),
        system("keep-rule"),
        user(result("toolu_1", "keep-rain")),
    ],
    "text after the calls": [ASK, model(use("toolu_1"), "keep-after"), user(result("toolu_1", "keep-rain"))],
    "empty results": [
        ASK,
        model(use("toolu_1"), use("toolu_2"), use("toolu_3"), use("toolu_4")),
        user(
            result("toolu_1", ""),
            result("toolu_2", []),
            result("toolu_3", [text("")]),
            {"type": "tool_result", "tool_use_id": "toolu_4"},
        ),
    ],
    "an error": [ASK, model(use("toolu_1")), user(result("toolu_1", "keep-broken", is_error=True))],
    "a tool reference": [
        ASK,
        model(use("toolu_1", "ToolSearch", query="select:keep-clock")),
        user(result("toolu_1", [{"type": "tool_reference", "tool_name": "clock"}]), "Tool loaded."),
    ],
    "an image in a result": [ASK, model(use("toolu_1")), user(result("toolu_1", [image()]))],
    "images in two results": [
        ASK,
        model(use("toolu_1"), use("toolu_2")),
        user(result("toolu_1", [image(), text("keep-one")]), result("toolu_2", [image()]), "keep-note"),
    ],
    "a document in a result": [ASK, model(use("toolu_1")), user(result("toolu_1", [text("keep-page"), document()]))],
    "an image and a document": [user("[[main]] keep-look", image(), document(title="Bottles", context="keep-context"))],
    "documents of text": [user("[[main]] keep-look", PLAIN_DOCUMENT, PARTS_DOCUMENT, FOUND)],
    "a search result in a result": [ASK, model(use("toolu_1")), user(result("toolu_1", [FOUND]))],
    "a server tool": [ASK, model(*SERVER_TOOL, "keep-so"), user("[[main]] on")],
    "a block nobody knows": [
        ASK,
        model("keep-one", {"type": "hologram", "data": 1}),
        user("[[main]] on", {"type": "aroma"}),
    ],
    "input that was no JSON": [
        ASK,
        model({**use("toolu_1"), "input": {"__unparsedToolInput": {"raw": '{"city": keep-raw', "len": 17}}}),
        user(result("toolu_1", "keep-error", is_error=True)),
    ],
    "ids of another service": [
        ASK,
        model(use("call_" + "x" * 70), use("functions.get:0|fc_1")),
        user(result("call_" + "x" * 70, "keep-one"), result("functions.get:0|fc_1", "keep-two")),
    ],
    "the same id in two turns": [
        ASK,
        model(use("call_0")),
        user(result("call_0", "keep-one")),
        model(use("call_0")),
        user(result("call_0", "keep-two")),
    ],
    "a tool no longer offered": [
        ASK,
        model(use("toolu_1", "mcp__gone__" + "y" * 80)),
        user(result("toolu_1", "keep-old")),
    ],
    "a tool with a strange name": [ASK, model(use("toolu_1", "files.read/v2 ✓")), user(result("toolu_1", "keep-old"))],
    "an escaped pair of surrogates": [user("[[main]] keep-globe \ud83c\udf0d")],
}
