"""`cache` and `context` agree with DuckDB, which is asked the same questions about the same files."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from trace_questions import ask, sql

Record = dict[str, Any]
MARK = {"type": "ephemeral"}
TURNS = 40


def turn(dice: random.Random, session: int, agent: str, number: int, at: int, left: int) -> tuple[list[Record], int]:
    """The records of one request, and what is in the cache behind it."""
    common = {"v": 1, "ts": f"2026-11-{1 + session:02}T{at // 60 % 24:02}:{at % 60:02}:00.000Z", "id": f"{session:08x}-0000-7000-8000-{at:012x}"}
    common |= {"session": f"{session:08x}-1111-4111-8111-000000000000", "agent": agent, "kind": "main" if agent == "main" else "subagent"}
    messages = [{"role": ("user", "assistant")[place % 2], "content": f"{agent} message {place}"} for place in range(2 * number + 1)]
    messages[-1]["content"] = [{"type": "text", "text": messages[-1]["content"], "cache_control": MARK}]
    tools = [{"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}]
    body = {"model": "claude-sonnet-4-5", "tools": tools, "system": "Be short.", "messages": messages}
    fresh = dice.randrange(50, 900)
    read = left
    if number and dice.random() < 0.3:
        read = dice.choice([0, left // 2, left * 89 // 100, left * 95 // 100])
    plain = dice.randrange(1, 40)
    written = left - read + fresh if number else dice.randrange(4000, 9000)
    usage = {"input_tokens": plain, "cache_read_input_tokens": read, "cache_creation_input_tokens": written, "output_tokens": 7}
    records = [
        {**common, "type": "request", "method": "POST", "path": "/v1/messages", "model": body["model"], "messages": len(messages), "tools": 1, "body": body},
        {**common, "type": "upstream", "try": 1, "url": "https://api.anthropic.com/v1/messages", "model": body["model"]},
        {**common, "type": "response", "status": 200, "model": body["model"], "backend": "anthropic", "usage": usage},
        {**common, "type": "end", "outcome": "ok", "dropped": 0},
    ]
    return records, read + written


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sessions of two agents that take turns, with misses of all sizes."""
    dice = random.Random(11)
    path = tmp_path_factory.mktemp("trace") / "t.jsonl"
    with path.open("w") as out:
        seq = 0
        for session in range(1, 4):
            at = 0
            left = {"main": 0, "a17": 0}
            number = {"main": 0, "a17": 0}
            for _ in range(TURNS):
                agent = dice.choice(["main", "main", "a17"])
                records, left[agent] = turn(dice, session, agent, number[agent], at, left[agent])
                number[agent] += 1
                at += 1
                for record in records:
                    head = {"v": 1, "type": record.pop("type"), "seq": seq}
                    out.write(json.dumps(head | record, separators=(",", ":")) + "\n")
                    seq += 1
    return path


TURN = """with answers as (
    select id, seq, session, agent, usage.cache_read_input_tokens r, usage.cache_creation_input_tokens w,
           usage.input_tokens + r + w prompt from TRACE where type = 'response'),
  steps as (select *, lag(r + w) over (partition by session, agent order by seq) before from answers)
  select id::varchar id, r, w, r / prompt hit, case when before is null then 0 else least(before, prompt) end expected,
         r = 0 or r < expected - expected // 10 as miss, case when miss and before is not null then expected - r else 0 end missed
  from steps"""


def test_every_turn_has_the_counts_hits_and_misses_that_sql_finds(trace: Path) -> None:
    expected = {row[0]: row[1:] for row in sql(trace, TURN)}
    turns = ask("cache", str(trace), "--json")["turns"]
    names = ("cache_read_tokens", "cache_written_tokens", "hit", "expected_tokens")
    said = {one["id"]: (*(one[name] for name in names), "reason" in one, one.get("missed_tokens", 0)) for one in turns}
    assert said.keys() == expected.keys() and len(said) == 3 * TURNS
    for id, row in expected.items():
        assert said[id] == pytest.approx(row), id
    assert 10 < sum(row[4] for row in expected.values()) < 60, "all hits or all misses: the comparison says little"


def test_the_summary_adds_up(trace: Path) -> None:
    (row,) = sql(trace, f"select count(*), count(*) filter (not miss), count(*) filter (miss), sum(missed), sum(r), sum(w) from ({TURN})")
    summary = ask("cache", str(trace), "--json")["summary"]
    names = ("counted", "hits", "misses", "missed_tokens", "cache_read_tokens", "cache_written_tokens")
    assert tuple(summary[name] for name in names) == row


def test_filters_choose_what_sql_chooses(trace: Path) -> None:
    expected = sql(trace, f"select id from ({TURN}) where missed > 2000 order by 1")
    turns = ask("cache", str(trace), "missed>2k", "--json")["turns"]
    assert sorted(one["id"] for one in turns) == [row[0] for row in expected] and turns


def test_growth_is_the_prompts_of_the_conversation(trace: Path) -> None:
    expected = sql(
        trace,
        """select usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens from TRACE
           where type = 'response' and agent = 'main' and session::varchar like '00000003%' order by seq""",
    )
    context = ask("context", str(trace), "last", "--json")
    assert [one["prompt_tokens"] for one in context["growth"]] == [row[0] for row in expected]
    assert context["prompt_tokens"] == expected[-1][0]
    sums = [part["tokens"] for part in context["parts"] if "group" not in part]
    assert sum(sums) == pytest.approx(context["prompt_tokens"], abs=len(sums))
