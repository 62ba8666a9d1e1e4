"""`cost` and `sessions` agree with DuckDB, which prices the same files by itself from the prices as they are published."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from proxy import REPOSITORY, Proxy, binary
from scripted_messages import ScriptedMessages
from trace_questions import ask, sql, synthetic
from turns import Script, Turn

# Dollars for a million tokens: input, output, read, written for 5 minutes, for an hour; and for longer prompts.
PRICES = """(values
    ('claude-opus-5-5', 4.0, 20.0, 0.20, 5.0, 8.0, 1e18, 1.0, 1.0),
    ('claude-sonnet-5-5', 2.0, 10.0, 0.10, 2.50, 4.0, 1e18, 1.0, 1.0),
    ('claude-haiku-5-5', 0.10, 0.50, 0.01, 0.125, 0.20, 100000, 5.0, 5.0),
    ('eu.anthropic.claude-haiku-4-5-20251001-v1:0', 1.1, 5.5, 0.11, 1.375, 2.2, 1e18, 1.0, 1.0),
    ('gpt-5.5', 5.0, 30.0, 0.50, null, null, 272000, 2.0, 1.5)
  ) prices(model, input, output, read, write5, write60, above, more, more_out)"""

COSTS = f"""with asked as (select id, any_value(upstream_model) as model from TRACE where type = 'translation' group by id),
  answers as (
    select r.ts, r.session, r.agent, r.backend, coalesce(a.model, r.model) as asked, coalesce(usage.input_tokens, 0) as i, coalesce(usage.output_tokens, 0) as o,
      coalesce(usage.cache_read_input_tokens, 0) as c, coalesce(usage.cache_creation_input_tokens, 0) as w, HOUR as h, ESTIMATED as guessed
    from TRACE r left join asked a using (id) where r.type = 'response' and r.kind not in ('count_tokens', 'probe')),
  costs as (
    select answers.*, case when guessed then null else
      ((i * input + c * read + (w - h) * coalesce(write5, 0) + h * coalesce(write60, 0)) * if(i + c + w > above, more, 1)
        + o * output * if(i + c + w > above, more_out, 1)) / 1e6 end as dollars
    from answers left join {PRICES} on prices.model = asked)
