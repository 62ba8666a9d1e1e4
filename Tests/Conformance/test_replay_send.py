"""`replay TRACE --send` and `--check` over traces of scripted services: same answers are the same, other tools are found."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

import pytest

import sdk
from claude import KEY
from proxy import binary, chat_environment
from recording import Trace
from scripted_chat import ScriptedChat
from test_faults import BASH
from turns import Call, Failure, Script, Turn

backends = pytest.mark.backends("chat", "messages", "bedrock", "invoke", "responses")
CALL = Turn(text="I look.", calls=(Call("Bash", {"command": "ls", "timeout": 5}),))
DONE = Turn(text="Two files: a and b.")
SCRIPT: dict[str, list[Any]] = {"main": [CALL, DONE]}


def record(lab: Any) -> Any:
    """A turn with a call, and one with its result; the proxy is stopped, the service goes on."""
    one = lab(**SCRIPT)
    ask = [{"role": "user", "content": "[[main]] What is here?"}]
    first = sdk.ask(one.url, True, ask, tools=[BASH])
    use = next(block for block in first.content if block.type == "tool_use")
    sdk.ask(one.url, True, [*ask, sdk.back(first), {"role": "user", "content": [sdk.result(use.id, "a b")]}], tools=[BASH])
    one.proxy.stop()
    return one


def replay(one: Any, *flags: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    variables = {**one.proxy.env, "ANTHROPIC_API_KEY": KEY, **(env or {})}
    serve = one.proxy.command[one.proxy.command.index("--log-dir") + 2 :]
    chosen = [] if env else serve
    command = [str(binary()), "replay", str(one.proxy.logs), *flags, *chosen]
    return subprocess.run(command, env=variables, text=True, capture_output=True, timeout=60, check=False)


def send(one: Any, *flags: str, **more: Any) -> tuple[int, Any, str]:
    logs = one.folder / "sent"
    done = replay(one, "--send", "--json", "--log-dir", str(logs), *flags, **more)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@backends
def test_the_same_answers_are_the_same(lab: Any) -> None:
    one = record(lab)
    code, said, stderr = send(one, "--expect", "same-tools", "--repeat", "2", "--parallel", "3")
    assert code == 0, stderr
    assert "sends 4 requests, each 2 times" in stderr
    assert (said["sent"], said["failed"], said["tools_same"], said["same_text"], said["same_stop_reason"]) == (4, 0, 4, 4, 4)
    assert [(row["number"], row["attempt"]) for row in said["requests"]] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert said["requests"][0]["now"]["calls"] == [{"tool": "Bash", "input": {"command": "ls", "timeout": 5}}]
    trace = Trace.read(one.folder / "sent")
    assert len(trace.of("response")) == 4 and trace.of("meta")[0]["replay_of"]["files"]
    assert KEY.encode() not in trace.raw
    old, new = ({record["session"] for record in t.of("request") if "session" in record} for t in (one.proxy.trace(), trace))
    assert new and not old & new, "the answers belong to a session of their own"


@backends
def test_what_was_recorded_is_translated_the_same(lab: Any) -> None:
    one = record(lab)
    done = replay(one, "--check", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["requests"]) == (0, {"checked": 2, "equal": 2, "differ": 0}), done.stdout
    passed = one.backend == "messages"
    assert said["answers"]["equal"] == (0 if passed else 2)
    assert said["not_compared"] == ({"passed_through": 2} if passed else {})


OTHERS = {
    "tools_other_arguments": Turn(text="I look.", calls=(Call("Bash", {"command": "ls -la", "timeout": 5}),)),
    "tools_other_tools": Turn(text="Nothing to look at."),
}


@backends
@pytest.mark.parametrize("change", OTHERS)
def test_other_calls_are_found(lab: Any, change: str) -> None:
    one = record(lab)
    one.service.script = Script(main=[OTHERS[change], DONE])
    code, said, stderr = send(one, "--expect", "same-tools")
    assert code == 1, stderr
    assert (said["tools_same"], said[change]) == (1, 1)
    assert [row["tools"] for row in said["requests"]] == [change.removeprefix("tools_"), "same"]
    assert send(one)[0] == 0, "without --expect, other tools are no failure"


@pytest.mark.backends("messages")
def test_another_backend_answers(lab: Any) -> None:
    one = record(lab)
    with ScriptedChat(Script(**SCRIPT)) as other:
        env = chat_environment(other.base_url, "gpt-4o")
        code, said, stderr = send(one, "--expect", "same-tools", "-b", "openai_compatible", env=env)
    assert (code, said["backend"], said["tools_same"]) == (0, "openai_compatible", 2), stderr
    assert other.refusals == []


@pytest.mark.backends("chat")
def test_a_refusal_is_a_failed_request(lab: Any) -> None:
    one = record(lab)
    one.service.script = Script(main=[Failure(500, "no"), DONE])
    code, said, _ = send(one, "--expect", "same-tools")
    assert (code, said["failed"]) == (1, 1) and said["requests"][0]["error"].startswith("500 ")
    one.service.script = Script(main=[Failure(500, "no"), Failure(500, "no")])
    assert send(one)[0] == 2


@pytest.mark.backends("chat")
def test_people_see_a_table(lab: Any) -> None:
    one = record(lab)
    done = replay(one, "--send", "--log-dir", str(one.folder / "sent"))
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["request", "stop", "tools", "text", "input", "output", "time", "cost"]
    assert lines[1].split()[:5] == ["#1", "tool_use", "same:", "Bash", "same"]
    assert "2 requests sent: 2 with the same tool calls, 2 with the same text" in done.stdout


@pytest.mark.backends("messages")
def test_nobody_pays_by_accident(lab: Any) -> None:
    one = record(lab)
    done = replay(one, "--send", "-b", "anthropic", "--upstream", one.service.url, env={"ANTHROPIC_API_KEY": ""})
    assert done.returncode == 78 and "the trace holds no keys" in done.stderr


@pytest.mark.backends("chat")
def test_an_interrupt_ends_cleanly(lab: Any) -> None:
    one = record(lab)
    one.service.script = Script(main=[Turn(text="slow, " * 20, pace=0.05), DONE])
    command = [str(binary()), "replay", str(one.proxy.logs), "--send", "--json", "--repeat", "5", "--log-dir", str(one.folder / "sent")]
    child = subprocess.Popen(command, env=one.proxy.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.6)
    child.send_signal(signal.SIGINT)
    stdout, stderr = child.communicate(timeout=30)
    said = json.loads(stdout)
    assert child.returncode == 130 and 0 < said["sent"] < said["wanted"] == 10, stderr
    assert said["failed"] == 0, "what was under way has finished"


@backends
def test_prices_are_those_of_the_file(lab: Any) -> None:
    one = record(lab)
    prices = one.folder / "prices.txt"
    prices.write_text("* = 1 2 1 1 1\n")
    code, said, stderr = send(one, "--prices", str(prices))
    assert code == 0, stderr
    for row in said["requests"]:
        for side in (row["recorded"], row["now"]):
            assert side["cost_usd"] == pytest.approx((side["input_tokens"] + 2 * side["output_tokens"]) / 1e6)
    sums = [sum(row[side]["cost_usd"] for row in said["requests"]) for side in ("recorded", "now")]
    assert [said["recorded_usd"], said["now_usd"]] == pytest.approx(sums) and sums[0] > 0
    assert (said["priced"], said["unpriced"]) == (2, []) and said["price_lists"].startswith("file prices.txt, table ")
    new = Trace.read(one.folder / "sent").of("response")
    assert [record["cost_usd"] for record in new] == pytest.approx([row["now"]["cost_usd"] for row in said["requests"]])


@pytest.mark.backends("chat")
def test_a_price_that_nobody_knows_is_said(lab: Any) -> None:
    one = record(lab)
    with ScriptedChat(Script(**SCRIPT)) as other:
        env = chat_environment(other.base_url, "house-model")
        logs = str(one.folder / "sent")
        done = replay(one, "--send", "-b", "openai_compatible", "--log-dir", logs, env=env)
        said = json.loads(replay(one, "--send", "--json", "-b", "openai_compatible", "--log-dir", logs, env=env).stdout)
    lines = done.stdout.splitlines()
    assert lines[1].endswith("?") and "cost not known" in done.stdout, done.stdout
    assert "unpriced 2 now: price unknown for house-model" in lines and any("--prices FILE" in line for line in lines)
    assert {"model": "house-model", "why": "model", "recorded": 0, "now": 2} in said["unpriced"]
    assert [row["now"]["unpriced"] for row in said["requests"]] == ["model", "model"]


def on_terminal(command: list[str], env: dict[str, str], at: float) -> tuple[int, str]:
    """Runs a command on a terminal of its own, types ^C after so many seconds; its exit code, and all that was shown."""
    master, slave = pty.openpty()

    def own() -> None:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    child = subprocess.Popen(command, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=own)  # noqa: PLW1509
    os.close(slave)
    time.sleep(at)
    os.write(master, b"\x03")
    shown = b""
    try:
        while data := os.read(master, 65536):
            shown += data
    except OSError:  # the terminal ends with its last program
        pass
    os.close(master)
    return child.wait(30), shown.decode()


@pytest.mark.backends("chat")
def test_an_interrupt_on_a_terminal_leaves_a_report(lab: Any) -> None:
    one = record(lab)
    one.service.script = Script(always=[Turn(text="slow, " * 20, pace=0.05)])
    command = [str(binary()), "replay", str(one.proxy.logs), "--send", "--repeat", "5", "--log-dir", str(one.folder / "sent")]
    code, shown = on_terminal(command, {**one.proxy.env, "TERM": "xterm"}, 1.5)
    assert code == 130, shown
    assert "no more requests are sent" in shown and " of 10 answered" in shown
    # The progress line is wiped before the report comes.
    report = shown.rsplit("\r\x1b[K", 1)[1]
    assert "answered" not in report and " sent of 10: " in report and "trace " in report, report
