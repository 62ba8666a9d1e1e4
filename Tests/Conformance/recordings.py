"""Answers of real services, recorded: where they lie, and how each one went over the wire."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy import REPOSITORY
from service import Recorded, Reply, Service

OURS = REPOSITORY / "Tests" / "Fixtures" / "recordings"


@dataclass(frozen=True)
class Recording:
    """One answer. `name` is its path below its folder."""

    name: str
    data: bytes
    status: int
    type: str

    @property
    def is_stream(self) -> bool:
        return self.type == "text/event-stream"


def recordings(kind: str) -> list[Recording]:
    """All of one kind (`openai_chat`, `anthropic`) in the folder that RECORDINGS names, if it holds any, else ours."""
    folders = [Path(os.environ["RECORDINGS"])] if "RECORDINGS" in os.environ else []
    for folder in [*folders, OURS]:
        roots = sorted({folder / kind, folder / kind.replace("_", "-")})
        if found := [one for root in roots if root.is_dir() for one in below(root)]:
            return found
    raise FileNotFoundError(f"{OURS} holds no recordings of {kind}")


def below(root: Path) -> Iterator[Recording]:
    known: dict[Path, dict[str, Any]] = {}
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.name.endswith(".request.json") or path.name in ("index.jsonl", "LICENSE"):
            continue
        name = str(path.relative_to(root))
        if path.suffix == ".sse" or path.name.endswith("_response.txt"):
            yield Recording(name, path.read_bytes(), 200, "text/event-stream")
        elif name.endswith(".chunks.txt"):
            yield Recording(name, as_stream(path.read_text()), 200, "text/event-stream")
        elif path.suffix == ".json":
            index = known.setdefault(path.parent, indexed(path.parent))
            told = index.get(path.name.removesuffix(".response.json"), {})
            yield Recording(name, path.read_bytes(), status(told, path), "application/json")


def indexed(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "index.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {row["file"]: row for row in rows}


def status(told: dict[str, Any], path: Path) -> int:
    """As it was noted; a file without a note that holds nothing but an error was a 400."""
    body = json.loads(path.read_text())
    return told.get("status") or (400 if isinstance(body, dict) and set(body) == {"error"} else 200)


def as_stream(chunks: str) -> bytes:
    """A list of chunks, one a line, as they stood in the stream; lists leave its closing mark out."""
    lines = [line for line in chunks.splitlines() if line.strip()]
    kinds = [json.loads(line).get("type") for line in lines]
    if kinds[0] == "message_start":
        return "".join(f"event: {kind}\ndata: {line}\n\n" for kind, line in zip(kinds, lines)).encode()
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


class Replay(Service):
    """A service that answers every request with the recording it was given last."""

    def __init__(self) -> None:
        super().__init__()
        self.recording = Recording("none", b"", 500, "text/plain")
        self.write = 0

    def play(self, recording: Recording, write: int = 0) -> None:
        """`write`: the answer goes out in pieces of so many bytes; 0 is all at once."""
        self.recording, self.write = recording, write

    def answer(self, request: Recorded) -> Reply:
        one = self.recording
        body: Any = [one.data] if one.is_stream else one.data
        return Reply(one.status, [("content-type", one.type)], body, write=self.write)
