"""Requests that are legal here and awkward there: the strict Chat Completions service must take every one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import sdk
from histories import HISTORIES, user
from proxy import REPOSITORY
from sdk import CLOCK, WEATHER, body_of, post
from turns import Call, Turn

on_chat = pytest.mark.backends("chat")
on_both = pytest.mark.backends("chat", "reasoning")
KEEP = re.compile(r"keep-\w+")


def accepted(lab: Any, body: Any, headers: dict[str, str] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sends one request; returns what the service was asked, and the answer."""
    one = lab(always=[Turn(text="Fine.")])
    status, _, answer = post(one.url, body, headers=headers)
    assert one.service.refusals == []
    assert status == 200, answer
    one.check()
    return one.service.requests[-1].json, json.loads(answer)


@on_both
@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("tools", [[WEATHER, CLOCK], []], ids=["tools", "no-tools"])
def test_odd_histories_are_made_legal_and_keep_their_words(lab: Any, name: str, tools: list[Any]) -> None:
    history = HISTORIES[name]
    more = {"tools": tools} if tools else {}
    asked, _ = accepted(lab, body_of(history, **more))
    told = json.dumps(asked["messages"], ensure_ascii=False)
    assert set(KEEP.findall(json.dumps(history, ensure_ascii=False))) <= set(KEEP.findall(told))


@on_both
@pytest.mark.parametrize(
    "name", ["an image in a result", "a document in a result", "an image and a document", "images in two results"]
)
def test_pictures_and_documents_arrive(lab: Any, name: str) -> None:
    asked, _ = accepted(lab, body_of(HISTORIES[name], tools=[WEATHER]))
    sent = json.dumps(HISTORIES[name])
    told = json.dumps(asked["messages"])
    for kind, part in (('"type": "image"', '"type": "image_url"'), ('"type": "document"', '"type": "file"')):
        assert told.count(part) == sent.count(kind)


FIXTURES = REPOSITORY / "Tests" / "Fixtures"
# Web searches are answered by the proxy itself: test_web_search.py.
RECORDED = sorted(
    path
    for path in [*FIXTURES.glob("client-requests/*.json"), *FIXTURES.glob("openai_chat/client_*/request.json")]
    if "web" not in f"{path.parent.name}-{path.stem}"
)


@on_both
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_requests_recorded_from_the_real_client(lab: Any, path: Path) -> None:
    recorded = json.loads(path.read_text())
    asked, _ = accepted(lab, {"max_tokens": 1000, **recorded.get("body", recorded), "stream": False})
    assert asked["messages"]


