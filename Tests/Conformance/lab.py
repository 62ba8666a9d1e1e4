"""One experiment: a scripted service, the proxy in front of it, the real client, and what must hold afterwards."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import scripted_bedrock
import stdio_mcp
from chat_rules import PLAIN, REASONING, Model
from claude import KEY as CLIENT_KEY
from claude import Claude, Finished
from proxy import Proxy, chat_environment
from recording import Trace
from scripted_chat import KEY as UPSTREAM_KEY
from scripted_bedrock import ScriptedBedrock
from scripted_chat import ScriptedChat
from scripted_mantle import ScriptedMantle, mantle_environment
from scripted_messages import ScriptedMessages
from scripted_responses import ScriptedResponses
from service import Service
from turns import Script

MODELS = {
    "chat": ("gpt-4o", PLAIN),
    "reasoning": ("gpt-5.1", REASONING),
    "responses": ("gpt-5.4", REASONING),
    "small": ("house-model-7b", Model(most_output=8192)),
}
BEDROCK = {"bedrock": "converse", "invoke": "invoke"}
SECRETS = tuple(
    secret.encode() for secret in (CLIENT_KEY, UPSTREAM_KEY, scripted_bedrock.SECRET, scripted_bedrock.TOKEN)
)


@dataclass
class Lab:
    """`backend` is messages, mantle, one of MODELS or of BEDROCK; direct leaves the proxy out, to try a scenario itself."""

    backend: str
    folder: Path
    script: Script
    env: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    def __enter__(self) -> Lab:
        self.service = self.make_service().__enter__()
        self.proxy = None if self.backend == "direct" else self.make_proxy().__enter__()
        self.claude = Claude(self.url, self.folder / "home", self.folder / "work", self.env)
        return self

    def __exit__(self, kind: Any, *rest: Any) -> None:
        try:
            if self.proxy:
                self.proxy.__exit__(kind, *rest)
        finally:
            self.service.__exit__(kind, *rest)

    @property
    def url(self) -> str:
        return self.proxy.url if self.proxy else self.service.url

    @property
    def work(self) -> Path:
        return self.claude.work

    @property
    def translated(self) -> bool:
        return self.backend in MODELS or self.backend in BEDROCK

    def make_service(self) -> Service:
        if self.backend in BEDROCK:
            return ScriptedBedrock(self.script)
        if self.translated:
            kind = ScriptedResponses if self.backend == "responses" else ScriptedChat
            return kind(self.script, MODELS[self.backend][1])
        if self.backend == "mantle":
            return ScriptedMantle(self.script)
        return ScriptedMessages(self.script, compress=True)

    def make_proxy(self) -> Proxy:
        if self.backend in BEDROCK:
            env = scripted_bedrock.environment(self.service.url, BEDROCK[self.backend])
            return Proxy(self.folder, *self.flags, env=env)
        if self.translated:
            assert isinstance(self.service, ScriptedChat)
            env = chat_environment(self.service.base_url, MODELS[self.backend][0])
            chosen = ("-b", "openai_responses") if self.backend == "responses" else ()
            return Proxy(self.folder, *chosen, *self.flags, env=env)
        if self.backend == "mantle":
            return Proxy(self.folder, *self.flags, env=mantle_environment(self.service.url))
        return Proxy(self.folder, "-b", "anthropic", "--upstream", self.service.url, *self.flags)

    def ask(self, prompt: str, *flags: str) -> Finished:
        return self.claude.ask(prompt, *flags)

    def mcp_flags(self) -> tuple[str, ...]:
        """Flags that give the client the MCP server of this folder."""
        server = {"command": sys.executable, "args": [stdio_mcp.__file__]}
        path = self.folder / "mcp.json"
        path.write_text(json.dumps({"mcpServers": {stdio_mcp.SERVER: server}}))
        return ("--mcp-config", str(path), "--strict-mcp-config")

    def results(self) -> list[Any]:
        """The tool results the model had been told by the end of the longest conversation."""
        return max((talk.results for talk in self.service.talks()), key=len)

    def check(self, *tools: str) -> Trace | None:
        """What holds after every scenario. Returns the trace."""
        assert self.service.refusals == []
        if self.proxy is None:
            return None
        assert self.proxy.alive, self.proxy.said
        trace = settled(self.proxy, len(self.service.requests))
        check_exchanges(trace)
        check_no_secrets(trace, self.proxy.said)
        for tool in tools:
            assert trace.of("tool_call", tool=tool), f"no tool_call record for {tool}"
            assert trace.of("tool_result", tool=tool), f"no tool_result record for {tool}"
        assert len(trace.of("upstream")) == len(self.service.requests)
        return trace


def settled(proxy: Proxy, sent: int, limit: float = 3.0) -> Trace:
    """The trace, once every request in it has an end and what went upstream is there: the writer works behind."""
    deadline = time.monotonic() + limit
    while True:
        trace = proxy.trace()
        whole = 0 < len(trace.of("request")) == len(trace.of("end")) and len(trace.of("upstream")) >= sent
        if whole or time.monotonic() > deadline:
            return trace
        time.sleep(0.02)


def check_exchanges(trace: Trace) -> None:
    assert trace.of("check") == [], "our own stream broke the grammar"
    requests, ends = trace.of("request"), trace.of("end")
    assert requests, "nothing was recorded"
    assert sorted(r["id"] for r in requests) == sorted(r["id"] for r in ends)
    for end in ends:
        moments = trace.exchange(end["id"])
        answered = "response" in moments or "error" in moments
        assert answered, f"exchange {end['id']} has neither a response nor an error: {moments}"
        assert moments[-1] == "end"


def check_no_secrets(trace: Trace, said: str) -> None:
    for secret in SECRETS:
        assert secret not in trace.raw, "a key is in the trace"
        assert secret.decode() not in said, "a key is on stderr"
