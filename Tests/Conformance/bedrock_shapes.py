"""Checks a JSON body against a shape of botocore's service model: types, enums, patterns, lengths, unions, base64."""

from __future__ import annotations

import base64
import binascii
import re
from functools import cache
from typing import Any

import botocore.loaders
import botocore.model


class Mismatch(Exception):
    """One thing the service's own model does not allow."""


@cache
def operation(name: str) -> botocore.model.OperationModel:
    loader = botocore.loaders.Loader()
    model = botocore.model.ServiceModel(loader.load_service_model("bedrock-runtime", "service-2"), "bedrock-runtime")
    return model.operation_model(name)


def check_input(name: str, body: Any) -> None:
    """The body of an operation: what stands in the path may not stand in it."""
    shape = operation(name).input_shape
    in_path = {key for key, member in shape.members.items() if member.serialization.get("location") == "uri"}
    for key in in_path & set(body):
        raise Mismatch(f"{key} belongs into the path")
    check(shape, {**body, **{key: "anthropic.model" for key in in_path}}, name)


def check(shape: Any, value: Any, path: str) -> None:
    if shape.type_name == "structure" and getattr(shape, "is_document_type", False):
        return
    CHECKS[shape.type_name](shape, value, path)


def structure(shape: Any, value: Any, path: str) -> None:
    want(isinstance(value, dict), path, "an object", value)
    for name in shape.required_members:
        if name not in value:
            raise Mismatch(f"{path}: {name} is required")
    for key, member in value.items():
        if key not in shape.members:
            raise Mismatch(f"{path}: unknown member {key}")
        check(shape.members[key], member, f"{path}.{key}")
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        raise Mismatch(f"{path}: a union with {sorted(value)}")


def array(shape: Any, value: Any, path: str) -> None:
    want(isinstance(value, list), path, "a list", value)
    measured(shape, len(value), path)
    for index, element in enumerate(value):
        check(shape.member, element, f"{path}[{index}]")


def mapping(shape: Any, value: Any, path: str) -> None:
    want(isinstance(value, dict), path, "an object", value)
    measured(shape, len(value), path)
    for key, element in value.items():
        check(shape.key, key, f"{path} key")
        check(shape.value, element, f"{path}.{key}")


def string(shape: Any, value: Any, path: str) -> None:
    want(isinstance(value, str), path, "a string", value)
    measured(shape, len(value), path)
    if shape.enum and value not in shape.enum:
        raise Mismatch(f"{path}: {value!r} is none of {shape.enum}")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        raise Mismatch(f"{path}: {value!r} does not match {pattern}")


def blob(shape: Any, value: Any, path: str) -> None:
    want(isinstance(value, str), path, "base64", value)
    try:
        measured(shape, len(base64.b64decode(value, validate=True)), path)
    except binascii.Error as problem:
        raise Mismatch(f"{path}: {problem}") from None


def integer(shape: Any, value: Any, path: str) -> None:
    want(isinstance(value, int) and not isinstance(value, bool), path, "a whole number", value)
    measured(shape, value, path)


def number(shape: Any, value: Any, path: str) -> None:
    want(isinstance(value, (int, float)) and not isinstance(value, bool), path, "a number", value)
    measured(shape, value, path)


def boolean(shape: Any, value: Any, path: str) -> None:
    want(isinstance(value, bool), path, "true or false", value)


def measured(shape: Any, size: float, path: str) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least or most is not None and size > most:
        raise Mismatch(f"{path}: {size} is outside {least} to {most}")


def want(holds: bool, path: str, what: str, value: Any) -> None:
    if not holds:
        raise Mismatch(f"{path}: expected {what}, got {str(value)[:80]!r}")


CHECKS = {"structure": structure, "list": array, "map": mapping, "string": string, "blob": blob, "integer": integer,
          "long": integer, "float": number, "double": number, "boolean": boolean}  # fmt: skip
