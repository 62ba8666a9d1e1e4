"""A strict Messages service on loopback that plays a script, and keeps the exact bytes of both directions."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from typing import Any

import messages_wire as wire
from service import Recorded, Reply, Service
from talk import from_messages
from turns import Failure, NoTurn, Script, Turn

JSON = ("content-type", "application/json")
STREAM = ("content-type", "text/event-stream; charset=utf-8")
ERRORS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error",
          500: "api_error", 529: "overloaded_error"}  # fmt: skip


def error_body(kind: str, text: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_scripted"}


def failure(status: int, text: str) -> Failure:
    """A failure worded the way the Messages API words it."""
    return Failure(status, error_body(ERRORS.get(status, "api_error"), text), (JSON,))


class ScriptedMessages(Service):
    def __init__(self, script: Script | None = None, compress: bool = False):
        super().__init__(script)
        self.compress = compress
        self.sent: list[bytearray] = []  # body bytes of each streamed reply, before chunking
        self.ids = itertools.count(1)

    def answer(self, request: Recorded) -> Reply:
        if problem := self.problem(request):
            self.refuse(problem)
            return self.reply(400, error_body("invalid_request_error", problem), request)
        if request.path == "/v1/models":
            return self.reply(200, {"data": [], "has_more": False, "first_id": None, "last_id": None}, request)
        if request.path == "/v1/messages/count_tokens":
            return self.reply(200, {"input_tokens": 4321}, request)
        if request.path != "/v1/messages":
            return self.reply(404, error_body("not_found_error", request.path), request)
        return self.play(request)

    def problem(self, request: Recorded) -> str | None:
        """What the real service would refuse before it looks at the conversation."""
        if not (request.header("x-api-key") or (request.header("authorization") or "").startswith("Bearer ")):
            return "neither x-api-key nor a bearer token"
        return self.malformed(request)

    @staticmethod
    def malformed(request: Recorded) -> str | None:
        if not request.header("anthropic-version"):
            return "anthropic-version: header is required"
        if request.method != "POST":
            return None
        if not (request.header("content-type") or "").startswith("application/json"):
            return f"content-type is {request.header('content-type')}"
        try:
            request.json = json.loads(request.body)
        except ValueError as problem:
            return f"the request body is not valid JSON: {problem}"
        missing = [key for key in ("model", "messages") if key not in request.json]
        return f"{missing[0]}: Field required" if missing else None

    def play(self, request: Recorded) -> Reply:
        request.talk = from_messages(request.json)
        turn = self.script.turn(request.talk)
        if isinstance(turn, Failure):
            return Reply(turn.status, self.headers(*turn.headers), turn.bytes)
        for call in turn.calls:
            if call.tool not in request.talk.tools:
                raise NoTurn(f"the script calls {call.tool}, which was not offered")
        model = request.json["model"]
        if not request.json.get("stream"):
            return self.reply(200, wire.message(turn, model), request)
        return Reply(200, self.headers(STREAM), self.keep(wire.events(turn, model)), turn.write, turn.pace)

    def keep(self, events: Iterator[bytes]) -> Iterator[bytes]:
        kept = bytearray()
        self.sent.append(kept)
        for event in events:
            kept += event
            yield event

    def reply(self, status: int, body: dict[str, Any], request: Recorded) -> Reply:
        data = json.dumps(body).encode()
        if self.compress and "gzip" in (request.header("accept-encoding") or ""):
            return Reply(status, self.headers(JSON, ("content-encoding", "gzip")), gzip.compress(data))
        return Reply(status, self.headers(JSON), data)

    def headers(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        number = next(self.ids)
        return [("request-id", f"req_{number:024d}"), ("anthropic-organization-id", "org-scripted"), *more]


__all__ = ["ScriptedMessages", "Turn", "failure"]
