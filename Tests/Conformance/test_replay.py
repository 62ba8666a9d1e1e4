"""The real client runs again from its own trace: another folder, another home, another day, nobody behind the proxy."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import scripted_bedrock
import scripted_chat
import scripted_messages
from claude import Claude
from lab import settled
from proxy import Proxy
from turns import Call, Turn

TOOLS = ("--permission-mode", "acceptEdits", "--allowedTools", "Bash", "Read", "Write", "Agent")


class Replay(Proxy):
    """A proxy in which a trace answers."""

    def __init__(self, folder: Path, trace: Path, *flags: str):
        super().__init__(folder)
        self.command[1:2] = ["replay", str(trace)]
        self.command += flags


def busy(backend: str) -> Any:
    if backend in ("bedrock", "invoke"):
        return scripted_bedrock.failure(429, "Slow down").with_header("retry-after", "1")
    of = scripted_messages if backend == "messages" else scripted_chat
    return of.failure(429, "Slow down").with_header("retry-after", "1")


def script(work: Path, backend: str) -> dict[str, list[Any]]:
    """An agent run: thinking, tools, two at once, a sub-agent, a tool's error, a refusal and another try."""
    note = work / "note.txt"
    task = {"description": "Read a part", "prompt": "[[helper]] Read note.txt", "subagent_type": "general-purpose",
            "run_in_background": False}  # fmt: skip
    return {
        "main": [
            Turn(
                text="First the file.",
                thinking="A file comes first." if backend == "messages" else "",
                calls=(Call("Write", {"file_path": str(note), "content": "alpha\nbeta 🌍\n"}),),
                piece=7,
            ),
            [busy(backend), Turn(calls=(Call("Read", {"file_path": str(note)}),), piece=3)],
            Turn(calls=(run(f"date > {work}/when.txt; echo ran > {work}/mark.txt; pwd"), run("ls -l")), piece=5),
            Turn(calls=(Call("Read", {"file_path": str(work / "missing.txt")}),)),
            Turn(calls=(Call("Agent", task),)),
            Turn(text="All done."),
        ],
        "helper": [Turn(calls=(Call("Read", {"file_path": str(note)}),)), Turn(text="It says: alpha.")],
    }


def run(command: str) -> Call:
    return Call("Bash", {"command": command, "description": "Run a command"})


def transcript(home: Path, *places: str) -> list[Any]:
    """What the client wrote of its session: who said what, calls and results, with this run's paths taken out."""
    lines: list[Any] = []
    for file in sorted(home.glob(".claude/projects/*/*.jsonl")):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            if entry.get("type") not in ("user", "assistant"):
                continue
            content = entry["message"]["content"]
            blocks = [content] if isinstance(content, str) else [said(block) for block in content]
            lines.append((entry["type"], blocks))
    text = json.dumps(lines)
    for place in sorted(places, key=len, reverse=True):
        text = text.replace(place, "PLACE")
    return json.loads(text)


def said(block: dict[str, Any]) -> Any:
    kind = block["type"]
    if kind == "tool_use":
        return (kind, block["id"], block["name"], block["input"])
    if kind == "tool_result":
        # What `ls -l` and `date` print differs by itself.
        return (kind, block["tool_use_id"], bool(block.get("is_error")))
    return (kind, block.get("text") or block.get("thinking"))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.mark.backends("chat", "messages", "bedrock")
def test_the_client_runs_again_from_its_trace(lab: Any, backend: str, work: Path, tmp_path: Path) -> None:
    one = lab(**script(work, backend))
    done = one.ask("[[main]] Do the work.", *TOOLS)
    assert (done.code, done.text) == (0, "All done."), done.err
    one.check("Write", "Read", "Bash", "Agent")
    first = transcript(one.claude.home, str(work))
    files = sorted(file.name for file in work.iterdir())
    close(one)
    (work / "note.txt").unlink()
    again = tmp_path / "elsewhere"
    again.mkdir()
    with Replay(again, one.folder / "logs") as proxy:
        claude = Claude(proxy.url, again / "home", again / "another-work", {"TZ": another_day()})
        second = claude.ask("[[main]] Do the work.", *TOOLS)
        assert (second.code, second.text) == (0, "All done."), second.err + proxy.said
        trace = settled(proxy, 0)
    assert not (work / "note.txt").exists(), "the replay wrote into the recorded folder"
    assert (claude.work / "note.txt").read_text() == "alpha\nbeta 🌍\n"
    assert sorted(file.name for file in claude.work.iterdir()) == files
    assert transcript(claude.home, str(claude.work)) == first
    rungs = {record["rung"] for record in trace.of("replay")}
    assert rungs <= {"exact", "normalised"}, proxy.said
    statuses = [record["status"] for record in trace.of("response") if record["kind"] == "main"]
    assert statuses.count(429) == 1
    (meta,) = trace.of("meta")
    assert meta["replay_of"]["files"], meta


