"""A loopback HTTP/1.1 service that records every request and can misbehave on purpose."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from turns import NoTurn, Script

STALL_LIMIT = 30.0  # seconds; no stall outlives it


class Cut(Exception):
    """Raised by a reply's bytes: the service closes the socket without ending the reply."""


class Stall(Exception):
    """Raised by a reply's bytes: the service goes silent."""


@dataclass
class Recorded:
    """One request as it arrived, and the status it got."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    json: Any = None
    status: int = 0
    talk: Any = None

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Reply:
    """A whole body (bytes), or a stream (an iterable of byte strings, sent chunked)."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | Iterable[bytes] = b""
    write: int = 0
    pace: float = 0.0


class Service:
    """Base of the scripted services: `answer` turns a recorded request into a reply."""

    def __init__(self, script: Script | None = None):
        self.script = script or Script()
        self.requests: list[Recorded] = []
        self.refusals: list[str] = []
        self.stopped = threading.Event()
        self.deserted = threading.Event()  # set when a client goes away in the middle of a stream
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Service:
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: Recorded) -> Reply:
        raise NotImplementedError

    def refuse(self, why: str) -> None:
        self.refusals.append(why)

    def talks(self) -> list[Any]:
        """The conversations of the model turns that were understood, in order of arrival."""
        return [request.talk for request in self.requests if request.talk]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news; a broken script shows in `refusals`."""


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 60

        def handle_any(self) -> None:
            request = Recorded(self.command, self.path, list(self.headers.items()), self.read_body())
            service.requests.append(request)
            try:
                reply = service.answer(request)
            except NoTurn as problem:
                service.refuse(str(problem))
                reply = Reply(
                    418, [("x-should-retry", "false")], b'{"error":{"message":"the script has no such turn"}}'
                )
            request.status = reply.status
            self.send_reply(reply)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = handle_any

        def read_body(self) -> bytes:
            if "chunked" in self.headers.get("transfer-encoding", ""):
                return self.read_chunks()
            return self.rfile.read(int(self.headers.get("content-length") or 0))

        def read_chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return body

        def send_reply(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            whole = isinstance(reply.body, bytes)
            length = ("content-length", str(len(reply.body))) if whole else ("transfer-encoding", "chunked")
            for name, value in [*reply.headers, length]:
                self.send_header(name, value)
            self.end_headers()
            if not whole:
                self.send_stream(reply)
            elif self.command != "HEAD":
                self.wfile.write(reply.body)

        def send_stream(self, reply: Reply) -> None:
            try:
                for event in reply.body:
                    for at in range(0, len(event), reply.write or len(event)):
                        self.send_chunk(event[at : at + (reply.write or len(event))])
                        time.sleep(reply.pace)
                self.send_chunk(b"")
            except Cut:
                self.close_connection = True
            except OSError:
                service.deserted.set()
                self.close_connection = True
            except Stall:
                service.stopped.wait(STALL_LIMIT)
                self.close_connection = True

        def send_chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
