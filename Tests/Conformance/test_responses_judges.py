"""The strict Responses service judged: it accepts what is right, refuses what is wrong, and speaks to the official SDK."""

from __future__ import annotations

import copy
import json
from typing import Any

import openai
import pytest

from chat_rules import PLAIN, REASONING, Refused
from responses_rules import check_responses
from responses_wire import seal, unseal
from scripted_chat import KEY, failure
from scripted_responses import ScriptedResponses
from test_judges import FILE, JPEG_THAT_IS_PNG, PICTURE, TURN
from turns import Script, Turn

TOOL = {"type": "function", "name": "clock", "parameters": {"type": "object", "properties": {}}, "strict": False}


def call(id: str, **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": id, "name": "clock", "arguments": "{}", **more}


def told(id: str, output: Any = "noon") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": output}


def said(role: str, content: Any = "x", **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content, **more}


def thought(id: str = "rs_1", led_to: str = "a", model: str = "gpt-5.4") -> dict[str, Any]:
    kept = seal({"model": model, "id": id, "led_to": led_to})
    return {"type": "reasoning", "id": id, "summary": [], "encrypted_content": kept}


IMAGE = {"type": "input_image", "image_url": PICTURE["image_url"]["url"], "detail": "auto"}
PAPER = {"type": "input_file", **FILE["file"]}
GOOD: dict[str, Any] = {
    "model": "gpt-5.4",
    "instructions": "Be brief.",
    "input": [
        said("user", [{"type": "input_text", "text": "Look."}, IMAGE, PAPER]),
        thought(),
        call("a"),
        call("b"),
        told("b", [{"type": "input_text", "text": "noon"}, IMAGE]),
        told("a"),
        thought("rs_2", "message"),
        said("assistant", "Noon.", phase="final_answer"),
        said("developer", "Be quick."),
        said("user", "[[main]] And now?"),
    ],
    "tools": [TOOL, {**TOOL, "name": "look"}],
    "tool_choice": {"type": "function", "name": "clock"},
    "parallel_tool_calls": False,
    "stream": True,
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "reasoning": {"effort": "low", "summary": "auto"},
    "max_output_tokens": 16,
    "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": False}},
}


def with_fields(**fields: Any) -> dict[str, Any]:
    body = {**copy.deepcopy(GOOD), **fields}
    return {key: value for key, value in body.items() if value is not ...}


def with_items(*items: Any) -> dict[str, Any]:
    return with_fields(input=list(items))


def with_tool(**fields: Any) -> dict[str, Any]:
    return with_fields(tools=[TOOL, {**TOOL, **fields}])


