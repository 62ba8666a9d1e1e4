"""What the real client wrote down of a session, imported, says what the proxy recorded of the same session."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from proxy import binary
from recording import Trace
from turns import Call, Turn

PARTS = ("main", "subagent")


def imported(lab: Any, folder: Path) -> Trace:
    """All of the client's session files as traces."""
    files = sorted((lab.folder / "home" / ".claude" / "projects").rglob("*.jsonl"))
    assert files, "the client kept no session"
    command = [str(binary()), "import", *map(str, files), "-o", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={"HOME": str(lab.folder / "import-home")})
    assert done.returncode == 0, done.stderr
    assert "no JSON" not in done.stderr and "another file" not in done.stderr, done.stderr
    return Trace.read(folder)


def calls(trace: Trace) -> dict[str, tuple[str, str]]:
    return {r["tool_id"]: (r["tool"], json.dumps(r["input"], sort_keys=True)) for r in trace.of("tool_call")}


def answers(trace: Trace) -> Counter[tuple[Any, ...]]:
    """How often an answer with these tokens and this text was given."""
    return Counter(
        (
            *(response["usage"].get(name, 0) for name in ("input_tokens", "cache_read_input_tokens", "output_tokens")),
            "".join(block.get("text", "") for block in response["message"]["content"]),
        )
        for kind in PARTS
        for response in trace.of("response", kind=kind)
        if response["status"] == 200
    )


def agents(trace: Trace) -> Counter[bool]:
    return Counter(record["kind"] == "subagent" for kind in PARTS for record in trace.of("request", kind=kind))


@pytest.mark.backends("chat", "messages")
def test_the_clients_own_session_files_give_the_recorded_exchanges(lab: Any, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    (work / "part.txt").write_text("a part\n")
    (work / "other.txt").write_text("another\n")
    task = {
        "description": "Read a part",
        "prompt": "[[helper]] Read part.txt",
        "subagent_type": "general-purpose",
        "run_in_background": False,
    }
    reads = tuple(Call("Read", {"file_path": str(work / name)}) for name in ("part.txt", "other.txt"))
    one = lab(
        main=[
            Turn(text="Both.", calls=reads),
            Turn(thinking="hm", calls=(Call("Read", {"file_path": str(work / "none.txt")}),)),
            Turn(calls=(Call("Agent", task),)),
            Turn(text="All read."),
        ],
        helper=[Turn(calls=(reads[0],)), Turn(text="It says: a part.")],
    )
    done = one.ask("[[main]] Read what is there.", "--allowedTools", "Agent", "Read")
    assert (done.code, done.text) == (0, "All read."), done.err
    recorded = one.check("Read", "Agent")
    assert recorded is not None
    trace = imported(one, tmp_path / "imported")
    assert trace.of("meta")[0]["imported_from"] == "claude-code"
    assert calls(trace) == calls(recorded) and len(calls(trace)) == 5
    assert answers(trace) == answers(recorded)
    assert agents(trace) == agents(recorded) == {False: 4, True: 2}
    failed = {r["tool_id"]: r["is_error"] for r in trace.of("tool_result")}
    assert failed == {r["tool_id"]: r["is_error"] for r in recorded.of("tool_result")}
    sessions = {r["session"] for r in trace.of("request")}
    assert sessions == {r["session"] for kind in PARTS for r in recorded.of("request", kind=kind)}
    table = json.loads(
        subprocess.run([str(binary()), "sessions", str(tmp_path / "imported"), "--json"], capture_output=True, check=True).stdout
    )
    assert [(row["exchanges"], row["tool_calls"], row["subagents"]) for row in table] == [(6, 5, 1)]
