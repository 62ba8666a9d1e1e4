"""Bedrock beyond what all backends have in common: signatures, failures in its own words, keys that change, both operations."""

from __future__ import annotations

import base64
import json
import socket
import struct
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import anthropic
import pytest

import samples
import scripted_bedrock
import sdk
from proxy import Proxy, binary
from scripted_bedrock import ScriptedBedrock, environment, failure, too_long
from sdk import WEATHER, ask, body_of, post
from turns import Call, Failure, Script, Turn

both = pytest.mark.backends("bedrock", "invoke")
on_converse = pytest.mark.backends("bedrock")

CASES = {
    "validation": (failure(400, "The value at temperature is wrong: keep-this"), 400, "invalid_request_error", "keep-this"),
    "wrapped": (failure(400, "The model returned the following errors: adaptive thinking is not supported on this model"),
                400, "invalid_request_error", "adaptive thinking is not supported"),
    "too long": (too_long(), 400, "invalid_request_error", "prompt is too long"),
    "denied": (failure(403, "User is not authorized to perform: bedrock:InvokeModel"), 403, "permission_error", "InvokeModel"),
    "expired": (failure(403, "The security token is expired", "ExpiredTokenException"), 401, "authentication_error", "AWS_SESSION_TOKEN"),
    "throttled": (failure(429, "Too many tokens, please wait before trying again."), 429, "rate_limit_error", "Too many tokens"),
    "not ready": (failure(429, "Model is not ready", "ModelNotReadyException"), 529, "overloaded_error", "not ready"),
    "model": (failure(400, "The provided model identifier is invalid."), 404, "not_found_error", "BEDROCK_MODEL_ID"),
    "on demand": (failure(400, "Invocation of model ID x with on-demand throughput isn’t supported."), 404, "not_found_error", "profile"),
    "model error": (failure(424, "The model failed", "ModelErrorException"), 500, "api_error", "The model failed"),
    "unavailable": (failure(503, "Busy"), 529, "overloaded_error", "Busy"),
    "html": (Failure(502, "<html><b>Bad Gateway</b></html>", (("content-type", "text/html"),)), 502, "api_error", "Bad Gateway"),
}  # fmt: skip


@both
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("name", CASES)
def test_failures_are_told_in_the_clients_words(lab: Any, name: str, stream: bool) -> None:
    upstream, status, kind, words = CASES[name]
    one = lab(main=[upstream])
    got, _, body = post(one.url, body_of(stream=stream))
    error = json.loads(body)["error"]
    assert (got, error["type"]) == (status, kind), error
    assert words in error["message"]


@both
def test_ids_and_arns_are_signed_as_they_are_sent(lab: Any) -> None:
    one = lab(main=[Turn(text="Fine.")])
    ids = [
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-6-v1",
        "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/ab12cd34ef56",
    ]
    for model in ids:
        assert post(one.url, {**body_of(), "model": model})[0] == 200
    assert one.service.models == ids
    assert one.service.refusals == []


@both
def test_a_large_request_is_signed_right(lab: Any) -> None:
    one = lab(main=[Turn(text="Fine.")])
    assert ask(one.url, True, "[[main]] " + "Grüße 🌍 " * 50_000).content[0].text == "Fine."
    assert one.service.refusals == []


@both
def test_media_arrive_as_bytes(lab: Any) -> None:
    one = lab(main=[Turn(text="A picture.")])
    image = {"type": "base64", "media_type": "image/jpeg", "data": samples.base64_text(samples.png())}
    text = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(b"%PDF-1.4 x").decode()}
    content = [{"type": "image", "source": image}] if one.backend == "bedrock" else []
    content += [{"type": "document", "source": text}, {"type": "text", "text": "[[main]] What is this?"}]
    assert ask(one.url, False, [{"role": "user", "content": content}]).content[0].text == "A picture."


@on_converse
def test_what_the_types_cannot_hold_is_made_right(lab: Any) -> None:
    """Blanks, orphans, doubled names, odd ids, five cache marks: each would be refused as it is."""
    one = lab(main=[Turn(text="Fine.")])
    mark = {"cache_control": {"type": "ephemeral"}}
    call = {"type": "tool_use", "id": "call with blanks", "name": "a.b", "input": {}}
    history = [
        {"role": "assistant", "content": [{"type": "text", "text": "hello", **mark}]},
        {"role": "user", "content": [{"type": "text", "text": " "}, {"type": "text", "text": "x", **mark}]},
        {"role": "user", "content": "y"},
        {"role": "assistant", "content": [call, {**call, "id": "two"}]},
        {"role": "user", "content": [
            {"type": "text", "text": "[[main]] go", **mark},
            {"type": "tool_result", "tool_use_id": "call with blanks", "content": ""},
            {"type": "tool_result", "tool_use_id": "nobody", "content": "lost"},
        ]},
    ]  # fmt: skip
    tools = [{"name": "a.b", "description": "", "input_schema": {}, **mark}, {**WEATHER, **mark}]
    fields = body_of(history, tools=tools, temperature=1.7, stop_sequences=["", "\n", "END"])
    assert post(one.url, fields)[0] == 200
    assert one.service.refusals == []


@both
def test_names_of_tools_come_back_as_the_client_knows_them(lab: Any) -> None:
    name = "mcp__a_server_with_a_rather_long_name__and_a_tool_with_one_too_1234567"[:64]
    one = lab(main=[Turn(calls=(Call(name, {"x": 1}),), piece=3)])
    tool = {"name": name, "description": "Does it.", "input_schema": {"type": "object", "properties": {}}}
    message = ask(one.url, True, tools=[tool])
    assert [(use.name, use.input) for use in message.content] == [(name, {"x": 1})]


