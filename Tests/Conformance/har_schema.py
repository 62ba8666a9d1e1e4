"""HTTP Archive 1.2 as a JSON schema, written from the specification (http://www.softwareishard.com/blog/har-12-spec/).

Stricter than it where a slip would hide: no member that the specification does not know, but those that begin with `_`.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": -1}
TIME = {"type": "number", "minimum": -1}
STAMP = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def record(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional, "comment": TEXT},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


PAIRS = listed(record({"name": TEXT, "value": TEXT}))
COOKIES = listed(record({"name": TEXT, "value": TEXT}, path=TEXT, domain=TEXT, expires=STAMP))
POST_DATA = record({"mimeType": TEXT, "text": TEXT}, params=PAIRS)
CONTENT = record({"size": COUNT, "mimeType": TEXT}, text=TEXT, encoding=TEXT, compression=COUNT)
MESSAGE = {"httpVersion": TEXT, "cookies": COOKIES, "headers": PAIRS, "headersSize": COUNT, "bodySize": COUNT}
REQUEST = record({"method": TEXT, "url": {"type": "string", "format": "uri"}, "queryString": PAIRS, **MESSAGE}, postData=POST_DATA)
RESPONSE = record({"status": COUNT, "statusText": TEXT, "content": CONTENT, "redirectURL": TEXT, **MESSAGE})
TIMINGS = record({"send": TIME, "wait": TIME, "receive": TIME}, blocked=TIME, dns=TIME, connect=TIME, ssl=TIME)
ENTRY = record(
    {"startedDateTime": STAMP, "time": TIME, "request": REQUEST, "response": RESPONSE, "cache": {"type": "object"}, "timings": TIMINGS},
    pageref=TEXT,
    serverIPAddress=TEXT,
    connection=TEXT,
)
PAGE = record(
    {"startedDateTime": STAMP, "id": TEXT, "title": TEXT, "pageTimings": record({}, onContentLoad=TIME, onLoad=TIME)}
)
LOG = record(
    {"version": {"const": "1.2"}, "creator": record({"name": TEXT, "version": TEXT}), "entries": listed(ENTRY)},
    browser=record({"name": TEXT, "version": TEXT}),
    pages=listed(PAGE),
)
SCHEMA = {"$schema": "https://json-schema.org/draft/2020-12/schema", **record({"log": LOG})}
