"""Fixtures: a lab for one experiment, on every backend that was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab import Lab  # noqa: E402
from proxy import binary  # noqa: E402
from turns import Script  # noqa: E402

# Scenarios for all backends run through mantle only when it is named: it passes through, as messages does.
BACKENDS = os.environ.get("CONFORMANCE_BACKENDS", "chat messages bedrock invoke mantle").split()
NAMED = "CONFORMANCE_BACKENDS" in os.environ


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "reasoning: also on reasoning models, by Chat Completions and by Responses")
    config.addinivalue_line("markers", "responses: also by Responses")
    config.addinivalue_line("markers", "backends(name, …): only on these")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" not in metafunc.fixturenames:
        return
    asked = BACKENDS + (["reasoning", "responses"] if "chat" in BACKENDS else [])
    only = metafunc.definition.get_closest_marker("backends")
    both = metafunc.definition.get_closest_marker("reasoning")
    third = metafunc.definition.get_closest_marker("responses")
    more = ("reasoning", "responses") if both else ("responses",) if third else ()
    names = only.args if only else ("direct", "chat", "messages", "bedrock", "invoke", *(("mantle",) if NAMED else ()), *more)
    metafunc.parametrize("backend", [name for name in asked if name in names])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    specs = [item.callspec.params for item in items if hasattr(item, "callspec")]
    if any(spec.get("backend") in ("chat", "reasoning", "responses", "messages", "bedrock", "invoke", "mantle") for spec in specs) and not binary().exists():
        raise pytest.UsageError(f"{binary()} does not exist: build it, or set CLAUDECODEX_BIN")


@pytest.fixture
def lab(backend: str, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """`lab(env=…, flags=…, main=[turns], …)` opens a lab; it is closed when the test ends."""
    opened: list[Lab] = []

    def open_lab(env: dict[str, str] | None = None, flags: tuple[str, ...] = (), **threads: list[Any]) -> Lab:
        opened.append(Lab(backend, tmp_path, Script(**threads), env or {}, flags).__enter__())
        return opened[-1]

    yield open_lab
    for one in opened:
        one.__exit__(None, None, None)
