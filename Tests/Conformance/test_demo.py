"""The backend `demo`: the real client gets on with a script inside the program, with no service at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude import Claude
from proxy import Proxy

PROMPTS = [
    ("What is in this folder?", "- hello.txt", ["Bash", "Bash"]),
    ("demo tools", "The tools say:", ["Bash", "Bash"]),
    ("demo thinking", "That is what I thought.", []),
    ("demo overloaded", "The second time it works", []),
]


@pytest.mark.parametrize(("prompt", "words", "tools"), PROMPTS)
def test_the_client_talks_to_the_script(tmp_path: Path, prompt: str, words: str, tools: list[str]) -> None:
    with Proxy(tmp_path, "-b", "demo") as proxy:
        client = Claude(proxy.url, tmp_path / "home", tmp_path / "work")
        (client.work / "hello.txt").write_text("hello\n")
        done = client.ask(prompt, "--permission-mode", "acceptEdits")
    assert not done.failed and words in done.text, done.err
    assert [call["tool"] for call in proxy.trace().of("tool_call")] == tools


def test_an_error_that_was_asked_for_reaches_the_user(tmp_path: Path) -> None:
    with Proxy(tmp_path, "-b", "demo") as proxy:
        done = Claude(proxy.url, tmp_path / "home", tmp_path / "work").ask("demo error")
    assert done.failed and "asked for `demo error`" in done.text
