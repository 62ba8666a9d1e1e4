"""The Messages API on Bedrock: signed for its own service, passed through unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import scripted_bedrock
import scripted_messages
from proxy import Proxy
from scripted_mantle import ScriptedMantle, mantle_environment
from sdk import WEATHER, ask, body_of, post
from turns import Call, Script, Turn

mantle = pytest.mark.backends("mantle")


@mantle
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_answers_pass_through_a_signed_door(lab: Any, stream: bool) -> None:
    one = lab(main=[Turn(thinking="Hm.", text="Grüße", calls=(Call("get_weather", {"city": "Köln"}),), piece=3)])
    message = ask(one.url, stream, tools=[WEATHER], model="claude-haiku-4-5-20251001")
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
    assert message.content[-1].input == {"city": "Köln"}
    (request,) = one.service.requests
    assert request.json["model"] == "anthropic.claude-haiku-4-5"
    assert "/bedrock-mantle/aws4_request" in request.header("authorization")
    one.check()


@mantle
def test_the_stream_is_the_services_own_bytes(lab: Any) -> None:
    one = lab(main=[Turn(text="Byte for byte. 🌍")])
    status, _, body = post(one.url, body_of(stream=True))
    assert status == 200
    assert bytes(one.service.sent[0]) == body


@mantle
def test_the_body_changes_in_the_name_of_the_model_only(lab: Any) -> None:
    one = lab(main=[Turn(text="Fine.")])
    sent = body_of(temperature=0.5, metadata={"user_id": "x"}, an_unknown_field={"kept": [1, "ö"]})
    assert post(one.url, sent)[0] == 200
    (request,) = one.service.requests
    assert request.json == {**sent, "model": request.json["model"]}


@mantle
def test_failures_are_the_services_own(lab: Any) -> None:
    one = lab(main=[scripted_messages.failure(529, "Overloaded")])
    status, _, body = post(one.url, body_of())
    assert (status, json.loads(body)["error"]["message"]) == (529, "Overloaded")


@mantle
def test_new_keys_in_the_profile_are_used_without_a_restart(backend: str, tmp_path: Path) -> None:
    with ScriptedMantle(Script(main=[Turn(text="Fine.")])) as service:
        aws = tmp_path / "aws-credentials"
        aws.write_text("[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n")
        env = {name: value for name, value in mantle_environment(service.url).items() if "KEY" not in name and "SESSION" not in name}
        with Proxy(tmp_path, "-b", "bedrock", env={**env, "AWS_SHARED_CREDENTIALS_FILE": str(aws)}) as proxy:
            status, _, body = post(proxy.url, body_of())
            assert status == 401 and "write new keys into the profile default" in json.loads(body)["error"]["message"]
            aws.write_text(
                f"[default]\naws_access_key_id = {scripted_bedrock.ACCESS}\n"
                f"aws_secret_access_key = {scripted_bedrock.SECRET}\naws_session_token = {scripted_bedrock.TOKEN}\n"
            )
            assert post(proxy.url, body_of())[0] == 200
            assert [request.status for request in service.requests] == [403, 403, 200]


@mantle
def test_tokens_are_counted_at_bedrocks_other_door(lab: Any) -> None:
    one = lab(main=[])
    body = {name: value for name, value in body_of().items() if name != "max_tokens"}
    status, _, answer = post(one.url, {**body, "model": "claude-haiku-4-5-20251001"}, "/v1/messages/count_tokens")
    assert status == 200 and json.loads(answer)["input_tokens"] > 0
    assert [request.path.endswith("/count-tokens") for request in one.service.requests] == [True]
    assert one.service.refusals == []


@mantle
def test_the_real_client_works_through_it(lab: Any) -> None:
    one = lab(main=[Turn(calls=(Call("Bash", {"command": "echo bash-ran", "description": "Runs it"}),), piece=7), Turn(text="Done.")])
    done = one.ask("[[main]] Run it.", "--allowedTools", "Bash(echo *)")
    assert (done.code, done.text) == (0, "Done."), done.err
    assert any("bash-ran" in str(result) for result in one.results())
    one.check("Bash")
