"""A strict Responses service on loopback: refuses what breaks `responses_rules`, and plays a script.

What it thought before a call must come back with the call: that is what the Responses API is used for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import responses_wire as wire
from chat_rules import REASONING, Model, Refused
from responses_rules import check_responses
from scripted_chat import ScriptedChat
from talk import Talk, from_responses
from turns import Script, Turn


class ScriptedResponses(ScriptedChat):
    path = "/v1/responses"

    def __init__(self, script: Script | None = None, model: Model = REASONING):
        super().__init__(script, model)
        self.thought: dict[str, str] = {}  # call -> the reasoning that led to it

    def check(self, body: Any, model: Model) -> None:
        check_responses(body, model, wire.unseal)
        come_back = {item.get("id") for item in body["input"] if item.get("type") == "reasoning"}
        for item in body["input"]:
            missing = self.thought.get(item.get("call_id", ""))
            if item.get("type") == "function_call" and missing and missing not in come_back:
                text = f"was provided without its required 'reasoning' item: '{missing}'."
                raise Refused(f"Item '{item['call_id']}' of type 'function_call' {text}", "input")

    def talk(self, body: Any) -> Talk:
        return from_responses(body)

    def whole(self, turn: Turn, body: Any) -> dict[str, Any]:
        answer = wire.response(turn, body, wire.items(turn, body))
        self.remember(answer["output"])
        return answer

    def stream(self, turn: Turn, body: Any) -> Iterator[bytes]:
        output = wire.items(turn, body)
        self.remember(output)
        return wire.events(turn, body, output)

    def remember(self, output: list[dict[str, Any]]) -> None:
        first, *rest = output or [{}]
        if first.get("encrypted_content"):
            self.thought |= {item["call_id"]: first["id"] for item in rest if "call_id" in item}


__all__ = ["ScriptedResponses"]
