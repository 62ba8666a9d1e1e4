"""What a scripted model does in one turn, in words that belong to no wire format.

A `Script` holds, for each marker word found in a prompt (`[[main]] please …`), the list of turns the model takes after
that prompt. Which turn is due is read from the conversation itself, never from a global counter, so that retries, side
requests and sub-agents cannot race each other.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Call:
    """One tool call. `tool` is the name the client gave; a service may have been offered a shortened one.

    `says` is a word of the tool's description, by which a model that sees only shortened names finds the tool.
    """

    tool: str
    input: dict[str, Any] = field(default_factory=dict)
    says: str = ""
    id: str = ""

    @property
    def arguments(self) -> str:
        return json.dumps(self.input, ensure_ascii=False)


@dataclass(frozen=True)
class Usage:
    """Token numbers of one turn: the whole prompt, what of it came from a cache, and the answer."""

    prompt: int = 1200
    cached: int = 200
    answer: int = 42
    reasoning: int = 0


@dataclass(frozen=True)
class Turn:
    """One answer of the model. Parts are sent in this order: thinking, text, calls."""

    text: str = ""
    thinking: str = ""
    calls: tuple[Call, ...] = ()
    piece: int = 0  # characters of arguments in one delta; 0 sends them whole
    interleave: bool = False  # alternate the deltas of parallel calls
    write: int = 0  # bytes in one socket write; 0 writes one event at a time
    pace: float = 0.0  # seconds between two writes
    stop: str = ""  # "length" or "filter"; otherwise what the parts imply
    ending: str = "complete"  # or "cut", "error", "stall": what happens before the answer is complete
    usage: Usage = Usage()


@dataclass(frozen=True)
class Failure:
    """An answer that is an HTTP error."""

    status: int
    body: Any = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body).encode()

    def with_header(self, name: str, value: str) -> Failure:
        return replace(self, headers=self.headers + ((name, value),))


class NoTurn(Exception):
    """The conversation reached a place the script does not know."""


class Script:
    """Turns by marker. An entry that is a list is one turn with several tries: the last one repeats.

    The one turn of `always` answers every request, with or without a marker.
    """

    def __init__(self, **threads: list[Any]):
        self.threads = threads
        self.tries: Counter[tuple[str, int]] = Counter()
        self.lock = threading.Lock()

    def turn(self, talk: Any) -> Turn | Failure:
        if "always" in self.threads:
            return self.threads["always"][0]
        turns = self.threads.get(talk.marker)
        if turns is None or talk.step >= len(turns):
            raise NoTurn(f"no turn {talk.step} for '{talk.marker}'; last user text: {talk.last_text[:200]!r}")
        chosen = turns[talk.step]
        if not isinstance(chosen, list):
            return chosen
        with self.lock:
            number = self.tries[talk.marker, talk.step]
            self.tries[talk.marker, talk.step] += 1
        return chosen[min(number, len(chosen) - 1)]


def text_pieces(text: str, size: int = 12) -> list[str]:
    """A text cut the way a model streams it."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def argument_pieces(call: Call, size: int) -> list[str]:
    return text_pieces(call.arguments, size) if size else [call.arguments]