@on_converse
def test_a_tool_of_anthropics_own_service_alone_is_refused_clearly(lab: Any) -> None:
    one = lab(main=[Turn(text="never")])
    tool = {"type": "code_execution_20250825", "name": "code_execution"}
    status, headers, body = post(one.url, body_of(tools=[tool]))
    assert status == 400 and "Bedrock does not have them" in json.loads(body)["error"]["message"]
    assert one.service.requests == []


@pytest.mark.backends("bedrock")
def test_new_keys_in_the_profile_are_used_without_a_restart(backend: str, tmp_path: Path) -> None:
    with ScriptedBedrock(Script(main=[Turn(text="Fine.")])) as service:
        aws = tmp_path / "aws-credentials"
        aws.write_text("[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n")
        env = {name: value for name, value in environment(service.url).items() if "KEY" not in name and "SESSION" not in name}
        with Proxy(tmp_path, "-b", "bedrock", env={**env, "AWS_SHARED_CREDENTIALS_FILE": str(aws)}) as proxy:
            assert post(proxy.url, body_of())[0] == 401
            aws.write_text(
                f"[default]\naws_access_key_id = {scripted_bedrock.ACCESS}\n"
                f"aws_secret_access_key = {scripted_bedrock.SECRET}\naws_session_token = {scripted_bedrock.TOKEN}\n"
            )
            assert post(proxy.url, body_of())[0] == 200
            assert [request.status for request in service.requests] == [403, 403, 200]


@pytest.mark.backends("bedrock")
@pytest.mark.parametrize(("env", "words"), [
    ({"AWS_PROFILE": "dev"}, "AWS_PROFILE=dev (shell): no such profile"),
    ({"AWS_ACCESS_KEY_ID": "a"}, "no region is set"),
    ({"AWS_ACCESS_KEY_ID": "a", "AWS_REGION": "eu-west-1"}, "AWS_SECRET_ACCESS_KEY is not; keys come in pairs"),
    ({"BEDROCK_MODEL_ID": "a.b", "AWS_REGION": "Frankfurt"}, "AWS_REGION=Frankfurt (shell): no AWS region"),
    ({"AWS_BEARER_TOKEN_BEDROCK": "t", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://example.com"}, "over https only"),
], ids=["profile", "region", "half", "odd region", "plain"])  # fmt: skip
def test_what_is_missing_is_said_at_the_start(backend: str, tmp_path: Path, env: dict[str, str], words: str) -> None:
    proxy = Proxy(tmp_path, env=env)
    with pytest.raises(AssertionError), proxy:
        pass
    assert words in proxy.said
    assert proxy.process and proxy.process.wait(5) == 78


@both
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_model_that_is_being_loaded_is_waited_for(lab: Any, stream: bool) -> None:
    busy = failure(429, "Model is not ready", "ModelNotReadyException")
    one = lab(main=[[busy, busy, Turn(text="Here I am.")]])
    assert ask(one.url, stream).content[0].text == "Here I am."
    assert [request.status for request in one.service.requests] == [429, 429, 200]
    trace = one.check()
    assert [error["retried"] for error in trace.of("error")] == [True, True]
    sent = [datetime.fromisoformat(record["ts"]) for record in trace.of("upstream")]
    assert 0.14 < (sent[1] - sent[0]).total_seconds() and 0.29 < (sent[2] - sent[1]).total_seconds()


@on_converse
def test_a_client_that_leaves_ends_the_waiting(lab: Any) -> None:
    one = lab(main=[[failure(429, "Model is not ready", "ModelNotReadyException")] * 9])
    body = json.dumps(body_of()).encode()
    with socket.create_connection(("127.0.0.1", one.proxy.port)) as client:
        client.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                       b"content-length: %d\r\n\r\n" % len(body) + body)  # fmt: skip
        wait_for(lambda: len(one.service.requests) >= 2)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # gone at once
    wait_for(lambda: one.proxy.trace().of("end"))
    (end,) = one.proxy.trace().of("end")
    assert end["outcome"] == "client_gone"
    assert len(one.service.requests) < 5


def wait_for(condition: Any, limit: float = 10.0) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@on_converse
@pytest.mark.parametrize(("secret", "level", "words"), [
    (scripted_bedrock.SECRET, "ok", "takes the keys"),
    ("wrong", "fail", "AWS refuses the credentials (InvalidSignatureException)"),
], ids=["right", "wrong"])  # fmt: skip
def test_doctor_asks_bedrock_only_when_told_to(backend: str, tmp_path: Path, secret: str, level: str, words: str) -> None:
    with ScriptedBedrock() as service:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environment(service.url), "AWS_SECRET_ACCESS_KEY": secret}
        command = [str(binary()), "doctor", "--json", "-p", "0"]
        quiet = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert (quiet.returncode, service.requests) == (0, [])
        checks = {finding["check"]: finding for finding in json.loads(quiet.stdout)["findings"]}
        assert checks["credentials"]["text"].startswith("AWS_ACCESS_KEY_ID: ")
        assert checks["endpoint"]["text"].startswith(service.url)
        asked = subprocess.run([*command, "--online"], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        (online,) = [finding for finding in json.loads(asked.stdout)["findings"] if finding["check"] == "online"]
        assert online["level"] == level and words in online["text"]
        assert len(service.requests) == 1


@both
def test_a_stream_broken_off_by_bedrock_is_an_error_event(lab: Any) -> None:
    one = lab(main=[Turn(text="This will not be complete.", ending="error")])
    with pytest.raises(anthropic.APIStatusError) as caught, sdk.client(one.url) as client:
        with client.messages.stream(**body_of()) as stream:
            stream.get_final_message()
    assert "Overloaded in the middle" in str(caught.value)
