"""Runs the real client headless: no environment of ours, a home of its own, and one address to talk to."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEY = "sk-ant-dummy-key-of-the-conformance-suite-0123456789"
LIMIT = 30.0  # seconds for one run


@dataclass
class Finished:
    """What one run printed, and the parts of it tests ask for."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        lines = [line for line in self.out.splitlines() if line.startswith("{")]
        return json.loads(lines[-1]) if lines else {}

    @property
    def text(self) -> str:
        return self.report.get("result", "")

    @property
    def failed(self) -> bool:
        return bool(self.report.get("is_error", True)) or self.code != 0


@dataclass
class Claude:
    """One user's client: a home, a work folder, and the address of what it takes for the service."""

    base_url: str
    home: Path
    work: Path
    env: dict[str, str] = field(default_factory=dict)
    limit: float = LIMIT

    def __post_init__(self) -> None:
        self.home.mkdir(exist_ok=True)
        self.work.mkdir(exist_ok=True)

    def ask(self, prompt: str, *flags: str) -> Finished:
        command = [str(binary()), "-p", prompt, "--output-format", "json", *flags]
        with subprocess.Popen(
            command,
            env={**self.environment(), **self.env},
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(timeout=self.limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                err += f"\nkilled after {self.limit} s"
        return Finished(process.returncode, out, err)

    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "ANTHROPIC_BASE_URL": self.base_url,
            "ANTHROPIC_API_KEY": KEY,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }


def binary() -> Path:
    """The client bundled in the agent SDK's wheel, or the one named by $CLAUDE_BIN."""
    if named := os.environ.get("CLAUDE_BIN"):
        return Path(named)
    spec = importlib.util.find_spec("claude_agent_sdk")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("claude_agent_sdk is not installed; run Tests/Conformance/run")
    return Path(spec.origin).parent / "_bundled" / "claude"
