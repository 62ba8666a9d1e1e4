"""What a strict Responses service refuses, as the real one words it: the types, then the rules no type says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chat_media import check_file, check_image
from chat_rules import SAMPLING, Model, Refused, check_arguments, check_name, unsupported
from chat_types import Mismatch, check
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)

LEAST_OUTPUT = 16
Reads = Callable[[str], "dict[str, Any] | None"]


def check_responses(body: Any, model: Model, reads: Reads) -> None:
    """Raises `Refused` for the first thing the service would not take. `reads` decrypts what the service once made."""
    streams = isinstance(body, dict) and body.get("stream") is True
    try:
        check(body, ResponseCreateParamsStreaming if streams else ResponseCreateParamsNonStreaming, "")
    except Mismatch as problem:
        code = "unknown_parameter" if problem.message.startswith("Un") else None
        raise Refused(problem.message, problem.path, code) from None
    check_fields(body)
    check_model_fields(body, model)
    check_tools(body)
    check_pairs(body["input"])
    for index, item in enumerate(body["input"]):
        check_item(item, f"input[{index}]")
    check_reasoning(body["input"], body["model"], reads)


def check_fields(body: dict[str, Any]) -> None:
    if not isinstance(body.get("input"), list) or not body["input"]:
        raise Refused("Missing required parameter: 'input'.", "input")
    if body.get("store") is not False or body.get("previous_response_id"):
        raise Refused("nothing may be stored: every request must hold its whole conversation", "store")
    if body.get("instructions") == "":
        raise Refused("Invalid 'instructions': empty string.", "instructions")
    if len(body.get("prompt_cache_key") or "") > 64:
        raise Refused("Invalid 'prompt_cache_key': string too long.", "prompt_cache_key")


def check_model_fields(body: dict[str, Any], model: Model) -> None:
    asked = body.get("max_output_tokens")
    if asked is not None and asked < LEAST_OUTPUT:
        text = f"integer below minimum value. Expected a value >= {LEAST_OUTPUT}, but got {asked} instead."
        raise Refused(f"Invalid 'max_output_tokens': {text}", "max_output_tokens", "integer_below_min_value")
    if asked is not None and asked > model.most_output:
        text = f"This model supports at most {model.most_output} output tokens, whereas you provided {asked}."
        raise Refused(f"max_output_tokens is too large: {asked}. {text}", "max_output_tokens", "invalid_value")
    if model.reasoning:
        for key in SAMPLING:
            if body.get(key) is not None:
                raise unsupported(key, f"Unsupported parameter: '{key}' is not supported with this model.")
        return
    if body.get("reasoning"):
        key = f"reasoning.{next(iter(body['reasoning']))}"
        raise unsupported(key, f"Unsupported parameter: '{key}' is not supported with this model.")
    if body.get("include"):
        raise Refused("Encrypted content is not supported with this model.", "include")


def check_tools(body: dict[str, Any]) -> None:
    names: set[str] = set()
    for index, tool in enumerate(body.get("tools") or []):
        at = f"tools[{index}]"
        if tool["type"] != "function":
            raise Refused(f"the script offers functions only, not {tool['type']}", at)
        check_name(tool["name"], f"{at}.name")
        if tool["name"] in names:
            raise Refused(f"Duplicate function name '{tool['name']}'", f"{at}.name")
        names.add(tool["name"])
        check_schema(tool, f"{at}.parameters")
    if body.get("tools") == []:
        raise Refused("Invalid 'tools': empty array.", "tools", "empty_array")
    for key in ("tool_choice", "parallel_tool_calls"):
        if key in body and not names:
            raise Refused(f"'{key}' is only allowed when 'tools' are specified.", key)
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice["name"] not in names:
        raise Refused(f"Tool choice '{choice['name']}' not found in 'tools' parameter.", "tool_choice")


def check_schema(tool: dict[str, Any], at: str) -> None:
    schema = tool["parameters"] or {}
    wrong = f"Invalid schema for function '{tool['name']}'"
    if schema.get("type") != "object":
        text = f"schema must be a JSON Schema of 'type: \"object\"', got {schema.get('type')!r}."
        raise Refused(f"{wrong}: {text}", at, "invalid_function_parameters")
    if tool["strict"] and not is_closed(schema):
        text = "In context=(), 'additionalProperties' is required to be supplied and to be false."
        raise Refused(f"{wrong}: {text}", at, "invalid_function_parameters")


def is_closed(schema: Any) -> bool:
    if isinstance(schema, list):
        return all(map(is_closed, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object":
        required = set(schema.get("required", []))
        if schema.get("additionalProperties") is not False or set(schema.get("properties", {})) - required:
            return False
    return all(map(is_closed, schema.values()))


def check_pairs(items: list[dict[str, Any]]) -> None:
    """Every call is answered once, before the conversation goes on, and nothing else is answered."""
    waiting: list[str] = []
    seen: set[str] = set()
    answering = False
    for index, item in enumerate(items):
        if item.get("type") == "function_call":
            if answering:
                refuse_unanswered(waiting)
            answering = False
            if item["call_id"] in seen:
                raise Refused(f"Duplicate call id {item['call_id']}", f"input[{index}].call_id")
            seen.add(item["call_id"])
            waiting.append(item["call_id"])
        elif item.get("type") == "function_call_output":
            answering = True
            if item["call_id"] not in waiting:
                text = f"No tool call found for function call output with call_id {item['call_id']}."
                raise Refused(text, "input")
            waiting.remove(item["call_id"])
        elif item.get("type") != "reasoning":
            refuse_unanswered(waiting)
    refuse_unanswered(waiting)


def refuse_unanswered(waiting: list[str]) -> None:
    if waiting:
        raise Refused(f"No tool output found for function call {waiting[0]}.", "input")


def check_item(item: dict[str, Any], at: str) -> None:
    kind = item.get("type")
    if kind == "message":
        if item["content"] in ("", []):
            raise Refused(f"Invalid '{at}.content': empty.", f"{at}.content")
        if "phase" in item and item["role"] != "assistant":
            raise Refused(f"Unknown parameter: '{at}.phase'.", f"{at}.phase", "unknown_parameter")
    elif kind == "function_call":
        if not 0 < len(item["call_id"]) <= 64:
            raise Refused(f"Invalid '{at}.call_id': {len(item['call_id'])} characters.", f"{at}.call_id")
        check_name(item["name"], f"{at}.name")
        check_arguments(item["arguments"], f"{at}.arguments")
    elif kind == "function_call_output":
        if item["output"] in ("", []):
            raise Refused(f"Invalid '{at}.output': empty.", f"{at}.output")
    elif kind != "reasoning":
        raise Refused(f"the script knows no item of type {kind}", at)
    for place, part in parts(item, at):
        check_part(part, place)


def parts(item: dict[str, Any], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in ("content", "output"):
        if isinstance(item.get(key), list):
            yield from ((f"{at}.{key}[{index}]", part) for index, part in enumerate(item[key]))


def check_part(part: dict[str, Any], at: str) -> None:
    problem = None
    if part["type"] == "input_text" and not part["text"]:
        problem = "text parts must be non-empty"
    elif part["type"] == "input_image":
        problem = check_image(part["image_url"])
    elif part["type"] == "input_file" and "file_url" not in part:
        problem = check_file(part)
    if problem:
        raise Refused(f"Invalid '{at}': {problem}.", at, "invalid_value")


def check_reasoning(items: list[dict[str, Any]], model: str, reads: Reads) -> None:
    """Reasoning comes back readable, directly before what it led to; and a call whose reasoning is known, with it."""
    for item, following in zip(items, [*items[1:], {}], strict=True):
        if item.get("type") != "reasoning":
            continue
        if not item.get("encrypted_content"):
            text = "Items are not persisted when `store` is set to false."
            raise Refused(f"Item with id '{item['id']}' not found. {text}", "input")
        made = reads(item["encrypted_content"])
        if made is None or made["model"] != model or made["id"] != item["id"]:
            shown = f"{item['encrypted_content'][:4]}...{item['encrypted_content'][-4:]}"
            raise Refused(f"The encrypted content {shown} could not be verified.", code="invalid_encrypted_content")
        if made["led_to"] != what(following):
            text = "was provided without its required following item."
            raise Refused(f"Item '{item['id']}' of type 'reasoning' {text}", "input")


def what(item: dict[str, Any]) -> str:
    """By what the item is known that reasoning led to."""
    if item.get("type") == "function_call":
        return item["call_id"]
    return "message" if item.get("role") == "assistant" else ""
