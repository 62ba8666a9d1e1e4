#!/usr/bin/env python3
"""Writes a trace of about the size asked for, shaped as the recorder writes an agent's sessions.
usage: big_trace.py FILE MEGABYTES
Each session has a hundred turns: a request (differences, and a result or two), what went upstream, both sides of the answer's
events, a call or two, the answer. All text is made up; the same arguments give the same file."""
import json
import random
import sys

TOOLS = ["Bash", "Read", "Edit", "Grep", "Glob", "Write", "mcp__db__query"]
WORDS = "request response header stream buffer token event trace proxy socket queue index block schema field value".split()


def words(dice, count):
    return " ".join(dice.choice(WORDS) for _ in range(count))


def turn(dice, session, turn, pending, answer):
    """The records of one exchange; `pending` and `answer` hold its open calls and its answer behind it."""
    id = f"{session:08x}-0000-7000-8000-{turn:012x}"
    stamp = f"2026-11-{1 + session % 28:02}T{turn // 60 % 24:02}:{turn % 60:02}:00.000Z"
    common = {"ts": stamp, "id": id, "session": f"{session:08x}-1111-4111-8111-000000000000", "agent": "main", "kind": "main"}

    def record(type, **more):
        return {"v": 1, "type": type, "seq": 0, **common, **more}

    results = [{"type": "tool_result", "tool_use_id": tool_id, "content": words(dice, 300)} for tool_id, _ in pending]
    asked = [{"role": "user", "content": results or words(dice, 12)}]
    request = {"method": "POST", "path": "/v1/messages", "query": "beta=true", "headers": [], "model": "claude-opus-5-5", "stream": True, "messages": 2 * turn + 1, "tools": len(TOOLS), "body_bytes": 60000 + 2000 * turn}
    if turn == 0:
        tools = [{"name": tool, "description": words(dice, 200), "input_schema": {"type": "object"}} for tool in TOOLS]
        body = {"model": "claude-opus-5-5", "stream": True, "system": words(dice, 2000), "tools": tools, "messages": asked}
    else:
        base = f"{session:08x}-0000-7000-8000-{turn - 1:012x}"
        request["delta"] = {"base": base, "same": ["model", "stream", "system", "tools"], "keep": {"messages": 2 * turn - 1}}
        body = {"messages": [{"role": "assistant", "content": answer}, *asked]}
    yield record("request", **request, body=body)
    for tool_id, tool in pending:
        yield record("tool_result", tool_id=tool_id, tool=tool, is_error=dice.random() < 0.05, content_bytes=dice.randrange(20, 9000), blocks=["text"], preview=words(dice, 25), gap_ms=round(dice.expovariate(1 / 800), 1))
    yield record("translation", backend="openai_compatible", upstream_model="gpt-5.5", translate_us=90.0, losses=[])
    yield record("upstream", **{"try": 1}, method="POST", url="https://api.openai.com/v1/chat/completions", headers=[], model="gpt-5.5", body_bytes=60000, **({"delta": {**request["delta"], "base_try": 1}} if turn else {}), body=body)
    texts = [words(dice, 6) for _ in range(60)]
    for side in ("upstream", "client"):
        events = [[50.0 + at, "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}] for at, text in enumerate(texts)]
        yield record("events", side=side, part=0, events=events)
    pending.clear()
    answer[:] = [{"type": "text", "text": " ".join(texts)}]
    for call in range(dice.choice([0, 1, 1, 1, 2])):
        tool, tool_id = dice.choice(TOOLS), f"toolu_{session:x}_{turn:x}_{call}"
        given = {"command": words(dice, dice.randrange(1, 9))}
        yield record("tool_call", tool_id=tool_id, tool=tool, index=1 + call, input=given, input_bytes=len(json.dumps(given)), valid=True, t_ms=900.0, server_side=False, model="claude-opus-5-5")
        pending.append((tool_id, tool))
        answer.append({"type": "tool_use", "id": tool_id, "name": tool, "input": given})
    usage = {"input_tokens": 300, "cache_read_input_tokens": 500 * turn, "cache_creation_input_tokens": 0, "output_tokens": dice.randrange(20, 900)}
    yield record("response", status=200, model="claude-opus-5-5", backend="openai_compatible", stop_reason="tool_use", usage=usage, timing={"ttft_ms": 50.0, "duration_ms": 900.0}, message={"role": "assistant", "content": list(answer)})
    yield record("end", outcome="ok", bytes_in=60000, bytes_out=9000, dropped=0)


def main():
    path, size = sys.argv[1], int(sys.argv[2]) << 20
    dice = random.Random(7)
    meta = {"v": 1, "type": "meta", "seq": 0, "ts": "2026-11-01T00:00:00.000Z", "format": "claudecodex.trace", "backend": "openai_compatible"}
    with open(path, "w") as out:
        written, number, session = out.write(json.dumps(meta, separators=(",", ":")) + "\n"), 1, 1
        while written < size:
            pending, answer = [], []
            for at in range(100):
                for record in turn(dice, session, at, pending, answer):
                    record["seq"] = number
                    written += out.write(json.dumps(record, separators=(",", ":")) + "\n")
                    number += 1
            session += 1


if __name__ == "__main__":
    main()
