"""A strict Bedrock on loopback: signs every request again with botocore, refuses what its service model or `bedrock_rules`
refuse, and plays a script."""

from __future__ import annotations

import base64
import itertools
import json
import re
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any
from unittest import mock
from urllib.parse import unquote

import bedrock_wire as wire
import botocore.auth
from bedrock_rules import Refused, check_converse, check_invoke
from bedrock_shapes import Mismatch, check_input
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from scripted_chat import offered
from service import Recorded, Reply, Service
from talk import from_converse, from_messages
from turns import Failure, Script

REGION = "eu-central-1"
ACCESS = "AKIAIOSFODNN7CONFORM"
SECRET = "secret/of+the/conformance/suite/0123456789"
TOKEN = "session-token-of-the-conformance-suite=="
PATH = re.compile(r"/model/([^/]+)/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)")
SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), ")


def failure(status: int, text: str, kind: str | None = None) -> Failure:
    """A failure worded the way Bedrock words it."""
    return Failure(status, {"message": text}, (wire.JSON, ("x-amzn-errortype", f"{kind or kind_of(status)}:http://x/")))


def kind_of(status: int) -> str:
    return {400: "ValidationException", 403: "AccessDeniedException", 404: "ResourceNotFoundException",
            429: "ThrottlingException", 500: "InternalServerException", 503: "ServiceUnavailableException",
            529: "ServiceUnavailableException"}.get(status, "InternalServerException")  # fmt: skip


def too_long() -> Failure:
    return failure(400, "Input is too long for requested model.")


class ScriptedBedrock(Service):
    def __init__(self, script: Script | None = None):
        super().__init__(script)
        self.ids = itertools.count(1)
        self.models: list[str] = []

    def answer(self, request: Recorded) -> Reply:
        match = PATH.fullmatch(request.path)
        if not match or request.method != "POST":
            return self.fail(failure(404, f"no such operation: {request.method} {request.path}", "UnknownOperationException"))
        model, operation = unquote(match[1]), match[2]
        self.models.append(model)
        if problem := wrong_signature(request):
            self.refuse(problem)
            return self.fail(failure(403, problem, "InvalidSignatureException"))
        try:
            request.json = self.read(request)
            if operation == "count-tokens":
                return self.whole({"inputTokens": count(model, request.json)})
            if operation.startswith("converse"):
                check_converse("Converse" if operation == "converse" else "ConverseStream", request.json)
            else:
                check_invoke(request.json)
        except Refused as refused:
            self.refuse(str(refused))
            return self.fail(failure(400, str(refused)))
        return self.play(request, model, operation)

    def read(self, request: Recorded) -> Any:
        if request.header("content-type") != "application/json":
            raise Refused(f"unsupported content-type {request.header('content-type')}")
        forbidden = [name for name, _ in request.headers if name.lower().startswith(("x-api-key", "anthropic-"))]
        if forbidden:
            raise Refused(f"the client's own headers reached the service: {forbidden}")
        try:
            return json.loads(request.body)
        except ValueError as problem:
            raise Refused(f"the request body is not valid JSON: {problem}") from None

    def play(self, request: Recorded, model: str, operation: str) -> Reply:
        is_converse = operation.startswith("converse")
        request.talk = from_converse(request.json) if is_converse else from_messages(request.json)
        turn = self.script.turn(request.talk)
        if isinstance(turn, Failure):
            return self.fail(turn)
        turn = replace(turn, calls=tuple(offered(call, request.talk) for call in turn.calls))
        if operation == "converse":
            return self.whole(wire.converse(turn))
        if operation == "invoke":
            return self.whole(wire.invoke(turn, model))
        events = wire.converse_stream(turn) if is_converse else wire.invoke_stream(turn, model)
        return Reply(200, self.headers(wire.STREAM), events, turn.write, turn.pace)

    def whole(self, body: dict[str, Any]) -> Reply:
        return Reply(200, self.headers(wire.JSON), json.dumps(body).encode())

    def fail(self, turn: Failure) -> Reply:
        return Reply(turn.status, self.headers(*turn.headers), turn.bytes)

    def headers(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        now = datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return [("x-amzn-RequestId", f"{next(self.ids):032x}"), ("Date", now), *more]


def count(model: str, body: Any) -> int:
    """A count of the Anthropic body inside, by letters and pictures; for foundation models only."""
    try:
        check_input("CountTokens", body)
        inner = json.loads(base64.b64decode(body["input"]["invokeModel"]["body"]))
    except (Mismatch, KeyError, ValueError) as problem:
        raise Refused(f"CountTokens: {problem}") from None
    if not model.startswith("anthropic."):
        raise Refused("The provided model doesn't support counting tokens.")
    check_invoke(inner)
    texts = json.dumps([inner["messages"], inner.get("system"), inner.get("tools")])
    pictures = re.findall(r'"data": "[^"]*"', texts)
    return (len(texts) - sum(map(len, pictures))) // 5 + 1000 * len(pictures)


def wrong_signature(request: Recorded, service: str = "bedrock") -> str | None:
    """What is wrong with the signature, if anything: botocore signs the same request, and must come to the same."""
    given = request.header("authorization") or ""
    if not (match := SCOPE.match(given)):
        return f"no signature: {given[:60]}"
    if match[1] != ACCESS or match[3] != REGION or match[4] != service:
        return f"signed for {match[1]} in {match[3]} of {match[4]}"
    names = match[5].split(";")
    for needed in ("content-type", "host", "x-amz-date", "x-amz-security-token"):
        if needed not in names:
            return f"{needed} is not signed"
    expected = signature(request, names, service)
    return None if given == expected else f"The request signature we calculated does not match: {expected} != {given}"


def signature(request: Recorded, names: list[str], service: str) -> str:
    stamp = request.header("x-amz-date") or ""
    url = f"http://{request.header('host')}{request.target}"
    fields = {name: request.header(name) for name in names if name not in ("host", "x-amz-date", "x-amz-security-token")}
    again = AWSRequest(method=request.method, url=url, data=request.body, headers=fields)
    signer = botocore.auth.SigV4Auth(Credentials(ACCESS, SECRET, TOKEN), service, REGION)
    time = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: time.replace(tzinfo=None)):
        signer.add_auth(again)
    return again.headers["Authorization"]


def environment(url: str, api: str = "converse") -> dict[str, str]:
    """What a user with nothing but AWS variables has set."""
    return {
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "BEDROCK_API": api,
    }
