"""What a recorded Chat Completions answer says, read from the meaning of the API alone: a judge that shares nothing with
the decoder it judges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
BROKEN_OFF = {"error", "insufficient_system_resource", "abort"}


@dataclass
class Call:
    id: str = ""
    name: str = ""
    arguments: str = ""

    @property
    def input(self) -> Any:
        return json.loads(self.arguments) if self.arguments.strip() else {}


@dataclass
class Reading:
    """`pieces` are (kind, text) in the order of the recording; a call stands where it began."""

    pieces: list[tuple[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    finish: str | None = None
    usage: dict[str, int] | None = None
    error: Any = None
    choices: set[int] = field(default_factory=set)
    refused: bool = False
    by_key: dict[Any, Call] = field(default_factory=dict)

    @property
    def reasoning(self) -> str:
        return "".join(text for kind, text in self.pieces if kind == "reasoning")

    @property
    def text(self) -> str:
        """All text; a run of nothing but blanks between other things is none."""
        return "".join(run for run in self.runs() if run.strip())

    @property
    def tagged(self) -> tuple[str, str] | None:
        """Reasoning and text where a model wrote its reasoning into the text, behind a tag at its beginning."""
        if not self.text.lstrip().startswith("<think>"):
            return None
        inside, _, behind = self.text.lstrip().removeprefix("<think>").partition("</think>")
        return inside.strip(), behind.strip()

    def runs(self) -> Iterator[str]:
        run = ""
        for kind, text in self.pieces:
            if kind == "text":
                run += text
            else:
                yield run
                run = ""
        yield run

    @property
    def stop_reason(self) -> str:
        if self.refused:
            return "refusal"
        natural = "tool_use" if self.calls else "end_turn"
        if self.finish == "length" or self.finish == "content_filter":
            return STOPS[self.finish]
        return natural

    def add(self, chunk: Any) -> None:
        if chunk.get("error"):
            self.error = chunk["error"]
            return
        for choice in chunk.get("choices") or []:
            self.choices.add(choice.get("index") or 0)
            self.say(choice.get("delta") or choice.get("message") or {})
            self.finish = choice.get("finish_reason") or self.finish
            if self.finish in BROKEN_OFF:
                self.error = {"message": self.finish}
        reported = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")
        if reported and (reported.get("prompt_tokens") or reported.get("completion_tokens")):
            self.usage = counts(reported)

    def say(self, delta: dict[str, Any]) -> None:
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if not reasoning:
            details = delta.get("reasoning_details") or []
            reasoning = "".join(d.get("text") or d.get("summary") or "" for d in details)
        if reasoning:
            self.pieces.append(("reasoning", reasoning))
        for kind, text in parts(delta.get("content")):
            self.pieces.append((kind, text))
        if delta.get("refusal"):
            self.refused = True
            self.pieces.append(("text", delta["refusal"]))
        for place, call in enumerate(delta.get("tool_calls") or []):
            self.add_call(call, place)

    def add_call(self, fragment: dict[str, Any], place: int) -> None:
        """A fragment belongs to the call of its index; without one, to the call of its id; else to the last."""
        function = fragment.get("function") or {}
        key = fragment.get("index", fragment.get("id") or (len(self.calls) - 1 if self.calls else place))
        call = self.by_key.get(key)
        if call is None:
            call = self.by_key[key] = Call(fragment.get("id") or "")
            self.calls.append(call)
            self.pieces.append(("call", call))
        call.name = call.name or function.get("name") or ""
        arguments = function.get("arguments")
        call.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""


def parts(content: Any) -> Iterator[tuple[str, str]]:
    if isinstance(content, str) and content:
        yield "text", content
    for part in content if isinstance(content, list) else []:
        if part.get("type") == "thinking":
            yield "reasoning", "".join(p.get("text") or "" for p in part["thinking"])
        elif part.get("text"):
            yield "text", part["text"]


def counts(usage: dict[str, Any]) -> dict[str, int]:
    """In the words of the Messages API, where the input does not hold what a cache gave or took."""
    prompt, output = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    of_prompt = usage.get("prompt_tokens_details") or {}
    of_output = usage.get("completion_tokens_details") or {}
    read = first(of_prompt.get("cached_tokens"), usage.get("prompt_cache_hit_tokens"), usage.get("cached_tokens"))
    written = first(of_prompt.get("cache_write_tokens"), usage.get("cache_creation_input_tokens"))
    thinking = first(of_output.get("reasoning_tokens"), usage.get("reasoning_tokens"))
    if thinking and usage.get("total_tokens") == prompt + output + thinking:
        output += thinking  # xAI counts the reasoning beside the completion
    return {
        "input_tokens": prompt - read - written,
        "output_tokens": output,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
    }


def first(*values: int | None) -> int:
    return next((value for value in values if value is not None), 0)


def read_stream(data: bytes) -> Reading:
    """The events of a stream in the SSE form; [DONE] and comments say nothing."""
    reading = Reading()
    for event in data.decode().replace("\r\n", "\n").split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
        text = "\n".join(lines)
        if text and text.strip() != "[DONE]" and not reading.error:
            reading.add(json.loads(text))
    return reading


def read_whole(data: bytes) -> Reading:
    reading = Reading()
    reading.add(json.loads(data))
    return reading