ASK = said("user")
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a field of Chat Completions": (with_fields(messages=[]), "Unrecognized request argument supplied: messages"),
    "a nested function": (with_fields(tools=[{"type": "function", "function": {}}]), "tools[0]"),
    "an unknown field of an item": (with_items({**ASK, "cache_control": {}}), "cache_control"),
    "an unknown field of a part": (with_items(said("user", [{"type": "input_text", "text": "x", "citations": 1}])), "citations"),
    "a part of the Messages API": (with_items(said("user", [{"type": "text", "text": "x"}])), "content"),
    "something stored": (with_fields(store=True), "nothing may be stored"),
    "a missing store": (with_fields(store=...), "nothing may be stored"),
    "no input": (with_fields(input=[]), "input"),
    "empty instructions": (with_fields(instructions=""), "instructions"),
    "an empty message": (with_items(said("user", "")), "empty"),
    "an empty part": (with_items(said("user", [{"type": "input_text", "text": ""}])), "non-empty"),
    "an empty output": (with_items(ASK, call("a"), told("a", "")), "empty"),
    "an unanswered call": (with_items(ASK, call("a"), ASK), "No tool output found for function call a"),
    "an unanswered call at the end": (with_items(ASK, call("a")), "No tool output found for function call a"),
    "calls and outputs in turn": (with_items(ASK, call("a"), call("b"), told("a"), call("c"), told("b")), "No tool output found"),
    "an answer nobody asked for": (with_items(ASK, told("a")), "No tool call found"),
    "an answer twice": (with_items(ASK, call("a"), told("a"), told("a")), "No tool call found"),
    "the same id twice": (with_items(ASK, call("a"), told("a"), call("a"), told("a")), "Duplicate call id"),
    "a long id": (with_items(ASK, call("a" * 65), told("a" * 65)), "65 characters"),
    "arguments that are no object": (with_items(ASK, call("a", arguments="[]"), told("a")), "JSON"),
    "a long tool name": (with_tool(name="x" * 65), "maximum length 64"),
    "a tool twice": (with_tool(), "Duplicate"),
    "an open schema that is strict": (with_tool(name="x", strict=True), "additionalProperties"),
    "a schema that is no object": (with_tool(name="x", parameters={}), 'type: "object"'),
    "no strict": (with_fields(tools=[{k: v for k, v in TOOL.items() if k != "strict"}]), "strict"),
    "no tools but a choice": (with_fields(tools=..., parallel_tool_calls=...), "'tool_choice' is only allowed"),
    "a choice that is not there": (with_fields(tool_choice={"type": "function", "name": "gone"}), "'gone' not found"),
    "too few tokens": (with_fields(max_output_tokens=1), "Expected a value >= 16, but got 1"),
    "too many tokens": (with_fields(max_output_tokens=999999), "at most 128000"),
    "a temperature": (with_fields(temperature=1), "'temperature' is not supported"),
    "a phase of the user's": (with_items(said("user", "x", phase="final_answer")), "phase"),
    "a picture that is another": (with_items(said("user", [{**IMAGE, "image_url": JPEG_THAT_IS_PNG}])), "its bytes say otherwise"),
    "a file that is none": (with_items(said("user", [{**PAPER, "file_data": "data:application/pdf;base64,eA=="}])), "no PDF"),
    "reasoning alone": (with_items(ASK, thought(), ASK), "without its required following item"),
    "reasoning before another call": (with_items(ASK, thought(), call("b"), told("b")), "without its required following item"),
    "reasoning behind its call": (with_items(ASK, call("a"), thought(), told("a")), "without its required following item"),
    "reasoning of another model": (with_items(ASK, thought(model="gpt-5"), call("a"), told("a")), "could not be verified"),
    "reasoning nobody can read": (with_items(ASK, {**thought(), "encrypted_content": "gAAAA!"}, call("a"), told("a")), "could not be verified"),
    "reasoning without its content": (with_items(ASK, {**thought(), "encrypted_content": None}, call("a"), told("a")), "not found"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused(name: str) -> None:
    body, words = WRONG[name]
    with pytest.raises(Refused) as refused:
        check_responses(body, REASONING, unseal)
    assert words in refused.value.message or words in (refused.value.param or ""), refused.value.body


def test_what_is_right_is_accepted() -> None:
    check_responses(GOOD, REASONING, unseal)
    check_responses(with_fields(include=..., reasoning=..., temperature=0.5), PLAIN, unseal)


@pytest.mark.parametrize(("fields", "words"), [
    ({"include": ...}, "'reasoning.effort' is not supported"),
    ({"reasoning": ...}, "Encrypted content is not supported"),
])  # fmt: skip
def test_what_a_plain_model_refuses(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        check_responses(with_fields(**fields), PLAIN, unseal)


@pytest.mark.parametrize("turn", [
    TURN, Turn(**{**vars(TURN), "thinking": "One.\n\nTwo.", "piece": 7}), Turn(text="a" * 99),
    Turn(**{**vars(TURN), "piece": 1, "interleave": True, "write": 1}),
])  # fmt: skip
def test_the_service_speaks_to_the_official_sdk(turn: Turn) -> None:
    request = with_fields(stream=..., text=...)
    with ScriptedResponses(Script(main=[turn])) as service:
        client = openai.OpenAI(base_url=service.base_url, api_key=KEY, max_retries=0, _strict_response_validation=True)
        whole = client.responses.create(**request)
        with client.responses.stream(**request) as events:
            streamed = events.get_final_response()
    assert service.refusals == []
    for answer in (whole, streamed):
        assert answer.output_text == turn.text
        got = [(item.name, json.loads(item.arguments)) for item in answer.output if item.type == "function_call"]
        assert got == [(one.tool, one.input) for one in turn.calls]
        summaries = [part.text for item in answer.output if item.type == "reasoning" for part in item.summary]
        assert "\n\n".join(summaries) == turn.thinking
    assert streamed.usage.input_tokens == turn.usage.prompt


def test_the_service_wants_its_reasoning_back() -> None:
    with ScriptedResponses(Script(main=[TURN])) as service:
        client = openai.OpenAI(base_url=service.base_url, api_key=KEY, max_retries=0)
        answer = client.responses.create(**with_fields(stream=..., text=...))
        calls = [item for item in answer.output if item.type == "function_call"]
        bare = [call(item.call_id, arguments=item.arguments, name=item.name) for item in calls]
        history = [said("user", "[[main]]"), *bare, *(told(item.call_id) for item in calls)]
        with pytest.raises(openai.BadRequestError, match="without its required 'reasoning' item"):
            client.responses.create(**with_fields(stream=..., text=..., input=history))


def test_the_service_fails_as_told() -> None:
    with ScriptedResponses(Script(main=[[failure(429, "Slow down"), Turn(text="ending", ending="error")]])) as service:
        client = openai.OpenAI(base_url=service.base_url, api_key=KEY, max_retries=0)
        with pytest.raises(openai.RateLimitError, match="Slow down"):
            client.responses.create(**with_fields(stream=..., text=...))
        with pytest.raises(openai.APIError, match="in the middle"):
            list(client.responses.create(**with_fields(text=...)))
