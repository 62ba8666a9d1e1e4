"""The trace as other tools read it, and what it must still be after the worst has happened."""

from __future__ import annotations

import json
import re
import stat
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lab import settled
from proxy import Proxy
from recording import Trace, content, sha256, trace_files, whole_bodies
from sdk import WEATHER, body_of, post, result
from turns import Call, Turn

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TYPES = set(
    "meta request translation upstream head events tool_call tool_result response intercept check error end".split()
)
OUTCOMES = {"ok", "client_gone", "upstream_error", "refused"}
SESSION = {"x-claude-code-session-id": "11111111-2222-3333-4444-555555555555"}


def talk(one: Any, turns: int) -> list[bytes]:
    """A session of tool turns whose history grows; returns the bodies it sent."""
    sent = []
    history = [{"role": "user", "content": "[[main]] " + "A long beginning. " * 200}]
    for number in range(turns):
        body = json.dumps(body_of(history, tools=[WEATHER], system="Be brief. " * 100, stream=True), separators=(",", ":")).encode()
        status, _, _ = post(one.url, body, headers=SESSION)
        assert status == 200
        sent.append(body)
        use = {"type": "tool_use", "id": f"toolu_{number}", "name": "get_weather", "input": {"city": "Lund"}}
        history += [
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result(use["id"], f"rain {number}" * 20)]},
        ]
    return sent


def session(lab: Any, turns: int = 8) -> tuple[Any, list[bytes]]:
    one = lab(main=[Turn(text="Looking.", calls=(Call("get_weather", {"city": "Lund"}),), piece=7)] * turns)
    return one, talk(one, turns)


@pytest.fixture
def kept(lab: Any) -> tuple[Trace, list[bytes], Path]:
    one, sent = session(lab)
    return one.check("get_weather"), sent, one.proxy.logs


pytestmark = pytest.mark.backends("chat", "messages")


def test_every_line_has_the_common_keys(kept: Any) -> None:
    trace, _, _ = kept
    assert trace.records[0]["type"] == "meta"
    for record in trace.records:
        assert list(record)[:4] == ["v", "type", "seq", "ts"], record
        assert record["v"] == 1 and record["type"] in TYPES
        assert TIME.fullmatch(record["ts"]), record["ts"]
        assert record["type"] == "meta" or record["id"]
    assert [r["seq"] for r in trace.records] == sorted({r["seq"] for r in trace.records})
    assert {end["outcome"] for end in trace.of("end")} <= OUTCOMES
    assert {r["session"] for r in trace.of("request")} == {SESSION["x-claude-code-session-id"]}


def test_keys_are_snake_case(kept: Any) -> None:
    trace, _, _ = kept
    for record in trace.records:
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in record), record.keys()


def test_duckdb_reads_it(kept: Any) -> None:
    trace, sent, logs = kept
    files = [str(path) for path in trace_files(logs)]
    rows = duckdb.execute(
        "select type, count(*) from read_json(?, format='newline_delimited') group by type", [files]
    ).fetchall()
    assert dict(rows) == Counter(record["type"] for record in trace.records)
    asked = "select tool, count(*), bool_and(valid) from read_json(?, format='newline_delimited') where type = 'tool_call' group by tool"
    assert duckdb.execute(asked, [files]).fetchall() == [("get_weather", len(sent), True)]


def test_bodies_are_kept_as_differences_and_come_back_whole(kept: Any) -> None:
    trace, sent, _ = kept
    requests = trace.of("request")
    assert [r["body_sha256"] for r in requests] == [sha256(body) for body in sent]
    assert [r["body_bytes"] for r in requests] == [len(body) for body in sent]
    assert any(r.get("delta") for r in requests), "no request was stored as a difference"
    for (_, body), original in zip(whole_bodies(trace), sent, strict=True):
        assert body == json.loads(original)


