"""What a strict service refuses in the schema of a function, in the words of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

COMBINED = ("oneOf", "anyOf", "allOf", "enum", "not")


def schema_problem(name: str, schema: dict[str, Any], strict: bool) -> str | None:
    """Why the parameters of this function are refused, or None."""
    begin = f"Invalid schema for function '{name}': "
    if schema.get("type") != "object":
        return f"{begin}schema must be a JSON Schema of 'type: \"object\"', got 'type: {schema.get('type')!r}'."
    if any(key in schema for key in COMBINED):
        forbidden = "/".join(f"'{key}'" for key in COMBINED)
        return f"{begin}schema must have type 'object' and not have {forbidden} at the top level."
    for context, part in parts(schema, ()):
        if part.get("type") == "array" and "items" not in part:
            return f"{begin}In context={context!r}, array schema missing items."
        if strict and (problem := open_object(part)):
            return f"{begin}In context={context!r}, {problem}"
    return None


def parts(schema: Any, context: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """The schema and every schema in it."""
    if not isinstance(schema, dict):
        return
    yield context, schema
    for holder in ("properties", "$defs", "definitions", "patternProperties"):
        for key, value in (schema.get(holder) or {}).items():
            yield from parts(value, (*context, holder, key))
    for holder in ("items", "additionalProperties", "not"):
        yield from parts(schema.get(holder), (*context, holder))
    for holder in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for index, value in enumerate(schema.get(holder) or []):
            yield from parts(value, (*context, holder, str(index)))


def open_object(schema: dict[str, Any]) -> str | None:
    if schema.get("type") != "object":
        return None
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    missing = sorted(set(schema.get("properties") or {}) - set(schema.get("required") or []))
    if not missing:
        return None
    return f"'required' is required to be an array including every key in properties. Missing {missing}."
