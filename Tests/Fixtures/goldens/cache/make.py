#!/usr/bin/env python3
"""Makes the trace of this folder: a scripted service behind the real proxy. All texts are made up.
usage: make.py PROGRAM FILE"""

import copy
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

PORT = 18931
counts = []


class Service(http.server.BaseHTTPRequestHandler):
    """Answers with the counts that are next."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        read, written, reason = counts.pop(0)
        usage = {"input_tokens": 9, "cache_read_input_tokens": read, "cache_creation_input_tokens": written, "output_tokens": 4}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn"}
        message |= {"stop_sequence": None, "content": [{"type": "text", "text": "Well."}], "usage": usage}
        if reason:
            message["diagnostics"] = {"cache_miss_reason": {"type": reason}}
        body = json.dumps(message).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def tool(name):
    return {"name": name, "description": f"Does {name}.", "input_schema": {"type": "object"}}


def text(words):
    return [{"type": "text", "text": words}]


MARK = {"type": "ephemeral"}
SYSTEM = [{"type": "text", "text": "You help in a test. " + "Be short. " * 20, "cache_control": MARK}]
TOOLS = [tool("Read"), tool("Bash"), tool("mcp__gh__issue")]


def send(read, written, *blocks, reason=None, agent=None, tools=TOOLS, model="claude-sonnet-4-5"):
    """Sends a conversation whose messages have these blocks; the last block is marked."""
    counts.append((read, written, reason))
    messages = [{"role": ("user", "assistant")[at % 2], "content": copy.deepcopy(one)} for at, one in enumerate(blocks)]
    messages[-1]["content"][-1]["cache_control"] = MARK
    body = {"model": model, "max_tokens": 50, "tools": tools, "system": SYSTEM, "messages": messages}
    headers = {"content-type": "application/json", "x-api-key": "k", "anthropic-version": "2023-06-01"}
    headers["x-claude-code-session-id"] = "5e550000-1111-4222-8333-444455556666"
    if agent:
        headers["x-claude-code-agent-id"] = agent
    url = f"http://127.0.0.1:{PORT}/v1/messages"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).read()


def converse():
    think = {"type": "thinking", "thinking": "Look first.", "signature": "c2ln"}
    call = [think, {"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "a.txt"}}]
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "one line \x1b[31mred\x1b[0m\n" * 40}
    seen = [result, *text("<system-reminder>Be careful.</system-reminder>")]
    first = [text("Read a.txt"), call, seen]
    second = [*first, text("Read it."), text("And now?")]
    third = [*second, text("Done."), text("Go on.")]
    fourth = [*third, text("Fine."), text("More.")]
    # A name that would clear the screen and is wide.
    more = [*TOOLS, tool("mcp__odd__\x1b[2J\u7a97\u53e3")]
    send(0, 13800, *first)
    send(13800, 300, *second)
    send(0, 15000, *third, reason="tools_changed", tools=more)
    send(15000, 300, *fourth, tools=more)
    fifth = copy.deepcopy([*fourth, text("Yes."), text("Next.")])
    fifth[2][0]["content"] = "[Old tool result content cleared]"
    send(6000, 9200, *fifth, tools=more)
    send(0, 5200, text("Look around."), agent="a1b2c3d4")
    sixth = [*fifth, text("Right."), [{"type": "text", "text": f"part {at}"} for at in range(30)]]
    send(6000, 9900, *sixth, tools=more)
    ask = "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools."
    send(15900, 40, *sixth, text("I see."), text(ask), tools=more)
    summary = "This session is being continued from a previous conversation. All went well."
    after = [text(summary), text("Good."), text("Then go on.")]
    send(5000, 1800, *after, tools=more)
    send(0, 6900, *after, text("I do."), text("Thanks."), tools=more, model="claude-opus-4-8")


def main():
    program, target = sys.argv[1:]
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        env = {"HOME": folder, "PATH": os.environ["PATH"]}
        env["ANTHROPIC_UPSTREAM_URL"] = f"http://127.0.0.1:{service.server_port}"
        command = [program, "serve", "-b", "anthropic", "-p", str(PORT), "--log-dir", f"{folder}/logs"]
        proxy = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        time.sleep(1)
        converse()
        proxy.terminate()
        proxy.wait(10)
        (trace,) = Path(folder, "logs").glob("*.jsonl")
        Path(target).write_bytes(trace.read_bytes())


if __name__ == "__main__":
    main()
