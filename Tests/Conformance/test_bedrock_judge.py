"""The scripted Bedrock itself: it takes what botocore sends and refuses what the real service would refuse."""

from __future__ import annotations

import copy
import json
from typing import Any

import botocore.config
import botocore.exceptions
import botocore.session
import pytest

from bedrock_rules import Refused, check_converse, check_invoke
from scripted_bedrock import ACCESS, REGION, SECRET, TOKEN, ScriptedBedrock, failure
from turns import Call, Script, Turn

MODEL = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
TOOL = {"toolSpec": {"name": "clock", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
ASK = [{"role": "user", "content": [{"text": "[[main]] go"}]}]
TURN = Turn(thinking="Hm.", text="Grüße", calls=(Call("clock", {"a": [1, "ö"]}),), piece=3)


def client(service: ScriptedBedrock, secret: str = SECRET) -> Any:
    return botocore.session.get_session().create_client(
        "bedrock-runtime",
        endpoint_url=service.url,
        region_name=REGION,
        aws_access_key_id=ACCESS,
        aws_secret_access_key=secret,
        aws_session_token=TOKEN,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )


def test_botocore_reads_our_answers_and_streams() -> None:
    with ScriptedBedrock(Script(main=[TURN])) as service:
        request = {"modelId": MODEL, "messages": ASK, "toolConfig": {"tools": [TOOL]}}
        whole = client(service).converse(**request)
        assert [list(block)[0] for block in whole["output"]["message"]["content"]] == ["reasoningContent", "text", "toolUse"]
        events = list(client(service).converse_stream(**request)["stream"])
        pieces = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
        assert json.loads("".join(p["toolUse"]["input"] for p in pieces if "toolUse" in p)) == {"a": [1, "ö"]}
        assert [list(event)[0] for event in events[-2:]] == ["messageStop", "metadata"]
        body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{"role": "user", "content": "[[main]]"}],
                "tools": [{"name": "clock", "input_schema": {"type": "object"}}]}  # fmt: skip
        answer = client(service).invoke_model_with_response_stream(
            modelId=MODEL, body=json.dumps(body), contentType="application/json"
        )
        chunks = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
        assert (chunks[0]["type"], chunks[-1]["type"]) == ("message_start", "message_stop")
        assert service.refusals == []


def test_botocore_raises_our_exceptions() -> None:
    broken = Turn(text="This will break off.", ending="error")
    with ScriptedBedrock(Script(main=[[failure(429, "Slow down"), broken]])) as service:
        one = client(service)
        with pytest.raises(one.exceptions.ThrottlingException):
            one.converse(modelId=MODEL, messages=ASK)
        with pytest.raises(botocore.exceptions.EventStreamError, match="serviceUnavailableException"):
            list(one.converse_stream(modelId=MODEL, messages=ASK)["stream"])


def test_a_wrong_secret_is_noticed() -> None:
    with ScriptedBedrock(Script(main=[TURN])) as service:
        with pytest.raises(botocore.exceptions.ClientError, match="InvalidSignatureException"):
            client(service, "another").converse(modelId=MODEL, messages=ASK)
        assert "does not match" in service.refusals[0]


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


CALL = {"toolUse": {"toolUseId": "t1", "name": "clock", "input": {}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "ok"}]}}
GOOD = {"messages": [*ASK, assistant(CALL), user(RESULT)], "toolConfig": {"tools": [TOOL]}, "inferenceConfig": {"maxTokens": 9}}
POINT = {"cachePoint": {"type": "default"}}
PNG = {"image": {"format": "jpeg", "source": {"bytes": "iVBORw0KGgo="}}}

WRONG = {
    "no user first": {"messages": [assistant({"text": "a"})]},
    "twice the user": {"messages": [*ASK, *ASK]},
    "blank": {"messages": [user({"text": " \n"})]},
    "no result": {"messages": [*ASK, assistant(CALL), user({"text": "x"})]},
    "result behind text": {"messages": [*ASK, assistant(CALL), user({"text": "x"}, RESULT)]},
    "no call": {"messages": [*ASK, assistant({"text": "a"}), user(RESULT)]},
    "no tools": {"toolConfig": ...},
    "odd id": {"messages": [*ASK, assistant({"toolUse": {**CALL["toolUse"], "toolUseId": "a b"}}), user(RESULT)]},
    "two kinds in one block": {"messages": [user({"text": "x", **POINT})]},
    "no such member": {"messages": [user({"text": "x", "cache_control": {}})]},
    "five points": {"messages": [user(*[{"text": "x"}, POINT] * 5)]},
    "a point alone": {"messages": [user(POINT)]},
    "wrong magic": {"messages": [user({"text": "x"}, PNG)]},
    "no tokens": {"inferenceConfig": {"maxTokens": 0}},
    "too warm": {"inferenceConfig": {"temperature": 1.5}},
    "empty description": {"toolConfig": {"tools": [{"toolSpec": {**TOOL["toolSpec"], "description": ""}}]}},
    "long name": {"toolConfig": {"tools": [{"toolSpec": {**TOOL["toolSpec"], "name": "n" * 65}}]}},
    "unsigned thinking": {"messages": [*ASK, assistant({"reasoningContent": {"reasoningText": {"text": "h"}}}), *ASK]},
    "unknown beta": {"additionalModelRequestFields": {"anthropic_beta": ["claude-code-20250219"]}},
    "model in the body": {"modelId": MODEL},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_real_service_refuses_is_refused(name: str) -> None:
    check_converse("Converse", copy.deepcopy(GOOD))
    body = {key: value for key, value in {**GOOD, **WRONG[name]}.items() if value is not ...}
    with pytest.raises(Refused):
        check_converse("ConverseStream", body)


@pytest.mark.parametrize("fields", [
    {"model": "x"}, {"stream": True}, {"anthropic_version": "2023-06-01"}, {"tags": {}}, {"max_tokens": ...},
    {"anthropic_beta": ["claude-code-20250219"]}, {"thinking": {"type": "adaptive", "display": "updates"}},
    {"tools": [{"name": "a", "defer_loading": True}]},
], ids=str)  # fmt: skip
def test_what_invoke_model_refuses_is_refused(fields: dict[str, Any]) -> None:
    good = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": []}
    check_invoke(good)
    with pytest.raises(Refused):
        check_invoke({key: value for key, value in {**good, **fields}.items() if value is not ...})
