"""How far counts are off: recorded requests against the prompt tokens that their services reported.

    python3 Tests/Conformance/counting.py [RECORDINGS]

Without RECORDINGS, the selection in Tests/Fixtures/counting is measured; with it, a folder of recordings (NAME.request.json
beside NAME.response.json or .sse, Messages API below `anthropic/`, Chat Completions below `openai-chat/`). `--write` writes
the selection anew. CLAUDECODEX_BIN names the binary.

Each request is counted by a running proxy whose service has no endpoint for counts, so that the proxy's own estimate
answers: "first" before it has seen any answer, "learnt" after it has relayed the answers to all other recorded requests for
the same model at the same service. Left out are prompts that hold what the request does not: results of the service's own
tools, files by their id, images by their URL, schemas for the answer; and exact repetitions. Reasoning that a recording kept in
the text of an answer is taken out: in the Messages API it would be thinking.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from counting_samples import Sample, recordings, selection, write

ROOT = Path(__file__).resolve().parents[2]
BANNER = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass
class Error:
    sample: Sample
    count: int

    @property
    def relative(self) -> float:
        return abs(self.count - self.sample.reported) / self.sample.reported


class Service:
    """Answers every request with the count that is set, and has no endpoint for counts."""

    def __init__(self) -> None:
        self.reported = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                is_count = "count_tokens" in self.path
                usage = {"input_tokens": service.reported, "output_tokens": 1}
                text = [{"type": "text", "text": "ok"}]
                message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": text}
                message |= {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
                body = json.dumps({"error": "no such path"} if is_count else message).encode()
                self.send_response(404 if is_count else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """A proxy that ends cuts its connections: nothing to tell."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


class Running:
    """The binary, in front of the service; needs nothing but Python."""

    def __init__(self, folder: str, upstream: str):
        binary = os.environ.get("CLAUDECODEX_BIN") or str(ROOT / ".build" / "release" / "claudecodex")
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--backend", "anthropic", "--upstream", upstream]
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen([*command, "--record", "off"], env={"HOME": folder}, cwd=folder, text=True, **pipes)

    def __enter__(self) -> int:
        assert self.process.stderr
        for line in self.process.stderr:
            if match := BANNER.search(line):
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return int(match[1])
        raise AssertionError("the proxy did not say where it listens")

    def __exit__(self, *_: Any) -> None:
        self.process.terminate()
        self.process.wait(10)


def post(port: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {"content-type": "application/json", "x-api-key": "k"}
        connection.request("POST", path, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise AssertionError(f"{path} was answered with {response.status}: {answer[:300]!r}")
        return json.loads(answer)
    finally:
        connection.close()


class Meter:
    def __init__(self) -> None:
        self.service = Service()
        self.folder = tempfile.TemporaryDirectory()

    def errors(self, sample: Sample, others: list[Sample]) -> Error:
        """Counts one request with a proxy that has seen the others' answers."""
        with Running(self.folder.name, self.service.url) as port:
            for other in others:
                self.service.reported = other.reported
                post(port, "/v1/messages", other.request | {"max_tokens": 16})
            count = post(port, "/v1/messages/count_tokens", sample.request)
            return Error(sample, count["input_tokens"])

    def measure(self, samples: list[Sample]) -> dict[str, list[Error]]:
        groups: dict[tuple[str, str], list[Sample]] = defaultdict(list)
        for sample in samples:
            groups[sample.group].append(sample)
        found: dict[str, list[Error]] = {"first": [self.errors(sample, []) for sample in samples], "learnt": []}
        for sample in samples:
            others = [other for other in groups[sample.group] if other is not sample]
            if len(others) >= 2:
                found["learnt"].append(self.errors(sample, others))
        return found


def quantile(errors: list[Error], share: float) -> float:
    ordered = sorted(error.relative for error in errors)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def table(title: str, errors: list[Error]) -> str:
    median, most = quantile(errors, 0.5), quantile(errors, 0.9)
    worst = max(errors, key=lambda error: error.relative, default=None)
    end = f"   worst {worst.relative:.0%}: {worst.sample.source}" if worst else ""
    return f"{title:44} {len(errors):4}  median {median:6.1%}  p90 {most:6.1%}{end}"


def report(samples: list[Sample]) -> list[str]:
    meter = Meter()
    lines = []
    for language in ("Messages API", "Chat Completions"):
        chosen = [s for s in samples if (s.service == "anthropic") == (language == "Messages API")]
        found = meter.measure(chosen)
        for kind, errors in found.items():
            lines.append(table(f"{language}, {kind}", errors))
        large = [error for error in found["learnt"] if error.sample.reported >= 200]
        lines.append(table(f"{language}, learnt, 200 tokens and more", large))
    return lines


def main(arguments: list[str]) -> None:
    roots = [Path(argument) for argument in arguments if not argument.startswith("--")]
    samples = recordings(roots[0]) if roots else selection()
    if "--write" in arguments:
        write(samples)
    print("\n".join(report(samples)))


if __name__ == "__main__":
    main(sys.argv[1:])