@pytest.mark.backends("messages")
def test_two_clients_replay_one_trace_at_once_and_it_is_recorded_whole(lab: Any, backend: str, work: Path, tmp_path: Path) -> None:
    one = lab(**script(work, backend))
    done = one.ask("[[main]] Do the work.", *TOOLS)
    assert (done.code, done.text) == (0, "All done."), done.err
    one.check()
    close(one)
    again = tmp_path / "elsewhere"
    again.mkdir()
    with Replay(again, one.folder / "logs") as proxy:
        clients = [Claude(proxy.url, again / f"home{n}", again / f"work{n}") for n in range(2)]
        with ThreadPoolExecutor() as pool:
            runs = list(pool.map(lambda claude: claude.ask("[[main]] Do the work.", *TOOLS), clients))
        assert [(run.code, run.text) for run in runs] == [(0, "All done.")] * 2, proxy.said
        trace = settled(proxy, 0)
    assert all((claude.work / "note.txt").read_text() == "alpha\nbeta 🌍\n" for claude in clients)
    assert {record["rung"] for record in trace.of("replay")} <= {"exact", "normalised"}, proxy.said
    assert not any(record.get("reused") for record in trace.of("replay")), proxy.said
    # The second trace is a session like any other: it answers too.
    third = tmp_path / "third"
    third.mkdir()
    with Replay(third, again / "logs") as proxy:
        claude = Claude(proxy.url, third / "home", third / "work")
        last = claude.ask("[[main]] Do the work.", *TOOLS)
        assert (last.code, last.text) == (0, "All done."), last.err + proxy.said
    assert (claude.work / "mark.txt").read_text() == "ran\n"


@pytest.mark.backends("messages")
def test_a_prompt_that_was_never_recorded_is_answered_by_its_place_and_says_so(lab: Any, backend: str, tmp_path: Path) -> None:
    one = lab(main=[Turn(text="The answer is 42.")])
    assert one.ask("[[main]] What is the answer?").text == "The answer is 42."
    one.check()
    close(one)
    again = tmp_path / "elsewhere"
    again.mkdir()
    with Replay(again, one.folder / "logs", "-v") as proxy:
        claude = Claude(proxy.url, again / "home", again / "work")
        assert claude.ask("[[main]] What was the question?").text == "The answer is 42."
        (replay,) = settled(proxy, 0).of("replay")
    assert replay["rung"] == "place"
    assert "What is the answer?" in replay["note"] and "What was the question?" in replay["note"]


@pytest.mark.backends("messages")
def test_a_miss_is_not_tried_again(lab: Any, backend: str, tmp_path: Path) -> None:
    one = lab(main=[Turn(text="The answer is 42.")])
    assert one.ask("[[main]] What is the answer?").text == "The answer is 42."
    one.check()
    close(one)
    again = tmp_path / "elsewhere"
    again.mkdir()
    with Replay(again, one.folder / "logs") as proxy:
        claude = Claude(proxy.url, again / "home", again / "work")
        done = claude.ask("[[main]] Another question.", "--disallowedTools", "Bash")
        assert done.failed
        replays = settled(proxy, 0).of("replay")
        proxy.ends_with = 1  # the answer is no
    assert [record["action"] for record in replays] == ["refuse"] * len(replays) and len(replays) < 3, proxy.said
    assert "first difference: tools[" in proxy.said


def close(lab: Any) -> None:
    """The proxy and the service are gone."""
    lab.__exit__(None, None, None)
    lab.service, lab.proxy = nullcontext(), None


def another_day() -> str:
    """A time zone in which it is not today."""
    return "Pacific/Kiritimati" if datetime.now(timezone.utc).hour >= 10 else "Pacific/Pago_Pago"
