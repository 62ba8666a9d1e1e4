"""What a strict Chat Completions service refuses, as the real one words it: the types, then the rules no type says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chat_media import check_file, check_image
from chat_schemas import schema_problem
from chat_types import Mismatch, check_request

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
SAMPLING = ("temperature", "top_p")


@dataclass(frozen=True)
class Model:
    """What one model accepts."""

    reasoning: bool = False
    most_output: int = 16384


PLAIN = Model()
REASONING = Model(reasoning=True, most_output=128000)


class Refused(Exception):
    """One refusal, able to say itself as the service's error body."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None):
        super().__init__(message)
        self.message, self.param, self.code = message, param, code

    @property
    def body(self) -> dict[str, Any]:
        kind = "invalid_request_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def check_chat(body: Any, model: Model = PLAIN) -> None:
    """Raises `Refused` for the first thing the service would not take."""
    try:
        check_request(body)
    except Mismatch as problem:
        raise Refused(
            problem.message, problem.path, "unknown_parameter" if "Un" in problem.message[:2] else None
        ) from None
    for rule in (check_limits, check_model_fields, check_tools, check_tool_choice, check_order):
        rule(body, model)
    for index, message in enumerate(body["messages"]):
        check_message(message, f"messages.[{index}]", model)


def check_limits(body: dict[str, Any], model: Model) -> None:
    if not body["messages"]:
        raise Refused(
            "Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages", "empty_array"
        )
    if body.get("n") is not None:
        raise Refused("'n' was sent; one answer is all that can be given back", "n")
    if "stream_options" in body and not body.get("stream"):
        raise Refused("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    check_stop(body.get("stop"))
    for key, most in (("user", 64), ("safety_identifier", 128), ("prompt_cache_key", 64)):
        if len(body.get(key) or "") > most:
            raise Refused(f"Invalid '{key}': string too long. Expected a string with maximum length {most}", key)


def check_stop(stop: Any) -> None:
    if stop is None:
        return
    stops = [stop] if isinstance(stop, str) else stop
    if len(stops) > 4:
        raise Refused(f"Invalid 'stop': array too long. Expected at most 4, but got {len(stops)} instead.", "stop")
    if not stops or not all(stops):
        raise Refused("Invalid 'stop': empty.", "stop")


def check_model_fields(body: dict[str, Any], model: Model) -> None:
    both = [key for key in ("max_tokens", "max_completion_tokens") if body.get(key) is not None]
    if len(both) == 2:
        raise Refused(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.", "max_tokens"
        )
    for key in both:
        check_output_limit(key, body[key], model)
    if model.reasoning:
        refuse_plain_fields(body)
    elif body.get("reasoning_effort") is not None:
        raise unsupported("reasoning_effort", "Unrecognized request argument supplied: reasoning_effort")


def check_output_limit(key: str, asked: int, model: Model) -> None:
    if asked < 1:
        raise Refused(
            f"Invalid '{key}': integer below minimum value. Expected a value >= 1, but got {asked} instead.", key
        )
    if asked > model.most_output:
        supports = f"This model supports at most {model.most_output} completion tokens, whereas you provided {asked}."
        raise Refused(f"max_tokens is too large: {asked}. {supports}", key, "invalid_value")


def refuse_plain_fields(body: dict[str, Any]) -> None:
    if body.get("max_tokens") is not None:
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise unsupported("max_tokens", text)
    for key in SAMPLING:
        if body.get(key) not in (None, 1):
            text = f"Unsupported value: '{key}' does not support {body[key]} with this model. Only the default (1) is supported."
            raise Refused(text, key, "unsupported_value")
    if body.get("stop") is not None:
        raise unsupported("stop", "Unsupported parameter: 'stop' is not supported with this model.")


def unsupported(param: str, text: str) -> Refused:
    return Refused(text, param, "unsupported_parameter")


def check_tools(body: dict[str, Any], model: Model) -> None:
    tools = body.get("tools")
    if tools is None:
        return
    if not tools:
        raise Refused("Invalid 'tools': empty array. Expected an array with minimum length 1.", "tools", "empty_array")
    if len(tools) > 128:
        raise Refused(
            f"Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length {len(tools)} instead.",
            "tools",
            "array_above_max_length",
        )
    seen: set[str] = set()
    for index, tool in enumerate(tools):
        at = f"tools[{index}].function"
        name = tool["function"]["name"]
        check_name(name, f"{at}.name")
        if name in seen:
            raise Refused(f"Duplicate function name '{name}'", f"{at}.name")
        seen.add(name)
        function = tool["function"]
        schema = function.get("parameters", {"type": "object"})
        if problem := schema_problem(name, schema, bool(function.get("strict"))):
            raise Refused(problem, f"{at}.parameters", "invalid_function_parameters")


def check_name(name: str, at: str) -> None:
    if len(name) > 64:
        text = f"Invalid '{at}': string too long. Expected a string with maximum length 64, but got a string with length {len(name)} instead."
        raise Refused(text, at, "string_above_max_length")
    if not NAME.fullmatch(name):
        raise Refused(
            f"Invalid '{at}': string does not match pattern. Expected '^[a-zA-Z0-9_-]+$'.", at, "invalid_value"
        )


def check_tool_choice(body: dict[str, Any], model: Model) -> None:
    names = {tool["function"]["name"] for tool in body.get("tools") or []}
    for key in ("tool_choice", "parallel_tool_calls"):
        if key in body and not names:
            raise Refused(f"'{key}' is only allowed when 'tools' are specified.", key)
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] == "function" and choice["function"]["name"] not in names:
        raise Refused(f"Tool choice '{choice['function']['name']}' not found in 'tools' parameter.", "tool_choice")