SYSTEM = [
    {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=sdk-cli;"},
    {"type": "text", "text": "keep-identity", "cache_control": {"type": "ephemeral"}},
    {"type": "text", "text": "keep-manual", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
]


@on_both
@pytest.mark.parametrize("system", ["keep-all of it", SYSTEM, [], ""], ids=["string", "blocks", "none", "empty"])
def test_the_system_prompt(lab: Any, backend: str, system: Any) -> None:
    asked, _ = accepted(lab, body_of(system=system))
    told = json.dumps([m for m in asked["messages"] if m["role"] in ("system", "developer")])
    assert KEEP.findall(told) == KEEP.findall(json.dumps(system))
    assert "billing-header" not in told, "a text that changes with every kind of request ruins prompt caches"


@on_both
def test_the_order_of_system_messages_is_kept(lab: Any) -> None:
    history = [
        user("keep-a [[main]]"),
        {"role": "system", "content": "keep-b"},
        {"role": "assistant", "content": "keep-c"},
        user("keep-d [[main]]"),
    ]
    asked, _ = accepted(lab, body_of(history, system="keep-0"))
    assert KEEP.findall(json.dumps(asked["messages"])) == ["keep-0", "keep-a", "keep-b", "keep-c", "keep-d"]


def forced(kind: str, **more: Any) -> dict[str, Any]:
    return {"tool_choice": {"type": kind, **more}, "tools": [WEATHER, CLOCK]}


@on_chat
@pytest.mark.parametrize(("fields", "expected"), [
    (forced("auto"), {"tool_choice": ("auto", None)}),
    (forced("any"), {"tool_choice": ("required",)}),
    (forced("none"), {"tool_choice": ("none",)}),
    (forced("tool", name="clock"), {"tool_choice": ({"type": "function", "function": {"name": "clock"}},)}),
    (forced("auto", disable_parallel_tool_use=True), {"parallel_tool_calls": (False,)}),
    ({"tool_choice": {"type": "auto"}}, {"tool_choice": (None,)}),
    ({"tool_choice": {"type": "any"}, "tools": []}, {"tool_choice": (None,), "tools": (None,)}),
    ({"stop_sequences": ["a", "b"]}, {"stop": (["a", "b"],)}),
    ({"stop_sequences": [str(n) for n in range(9)]}, {"stop": (["0", "1", "2", "3"],)}),
    ({"stop_sequences": []}, {"stop": (None,)}),
    ({"temperature": 0.5, "top_p": 0.9}, {"temperature": (0.5,)}),
    ({"max_tokens": 128000}, {}),
    ({"max_tokens": 1}, {}),
    ({"metadata": {"user_id": json.dumps({"device_id": "d" * 64, "account_uuid": "", "session_id": "s" * 36})}}, {}),
    ({"thinking": {"type": "adaptive", "display": "updates"}, "output_config": {"effort": "medium"}}, {"reasoning_effort": (None,)}),
    ({"thinking": {"type": "enabled", "budget_tokens": 31999}, "max_tokens": 32000}, {"reasoning_effort": (None,)}),
    ({"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}}, {"context_management": (None,)}),
    ({"safeguards": [{"type": "dangerous_tool_use"}], "a_field_of_tomorrow": {"x": 1}, "top_k": 5}, {"top_k": (None,)}),
    ({"service_tier": "auto", "container": "c1", "mcp_servers": [], "inference_geo": "eu"}, {"container": (None,)}),
    ({"stream": False}, {"stream_options": (None,)}),
])  # fmt: skip
def test_fields_of_a_request(lab: Any, fields: dict[str, Any], expected: dict[str, tuple[Any, ...]]) -> None:
    asked, _ = accepted(lab, body_of(**fields))
    for key, values in expected.items():
        assert asked.get(key) in values


@pytest.mark.backends("reasoning")
@pytest.mark.parametrize(("fields", "effort"), [
    ({"output_config": {"effort": "low"}}, ("low",)),
    ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}, ("medium",)),
    ({"thinking": {"type": "enabled", "budget_tokens": 20000}, "max_tokens": 32000}, ("high",)),
    ({"temperature": 0.2, "top_p": 0.5, "stop_sequences": ["x"], "max_tokens": 100}, (None,)),
])  # fmt: skip
def test_fields_for_a_reasoning_model(lab: Any, fields: dict[str, Any], effort: tuple[Any, ...]) -> None:
    asked, _ = accepted(lab, body_of(**fields))
    assert asked.get("reasoning_effort") in effort


def tool(name: str, schema: Any = None, **more: Any) -> dict[str, Any]:
    given = {"type": "object", "properties": {}} if schema is None else schema
    return {"name": name, "description": f"The tool {name}.", "input_schema": given, **more}


ALIKE = "mcp__store__" + "a_long_name_that_is_much_alike_" * 2
ODD_TOOLS = {
    "long names that begin alike": [tool(ALIKE + "one"), tool(ALIKE + "two"), tool("mcp__" + "z" * 200)],
    "names with odd letters": [tool("files.read"), tool("files/read"), tool("läs"), tool("9lives")],
    "schemas without a type": [tool("a", {}), tool("b", {"properties": {"x": {"type": "string"}}})],
    "no description": [{"name": "a", "input_schema": {"type": "object"}}, tool("b", description="")],
    "keys of the API": [
        tool("a", cache_control={"type": "ephemeral"}, eager_input_streaming=True, input_examples=[{}], strict=False)
    ],
    "deferred tools": [tool("DeferredToolPlaceholder", defer_loading=True), tool("a", defer_loading=True), WEATHER],
    "a server tool": [{"type": "code_execution_20250825", "name": "code_execution"}],
    "a server tool among others": [{"type": "web_search_20250305", "name": "web_search"}, WEATHER],
    "combined at the top": [
        tool("a", {"type": "object", "properties": {"x": {}}, "anyOf": [{"required": ["x"]}]}),
        tool("b", {"type": "object", "properties": {"anyOf": {"type": "string"}, "not": {}, "enum": {"enum": [1]}}}),
    ],
    "strict": [
        tool("open", {"type": "object", "properties": {"x": {"type": "string"}}}, strict=True),
        tool("closed", {"type": "object", "properties": {}, "additionalProperties": False, "required": []}, strict=True),
    ],
    "a tool defined by the API": [{"type": "bash_20250124", "name": "bash"}, WEATHER],
}


@on_both
@pytest.mark.parametrize("name", ODD_TOOLS)
def test_odd_tools_are_made_legal(lab: Any, name: str) -> None:
    asked, _ = accepted(lab, body_of(tools=ODD_TOOLS[name]))
    offered = [entry["function"]["name"] for entry in asked.get("tools", [])]
    assert "DeferredToolPlaceholder" not in offered
    if "server" not in name:
        placeholders = sum(entry["name"] == "DeferredToolPlaceholder" for entry in ODD_TOOLS[name])
        assert len(offered) == len(ODD_TOOLS[name]) - placeholders


@on_both
def test_an_array_that_does_not_say_what_it_holds_is_mended(lab: Any) -> None:
    one = lab(always=[Turn(text="Fine.")])
    listed = {"type": "object", "properties": {"all": {"type": "array"}, "deep": {"type": "object", "properties": {
        "items": {"type": "array"}}}}}  # fmt: skip
    status, _, answer = post(one.url, body_of(tools=[tool("a", listed)]))
    assert status == 200, answer
    assert all("missing items" in refusal for refusal in one.service.refusals) and len(one.service.refusals) < 2


@on_chat
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("name", [ALIKE + "two", "files/read"])
def test_a_shortened_name_is_given_back_whole(lab: Any, name: str, stream: bool) -> None:
    tools = ODD_TOOLS["long names that begin alike"] + ODD_TOOLS["names with odd letters"]
    one = lab(main=[Turn(calls=(Call(name, {"x": 1}, says=f"The tool {name}."),)), Turn(text="Yes.")])
    forced_choice = {"type": "tool", "name": name}
    (call,) = sdk.ask(one.url, stream, tools=tools, tool_choice=forced_choice).content
    assert (call.name, call.input) == (name, {"x": 1})
    one.check()


@on_chat
def test_the_schema_of_a_tool_arrives_unchanged(lab: Any) -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": False,
              "properties": {"z": {"type": "integer", "exclusiveMinimum": 0, "maximum": 9007199254740991},
                             "a": {"type": "string", "pattern": "^\\S+$", "default": "x"}}, "required": ["z"]}  # fmt: skip
    asked, _ = accepted(lab, body_of(tools=[tool("a", schema)]))
    sent = asked["tools"][0]["function"]["parameters"]
    assert json.dumps(sent) == json.dumps(schema)  # also the order of keys


@on_chat
def test_the_same_conversation_is_translated_to_the_same_bytes(lab: Any) -> None:
    one = lab(main=[Turn(text="Fine.")] * 9)
    body = body_of(HISTORIES["images in two results"], tools=[WEATHER], stream=True)
    for _ in range(2):
        post(one.url, body)
    first, second = (request.body for request in one.service.requests)
    assert first == second, "prompt caches need equal bytes"
