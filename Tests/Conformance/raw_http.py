"""Bytes on a socket, for requests no library would send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass

LIMIT = 10.0


@dataclass
class Answer:
    """What came back: nothing (closed), or one response; and whether the connection was closed after it."""

    status: int
    headers: dict[str, str]
    body: bytes
    closed: bool

    @property
    def error(self) -> dict[str, str]:
        """The Messages-shaped error in the body."""
        value = json.loads(self.body)
        assert value["type"] == "error", value
        return value["error"]


class Line:
    """One connection."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Sends as much as the other side takes: it may answer and close before the end."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self) -> bool:
        """More bytes into the buffer; False at the end."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def answer(self) -> Answer:
        """The next response; status 0 if the connection was closed without one."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.receive():
                return Answer(0, {}, self.buffer, True)
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = self.body(headers)
        return Answer(int(first.split(" ")[1]), headers, body, headers.get("connection", "").lower() == "close")

    def body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", ""):
            return self.chunks()
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length and self.receive():
            pass
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return body

    def chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self.buffer and self.receive():
                pass
            size, _, self.buffer = self.buffer.partition(b"\r\n")
            length = int(size or b"0", 16)
            while len(self.buffer) < length + 2 and self.receive():
                pass
            body, self.buffer = body + self.buffer[:length], self.buffer[length + 2 :]
            if not length:
                return body

    def ended(self) -> bool:
        """Whether the other side closes now, and says nothing more."""
        try:
            return not self.receive() and not self.buffer
        except TimeoutError:
            return False


def request(body: bytes, *headers: str, path: str = "/v1/messages", length: bool = True) -> bytes:
    """A well-formed request around any body."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "x-api-key: k",
        "anthropic-version: 2023-06-01",
    ]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body
