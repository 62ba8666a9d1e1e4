"""Numbers and times that no honest writer makes: no reading command may die of them."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from proxy import REPOSITORY, binary

TRACES = REPOSITORY / "Tests/Fixtures/traces"
NUMBERS = ["9223372036854775807", "-9223372036854775808", "1e300", "-1", "0.5"]
TIMES = ["9999-12-31T23:59:59.999Z", "0000-00-00T00:00:00.000Z"]
# What says how a line is to be read, and the bodies themselves.
LEFT = {"v", "seq", "body"}
COMMANDS = [
    "sessions", "sessions --json", "show", "show --json", "tools", "tools --calls", "tools --json", "cache", "cache --json",
    "context", "context --json", "cost", "cost --by model --json", "cat --full", "export har", "export md", "export csv",
    "export csv --calls",
]  # fmt: skip


def with_number(value: Any, mark: str, name: str = "") -> Any:
    """The record with each number replaced by a mark."""
    if isinstance(value, dict):
        return {key: one if key in LEFT else with_number(one, mark, key) for key, one in value.items()}
    if isinstance(value, list):
        return [with_number(one, mark) for one in value]
    return mark if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def spoilt(records: list[dict[str, Any]], kind: str, number: str) -> str:
    lines = [json.dumps(with_number(one, "@N@") if one["type"] == kind else one) for one in records]
    return "\n".join(lines).replace('"@N@"', number) + "\n"


def untimely(records: list[dict[str, Any]], kind: str, time: str) -> str:
    return "\n".join(json.dumps({**one, "ts": time} if one["type"] == kind else one) for one in records) + "\n"


def die(command: str, trace: Path) -> str | None:
    words = command.split()
    at = 2 if words[0] == "export" else 1
    run = subprocess.run(
        [str(binary()), *words[:at], str(trace), *words[at:]],
        env={"PATH": os.environ["PATH"], "HOME": str(trace.parent)},
        capture_output=True,
        timeout=30,
    )
    return f"{command}: {run.returncode} {run.stderr[-200:]!r}" if run.returncode not in (0, 1, 2, 65) else None


@pytest.mark.parametrize("source", ["openai_chat", "bedrock_converse", "anthropic"])
def test_odd_numbers_and_times_kill_no_command(source: str, tmp_path: Path) -> None:
    records = [json.loads(line) for line in (TRACES / f"{source}.jsonl").read_text().splitlines()]
    jobs = []
    for kind in sorted({one["type"] for one in records}):
        texts = [spoilt(records, kind, number) for number in NUMBERS] + [untimely(records, kind, time) for time in TIMES]
        for number, text in enumerate(texts):
            trace = tmp_path / f"{kind}-{number}.jsonl"
            trace.write_text(text)
            jobs += [(command, trace) for command in COMMANDS]
    with ThreadPoolExecutor(4) as pool:
        deaths = [(job[1].name, death) for job, death in zip(jobs, pool.map(lambda job: die(*job), jobs), strict=True) if death]
    assert deaths == []