def test_each_tool_result_is_written_once(kept: Any) -> None:
    trace, sent, _ = kept
    ids = [record["tool_id"] for record in trace.of("tool_result")]
    assert len(ids) == len(set(ids)) == len(sent) - 1


def test_a_tool_call_row_answers_most_questions(kept: Any) -> None:
    trace, _, _ = kept
    for record in trace.of("tool_call"):
        assert record["tool"] == "get_weather" and record["input"] == {"city": "Lund"} and record["valid"] is True
        assert record["session"] and record["tool_id"]


def test_the_client_side_of_every_stream_is_kept(kept: Any) -> None:
    trace, _, _ = kept
    for end in trace.of("end"):
        sides = {record["side"] for record in trace.of("events", id=end["id"])}
        assert sides & {"client", "upstream"}
        assert trace.of("response", id=end["id"])[0]["message"]["content"][0]["text"] == "Looking."


def test_folder_and_files_are_private(kept: Any) -> None:
    _, _, logs = kept
    assert stat.S_IMODE(logs.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in trace_files(logs))
    assert (logs / ".gitignore").read_text().strip() == (logs / ".ignore").read_text().strip() == "*"


SECRETS = [
    "sk-ant-api03-" + "A1b2C3d4" * 6,
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_" + "a1B2" * 9,
    "https://user:hunter22@example.org/x",
]


def test_secrets_in_texts_are_not_kept(lab: Any) -> None:
    one = lab(main=[Turn(text="Kept quiet about " + SECRETS[1])])
    post(one.url, body_of("[[main]] " + " and ".join(SECRETS)))
    trace = one.check()
    for secret in [*SECRETS[:3], "hunter22"]:
        assert secret.encode() not in trace.raw, secret
    assert b"[redacted " in trace.raw
    asked = one.service.requests[0].body.decode()
    assert all(secret in asked for secret in SECRETS), "the live request must not be touched"


@pytest.mark.backends("chat")
def test_kill_9_in_the_middle_of_writing(lab: Any) -> None:
    one, _ = session(lab, 2)
    stop = threading.Event()

    def ask_for_ever() -> None:
        while not stop.is_set():
            try:
                post(one.url, body_of("[[main]] " + "word " * 2000, tools=[WEATHER], stream=True))
            except OSError:
                return

    threads = [threading.Thread(target=ask_for_ever) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    one.proxy.kill()
    stop.set()
    for thread in threads:
        thread.join()
    before = one.proxy.trace()
    assert len(before.records) > 20
    check_reopens(one, before)


def check_reopens(one: Any, before: Trace) -> None:
    with Proxy(one.folder, env=one.proxy.env) as again:
        post(again.url, body_of(), headers=SESSION)
        after = settled_last(again)
    assert after.raw.startswith(before.raw), "whole lines were lost"
    assert after.of("meta")[-1]["seq"] is not None and len(after.of("meta")) == 2
    for path in trace_files(again.logs):
        for line in content(path).splitlines():
            json.loads(line)


def settled_last(proxy: Proxy) -> Trace:
    """Waits for the end of the newest exchange: older ones were killed and have none."""
    for _ in range(150):
        trace = proxy.trace()
        if trace.records[-1]["type"] == "end":
            return trace
        time.sleep(0.02)
    raise AssertionError(f"no end was written; the last lines are {trace.records[-3:]}")


def test_a_torn_last_line_is_repaired_and_counted(lab: Any) -> None:
    one, _ = session(lab, 2)
    settled(one.proxy, len(one.service.requests))
    one.proxy.stop()
    newest = trace_files(one.proxy.logs)[-1]
    with newest.open("ab") as file:
        file.write(b'{"v":1,"type":"requ')
    with Proxy(one.folder, *one.proxy.command[6:], env=one.proxy.env) as again:
        assert again.get("/ready")[0] == 200
        metas = again.trace().of("meta")
    assert metas[-1]["repaired_bytes"] == len(b'{"v":1,"type":"requ')