def check_order(body: dict[str, Any], model: Model) -> None:
    """Every call is answered once, by a tool message right after it, and nothing else is answered."""
    waiting: list[str] = []
    for index, message in enumerate(body["messages"]):
        at = f"messages.[{index}].role"
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                raise Refused(
                    "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.", at
                )
            waiting.remove(message["tool_call_id"])
            continue
        refuse_unanswered(waiting, at)
        waiting = [call["id"] for call in message.get("tool_calls") or []]
        if len(set(waiting)) != len(waiting):
            raise Refused(f"Duplicate tool call ids: {waiting}", at)
    refuse_unanswered(waiting, "messages")


def refuse_unanswered(waiting: list[str], at: str) -> None:
    if waiting:
        text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
        raise Refused(f"{text} The following tool_call_ids did not have response messages: {', '.join(waiting)}", at)


def check_message(message: dict[str, Any], at: str, model: Model) -> None:
    role, content = message["role"], message.get("content")
    if role == "function":
        raise Refused("the role 'function' is deprecated", f"{at}.role")
    if role == "developer" and not model.reasoning:
        raise Refused(
            "Unsupported value: 'messages[0].role' does not support 'developer' with this model.",
            f"{at}.role",
            "unsupported_value",
        )
    if role == "assistant":
        check_assistant(message, at)
    elif content in ("", [], None) and role in ("tool", "user"):
        raise Refused(f"Invalid '{at}.content': empty.", f"{at}.content")
    for place, part in parts(content, at):
        check_part(part, place)


def check_assistant(message: dict[str, Any], at: str) -> None:
    calls = message.get("tool_calls")
    if calls == []:
        raise Refused(
            f"Invalid '{at}.tool_calls': empty array. Expected an array with minimum length 1.", f"{at}.tool_calls"
        )
    if not calls and not message.get("content") and not message.get("refusal"):
        raise Refused(
            f"Invalid value for 'content': expected a string, got {message.get('content')!r}.", f"{at}.content"
        )
    for index, call in enumerate(calls or []):
        place = f"{at}.tool_calls[{index}]"
        if not 0 < len(call["id"]) <= 64:
            raise Refused(f"Invalid '{place}.id': {len(call['id'])} characters.", f"{place}.id")
        check_name(call["function"]["name"], f"{place}.function.name")
        check_arguments(call["function"]["arguments"], f"{place}.function.arguments")


def check_arguments(arguments: str, at: str) -> None:
    try:
        value = json.loads(arguments)
    except ValueError:
        raise Refused(f"'{at}' is not JSON: {arguments[:60]!r}", at) from None
    if not isinstance(value, dict):
        raise Refused(f"'{at}' is not a JSON object: {arguments[:60]!r}", at)


def parts(content: Any, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(content, list):
        yield from ((f"{at}.content[{index}]", part) for index, part in enumerate(content))


def check_part(part: dict[str, Any], at: str) -> None:
    problem = None
    if part["type"] == "text" and not part["text"]:
        problem = "text content parts must be non-empty"
    elif part["type"] == "image_url":
        problem = check_image(part["image_url"]["url"])
    elif part["type"] == "file":
        problem = check_file(part["file"])
    if problem:
        raise Refused(f"Invalid '{at}': {problem}", at)
