"""What `claudecodex export` writes is what others read: HAR by haralyzer and a schema, CSV by DuckDB and Python."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import haralyzer
import jsonschema
import pytest

from har_schema import SCHEMA
from proxy import REPOSITORY, binary
from trace_questions import sql, synthetic

DEMO = REPOSITORY / "Tests/Fixtures/goldens/demo/logs"


def export(*arguments: str) -> bytes:
    answer = subprocess.run([str(binary()), "export", *arguments], capture_output=True, env={"HOME": "/nonexistent"})
    assert answer.returncode == 0 and answer.stderr == b"", answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic(tmp_path_factory.mktemp("trace") / "t.jsonl")


def records(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [line for line in lines if line["type"] == kind]


# HAR


def test_the_archive_is_one_by_the_specification() -> None:
    archive = json.loads(export("har", str(DEMO)))
    validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(archive)] == []
    pages = {page["id"] for page in archive["log"]["pages"]}
    for entry in archive["log"]["entries"]:
        assert entry["pageref"] in pages
        spent = [entry["timings"][name] for name in ("blocked", "dns", "connect", "send", "wait", "receive")]
        assert sum(time for time in spent if time >= 0) == pytest.approx(entry["time"])


def test_haralyzer_finds_pages_and_entries() -> None:
    archive = haralyzer.HarParser(json.loads(export("har", str(DEMO))))
    assert archive.creator["name"] == "claudecodex"
    assert [page.page_id for page in archive.pages] == ["demo"]
    entries = archive.pages[0].entries
    assert [entry.response.status for entry in entries] == [200, 200, 200, 200, 529, 200]
    assert all(entry.request.method == "POST" and entry.request.url.endswith("/v1/messages") for entry in entries)
    assert all(entry.request.get_header_value("anthropic-version") == "2023-06-01" for entry in entries)


def test_the_archive_holds_whole_bodies_and_streams() -> None:
    entries = json.loads(export("har", str(DEMO)))["log"]["entries"]
    requests = records(DEMO, "request")
    for entry, request in zip(entries, requests, strict=True):
        assert len(entry["request"]["postData"]["text"].encode()) == request["body_bytes"]
        body = json.loads(entry["request"]["postData"]["text"])
        assert len(body["messages"]) == request["messages"] and len(body["tools"]) == request["tools"]
    ends = {record["id"]: record for record in records(DEMO, "response")}
    for entry in entries:
        text = entry["response"]["content"]["text"]
        if entry["response"]["status"] != 200:
            assert json.loads(text)["type"] == "error"
            continue
        events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
        said = "".join(event["delta"].get("text", "") for event in events if event["type"] == "content_block_delta")
        message = ends[entry["_claudecodex"]["id"]]["message"]
        assert said == "".join(block.get("text", "") for block in message["content"])
        assert events[-1]["type"] == "message_stop"


# CSV


def test_rows_of_exchanges_have_types_and_add_up(big: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    export("csv", str(big), "-o", str(table))
    types = {row[0]: row[1] for row in duckdb.sql(f"describe select * from read_csv('{table}')").fetchall()}
    assert types["time"].startswith("TIMESTAMP") and types["stream"] == "BOOLEAN"
    for name in ("status", "input_tokens", "output_tokens", "number", "tool_calls", "body_bytes"):
        assert types[name] == "BIGINT", name
    for name in ("ttft_ms", "duration_ms"):
        assert types[name] in ("DOUBLE", "BIGINT"), name
    sums = "count(*), sum({0}input_tokens), sum({0}cache_read{1}_tokens), sum({0}output_tokens)"
    said = duckdb.sql(f"select {sums.format('', '')} from read_csv('{table}') where status = 200").fetchall()
    expected = sql(big, f"select {sums.format('usage.', '_input')} from TRACE where type = 'response' and status = 200")
    assert said == expected and said[0][0] > 50
    by_session = duckdb.sql(f"select session::varchar, count(*), sum(tool_calls) from read_csv('{table}') group by 1 order by 1")
    assert by_session.fetchall() == sql(
        big,
        """select session::varchar, count(*) filter (type = 'request'), count(*) filter (type = 'tool_call')
           from TRACE where session is not null group by 1 order by 1""",
    )


def test_rows_of_calls_add_up(big: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    export("csv", "--calls", str(big), "-o", str(table))
    said = duckdb.sql(
        f"""select tool, count(*), count(*) filter (is_error), sum(input_bytes), sum(content_bytes)
            from read_csv('{table}') group by 1 order by 1"""
    ).fetchall()
    assert said == sql(
        big,
        """select c.tool, count(*), count(*) filter (r.is_error), sum(c.input_bytes), sum(r.content_bytes)
           from (select * from TRACE where type = 'tool_call') c
           left join (select * from TRACE where type = 'tool_result') r on c.session = r.session and c.tool_id = r.tool_id
           group by 1 order by 1""",
    )


def test_odd_texts_survive_and_are_no_formulas(tmp_path: Path) -> None:
    texts = ["=cmd|' /C calc'!A0", 'say "hi", then\r\nleave', "-1+1", "@SUM(A1)", "plain", "ünï 🎉", "\tx", "a\nb"]
    trace = tmp_path / "t.jsonl"
    with trace.open("w") as out:
        for number, text in enumerate(texts):
            call = {"v": 1, "type": "tool_call", "seq": number, "ts": "2026-11-29T12:00:00.000Z", "id": f"i{number}", "session": "s"}
            out.write(json.dumps({**call, "tool_id": f"t{number}", "tool": text, "input": {}, "input_bytes": 2, "valid": True}) + "\n")
    raw = export("csv", "--calls", str(trace)).decode()
    rows = list(csv.DictReader(io.StringIO(raw, newline="")))
    guarded = [f"'{text}" if text[0] in "=+-@\t" else text for text in texts]
    assert [row["tool"] for row in rows] == guarded
    (tmp_path / "t.csv").write_text(raw, newline="")
    found = duckdb.sql(f"select tool from read_csv('{tmp_path}/t.csv', all_varchar = true)").fetchall()
    assert [row[0] for row in found] == guarded
