#!/usr/bin/env python3
"""Records the trace beside this file anew: an agent with a sub-agent, calls in parallel, a failed and a repeated request, and
requests on the side, through the real proxy to a scripted service. All texts are made up.
usage: make.py CLAUDECODEX DIRECTORY"""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

SESSION = "5f0c1111-2222-4333-8444-555555555555"
MARK = {"cache_control": {"type": "ephemeral"}}
TOOLS = [
    {"name": name, "description": f"The tool {name} of an example.", "input_schema": {"type": "object"}}
    for name in ("Agent", "Bash", "Grep", "Read")
]


def call(number: int, tool: str, **arguments: str) -> dict:
    return {"type": "tool_use", "id": f"toolu_{number:02}", "name": tool, "input": arguments}


def result(number: int, text: str, **more: object) -> dict:
    return {"type": "tool_result", "tool_use_id": f"toolu_{number:02}", "content": text, **more}


def text(words: str) -> dict:
    return {"type": "text", "text": words}


PROMPT = "Find where the token is refreshed. Answer with file and line."
BOTH = [
    text("I ask an agent, and run the tests meanwhile."),
    call(1, "Agent", description="Find the refresh", prompt=PROMPT),
    call(2, "Bash", command="swift test"),
]
SEARCH = [text("I search."), call(3, "Grep", pattern="refresh")]
FOUND = [text("Sources/Token.swift:41")]
DONE = [text("The token was refreshed too late: line 41 compares seconds with milliseconds.")]
SUMMARY = [text("The test failed because of a unit; the fix is in Token.swift.")]
WEB = [text("No result fits.")]

# What the service answers, in order: blocks, prompt tokens: new, read, written.
ANSWERS = [
    (BOTH, 40, 0, 1800), (SEARCH, 30, 0, 900), (FOUND, 20, 900, 60), None, (DONE, 25, 1800, 420),
    (SUMMARY, 300, 0, 0), (WEB, 90, 0, 0),
]


class Service(http.server.BaseHTTPRequestHandler):
    answers = iter(ANSWERS)

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.path.startswith("/v1/messages/count_tokens"):
            return self.send(200, b'{"input_tokens":412}', "application/json")
        answer = next(self.answers)
        if answer is None:
            body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
            return self.send(529, body, "application/json")
        return self.send(200, stream(*answer), "text/event-stream")

    def send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def stream(blocks: list, new: int, read: int, written: int) -> bytes:
    usage = {"input_tokens": new, "cache_read_input_tokens": read, "cache_creation_input_tokens": written, "output_tokens": 1}
    message = {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude-example", "content": [], "stop_reason": None, "usage": usage}
    events = [{"type": "message_start", "message": message}]
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            start, delta = text(""), {"type": "text_delta", "text": block["text"]}
        else:
            start, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        events += [
            {"type": "content_block_start", "index": index, "content_block": start},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    stop = "tool_use" if blocks[-1]["type"] == "tool_use" else "end_turn"
    events += [
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 10 * len(blocks)}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events).encode()


def main() -> None:
    program, folder = sys.argv[1:]
    service = http.server.HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    flags = ["serve", "-l", "127.0.0.1:18099", "-b", "anthropic", "--log-dir", folder, "-q"]
    environment = {"HOME": "/nonexistent", "PATH": os.environ["PATH"], "ANTHROPIC_UPSTREAM_URL": f"http://127.0.0.1:{service.server_port}"}
    proxy = subprocess.Popen([program, *flags], env=environment)
    try:
        time.sleep(1)
        converse()
    finally:
        proxy.terminate()
        proxy.wait()


def send(body: dict, path: str = "/v1/messages", agent: str | None = None) -> None:
    headers = {"content-type": "application/json", "anthropic-version": "2023-06-01", "x-claude-code-session-id": SESSION, "User-Agent": "claude-cli/2.1.330 (external, cli)"}
    if agent:
        headers |= {"x-claude-code-agent-id": agent, "x-claude-code-parent-agent-id": "main"}
    request = urllib.request.Request(f"http://127.0.0.1:18099{path}", json.dumps(body).encode(), headers)
    try:
        urllib.request.urlopen(request).read()
    except urllib.error.HTTPError as error:
        error.read()
    time.sleep(0.02)


def body(messages: list, tools: list = TOOLS, **more: object) -> dict:
    system = [{**text("You are an agent of an example. " + "Look before you answer. " * 20), **MARK}]
    return {"model": "claude-example", "max_tokens": 1000, "stream": True, "system": system, "tools": tools, "messages": messages, **more}


def user(*blocks: dict) -> dict:
    """With the mark that the client puts on the last block."""
    return {"role": "user", "content": [*blocks[:-1], {**blocks[-1], **MARK}]}


def converse() -> None:
    question = "Fix the failing test.\x1b[31m Look at Token.swift first."
    for words in ("foo", "bar", "baz"):
        send({"model": "claude-example", "messages": [{"role": "user", "content": words}]}, "/v1/messages/count_tokens")
    send(body([user(text("<system-reminder>It is Saturday.</system-reminder>"), text(question))]))
    send(body([user(text(PROMPT))]), agent="a17750cd")
    said = {"role": "assistant", "content": SEARCH}
    send(body([{"role": "user", "content": PROMPT}, said, user(result(3, "Sources/Token.swift:41: func refresh()"))]), agent="a17750cd")
    plain = {"role": "user", "content": [text("<system-reminder>It is Saturday.</system-reminder>"), text(question)]}
    results = user(result(1, "Sources/Token.swift:41"), result(2, "1 test failed \x1b]0;title\x07 in TokenTests", is_error=True))
    history = [plain, {"role": "assistant", "content": BOTH}, results]
    issue = {"name": "mcp__gh__issue", "description": "Reads an issue.", "input_schema": {"type": "object"}}
    for _ in range(2):
        send(body(history, [*TOOLS, issue]))
    compact = [plain, {"role": "user", "content": "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\nYour task is to create a detailed summary of the conversation so far."}]
    send(body(compact))
    search = [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]
    send(body([{"role": "user", "content": "Perform a web search for the query: token refresh"}], search))


main()
