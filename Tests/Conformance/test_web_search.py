"""Web searches where the service has none: the SDK must be able to read what it gets, the client must go on with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sdk import ask
from turns import Call, Turn

pytestmark = pytest.mark.backends("chat")
both_ways = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
TOOL = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
ASKED = "Perform a web search for the query: weather in Lund"
SCRIPT = """
import json, sys
asked = json.load(sys.stdin)
json.dump([{"title": "Lund today 🌧", "url": "https://weather.example/lund", "snippet": "Rain until " + asked["query"],
            "page_age": "1 hour"}, {"title": "Elsewhere", "url": "https://blocked.example/x"}], sys.stdout)
"""


@pytest.fixture
def flags(tmp_path: Path) -> tuple[str, ...]:
    script = tmp_path / "search.py"
    script.write_text(SCRIPT)
    return ("--web-search", f"{sys.executable} '{script}'")


@both_ways
def test_results_are_what_the_sdk_expects(lab: Any, flags: tuple[str, ...], stream: bool) -> None:
    one = lab(flags=flags)
    message = ask(one.url, stream, ASKED, tools=[{**TOOL, "blocked_domains": ["blocked.example"]}])
    call, result, text = message.content
    assert (call.type, call.name, call.input) == ("server_tool_use", "web_search", {"query": "weather in Lund"})
    assert (result.type, result.tool_use_id) == ("web_search_tool_result", call.id)
    assert [(r.title, r.url, r.page_age) for r in result.content] == [
        ("Lund today 🌧", "https://weather.example/lund", "1 hour")
    ]
    assert "Rain until weather in Lund" in text.text
    assert (message.stop_reason, message.usage.server_tool_use.web_search_requests) == ("end_turn", 1)
    assert one.service.requests == []
    one.check()


@both_ways
@pytest.mark.parametrize("uses, code", [(8, "unavailable"), (0, "max_uses_exceeded")])
def test_without_a_search_the_sdk_reads_an_error_block(lab: Any, stream: bool, uses: int, code: str) -> None:
    one = lab()
    message = ask(one.url, stream, ASKED, tools=[{**TOOL, "max_uses": uses}])
    call, result, text = message.content
    assert (result.content.type, result.content.error_code) == ("web_search_tool_result_error", code)
    assert result.tool_use_id == call.id and text.text.startswith("The web search failed")
    assert message.usage.server_tool_use.web_search_requests == 0
    assert one.service.requests == []
    one.check()


def searching(last: str) -> list[Any]:
    find = Turn(calls=(Call("ToolSearch", {"query": "select:WebSearch", "max_results": 5}),))
    return [find, Turn(calls=(Call("WebSearch", {"query": "weather in Lund"}),)), Turn(text=last)]


def test_the_client_shows_what_was_found(lab: Any, flags: tuple[str, ...]) -> None:
    one = lab(flags=flags, main=searching("It rains."))
    done = one.ask("[[main]] What is the weather?", "--allowedTools", "WebSearch")
    assert (done.code, done.text) == (0, "It rains."), done.err
    told = one.results()[-1].text
    assert "https://weather.example/lund" in told and "Rain until weather in Lund" in told, told
    trace = one.check("WebSearch")
    (request,) = trace.of("request", kind="web_search")
    assert "upstream" not in trace.exchange(request["id"])


def test_the_client_goes_on_after_a_search_that_failed(lab: Any) -> None:
    one = lab(main=searching("No weather today."))
    done = one.ask("[[main]] What is the weather?", "--allowedTools", "WebSearch")
    assert (done.code, done.text) == (0, "No weather today."), done.err
    told = one.results()[-1].text
    assert "unavailable" in told and "--web-search" in told, told
    trace = one.check("WebSearch")
    assert len(trace.of("request", kind="web_search")) == 1, "asked once, not again and again"


def test_a_strict_proxy_serves_the_client_as_ever(lab: Any, tmp_path: Path) -> None:
    """What the client always sends and no Chat Completions service takes is advice, and no reason to refuse."""
    note = tmp_path / "work" / "note.txt"
    note.parent.mkdir(exist_ok=True)
    one = lab(
        flags=("--strict",),
        main=[Turn(calls=(Call("Write", {"file_path": str(note), "content": "x"}),)), Turn(text="Written.")],
    )
    done = one.ask("[[main]] Write a note.", "--permission-mode", "acceptEdits")
    assert (done.code, done.text, note.read_text()) == (0, "Written.", "x"), done.err
    trace = one.check("Write")
    assert [r["status"] for r in trace.of("response")] == [200, 200]
    assert trace.of("error") == []


def test_what_a_strict_proxy_refuses_fails_by_name(lab: Any) -> None:
    extra = json.dumps({"top_k": 5})
    one = lab(flags=("--strict",), env={"CLAUDE_CODE_EXTRA_BODY": extra}, main=[Turn(text="Never said.")])
    done = one.ask("[[main]] Hello")
    assert done.failed and "top_k" in done.text + done.err, (done.text, done.err)
    assert one.service.requests == []
    refused = one.check().of("response")
    assert {r["status"] for r in refused} == {400}
