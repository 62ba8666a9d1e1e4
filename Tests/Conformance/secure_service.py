"""A scripted service behind TLS and HTTP/2 (hypercorn), and an HTTP proxy that tunnels to it: the network of real services."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import trustme

from service import Cut, Recorded, Reply, Service


class SecureService:
    """Answers by TLS for `host` what `service` answers; notes the HTTP version and the connection of each request."""

    def __init__(
        self,
        service: Service,
        folder: Path,
        host: str = "127.0.0.1",
        protocols: tuple[str, ...] = ("h2", "http/1.1"),
    ):
        self.service, self.protocols = service, list(protocols)
        authority = trustme.CA()
        self.certificates, self.key, self.chain = (folder / name for name in ("ca.pem", "key.pem", "chain.pem"))
        authority.cert_pem.write_to_path(self.certificates)
        identity = authority.issue_cert(host)
        identity.private_key_pem.write_to_path(self.key)
        for at, blob in enumerate(identity.cert_chain_pems):
            blob.write_to_path(self.chain, append=at > 0)
        self.versions: list[str] = []
        self.connections: set[int] = set()
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listener.getsockname()[1]
        self.listener = listener.detach()  # hypercorn closes it
        self.loop = asyncio.new_event_loop()
        self.end = asyncio.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self) -> SecureService:
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.service.stopped.set()
        self.loop.call_soon_threadsafe(self.end.set)
        self.thread.join(10)

    def run(self) -> None:
        config = hypercorn.config.Config()
        config.bind = [f"fd://{self.listener}"]
        config.certfile, config.keyfile = str(self.chain), str(self.key)
        config.alpn_protocols = self.protocols
        config.graceful_timeout, config.loglevel, config.errorlog = 0.5, "CRITICAL", None
        self.loop.run_until_complete(hypercorn.asyncio.serve(self.application, config, shutdown_trigger=self.end.wait))
        self.loop.close()

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = await self.read(scope, receive)
        self.versions.append(scope["http_version"])
        self.connections.add(scope["client"][1])
        self.service.requests.append(request)
        reply = await asyncio.to_thread(self.service.answer, request)
        request.status = reply.status
        await self.send(reply, send)

    async def read(self, scope: Any, receive: Any) -> Recorded:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode() + (f"?{query}" if query else "")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        return Recorded(scope["method"], target, headers, body)

    async def send(self, reply: Reply, send: Any) -> None:
        headers = [(name.encode(), value.encode()) for name, value in reply.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if isinstance(reply.body, bytes):
            await send({"type": "http.response.body", "body": reply.body})
            return
        try:
            for piece in reply.body:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(reply.pace)
        except Cut as cut:
            raise ConnectionResetError("the script cuts the stream here") from cut
        await send({"type": "http.response.body", "body": b""})


class Tunnel:
    """An HTTP proxy for CONNECT: notes which host was asked for, and connects to `port` of this machine whatever it was."""

    def __init__(self, port: int):
        self.target, self.asked = port, list[str]()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def __enter__(self) -> Tunnel:
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(4096)
            if not more:
                return client.close()
            head += more
        self.asked.append(head.split(b"\r\n", 1)[0].decode())
        server = socket.create_connection(("127.0.0.1", self.target))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=copy, args=(one, other), daemon=True).start()
        return None


def copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        sink.close()
