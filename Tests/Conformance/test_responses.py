"""The Responses API: what only it can carry, and the requests that are awkward for it."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

import sdk
from histories import HISTORIES, user
from proxy import Proxy, chat_environment
from responses_reading import envelope
from scripted_chat import failure
from scripted_responses import ScriptedResponses
from sdk import CLOCK, WEATHER, ask, back, body_of, result
from test_sdk import both_ways
from test_translation import ALIKE, KEEP, ODD_TOOLS, RECORDED, SYSTEM, accepted, forced
from turns import Call, Script, Turn

pytestmark = pytest.mark.backends("responses")
THINKING = {"thinking": {"type": "adaptive"}, "tools": [CLOCK, WEATHER]}
START = {"role": "user", "content": "[[main]] Go on."}


def results_of(message: Any) -> dict[str, Any]:
    return {"role": "user", "content": [result(b.id, "12:00") for b in message.content if b.type == "tool_use"]}


@both_ways
def test_reasoning_is_kept_over_three_turns(lab: Any, stream: bool) -> None:
    """The service itself refuses a call whose reasoning does not come back, or comes back elsewhere."""
    one = lab(
        main=[
            Turn(thinking="First the time.\n\nThen the rest.", calls=(Call("clock"), Call("get_weather", {"city": "Lund"}))),
            Turn(text="One more look.", calls=(Call("clock"),)),
            Turn(thinking="Enough.", text="Noon."),
            Turn(text="Still noon."),
        ]
    )
    history: list[Any] = [START]
    for kinds in (["thinking", "tool_use", "tool_use"], ["thinking", "text", "tool_use"], ["thinking", "text"]):
        message = ask(one.url, stream, history, **THINKING)
        assert [block.type for block in message.content] == kinds
        history += [back(message), results_of(message) if kinds[-1] == "tool_use" else user("And now?")]
    assert ask(one.url, stream, history, **THINKING).content[0].text == "Still noon."
    sent = one.service.requests[-1].json["input"]
    assert [item["type"] for item in sent] == [
        "message", "reasoning", "function_call", "function_call", "function_call_output", "function_call_output",
        "reasoning", "message", "function_call", "function_call_output", "reasoning", "message", "message",
    ]  # fmt: skip
    assert sent[1]["summary"] == [{"type": "summary_text", "text": "First the time.\n\nThen the rest."}]
    for request, later in zip(one.service.requests, one.service.requests[1:], strict=False):
        before, after = (json.dumps(body.json["input"])[1:-1] for body in (request, later))
        assert after.startswith(before), "a turn changed what was said before: prompt caches need the same beginning"
    one.check("clock", "get_weather")


@both_ways
def test_reasoning_that_the_service_cannot_read_is_left_out(lab: Any, stream: bool) -> None:
    one = lab(main=[Turn(thinking="Hm.", calls=(Call("clock"),)), Turn(text="Noon."), Turn(text="Later.")])
    message = ask(one.url, stream, **THINKING)
    one.service.thought.clear()  # as after a change of the organization's key
    kept = envelope(message.content[0].signature)
    answer = back(message)
    answer["content"][0]["signature"] = sealed({**kept, "enc": "gAAAAnobody-can-read-this"})
    history = [START, answer, results_of(message)]
    assert ask(one.url, stream, history, **THINKING).content[0].text == "Noon."
    assert ask(one.url, stream, history + [user("[[main]] x")], **THINKING).stop_reason == "tool_use"
    statuses = [request.status for request in one.service.requests]
    assert statuses == [200, 400, 200, 200], "refused once, and never sent again"
    assert [text for text in one.service.refusals if "could not be verified" not in text] == []


def sealed(kept: dict[str, Any]) -> str:
    import base64

    return "ccx1." + base64.urlsafe_b64encode(json.dumps(kept).encode()).decode().rstrip("=")


def test_reasoning_of_another_model_stays_out(lab: Any) -> None:
    one = lab(main=[Turn(thinking="Hm.", calls=(Call("clock"),)), Turn(text="Noon.")])
    message = ask(one.url, False, **THINKING)
    one.service.thought.clear()
    answer = back(message)
    answer["content"][0]["signature"] = sealed({**envelope(message.content[0].signature), "model": "gpt-5"})
    assert ask(one.url, False, [START, answer, results_of(message)], **THINKING).content[0].text == "Noon."
    one.check("clock")


def test_nobody_gets_thinking_who_did_not_ask(lab: Any) -> None:
    one = lab(main=[Turn(thinking="Hm.", text="Noon.")])
    assert [block.type for block in ask(one.url, False).content] == ["text"]


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("tools", [[WEATHER, CLOCK], []], ids=["tools", "no-tools"])
def test_odd_histories_are_made_legal_and_keep_their_words(lab: Any, name: str, tools: list[Any]) -> None:
    history = HISTORIES[name]
    asked, _ = accepted(lab, body_of(history, **({"tools": tools} if tools else {})))
    told = json.dumps(asked["input"], ensure_ascii=False)
    assert set(KEEP.findall(json.dumps(history, ensure_ascii=False))) <= set(KEEP.findall(told))
    sent = json.dumps(history)
    for kind, part in (('"type": "image"', '"type": "input_image"'), ('"type": "document", "source": {"type": "base64"', '"type": "input_file"')):
        assert told.count(part) == sent.count(kind)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_requests_recorded_from_the_real_client(lab: Any, path: Any) -> None:
    recorded = json.loads(path.read_text())
    asked, _ = accepted(lab, {"max_tokens": 1000, **recorded.get("body", recorded), "stream": False})
    assert asked["input"] and asked["store"] is False


@pytest.mark.parametrize("system", ["keep-all of it", SYSTEM, [], ""], ids=["string", "blocks", "none", "empty"])
def test_the_system_prompt(lab: Any, system: Any) -> None:
    asked, _ = accepted(lab, body_of(system=system))
    told = asked.get("instructions", "")
    assert KEEP.findall(told) == KEEP.findall(json.dumps(system)) and "billing-header" not in told


@pytest.mark.parametrize("name", ODD_TOOLS)
def test_odd_tools_are_made_legal(lab: Any, name: str) -> None:
    asked, _ = accepted(lab, body_of(tools=ODD_TOOLS[name]))
    offered = [entry["name"] for entry in asked.get("tools", [])]
    assert "DeferredToolPlaceholder" not in offered
    if "server" not in name:
        placeholders = sum(entry["name"] == "DeferredToolPlaceholder" for entry in ODD_TOOLS[name])
        assert len(offered) == len(ODD_TOOLS[name]) - placeholders


@both_ways
@pytest.mark.parametrize("name", [ALIKE + "two", "files/read"])
def test_a_shortened_name_is_given_back_whole(lab: Any, name: str, stream: bool) -> None:
    tools = ODD_TOOLS["long names that begin alike"] + ODD_TOOLS["names with odd letters"]
    one = lab(main=[Turn(calls=(Call(name, {"x": 1}, says=f"The tool {name}."),))])
    thought, call = sdk.ask(one.url, stream, tools=tools, tool_choice={"type": "tool", "name": name}).content
    assert (thought.thinking, call.name, call.input) == ("", name, {"x": 1})
    one.check()


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(("fields", "expected"), [
    (forced("any"), {"tool_choice": "required"}),
    (forced("tool", name="clock"), {"tool_choice": {"type": "function", "name": "clock"}}),
    (forced("auto", disable_parallel_tool_use=True), {"parallel_tool_calls": False}),
    ({"tool_choice": {"type": "any"}, "tools": []}, {"tool_choice": None, "tools": None}),
    ({"stop_sequences": ["a", "b"]}, {"stop": None}),
    ({"temperature": 0.2, "top_p": 0.5}, {"temperature": None, "top_p": None}),
    ({"max_tokens": 1}, {"max_output_tokens": 16}),
    ({"max_tokens": 999999}, {"max_output_tokens": 128000}),
    ({"thinking": {"type": "adaptive", "display": "updates"}, "output_config": {"effort": "medium"}}, {"reasoning": {"effort": "medium", "summary": "auto"}}),
    ({"thinking": {"type": "disabled"}}, {"reasoning": {"effort": "none"}}),
    ({"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, {"text": {"format": {"type": "json_schema", "name": "output", "schema": SCHEMA, "strict": False}}}),
    ({"context_management": {"edits": []}, "a_field_of_tomorrow": {"x": 1}, "service_tier": "auto"}, {"context_management": None}),
    ({"stream": False}, {"stream": None, "include": ["reasoning.encrypted_content"], "store": False}),
])  # fmt: skip
def test_fields_of_a_request(lab: Any, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    asked, _ = accepted(lab, body_of(**fields))
    assert {key: asked.get(key) for key in expected} == expected


def test_a_rejected_field_is_left_out_and_remembered(lab: Any) -> None:
    refusal = failure(400, "Unsupported parameter: 'reasoning.summary' is not supported with this model.")
    one = lab(main=[[refusal, Turn(text="Fine.")]])
    fields = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}
    for _ in range(2):
        assert ask(one.url, True, **fields).content[0].text == "Fine."
    asked = [request.json["reasoning"] for request in one.service.requests]
    assert asked == [{"effort": "low", "summary": "auto"}, {"effort": "low"}, {"effort": "low"}]


def test_openai_api_chooses_the_api_of_openai_compatible(tmp_path: Any) -> None:
    with ScriptedResponses(Script(main=[Turn(text="Fine.")])) as service:
        env = {**chat_environment(service.base_url, "gpt-5.4"), "OPENAI_API": "responses"}
        with Proxy(tmp_path, env=env) as proxy:
            assert ask(proxy.url, True).content[0].text == "Fine."
        assert "openai_compatible" in proxy.said and service.refusals == []


def test_a_stream_that_fails_is_raised_with_its_kind(lab: Any) -> None:
    one = lab(main=[Turn(text="Half of this sentence will be heard.", ending="error")])
    with pytest.raises(anthropic.APIError, match="in the middle"):
        ask(one.url, True)
