"""Starts the release binary with an environment of its own, and stops it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from recording import Trace
from scripted_chat import KEY

REPOSITORY = Path(__file__).resolve().parents[2]
BANNER = re.compile(r"^claudecodex \S+\s+http://127\.0\.0\.1:(\d+)")
START_LIMIT = 10.0
STOP_LIMIT = 10.0


def binary() -> Path:
    return Path(os.environ.get("CLAUDECODEX_BIN") or REPOSITORY / ".build" / "release" / "claudecodex")


def chat_environment(base_url: str, model: str) -> dict[str, str]:
    return {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": KEY, "OPENAI_MODEL": model}


class Proxy:
    """One running proxy. Use as a context manager; leaving drains it and checks that it exits with 0."""

    def __init__(self, folder: Path, *flags: str, env: dict[str, str] | None = None):
        self.home, self.logs = folder / "proxy-home", folder / "logs"
        self.home.mkdir(parents=True, exist_ok=True)
        self.command = [str(binary()), "serve", "--listen", "127.0.0.1:0", "--log-dir", str(self.logs), *flags]
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home), **(env or {})}
        self.stderr: list[str] = []
        self.ends_with = 0
        self.port = 0
        self.process: subprocess.Popen[str] | None = None
        self.listening = threading.Event()

    def __enter__(self) -> Proxy:
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(self.command, env=self.env, cwd=self.home, text=True, **pipes)
        threading.Thread(target=self.read_stderr, daemon=True).start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        code = self.stop()
        if kind is None and code not in (self.ends_with, -signal.SIGKILL):
            raise AssertionError(f"the proxy exited with {code}\n{self.said}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return "".join(self.stderr)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def read_stderr(self) -> None:
        assert self.process and self.process.stderr
        for line in self.process.stderr:
            self.stderr.append(line)
            match = BANNER.match(line)
            if match and not self.port:
                self.port = int(match[1])
                self.listening.set()
        self.listening.set()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        if not self.listening.wait(START_LIMIT) or not self.port:
            raise AssertionError(f"the proxy did not say where it listens; it said:\n{self.said}")
        while self.get("/ready")[0] != 200:
            if time.monotonic() > deadline or not self.alive:
                raise AssertionError(f"the proxy was not ready in {START_LIMIT} s; it said:\n{self.said}")
            time.sleep(0.02)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def stop(self) -> int:
        """SIGTERM, as a service manager would; returns the exit code."""
        assert self.process
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"SIGTERM did not end the proxy in {STOP_LIMIT} s\n{self.said}") from None
        return self.process.returncode

    def kill(self) -> None:
        """kill -9."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def trace(self) -> Trace:
        return Trace.read(self.logs)
