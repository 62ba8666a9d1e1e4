"""A Model Context Protocol server on stdin and stdout with one tool whose name is far too long for most services."""

from __future__ import annotations

import json
import sys
from typing import Any

SERVER = "depot"
TOOL = "look_up_the_number_of_crates_in_the_north_warehouse_for_an_article_we_know"
FULL_NAME = f"mcp__{SERVER}__{TOOL}"  # 86 characters
SAYS = "north warehouse inventory"

TOOL_ENTRY = {
    "name": TOOL,
    "description": f"Looks up the {SAYS}: how many crates of an article there are.",
    "inputSchema": {
        "type": "object",
        "properties": {"article": {"type": "string", "description": "what to count"}},
        "required": ["article"],
    },
}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    if method == "initialize":
        return {
            "protocolVersion": params.get("protocolVersion", "2025-06-18"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": SERVER, "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [TOOL_ENTRY]}
    if method == "tools/call":
        article = params["arguments"].get("article", "nothing")
        return {"content": [{"type": "text", "text": f"There are {len(article) * 7} crates of {article}."}]}
    return {} if method == "ping" else None


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue  # a notification
        result = answer(request["method"], request.get("params") or {})
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        if result is None:
            reply["error"] = {"code": -32601, "message": f"no method {request['method']}"}
        else:
            reply["result"] = result
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
