"""The same question about a trace, asked of the program and of DuckDB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
from proxy import REPOSITORY, binary


def ask(*arguments: str) -> Any:
    """What a reading command says as JSON; it has nothing to say on stderr."""
    answer = subprocess.run([str(binary()), *arguments], capture_output=True, check=True, env={"HOME": "/nonexistent"})
    assert answer.stderr == b""
    return json.loads(answer.stdout)


def sql(trace: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query in which TRACE stands for the trace."""
    source = f"read_json('{trace}', format = 'newline_delimited', union_by_name = true, sample_size = -1)"
    return duckdb.sql(query.replace("TRACE", source)).fetchall()


def synthetic(path: Path) -> Path:
    """Writes a made-up trace of 12 MB."""
    subprocess.run([sys.executable, str(REPOSITORY / "Benchmarks/big_trace.py"), str(path), "12"], check=True)
    return path
