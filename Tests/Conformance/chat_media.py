"""Images and files of a Chat Completions request: well-formed, and what they claim to be. Each check returns a problem."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,(.*)", re.DOTALL)
MAGIC = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}


def check_image(url: str) -> str | None:
    if url.startswith(("https://", "http://")):
        return None
    kind, data = decoded(url)
    if data is None:
        return "the image is not a data URL with valid base64"
    if kind not in MAGIC:
        return f"unsupported image type {kind}; it must be one of png, jpeg, gif, webp"
    if not data.startswith(MAGIC[kind]) or (kind == "image/webp" and data[8:12] != b"WEBP"):
        return f"the image says it is {kind}, its bytes say otherwise"
    return None


def check_file(file: dict[str, Any]) -> str | None:
    if not file.get("filename"):
        return "a file needs a filename"
    kind, data = decoded(file.get("file_data", ""))
    if kind != "application/pdf" or data is None:
        return "file_data must be data:application/pdf;base64,…"
    return None if data.startswith(b"%PDF-") else "the file is no PDF"


def decoded(url: str) -> tuple[str, bytes | None]:
    match = DATA_URL.fullmatch(url)
    if not match:
        return "", None
    try:
        return match[1], base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return match[1], None
