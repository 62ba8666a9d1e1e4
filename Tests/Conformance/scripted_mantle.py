"""The Messages API as Bedrock itself offers it, on loopback: plays a script behind AWS's signature, with names of models of its own."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from scripted_bedrock import Refused, count, environment, wrong_signature
from scripted_messages import ScriptedMessages, error_body
from service import Recorded, Reply

PATH = "/anthropic/v1/messages"
COUNTING = re.compile(r"/model/([^/]+)/count-tokens")
SERVICE = "bedrock-mantle"


class ScriptedMantle(ScriptedMessages):
    def answer(self, request: Recorded) -> Reply:
        if match := COUNTING.fullmatch(request.path):  # tokens are counted by Bedrock's other door
            return self.counted(request, unquote(match[1]))
        if (request.method, request.path) != ("POST", PATH):
            return self.reply(404, error_body("not_found_error", request.path), request)
        if problem := wrong_signature(request, SERVICE):
            self.refuse(problem)
            words = "The security token included in the request is invalid."
            return self.reply(403, error_body("permission_error", words), request)
        if problem := self.problem(request):
            self.refuse(problem)
            return self.reply(400, error_body("invalid_request_error", problem), request)
        if not request.json["model"].startswith("anthropic.claude-"):
            return self.reply(404, error_body("not_found_error", f"model: {request.json['model']}"), request)
        return self.play(request)

    def problem(self, request: Recorded) -> str | None:
        if request.header("x-api-key"):
            return "the client's own key reached the service"
        return self.malformed(request)

    def counted(self, request: Recorded, model: str) -> Reply:
        if problem := wrong_signature(request):
            self.refuse(problem)
            return self.reply(403, {"message": problem}, request)
        try:
            return self.reply(200, {"inputTokens": count(model, json.loads(request.body))}, request)
        except Refused as refused:
            return self.reply(400, {"message": str(refused)}, request)


def mantle_environment(url: str) -> dict[str, str]:
    return {**environment(url, "mantle"), "AWS_ENDPOINT_URL_BEDROCK_MANTLE": url}

