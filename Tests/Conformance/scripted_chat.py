"""A strict Chat Completions service on loopback: refuses what breaks `chat_rules`, and plays a script."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import chat_wire as wire
from chat_rules import PLAIN, REASONING, Model, Refused, check_chat
from service import Recorded, Reply, Service
from talk import Talk, from_chat
from turns import Failure, NoTurn, Script, Turn

KEY = "sk-test-upstream-key-of-the-conformance-suite"
JSON = ("content-type", "application/json")
STREAM = ("content-type", "text/event-stream; charset=utf-8")


def failure(status: int, text: str, code: str | None = None, kind: str = "invalid_request_error") -> Failure:
    """A failure worded the way OpenAI words it."""
    return Failure(status, {"error": {"message": text, "type": kind, "param": None, "code": code}}, (JSON,))


def too_long(asked: int = 250000, most: int = 128000) -> Failure:
    text = f"This model's maximum context length is {most} tokens. However, your messages resulted in {asked} tokens"
    return failure(400, f"{text}. Please reduce the length of the messages.", "context_length_exceeded")


class ScriptedChat(Service):
    path = "/v1/chat/completions"

    def __init__(self, script: Script | None = None, model: Model = PLAIN):
        super().__init__(script)
        self.model = model
        self.ids = itertools.count(1)

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def answer(self, request: Recorded) -> Reply:
        if request.path == "/v1/models":
            return self.reply(200, {"object": "list", "data": []})
        if request.path != self.path or request.method != "POST":
            return self.reply(404, Refused(f"Invalid URL ({request.method} {request.path})").body)
        if request.header("authorization") != f"Bearer {KEY}":
            self.refuse(f"wrong credentials: {request.header('authorization')}")
            return self.reply(401, Refused("Incorrect API key provided", code="invalid_api_key").body)
        try:
            request.json = self.read(request)
            self.check(request.json, self.model_named(request.json.get("model")))
        except Refused as refused:
            self.refuse(refused.message)
            return self.reply(400, refused.body)
        return self.play(request)

    def read(self, request: Recorded) -> Any:
        if not (request.header("content-type") or "").startswith("application/json"):
            raise Refused(f"unsupported content-type {request.header('content-type')}")
        forbidden = [name for name, _ in request.headers if name.lower().startswith(("x-api-key", "anthropic-"))]
        if forbidden:
            raise Refused(f"the client's own headers reached the service: {forbidden}")
        try:
            return json.loads(request.body)
        except ValueError:
            raise Refused("We could not parse the JSON body of your request.") from None

    def play(self, request: Recorded) -> Reply:
        request.talk = self.talk(request.json)
        turn = self.script.turn(request.talk)
        if isinstance(turn, Failure):
            return Reply(turn.status, self.headers(*turn.headers), turn.bytes)
        turn = replace(turn, calls=tuple(offered(call, request.talk) for call in turn.calls))
        if not request.json.get("stream"):
            return self.reply(200, self.whole(turn, request.json))
        return Reply(200, self.headers(STREAM), self.stream(turn, request.json), turn.write, turn.pace)

    # What another API does in another way.

    def check(self, body: Any, model: Model) -> None:
        check_chat(body, model)

    def talk(self, body: Any) -> Talk:
        return from_chat(body)

    def whole(self, turn: Turn, body: Any) -> dict[str, Any]:
        return wire.completion(turn, body["model"])

    def stream(self, turn: Turn, body: Any) -> Iterator[bytes]:
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return wire.events(turn, body["model"], with_usage)

    def model_named(self, name: Any) -> Model:
        """A user may ask for another model than the one this service is set up for."""
        return REASONING if str(name).startswith("gpt-5") else self.model

    def reply(self, status: int, body: dict[str, Any]) -> Reply:
        return Reply(status, self.headers(JSON), json.dumps(body).encode())

    def headers(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        number = next(self.ids)
        return [("x-request-id", f"req_{number:032x}"), ("openai-processing-ms", "12"), *more]


def offered(call: Any, talk: Talk) -> Any:
    """The call under the name this conversation knows the tool by."""
    name = talk.tool_named(call.tool, call.says)
    if name is None:
        raise NoTurn(f"the script calls {call.tool}, which was not offered; there are {sorted(talk.tools)}")
    return replace(call, tool=name)


__all__ = ["KEY", "ScriptedChat", "Turn", "failure", "too_long"]
