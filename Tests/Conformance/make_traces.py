"""Makes the small traces in Tests/Fixtures/traces anew: the official SDK talks through the release binary to the scripted
services. `replay --check` runs over them in scripts/test, so make them anew only when a translator is meant to change:

    Tests/Conformance/run --version >/dev/null; .build/conformance-venv/bin/python Tests/Conformance/make_traces.py [NAME…]
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic

import histories
import sdk
from lab import BEDROCK, MODELS
from proxy import REPOSITORY, Proxy, chat_environment
from scripted_bedrock import ScriptedBedrock, environment
from scripted_bedrock import failure as bedrock_failure
from scripted_chat import ScriptedChat
from scripted_chat import failure as chat_failure
from scripted_messages import ScriptedMessages
from scripted_messages import failure as messages_failure
from scripted_responses import ScriptedResponses
from turns import Call, Script, Turn

FOLDER = REPOSITORY / "Tests" / "Fixtures" / "traces"
READ = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "Where it is."}, "lines": {"type": "integer"}},
        "required": ["path"],
        "additionalProperties": False,
    },
}
BASH = {
    "name": "Bash",
    "description": "Runs a command.",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}, "env": {"type": "object", "additionalProperties": {"type": "string"}}},
        "required": ["command"],
    },
}
TOOLS = [READ, BASH, sdk.WEATHER]
SYSTEM = [
    {"type": "text", "text": "You are an agent of a made-up house."},
    {"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}},
]
SESSION = {"x-claude-code-session-id": "11111111-2222-4333-8444-555555555555"}
AGENT = {**SESSION, "x-claude-code-agent-id": "review"}
TWO = (Call("Read", {"path": "/made/up.txt", "lines": 3}), Call("Bash", {"command": "echo 'häuser' | wc -c"}))


def script(failure: Callable[..., Any], thinks: bool) -> Script:
    thought = "The file first, then the command." if thinks else ""
    return Script(
        agent=[
            Turn(text="I look.", thinking=thought, calls=TWO, piece=7),
            Turn(text="Once more.", calls=(Call("Read", {"path": "/made/up.txt"}),)),
            Turn(text="The file says: Häuser, 日本, 🌍."),
        ],
        whole=[Turn(text="A whole answer.", calls=(Call("get_weather", {"city": "Lund", "days": 2}),))],
        picture=[Turn(text="A red square and a page.")],
        short=[Turn(text="This text is cut o", stop="length")],
        busy=[failure(429, "Slow down, made-up friend.")],
        wrong=[failure(400, "This made-up field is not known.")],
        broken=[Turn(text="Half of this sentence will be heard.", ending="cut")],
        failing=[Turn(text="Half of this sentence will be heard.", ending="error")],
        side=[Turn(text="The sub-agent agrees.")],
    )


def talk(url: str, thinks: bool) -> None:
    """The same conversations for every service."""
    more: dict[str, Any] = {"thinking": {"type": "enabled", "budget_tokens": 2000}} if thinks else {}

    def ask(messages: Any, headers: dict[str, str] = SESSION, stream: bool = True, **fields: Any) -> Any:
        request = {"model": sdk.MODEL, "max_tokens": 4000, "system": SYSTEM, "messages": messages, "extra_headers": headers, **fields}
        with sdk.client(url) as one:
            if not stream:
                return one.messages.create(**request)
            with one.messages.stream(**request) as events:
                return events.get_final_message()

    messages: list[Any] = [{"role": "user", "content": "[[agent]] What does the file say?"}]
    first = ask(messages, tools=TOOLS, **more)
    uses = [block for block in first.content if block.type == "tool_use"]
    messages += [
        sdk.back(first),
        {"role": "user", "content": [
            sdk.result(uses[0].id, [{"type": "text", "text": "line one"}, histories.image()]),
            sdk.result(uses[1].id, "wc: not found", is_error=True),
        ]},
    ]  # fmt: skip
    second = ask(messages, tools=TOOLS, **more)
    use = next(block for block in second.content if block.type == "tool_use")
    messages += [sdk.back(second), {"role": "user", "content": [sdk.result(use.id, "Häuser, 日本, 🌍")]}]
    ask(messages, tools=TOOLS, **more)
    ask([{"role": "user", "content": "[[side]] Do you agree?"}], AGENT, tools=[BASH])
    ask([{"role": "user", "content": "[[whole]] How is the weather?"}], stream=False, tools=TOOLS)
    ask([{"role": "user", "content": [histories.image(), histories.document(title="page"), {"type": "text", "text": "[[picture]] What is this?"}]}])
    ask([{"role": "user", "content": "[[short]] Go on and on."}], max_tokens=20, extra_body={"temperature": 0.5, "stop_sequences": ["STOP"]})
    for marker in ("busy", "wrong", "broken", "failing"):
        with contextlib.suppress(anthropic.APIError, Exception):
            ask([{"role": "user", "content": f"[[{marker}]] Go on."}])


def chat(work: Path, kind: str, env: dict[str, str], *flags: str) -> tuple[Any, Proxy, bool]:
    model, rules = MODELS[kind]
    service = (ScriptedResponses if kind == "responses" else ScriptedChat)(script(chat_failure, kind == "responses"), rules)
    service.__enter__()
    return service, Proxy(work, *flags, env={**chat_environment(service.base_url, model), **env}), kind == "responses"


def bedrock(work: Path, api: str) -> tuple[Any, Proxy, bool]:
    service = ScriptedBedrock(script(bedrock_failure, True)).__enter__()
    return service, Proxy(work, env=environment(service.url, BEDROCK[api])), True


def messages(work: Path) -> tuple[Any, Proxy, bool]:
    service = ScriptedMessages(script(messages_failure, True)).__enter__()
    return service, Proxy(work, "-b", "anthropic", "--upstream", service.url), True


MAKERS: dict[str, Callable[[Path], tuple[Any, Proxy, bool]]] = {
    "openai_chat": lambda work: chat(work, "chat", {}),
    "openai_chat_groq": lambda work: chat(work, "small", {"OPENAI_PROVIDER": "groq"}),
    "openai_responses": lambda work: chat(work, "responses", {}, "-b", "openai_responses"),
    "bedrock_converse": lambda work: bedrock(work, "bedrock"),
    "bedrock_invoke": lambda work: bedrock(work, "invoke"),
    "anthropic": messages,
}


def make(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        service, proxy, thinks = MAKERS[name](Path(folder))
        with proxy:
            talk(proxy.url, thinks)
        service.__exit__(None)
        if service.refusals:
            raise SystemExit(f"{name}: the scripted service refused: {service.refusals}")
        lines = b"".join(path.read_bytes() for path in sorted(proxy.logs.glob("*.jsonl")))
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.jsonl").write_bytes(lines)
    requests = lines.count(b'"type":"request"')
    print(f"{name}: {len(lines)} bytes, {requests} requests")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or MAKERS:
        make(wanted)
