"""Counts against what services reported, and how long a burst of them takes."""

from __future__ import annotations

import http.client
import json
import tempfile
import time

import pytest

from counting import Meter, Running, quantile
from counting_samples import selection

TOOLS = 60
BURST = 25


@pytest.fixture(scope="module")
def errors() -> dict[str, list]:
    return Meter().measure([sample for sample in selection() if sample.service == "anthropic"])


@pytest.mark.parametrize("kind", ["first", "learnt"])
def test_half_of_the_counts_are_within_5_percent_and_nine_of_ten_within_10(kind: str, errors: dict[str, list]) -> None:
    assert len(errors[kind]) >= 40
    assert quantile(errors[kind], 0.5) <= 0.05
    assert quantile(errors[kind], 0.9) <= 0.10


def test_a_burst_of_counts_takes_less_than_5_ms_each() -> None:
    """What `/context` does: 25 counts at once, each with tools."""
    schema = {"type": "object", "properties": {"path": {"type": "string", "description": "Where the file is. " * 20}}}
    tools = [{"name": f"Tool{n}", "description": "Reads. " * 60, "input_schema": schema} for n in range(TOOLS)]
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "foo"}], "tools": tools})
    meter = Meter()
    with tempfile.TemporaryDirectory() as folder, Running(folder, meter.service.url) as port:
        connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(BURST)]
        ask(connections[0], body)
        began = time.monotonic()
        for connection in connections:
            connection.request("POST", "/v1/messages/count_tokens", body, {"content-type": "application/json"})
        for connection in connections:
            assert json.loads(connection.getresponse().read())["input_tokens"] > 1000
        assert (time.monotonic() - began) / BURST < 0.005


def ask(connection: http.client.HTTPConnection, body: str) -> None:
    """Once before the clock runs: the service says that it does not count."""
    connection.request("POST", "/v1/messages/count_tokens", body, {"content-type": "application/json"})
    assert connection.getresponse().read()
