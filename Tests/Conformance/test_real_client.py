"""The real client, headless, against scripted services: whole sessions, judged by what the user ends up with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import samples
import scripted_bedrock
import scripted_chat
import scripted_messages
import stdio_mcp
from turns import Call, Failure, Turn

EDITS = ("--permission-mode", "acceptEdits")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def fails(backend: str, status: int, text: str) -> Failure:
    """A failure in the words of the service behind this backend."""
    if backend in ("bedrock", "invoke"):
        return scripted_bedrock.failure(status, text, "UnrecognizedClientException" if status == 401 else None)
    of = scripted_messages if backend in ("direct", "messages", "mantle") else scripted_chat
    return of.failure(status, text)


@pytest.mark.reasoning
def test_plain_answer(lab: Any) -> None:
    one = lab(main=[Turn(text="The answer is 42. Grüße 🌍")])
    done = one.ask("[[main]] What is the answer?")
    assert (done.code, done.text) == (0, "The answer is 42. Grüße 🌍"), done.err
    assert len(one.service.requests) == 1
    trace = one.check()
    if trace:
        (response,) = trace.of("response")
        assert (response["stop_reason"], response["usage"]["output_tokens"]) == ("end_turn", 42)
        assert {r["kind"] for r in trace.of("request")} == {"main"}


@pytest.mark.reasoning
def test_agent_writes_reads_runs_and_calls_two_tools_at_once(lab: Any, work: Path) -> None:
    note, mark = work / "note.txt", work / "mark.txt"
    one = lab(
        main=[
            Turn(
                text="First the file.",
                calls=(Call("Write", {"file_path": str(note), "content": "alpha\nbeta 🌍\n"}),),
                piece=7,
            ),
            Turn(calls=(Call("Read", {"file_path": str(note)}),)),
            Turn(text="Now a command.", calls=(run(f"echo bash-ran > {mark} && echo bash-ran"),), piece=1),
            Turn(calls=(run("echo parallel-one"), Call("Read", {"file_path": str(mark)})), piece=5),
            Turn(text="All done."),
        ]
    )
    done = one.ask("[[main]] Do the work.", *EDITS, "--allowedTools", "Bash", "Read", "Write")
    assert (done.code, done.text) == (0, "All done."), done.err
    assert note.read_text() == "alpha\nbeta 🌍\n"
    assert mark.read_text() == "bash-ran\n"
    told = [result.text for result in one.results()]
    assert len(told) == 5 and "beta 🌍" in told[1] and "bash-ran" in told[2]
    assert sorted(("parallel-one" in text, "bash-ran" in text) for text in told[3:]) == [(False, True), (True, False)]
    trace = one.check("Write", "Read", "Bash")
    if trace:
        assert len(trace.of("request", kind="main")) == 5
        assert len(trace.of("tool_call")) == len(trace.of("tool_result")) == 5


def run(command: str) -> Call:
    return Call("Bash", {"command": command, "description": "Run a command"})


@pytest.mark.reasoning
def test_interleaved_parallel_calls(lab: Any, work: Path) -> None:
    paths = [work / f"{name}.txt" for name in ("one", "two", "three")]
    calls = tuple(Call("Write", {"file_path": str(path), "content": path.stem * 9}) for path in paths)
    one = lab(main=[Turn(calls=calls, piece=7, interleave=True), Turn(text="Three files.")])
    done = one.ask("[[main]] Three files, please.", *EDITS)
    assert (done.code, done.text) == (0, "Three files."), done.err
    assert [path.read_text() for path in paths] == [path.stem * 9 for path in paths]
    one.check("Write")


@pytest.mark.responses
def test_thinking_goes_out_and_comes_back(lab: Any, work: Path) -> None:
    (work / "seen.txt").write_text("the content\n")
    one = lab(
        main=[
            Turn(thinking="I should look at the file.", calls=(Call("Read", {"file_path": str(work / "seen.txt")}),)),
            Turn(thinking="It is clear now.", text="It says: the content."),
        ]
    )
    done = one.ask("[[main]] What does seen.txt say?")
    assert (done.code, done.text) == (0, "It says: the content."), done.err
    trace = one.check("Read")
    if trace:
        kinds = [[block["type"] for block in r["message"]["content"]] for r in trace.of("response")]
        assert kinds == [["thinking", "tool_use"], ["thinking", "text"]]
    if one.backend in ("direct", "messages", "invoke", "mantle"):
        back = [
            block
            for m in one.service.talks()[-1].body["messages"]
            for block in m["content"]
            if m["role"] == "assistant"
        ]
        assert [block["type"] for block in back] == ["thinking", "tool_use"]


@pytest.mark.responses
def test_a_tool_error_reaches_the_model(lab: Any, work: Path) -> None:
    one = lab(
        main=[
            Turn(calls=(Call("Read", {"file_path": str(work / "missing.txt")}),)),
            Turn(text="There is no such file."),
        ]
    )
    done = one.ask("[[main]] Read missing.txt")
    assert (done.code, done.text) == (0, "There is no such file."), done.err
    (result,) = one.results()
    assert "does not exist" in result.text
    trace = one.check("Read")
    if trace:
        assert [r["is_error"] for r in trace.of("tool_result")] == [True]


@pytest.mark.reasoning
def test_an_image_read_by_a_tool_reaches_the_model(lab: Any, work: Path) -> None:
    (work / "red.png").write_bytes(samples.png())
    one = lab(main=[Turn(calls=(Call("Read", {"file_path": str(work / "red.png")}),)), Turn(text="It is red.")])
    done = one.ask("[[main]] Look at red.png")
    assert (done.code, done.text) == (0, "It is red."), done.err
    assert one.service.talks()[-1].media == 1
    one.check("Read")


@pytest.mark.responses
def test_a_pdf_read_by_a_tool_reaches_the_model(lab: Any, work: Path) -> None:
    (work / "page.pdf").write_bytes(samples.pdf())
    one = lab(
        main=[Turn(calls=(Call("Read", {"file_path": str(work / "page.pdf")}),)), Turn(text="Seven green bottles.")]
    )
    done = one.ask("[[main]] Read page.pdf")
    assert (done.code, done.text) == (0, "Seven green bottles."), done.err
    assert one.service.talks()[-1].media == 1
    one.check("Read")


@pytest.mark.responses
def test_an_mcp_tool_with_a_name_of_86_characters(lab: Any) -> None:
    call = Call(stdio_mcp.FULL_NAME, {"article": "apples"}, says=stdio_mcp.SAYS)
    one = lab(main=[search_tool(stdio_mcp.FULL_NAME), Turn(calls=(call,), piece=7), Turn(text="42 crates.")])
    done = one.ask("[[main]] How many crates of apples?", *one.mcp_flags(), "--allowedTools", stdio_mcp.FULL_NAME)
    assert (done.code, done.text) == (0, "42 crates."), done.err
    assert "There are 42 crates of apples." in one.results()[-1].text
    one.check(stdio_mcp.FULL_NAME)


def search_tool(*names: str) -> Turn:
    return Turn(calls=(Call("ToolSearch", {"query": f"select:{','.join(names)}", "max_results": 5}),))


def test_a_deferred_tool_is_found_and_used(lab: Any, work: Path) -> None:
    book = work / "book.ipynb"
    book.write_text(NOTEBOOK)
    edit = Call("NotebookEdit", {"notebook_path": str(book), "cell_id": "first", "new_source": "print(7)"})
    read = Call("Read", {"file_path": str(book)})
    one = lab(main=[search_tool("NotebookEdit"), Turn(calls=(read,)), Turn(calls=(edit,)), Turn(text="Changed.")])
    done = one.ask("[[main]] Change the notebook.", *EDITS, "--allowedTools", "NotebookEdit", "Read")
    assert (done.code, done.text) == (0, "Changed."), done.err
    assert "print(7)" in book.read_text()
    assert "NotebookEdit" in one.results()[0].text
    one.check("ToolSearch", "NotebookEdit")


NOTEBOOK = """{"cells": [{"cell_type": "code", "id": "first", "execution_count": null, "metadata": {}, "outputs": [],
 "source": ["print(1)"]}], "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}"""


@pytest.mark.responses
def test_web_search_does_not_stop_the_session(lab: Any) -> None:
    """The client makes a side request with a server tool; a service without it must still be asked something legal."""
    one = lab(
        main=[
            search_tool("WebSearch"),
            Turn(calls=(Call("WebSearch", {"query": "weather in Lund"}),)),
            Turn(text="It could not be found out."),
        ],
        search=[Turn(text="No search here, but it rains often.")],
    )
    done = one.ask("[[main]] What is the weather?", "--allowedTools", "WebSearch")
    assert (done.code, done.text) == (0, "It could not be found out."), done.err
    trace = one.check("WebSearch")
    if trace:
        assert len(trace.of("request", kind="web_search")) == 1


@pytest.mark.responses
def test_a_sub_agent_does_its_work(lab: Any, work: Path) -> None:
    (work / "part.txt").write_text("the part\n")
    task = {"description": "Read a part", "prompt": "[[helper]] Read part.txt", "subagent_type": "general-purpose",
            "run_in_background": False}  # fmt: skip
    one = lab(
        main=[Turn(calls=(Call("Agent", task),)), Turn(text="The helper read it.")],
        helper=[Turn(calls=(Call("Read", {"file_path": str(work / "part.txt")}),)), Turn(text="It says: the part.")],
    )
    done = one.ask("[[main]] Have a part read.", "--allowedTools", "Agent", "Read")
    assert (done.code, done.text) == (0, "The helper read it."), done.err
    assert any("It says: the part." in result.text for talk in one.service.talks() for result in talk.results)
    trace = one.check("Agent", "Read")
    if trace:
        assert len(trace.of("request", kind="main")) == 2
        agents = {record.get("agent") for record in trace.of("request", kind="subagent")}
        assert len(agents) == 1 and None not in agents


@pytest.mark.responses
def test_429_with_retry_after_is_waited_for(lab: Any, backend: str) -> None:
    busy = fails(backend, 429, "Slow down").with_header("retry-after", "1")
    one = lab(main=[[busy, Turn(text="Second try.")]])
    done = one.ask("[[main]] Hello")
    assert (done.code, done.text) == (0, "Second try."), done.err
    assert [request.status for request in one.service.requests] == [429, 200]
    one.check()


def test_529_is_tried_again(lab: Any, backend: str) -> None:
    overloaded = fails(backend, 529 if backend in ("direct", "messages") else 503, "Overloaded")
    one = lab(main=[[overloaded, Turn(text="Now there is room.")]])
    done = one.ask("[[main]] Hello")
    assert (done.code, done.text) == (0, "Now there is room."), done.err
    one.check()


def test_a_wrong_upstream_key_fails_at_once(lab: Any, backend: str) -> None:
    if backend in ("direct", "messages"):
        pytest.skip("a pass-through leaves it to the real service")
    one = lab(main=[fails(backend, 401, "Incorrect API key provided")])
    done = one.ask("[[main]] Hello")
    assert done.failed and len(one.service.requests) == 1
    one.check()


@pytest.mark.responses
@pytest.mark.parametrize("ending", ["error", "cut"])
@pytest.mark.parametrize("where", ["text", "arguments"])
def test_a_broken_stream_is_done_again(lab: Any, where: str, ending: str, work: Path) -> None:
    call = Call("Write", {"file_path": str(work / "late.txt"), "content": "late," * 20})
    said = "This will never be complete, whatever comes." if where == "text" else ""
    broken = Turn(text=said, calls=() if said else (call,), piece=7, ending=ending)
    one = lab(main=[[broken, Turn(calls=(call,))], Turn(text="Done at last.")])
    done = one.ask("[[main]] Write late.txt", *EDITS)
    assert (done.code, done.text) == (0, "Done at last."), done.err
    assert (work / "late.txt").read_text() == "late," * 20
    trace = one.check("Write")
    if trace:
        assert trace.of("error")


@pytest.mark.responses
def test_a_context_overflow_makes_the_client_compact_and_go_on(lab: Any, backend: str) -> None:
    one = lab(
        first=[Turn(text="Hello.")],
        second=[Turn(text="Hello again.")],
        third=[[overflow(backend), Turn(text="Still here.")]],
        compact=[Turn(text="<summary>Two greetings were exchanged.</summary>")],
    )
    assert one.ask("[[first]] Hello " + "word " * 2000).text == "Hello."
    assert one.ask("[[second]] Hello " + "word " * 2000, "--continue").text == "Hello again."
    done = one.ask("[[third]] Are you there?", "--continue")
    assert (done.code, done.text) == (0, "Still here."), done.err
    kinds = [talk.marker for talk in one.service.talks()]
    assert kinds[:3] == ["first", "second", "third"] and "compact" in kinds and kinds[-1] == "third"
    trace = one.check()
    if trace:
        assert trace.of("request", kind="compact")


def overflow(backend: str) -> Failure:
    if backend not in ("direct", "messages"):
        return scripted_chat.too_long(250000, 128000)
    if backend in ("bedrock", "invoke"):
        return scripted_bedrock.too_long()
    return scripted_messages.failure(400, "prompt is too long: 250000 tokens > 128000 maximum")