"""


def costs(trace: Path, query: str, hour: str = "0", estimated: str = "false") -> list[tuple[Any, ...]]:
    return sql(trace, (COSTS + query).replace("HOUR", hour).replace("ESTIMATED", estimated))


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic(tmp_path_factory.mktemp("trace") / "t.jsonl")


GROUPS = {"day": "strftime(ts, '%Y-%m-%d')", "session": "session::varchar", "model": "asked", "agent": "agent", "backend": "backend"}


@pytest.mark.parametrize("by", GROUPS)
def test_rows_and_totals(trace: Path, by: str) -> None:
    rows = costs(
        trace,
        f"""select {GROUPS[by]} as name, count(*), sum(i), sum(c), sum(w), sum(o), sum(dollars) from costs group by 1""",
    )
    names = ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost_usd")
    said = ask("cost", str(trace), "--by", by, "--json")
    assert {row["name"]: [row[name] for name in names] for row in said["rows"]} == {
        row[0]: pytest.approx(list(row[1:]), rel=1e-9) for row in rows
    }
    assert said["total"]["cost_usd"] == pytest.approx(sum(row[-1] for row in rows), rel=1e-9)
    assert said["total"]["cost_usd"] > 1 and not said["unpriced"]


def test_sessions_cost_the_same(trace: Path) -> None:
    rows = dict(costs(trace, "select session::varchar, sum(dollars) from costs group by 1"))
    said = {row["session"]: row["cost_usd"] for row in ask("sessions", str(trace), "--json")}
    assert said == pytest.approx(rows, rel=1e-9)
    assert {row["unpriced_tokens"] for row in ask("sessions", str(trace), "--json")} == {0}


def test_a_filter_chooses_what_sql_chooses(trace: Path) -> None:
    ((count, dollars),) = costs(trace, "select count(*), sum(dollars) from costs where o > 400 and ts >= '2026-11-03'")
    said = ask("cost", str(trace), "output>400", "since=2026-11-03", "--json")["total"]
    assert said["requests"] == count
    assert said["cost_usd"] == pytest.approx(dollars, rel=1e-9)


def test_a_file_of_prices_stands_before_the_table(trace: Path, tmp_path: Path) -> None:
    prices = tmp_path / "prices.txt"
    prices.write_text("# ours\ngpt-* = 1 2 0.25\n")
    ((expected,),) = costs(trace, "select sum(i * 1 + o * 2 + c * 0.25) / 1e6 from costs")
    said = ask("cost", str(trace), "--prices", str(prices), "--json")
    assert said["total"]["cost_usd"] == pytest.approx(expected, rel=1e-9)
    assert said["price_sources"] == [{"source": "file prices.txt", "requests": said["total"]["requests"]}]


def usage(**more: Any) -> dict[str, Any]:
    return {"input_tokens": 11, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "output_tokens": 7, **more}


ANSWERS: list[tuple[str, str | None, dict[str, Any]]] = [
    ("claude-opus-5-5", None, usage(cache_creation_input_tokens=900, cache_creation={"ephemeral_1h_input_tokens": 400})),
    ("claude-opus-5-5", "claude-sonnet-5-5", usage(cache_read_input_tokens=5000)),
    ("claude-haiku-5-5", None, usage(cache_read_input_tokens=99_989)),
    ("claude-haiku-5-5", None, usage(cache_read_input_tokens=99_990)),
    ("x", "eu.anthropic.claude-haiku-4-5-20251001-v1:0", usage(cache_creation_input_tokens=70)),
    ("claude-sonnet-5-5", "gpt-5.5", usage(input_tokens=272_001)),
]


def test_every_kind_of_token_step_and_place(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with path.open("w") as out:
        for number, (model, upstream, counted) in enumerate(ANSWERS):
            common = {"ts": f"2026-11-21T12:00:0{number}.000Z", "id": f"id-{number}", "session": "s", "agent": "main", "kind": "main"}
            records: list[dict[str, Any]] = [{"type": "translation", **common, "upstream_model": upstream or model}]
            records.append({"type": "response", **common, "model": model, "backend": "b", "stop_reason": "end_turn", "usage": counted})
            for record in records:
                out.write(json.dumps({"v": 1, **record}, separators=(",", ":")) + "\n")
    rows = costs(path, "select asked, sum(dollars) from costs group by 1", "coalesce(usage.cache_creation.ephemeral_1h_input_tokens, 0)")
    said = {row["name"]: row["cost_usd"] for row in ask("cost", str(path), "--by", "model", "--json")["rows"]}
    assert said == pytest.approx(dict(rows), rel=1e-9)
    assert len(said) == 5


def test_what_a_real_proxy_records_is_what_cost_says(tmp_path: Path) -> None:
    with ScriptedMessages(Script(main=[Turn(text="Fine.")])) as service, Proxy(tmp_path, "-b", "anthropic", "--upstream", service.url) as proxy:
        for stream in (False, True):
            body = {"model": "claude-opus-5-5", "max_tokens": 50, "stream": stream, "messages": [{"role": "user", "content": "[[main]] hi"}]}
            curl = ["curl", "-sS", f"{proxy.url}/v1/messages", "-H", "x-api-key: k", "-H", "anthropic-version: 2023-06-01"]
            curl += ["-H", "content-type: application/json", "-H", "x-claude-code-session-id: s-1", "-d", json.dumps(body)]
            subprocess.run(curl, check=True, capture_output=True)
    (file,) = proxy.logs.glob("*.jsonl")
    recorded = [json.loads(line) for line in file.open() if '"type":"response"' in line and '"usage"' in line]
    total = ask("cost", str(file), "--json")
    (rows,) = costs(file, "select count(dollars), sum(dollars) from costs")
    assert len(recorded) == 2 and all(record["price_source"].startswith("table 20") for record in recorded)
    assert total["total"]["cost_usd"] == pytest.approx(rows[1], rel=1e-9)
    assert total["recorded_usd"] == pytest.approx(sum(record["cost_usd"] for record in recorded), rel=1e-9)
    assert total["recorded_usd"] == pytest.approx(total["total"]["cost_usd"], rel=1e-9)
    view = Path(REPOSITORY / "docs/views.sql").read_text()
    database = duckdb.connect()
    database.execute(f"set variable trace = '{file}'")
    database.execute(view)
    assert database.sql("select sum(cost_usd), count(price_source) from trace_response").fetchall() == [
        (pytest.approx(total["recorded_usd"]), 2)
    ]
