"""Reads the trace a proxy wrote: JSON lines in files, and bodies kept as differences."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]


@dataclass
class Trace:
    records: list[Record]
    raw: bytes

    @staticmethod
    def read(folder: Path) -> Trace:
        raw = b"".join(whole_lines(content(path)) for path in trace_files(folder))
        return Trace([json.loads(line) for line in raw.splitlines()], raw)

    def of(self, type: str, /, **wanted: Any) -> list[Record]:
        """The records of one type whose fields have these values; probes only where they are asked for."""
        hidden = None if "kind" in wanted else "probe"
        return [
            r
            for r in self.records
            if r["type"] == type and r.get("kind") != hidden and all(r.get(k) == v for k, v in wanted.items())
        ]

    def exchange(self, id: str) -> list[str]:
        return [record["type"] for record in self.records if record.get("id") == id]


def trace_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")])


def content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def whole_lines(data: bytes) -> bytes:
    """Without a last line that is still being written."""
    return data[: data.rfind(b"\n") + 1]


def whole_bodies(trace: Trace) -> Iterator[tuple[Record, Any]]:
    """Every request with its body rebuilt from `delta` (None where it cannot be known)."""
    known: dict[str, Any] = {}
    for record in trace.of("request"):
        body = rebuilt(record, known)
        if body is not None:
            known[record["id"]] = body
        yield record, body


def rebuilt(record: Record, known: dict[str, Any]) -> Any:
    delta = record.get("delta")
    if not delta:
        return record.get("body")
    base = known[base_id(delta["base"])]
    body = {key: base[key] for key in delta.get("same", [])}
    for key, value in (record.get("body") or {}).items():
        kept = delta.get("keep", {}).get(key, 0)
        body[key] = base[key][:kept] + value if kept else value
    for key, kept in delta.get("keep", {}).items():
        body.setdefault(key, base[key][:kept])
    return body


def base_id(base: Any) -> str:
    return base["id"] if isinstance(base, dict) else base


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
