"""The way to services as they are outside: TLS, HTTP/2, and proxies from the environment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anthropic
import pytest

from proxy import Proxy, chat_environment
from scripted_chat import ScriptedChat
from sdk import WEATHER, ask
from secure_service import SecureService, Tunnel
from service import Service
from turns import Call, Script, Turn

NAMED = "model.test"  # reserved: no resolver knows it, only a proxy can reach it
STEPS = Turn(text="Counting. " * 40)


def scripted(turn: Turn = STEPS) -> Service:
    return ScriptedChat(Script(always=[turn]))


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Any]:
    opened: list[Any] = []

    def open_one(service: Service, **options: Any) -> SecureService:
        opened.append(SecureService(service, tmp_path, **options).__enter__())
        return opened[-1]

    yield open_one
    for one in opened:
        one.__exit__()


def environment(front: SecureService, host: str = "127.0.0.1", **more: str) -> dict[str, str]:
    url = f"https://{host}:{front.port}/v1"
    return {**chat_environment(url, "gpt-4o"), "SSL_CERT_FILE": str(front.certificates), **more}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("protocol,version", [("h2", "2"), ("http/1.1", "1.1")])
def test_tls_with_the_best_version_the_service_has(
    secure: Any, tmp_path: Path, protocol: str, version: str, stream: bool
) -> None:
    front = secure(scripted(), protocols=(protocol,))
    with Proxy(tmp_path, env=environment(front)) as proxy:
        message = ask(proxy.url, stream)
        trace = proxy.trace()
    assert message.content[0].text == STEPS.text
    assert set(front.versions) == {version}
    assert trace is not None and front.service.refusals == []


def test_streams_at_the_same_time_share_one_http2_connection(secure: Any, tmp_path: Path) -> None:
    front = secure(scripted(Turn(text="Slow. " * 30, pace=0.02)))
    with Proxy(tmp_path, env=environment(front)) as proxy:
        ask(proxy.url, False)
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: ask(proxy.url, True).content[0].text, range(12)))
    assert answers == ["Slow. " * 30] * 12
    assert len(front.versions) == 13
    assert len(front.connections) == 1


def test_a_connection_is_used_again_over_http1(secure: Any, tmp_path: Path) -> None:
    front = secure(scripted(), protocols=("http/1.1",))
    with Proxy(tmp_path, env=environment(front)) as proxy:
        for _ in range(5):
            ask(proxy.url, True)
    assert len(front.connections) == 1


def test_a_large_request_passes_the_windows_of_http2(secure: Any, tmp_path: Path) -> None:
    front = secure(scripted())
    words = "All of it must arrive. " * 200_000  # 4.6 MB
    with Proxy(tmp_path, env=environment(front)) as proxy:
        ask(proxy.url, True, words)
    sent = front.service.requests[-1].json["messages"][-1]["content"]
    assert sent == words or sent[0]["text"] == words


def test_tool_calls_arrive_whole_over_http2(secure: Any, tmp_path: Path) -> None:
    call = Call("get_weather", {"city": "Zürich", "days": 3})
    front = secure(scripted(Turn(text="Let me see.", calls=(call,), piece=3)))
    with Proxy(tmp_path, env=environment(front)) as proxy:
        message = ask(proxy.url, True, tools=[WEATHER])
    assert message.content[-1].input == call.input
    assert message.stop_reason == "tool_use"


def test_a_cut_http2_stream_is_an_error_event(secure: Any, tmp_path: Path) -> None:
    front = secure(scripted(Turn(text="Half of it. " * 20, ending="cut")))
    with Proxy(tmp_path, env=environment(front)) as proxy:
        with pytest.raises(anthropic.APIStatusError) as raised:
            ask(proxy.url, True)
    assert raised.value.body["error"]["type"] == "api_error"


def test_an_unknown_certificate_is_refused_and_named(secure: Any, tmp_path: Path) -> None:
    front = secure(scripted())
    env = environment(front)
    del env["SSL_CERT_FILE"]
    with Proxy(tmp_path, env=env) as proxy:
        with pytest.raises(anthropic.APIStatusError) as raised:
            ask(proxy.url, True)
    assert "certificate" in str(raised.value)
    assert front.service.requests == []


def test_a_certificate_for_another_host_is_refused_and_named(secure: Any, tmp_path: Path) -> None:
    front = secure(scripted(), host="elsewhere.test")
    with Proxy(tmp_path, env=environment(front)) as proxy:
        with pytest.raises(anthropic.APIStatusError) as raised:
            ask(proxy.url, True)
    assert "127.0.0.1" in str(raised.value)
    assert front.service.requests == []


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(secure: Any, tmp_path: Path, variable: str) -> None:
    front = secure(scripted(), host=NAMED)
    with Tunnel(front.port) as tunnel:
        with Proxy(tmp_path, env=environment(front, NAMED, **{variable: tunnel.url})) as proxy:
            message = ask(proxy.url, True)
        assert message.content[0].text == STEPS.text
        assert set(tunnel.asked) == {f"CONNECT {NAMED}:{front.port} HTTP/1.1"}


def test_a_host_in_no_proxy_is_reached_without_it(secure: Any, tmp_path: Path) -> None:
    front = secure(scripted(), host=NAMED)
    with Tunnel(front.port) as tunnel:
        env = environment(front, NAMED, HTTPS_PROXY=tunnel.url, NO_PROXY=f"elsewhere.test,{NAMED}")
        with Proxy(tmp_path, env=env) as proxy:
            with pytest.raises(anthropic.APIStatusError) as raised:
                ask(proxy.url, False)
        assert tunnel.asked == []
    assert NAMED in str(raised.value)  # nobody can resolve it


def test_this_machine_is_never_looked_for_behind_a_proxy(secure: Any, tmp_path: Path) -> None:
    front = secure(scripted())
    with Tunnel(front.port) as tunnel:
        env = environment(front, HTTPS_PROXY=tunnel.url, HTTP_PROXY=tunnel.url, ALL_PROXY=tunnel.url)
        with Proxy(tmp_path, env=env) as proxy:
            ask(proxy.url, True)
        assert tunnel.asked == []
    assert front.versions == ["2"]
