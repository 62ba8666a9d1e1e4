"""Checks a value against the request types of the official `openai` package, unknown fields forbidden everywhere.

Nothing is copied from those types: they are read with `get_type_hints`, so a new version of the package is a new judge.
"""

from __future__ import annotations

import types
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from typing_extensions import NotRequired, Required, get_type_hints, is_typeddict

SCALARS = {str: "a string", int: "an integer", float: "a number", bool: "a boolean", type(None): "null"}


class Mismatch(Exception):
    """A value that is not of its type. `variant` marks the wrong branch of a union (a literal that differs)."""

    def __init__(self, path: str, message: str, variant: bool = False):
        super().__init__(f"{path}: {message}" if path else message)
        self.path, self.message, self.variant = path, message, variant

    @property
    def depth(self) -> tuple[bool, int]:
        return (not self.variant, self.path.count(".") + self.path.count("["))


def check_request(body: Any) -> None:
    """Raises `Mismatch` unless the body is a legal `chat.completions.create` request."""
    streams = isinstance(body, dict) and body.get("stream") is True
    check(body, CompletionCreateParamsStreaming if streams else CompletionCreateParamsNonStreaming, "")


def check(value: Any, hint: Any, path: str) -> None:
    hint = stripped(hint)
    origin = get_origin(hint)
    if hint in (Any, object):
        return
    if origin in (Union, types.UnionType):
        check_union(value, get_args(hint), path)
    elif origin is Literal:
        if not any(type(value) is type(literal) and value == literal for literal in get_args(hint)):
            raise Mismatch(path, f"{value!r} is not one of {list(get_args(hint))[:8]}", variant=True)
    elif is_typeddict(hint):
        check_fields(value, hint, path)
    elif hint in SCALARS:
        check_scalar(value, hint, path)
    elif (origin or hint) in (dict,):
        check_map(value, hint, path)
    elif origin is not None and len(get_args(hint)) == 1:  # list, Iterable, Sequence
        check_list(value, get_args(hint)[0], path)
    else:
        raise TypeError(f"no rule for the type {hint!r} at {path}")


def check_union(value: Any, branches: tuple[Any, ...], path: str) -> None:
    problems = []
    for branch in branches:
        try:
            return check(value, branch, path)
        except Mismatch as problem:
            problems.append(problem)
    raise max(problems, key=lambda problem: problem.depth)


def check_fields(value: Any, hint: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise Mismatch(path, f"expected an object, got {kind(value)}", variant=True)
    known, required = fields(hint)
    for key, item in value.items():  # literals first, so that a union picks its branch by `type` and `role`
        if key in known and get_origin(stripped(known[key])) is Literal:
            check(item, known[key], joined(path, key))
    for key, item in value.items():
        if key not in known:
            raise Mismatch(joined(path, key), unknown_text(path, key))
        check(item, known[key], joined(path, key))
    for key in sorted(required - value.keys()):
        raise Mismatch(
            joined(path, key), f"Missing required parameter: '{joined(path, key)}'.", variant=key in ("role", "type")
        )


def unknown_text(path: str, key: str) -> str:
    if path:
        return f"Unknown parameter: '{joined(path, key)}'."
    return f"Unrecognized request argument supplied: {key}"


@cache
def fields(hint: Any) -> tuple[dict[str, Any], set[str]]:
    """The fields of a TypedDict with their types, and which are required (also when annotations are strings)."""
    hints = get_type_hints(hint, include_extras=True)
    required = set()
    for key, item in hints.items():
        mark = get_origin(item)
        if mark is Required or (mark is not NotRequired and key in hint.__required_keys__):
            required.add(key)
    return hints, required


def check_scalar(value: Any, hint: Any, path: str) -> None:
    allowed = (int, float) if hint is float else hint
    if not isinstance(value, allowed) or (isinstance(value, bool) and hint is not bool):
        raise Mismatch(path, f"Invalid type for '{path}': expected {SCALARS[hint]}, but got {kind(value)} instead.")


def check_map(value: Any, hint: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise Mismatch(path, f"expected an object, got {kind(value)}")
    for key, item in value.items():
        check(item, (get_args(hint) or (str, Any))[1], joined(path, key))


def check_list(value: Any, hint: Any, path: str) -> None:
    if not isinstance(value, list):
        raise Mismatch(path, f"expected an array, got {kind(value)}")
    for index, item in enumerate(value):
        check(item, hint, f"{path}[{index}]")


def stripped(hint: Any) -> Any:
    while get_origin(hint) in (Required, NotRequired):
        hint = get_args(hint)[0]
    return hint


def joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", **SCALARS}
    return names.get(type(value), type(value).__name__)
