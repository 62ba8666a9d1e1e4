#!/usr/bin/env python3
"""How fast a recorded session answers: records a synthetic agent's session through the proxy, then replays it.

    python3 Benchmarks/replay.py [--turns 300] [--passes 10] [--cases exact same elsewhere] [--program .build/release/claudecodex]
    python3 Benchmarks/replay.py --again --result 6500    # --check and --send instead

The client is one connection without a pause: it sends the requests of a whole session one behind the other and reads
the answers beside that. `exact` sends the recorded bytes, `same` those of another session on another day in the same
directory, `elsewhere` in another directory, so that the paths in the answers follow. Both are found by their form.
Peak memory is the process's own (VmHWM). `--again` translates what was recorded again (`--check`, recorded for a chat
service) and sends it again (`--send`, 1 and 4 at once, to a service that answers at once).
"""

import argparse
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Where the client of the replay works; the recorded one worked in the first.
PLACES = {"same": "/srv/first", "elsewhere": "/srv/second"}
SESSION = "00000000-0000-4000-8000-%012d"
TOOLS = [
    {"name": f"Tool{n}", "description": "What it does, in words. " * 12, "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}}
    for n in range(24)
]  # fmt: skip


def answer(turn: int) -> bytes:
    """A stream of a few hundred pieces: text, and a call."""
    call = json.dumps({"path": f"/srv/first/file{turn}.txt"})
    events = [("message_start", {"message": {"id": f"msg_{turn}", "type": "message", "role": "assistant", "model": "m", "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1}}})]  # fmt: skip
    events.append(("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}))
    events += [("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": f"word{n} "}}) for n in range(100)]
    events.append(("content_block_stop", {"index": 0}))
    block = {"type": "tool_use", "id": f"toolu_{turn:04}", "name": "Tool1", "input": {}}
    events.append(("content_block_start", {"index": 1, "content_block": block}))
    events += [
        ("content_block_delta", {"index": 1, "delta": {"type": "input_json_delta", "partial_json": call[at : at + 6]}})
        for at in range(0, len(call), 6)
    ]
    events.append(("content_block_stop", {"index": 1}))
    events.append(("message_delta", {"delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": {"output_tokens": 120}}))
    events.append(("message_stop", {}))
    lines = [f"event: {name}\ndata: {json.dumps({'type': name, **data}, separators=(',', ':'))}\n\n" for name, data in events]
    return "".join(lines).encode()


def chat_answer(turn: int) -> bytes:
    """The same of a service of chat completions."""
    call = json.dumps({"path": f"/srv/first/file{turn}.txt"})
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": ""}, *({"content": f"word{n} "} for n in range(100))]
    begun = {"index": 0, "id": f"call_{turn:04}", "type": "function", "function": {"name": "Tool1", "arguments": ""}}
    deltas.append({"tool_calls": [begun]})
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": call[at : at + 6]}}]} for at in range(0, len(call), 6)]
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    chunks.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 120, "total_tokens": 129}})
    head = {"id": f"chatcmpl-{turn}", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.5"}
    lines = [json.dumps({**head, **chunk}, separators=(",", ":")) for chunk in chunks] + ["[DONE]"]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


def request(turn: int, session: str, place: str, day: str, size: int = 300) -> bytes:
    """The request of one turn as it goes over the wire."""
    system = f"You help. {'Rules and more rules. ' * 400}\n# Environment\nPrimary working directory: {place}\nToday's date is {day}."
    messages = [{"role": "user", "content": f"Work in {place}."}]
    for past in range(turn):
        call = {"type": "tool_use", "id": f"toolu_{past:04}", "name": "Tool1", "input": {"path": f"{place}/file{past}.txt"}}
        words = "".join(f"word{n} " for n in range(100))[:300]
        messages.append({"role": "assistant", "content": [{"type": "text", "text": words}, call]})
        result = {"type": "tool_result", "tool_use_id": f"toolu_{past:04}", "content": f"line of {place} at {day} " * (size // 37)}
        messages.append({"role": "user", "content": [result]})
    body = {"model": "m", "max_tokens": 1000, "stream": True, "system": [{"type": "text", "text": system}], "tools": TOOLS,
            "messages": messages, "metadata": {"user_id": session}}  # fmt: skip
    data = json.dumps(body, separators=(",", ":")).encode()
    head = (f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"x-claude-code-session-id: {session}\r\nContent-Length: {len(data)}\r\n\r\n")  # fmt: skip
    return head.encode() + data


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        made = chat_answer if self.path.endswith("/chat/completions") else answer
        data = made(sum(one["role"] == "assistant" for one in body["messages"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Program:
    """The proxy, until it is told to stop."""

    def __init__(self, program: str, *arguments: str, folder: str, **variables: str):
        command = [program, *arguments, "-l", "127.0.0.1:0", "--log-dir", folder]
        env = {"PATH": "/usr/bin:/bin", "HOME": folder, **variables}
        began = time.monotonic()
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env)
        assert self.process.stderr
        self.port = 0
        for line in self.process.stderr:
            if found := re.match(rb"claudecodex \S+\s+http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
            if line.startswith(b"Ready"):
                break
        self.ready = time.monotonic() - began
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def peak(self) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024

    def cpu(self) -> float:
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def send_all(port: int, requests: list[bytes]) -> tuple[float, int, int]:
    """Seconds, answers, and how many of them were no success."""
    end, ok, mark = b"\r\n0\r\n\r\n", b"HTTP/1.1 200", b"HTTP/1.1 "
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setblocking(False)
    pending, answers, heads, good, tail = [memoryview(r) for r in requests], 0, 0, 0, b""
    selector = selectors.DefaultSelector()
    selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
    began = time.monotonic()
    place = 0
    while answers < len(requests):
        for _, ready in selector.select(30):
            if ready & selectors.EVENT_WRITE and place < len(pending):
                sent = connection.send(pending[place])
                pending[place] = pending[place][sent:]
                if not pending[place]:
                    place += 1
                    if place == len(pending):
                        selector.modify(connection, selectors.EVENT_READ)
            if ready & selectors.EVENT_READ:
                data = connection.recv(1 << 20)
                if not data:
                    raise SystemExit("the connection ended")
                text = tail + data
                answers += text.count(end)
                heads += text.count(mark)
                good += text.count(ok)
                cut = max(text.rfind(end) + len(end) if end in text else 0, len(text) - 11)
                tail = text[cut:]
                if ok in tail or mark in tail:
                    heads, good = heads - tail.count(mark), good - tail.count(ok)
    return time.monotonic() - began, answers, answers - good


def record(requests: list[bytes], program: str, folder: str, *backend: str, **variables: str) -> None:
    recorder = Program(program, "serve", *backend, folder=folder, **variables)
    for one in requests:
        # The service frames its answer by length: one request at a time is enough here.
        with socket.create_connection(("127.0.0.1", recorder.port)) as connection:
            connection.sendall(one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            while connection.recv(1 << 20):
                pass
    recorder.stop()


def measure(program: str, *arguments: str, **variables: str) -> tuple[float, float, float, str]:
    """Seconds, seconds of CPU, megabytes at most, and what was said."""
    command = ["/usr/bin/time", "-f", "%e %U %S %M", program, *arguments]
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", **variables}
    done = subprocess.run(command, env=env, text=True, capture_output=True, check=False)
    seconds, user, system, peak = map(float, done.stderr.splitlines()[-1].split())
    return seconds, user + system, peak / 1024, done.stdout


def again(requests: list[bytes], program: str, folder: str, url: str) -> None:
    """The trace checked, and sent once more."""
    trace, variables = folder + "/first", {"OPENAI_BASE_URL": url + "/v1", "OPENAI_API_KEY": "sk-mock"}
    record(requests, program, trace, "-b", "openai_compatible", **variables)
    say(requests, trace)
    jobs = {
        "--check": ["--check"],
        **{
            f"--send --parallel {number} --record {recording}": ["--send", "--parallel", str(number), "--record", recording, "-b",
            "openai_compatible", "--json"]
            for number, recording in ((1, "off"), (1, "delta"), (4, "delta"))
        },
    }  # fmt: skip
    for name, flags in jobs.items():
        seconds, cpu, peak, said = measure(program, "replay", trace, *flags, "--log-dir", folder + "/again", **variables)
        result = {key: value for key, value in json.loads(said).items() if key in ("sent", "failed", "tools_same", "same_text")} if "--json" in flags else said.splitlines()[:2]
        print(f"{name:35} {seconds:5.2f} s  CPU {cpu:5.2f} s  peak {peak:5.1f} MB  {result}")


def say(requests: list[bytes], trace: str) -> None:
    size = sum(file.stat().st_size for file in Path(trace).glob("*.jsonl*"))
    total = sum(map(len, requests))
    print(
        f"{len(requests)} turns, bodies {total / 1e6:.1f} MB ({total / len(requests) / 1e3:.0f} KB each, the last "
        f"{len(requests[-1]) / 1e3:.0f} KB), trace {size / 1e6:.1f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--cases", nargs="+", choices=["exact", *PLACES], default=["exact", *PLACES])
    parser.add_argument("--program", default=str(Path(__file__).parents[1] / ".build/release/claudecodex"))
    parser.add_argument("--result", type=int, default=300, help="bytes of each tool result")
    parser.add_argument("--again", action="store_true", help="measure --check and --send")
    options = parser.parse_args()
    first = [request(turn, SESSION % 0, "/srv/first", "2026-11-29", options.result) for turn in range(options.turns)]
    with tempfile.TemporaryDirectory() as folder:
        service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{service.server_port}"
        if options.again:
            again(first, options.program, folder, url)
            service.shutdown()
            return
        trace = folder + "/first"
        record(first, options.program, trace, "-b", "anthropic", "--upstream", url)
        service.shutdown()
        say(first, trace)
        for name, recording in [(name, recording) for name in options.cases for recording in ("off", "delta")]:
            replay = Program(options.program, "replay", trace, "--record", recording, folder=folder + "/again")
            spent, count, bad = 0.0, 0, 0
            before = replay.cpu()
            for number in range(1, options.passes + 1):
                session = SESSION % number
                if name == "exact":
                    requests = [one.replace(b"session-id: " + (SESSION % 0).encode(), b"session-id: " + session.encode(), 1) for one in first]
                else:
                    requests = [request(turn, session, PLACES[name], "2027-01-02", options.result) for turn in range(options.turns)]
                seconds, answers, failed = send_all(replay.port, requests)
                spent, count, bad = spent + seconds, count + answers, bad + failed
            cpu = replay.cpu() - before
            print(
                f"{name:9} --record {recording:5}  {count / spent:6.0f} exchanges/s  CPU {cpu / count * 1e6:4.0f} µs each"
                f"  peak {replay.peak():5.1f} MB  ready in {replay.ready * 1000:4.0f} ms  not answered: {bad}"
            )
            replay.stop()


if __name__ == "__main__":
    main()
