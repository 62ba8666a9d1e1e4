"""`show`, `cat` and `diff` agree with jq's reading of the file, DuckDB, and a JSON Patch library that is not ours."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import jsonpatch
import pytest

from proxy import REPOSITORY, binary

GOLDENS = REPOSITORY / "Tests/Fixtures/goldens"
TRACES = {case: next((GOLDENS / case / "logs").glob("*.jsonl")) for case in ("agents", "demo")}


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([str(binary()), *arguments], capture_output=True, check=False, env={"HOME": "/nonexistent"})


def records(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def numbers(trace: Path) -> list[int]:
    return list(range(1, 1 + sum(record["path"] == "/v1/messages" for record in requests(trace))))


def requests(trace: Path) -> list[dict[str, Any]]:
    return [record for record in records(trace.read_bytes()) if record["type"] == "request"]


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_patches_make_the_second_body_from_the_first(trace: Path) -> None:
    bodies = {number: json.loads(run("show", f"{trace}#{number}", "--request").stdout) for number in numbers(trace)}
    different = 0
    for first, old in bodies.items():
        for second, new in bodies.items():
            answer = run("diff", f"{trace}#{first}", f"{trace}#{second}", "--json")
            patch = json.loads(answer.stdout)
            assert jsonpatch.JsonPatch(patch).apply(old) == new
            assert answer.returncode == (0 if old == new else 1)
            different += bool(patch)
    assert different


def test_patches_of_odd_names_and_lists(tmp_path: Path) -> None:
    bodies: list[Any] = [
        {"a/b": {"~": 1, "": [1, 2, 3]}, "t": [{"name": "x"}, {"name": "y", "d": 1}], "n": None},
        {"a/b": {"~": 2, "~1": 0}, "t": [{"name": "z"}, {"name": "x", "e": []}, {"name": "y", "d": [1]}], "s": "\u2028"},
        {"t": [3, [1, [2]], "x"], "a/b": []},
    ]
    lines = []
    for index, body in enumerate(bodies):
        text = json.dumps(body)
        head = {"v": 1, "type": "request", "seq": index, "ts": f"2026-11-21T12:00:0{index}.000Z", "id": f"0000000{index}", "session": "s", "method": "POST", "path": "/v1/messages", "body_sha256": hashlib.sha256(text.encode()).hexdigest()}
        lines.append(json.dumps(head)[:-1] + ',"body":' + text + "}\n")
    trace = tmp_path / "t.jsonl"
    trace.write_text("".join(lines))
    for first, old in enumerate(bodies):
        for second, new in enumerate(bodies):
            answer = run("diff", f"{trace}#{first + 1}", f"{trace}#{second + 1}", "--json")
            assert jsonpatch.JsonPatch(json.loads(answer.stdout)).apply(old) == new


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_whole_bodies_have_their_hashes(trace: Path) -> None:
    answer = run("cat", "--full", str(trace))
    assert answer.returncode == 0 and answer.stderr == b""
    whole = records(answer.stdout)
    assert len(whole) == len(trace.read_bytes().splitlines())
    assert not any("delta" in record for record in whole)
    for record in whole:
        if record["type"] == "request" and record["path"] == "/v1/messages":
            assert len(record["body"]["messages"]) == record["messages"]
    for line in answer.stdout.splitlines():
        record = json.loads(line)
        if record["type"] in ("request", "upstream") and "body" in record and "body_encoding" not in record:
            raw = line[line.index(b',"body":') + 8 : -1]
            assert hashlib.sha256(raw).hexdigest() == record["body_sha256"]


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_without_full_cat_copies(trace: Path) -> None:
    assert run("cat", str(trace)).stdout == trace.read_bytes()


def test_cat_ends_silently_when_nobody_reads(tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    trace.write_bytes(TRACES["agents"].read_bytes() * 200)
    answer = subprocess.run(
        f"{binary()} cat {trace} | head -n 1 | wc -l", shell=True, capture_output=True, check=True, env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
    )
    assert answer.stdout.strip() == b"1" and answer.stderr == b""


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES)
def test_the_tree_counts_what_sql_counts(trace: Path) -> None:
    source = f"read_json('{trace}', format = 'newline_delimited', union_by_name = true, sample_size = -1)"
    (expected,) = duckdb.sql(
        f"""select count(*) filter (type = 'request'), count(*) filter (type = 'request' and path = '/v1/messages'),
                   count(*) filter (type = 'tool_call'), count(*) filter (type = 'tool_result' and is_error),
                   sum(usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens),
                   sum(usage.cache_read_input_tokens), sum(usage.output_tokens),
                   count(*) filter (type = 'end' and outcome <> 'ok')
            from {source}"""
    ).fetchall()
    (session,) = json.loads(run("show", str(trace), "--json").stdout)["sessions"]
    turns = session["turns"]
    calls = [call for turn in turns for call in turn["calls"]]
    assert expected == (
        len(turns), sum("number" in turn for turn in turns), len(calls),
        sum(call.get("result", {}).get("is_error", False) for call in calls),
        sum(turn.get("prompt_tokens", 0) for turn in turns), sum(turn.get("cache_read_tokens", 0) for turn in turns),
        sum(turn.get("output_tokens", 0) for turn in turns), sum(turn.get("outcome") != "ok" for turn in turns),
    )
    numbers = json.loads(run("diff", str(trace), str(trace), "--json").stdout)["a"]
    assert (numbers["tool_calls"], numbers["failed_tool_calls"], numbers["prompt_tokens"]) == expected[2:5]


def test_an_agent_stands_under_its_call() -> None:
    (session,) = json.loads(run("show", str(TRACES["agents"]), "--json").stdout)["sessions"]
    starts = {call["tool"]: call["starts"] for turn in session["turns"] for call in turn["calls"]}
    assert starts == {"Agent": ["a17750cd"], "Bash": [], "Grep": []}
