"""The reading commands agree with DuckDB, which is asked the same questions about the same files."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from trace_questions import ask, sql, synthetic


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic(tmp_path_factory.mktemp("trace") / "t.jsonl")


def test_tools_counts_calls_failures_sizes_and_gaps(trace: Path) -> None:
    rows = sql(
        trace,
        """with calls as (select * from TRACE where type = 'tool_call'),
                results as (select * from TRACE where type = 'tool_result')
           select c.tool, count(*), count(*) filter (r.is_error), count(*) filter (r.tool_id is null),
                  sum(c.input_bytes), coalesce(sum(r.content_bytes), 0),
                  quantile_cont(r.gap_ms, 0.5), quantile_cont(r.gap_ms, 0.95)
           from calls c left join results r on c.session = r.session and c.tool_id = r.tool_id group by 1""",
    )
    names = ("calls", "failed", "open", "input_bytes", "output_bytes", "median_gap_ms", "p95_gap_ms")
    expected = {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
    said = {row.pop("tool"): row for row in ask("tools", str(trace), "--json")["tools"]}
    assert said.keys() == expected.keys() and len(said) == 7
    for tool, row in expected.items():
        assert said[tool] == pytest.approx(row, rel=1e-9)


def test_tools_finds_the_same_sequences(trace: Path) -> None:
    expected = sql(
        trace,
        """with steps as (select tool, lead(tool) over w as next, lead(tool, 2) over w as third
                          from TRACE where type = 'tool_call' window w as (partition by session, agent order by seq))
           select [tool, next] s, count(*) from steps where next is not null group by 1
           union all select [tool, next, third], count(*) from steps where third is not null group by 1""",
    )
    said = ask("tools", str(trace), "--json")["sequences"]
    assert {tuple(one["tools"]): one["count"] for one in said} == {tuple(tools): count for tools, count in expected}


def test_tools_finds_the_same_repetitions(trace: Path) -> None:
    expected = sql(
        trace,
        """select session::varchar, tool, count(*) from TRACE where type = 'tool_call'
           group by session, tool, input::varchar having count(*) > 1""",
    )
    said = ask("tools", str(trace), "--json")["repeated"]
    assert sorted((one["session"], one["tool"], one["count"]) for one in said) == sorted(expected)
    assert said, "the trace holds no repetition: the comparison says nothing"


def test_tools_knows_what_was_offered(trace: Path) -> None:
    turns = sql(trace, "select count(*) from TRACE where type = 'request'")[0][0]
    offered = ask("tools", str(trace), "--json")["offered"]
    assert {one["requests"] for one in offered} == {turns}
    assert len(offered) == 7 and all(one["called"] for one in offered)


def test_filters_choose_what_sql_chooses(trace: Path) -> None:
    (expected,) = sql(
        trace,
        """select count(*), sum(r.content_bytes) from TRACE c join TRACE r
           on c.type = 'tool_call' and r.type = 'tool_result' and c.session = r.session and c.tool_id = r.tool_id
           where c.tool = 'Bash' and r.is_error and r.gap_ms > 500""",
    )
    (row,) = ask("tools", str(trace), "tool=Bash", "error", "gap>500ms", "--json")["tools"]
    assert (row["calls"], row["output_bytes"]) == expected


def test_sessions_add_up(trace: Path) -> None:
    rows = sql(
        trace,
        """select session::varchar, count(*) filter (type = 'request'), count(*) filter (type = 'tool_call'),
                  count(*) filter (type = 'tool_result' and is_error),
                  sum(usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens),
                  sum(usage.cache_read_input_tokens), sum(usage.output_tokens)
           from TRACE where session is not null group by 1""",
    )
    names = ("exchanges", "tool_calls", "failed_tool_calls", "prompt_tokens", "cache_read_tokens", "output_tokens")
    said = {row["session"]: tuple(row[name] for name in names) for row in ask("sessions", str(trace), "--json")}
    assert said == {row[0]: row[1:] for row in rows}


def test_a_compressed_trace_gives_the_same_answers(trace: Path, tmp_path: Path) -> None:
    packed = tmp_path / "t.jsonl.gz"
    with trace.open("rb") as source, gzip.open(packed, "wb") as target:
        shutil.copyfileobj(source, target)
    assert ask("tools", str(packed), "--json") == ask("tools", str(trace), "--json")


def test_a_session_is_found_by_the_beginning_of_its_id(trace: Path) -> None:
    session = sql(trace, "select session from TRACE where session is not null order by seq desc limit 1")[0][0]
    whole = ask("sessions", str(trace), "--json")
    (one,) = ask("sessions", str(trace), str(session)[:8], "--json")
    assert one["session"] == str(session)
    assert ask("sessions", str(trace), "last", "--json")[0]["session"] == str(session)
    assert len(whole) > 1
