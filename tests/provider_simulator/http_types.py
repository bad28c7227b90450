"""What the server and the vendors hand each other: a request that was read whole, an answer to be sent."""

import dataclasses
import functools
import json
import re
import urllib.parse
from typing import Any


@dataclasses.dataclass
class Request:
    method: str
    path: str  # without the query
    query: dict  # the first value of each name
    headers: dict  # names in lower case
    body: bytes
    id: str = ""  # by which the vendor calls it
    work: "Work | None" = None  # once the vendor has looked at it

    @property
    def target(self):
        return self.path + ("?" + urllib.parse.urlencode(self.query) if self.query else "")

    @functools.cached_property
    def json(self):
        """The body as an object; None when it is no JSON object."""
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return parsed if isinstance(parsed, dict) else None


@dataclasses.dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    transport: dict | None = None  # the fault that the server commits while it sends this

    @staticmethod
    def of(value: Any, status=200, headers=None):
        return Answer(status, json.dumps(value).encode(), {"content-type": "application/json", **(headers or {})})


@dataclasses.dataclass
class Work:
    """What a request is about, for rules to match and for the log: one item of a call, many of a batch."""

    items: list = dataclasses.field(default_factory=list)
    metadata: dict | None = None

    @property
    def models(self):
        return sorted({item.model for item in self.items if isinstance(item.model, str)})


def bearer(request):
    """The key of an Authorization header; empty when there is none."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def multipart_fields(content_type, body):
    """{name: (filename or None, bytes)} of multipart/form-data; None when it is not that."""
    found = re.match(r'multipart/form-data;.*boundary="?([^";]+)"?', content_type or "", re.IGNORECASE)
    if not found:
        return None
    mark = b"--" + found.group(1).encode()
    if not body.startswith(mark):
        return None
    fields = {}
    at = len(mark)
    while body[at:at + 2] == b"\r\n":
        head_end = body.find(b"\r\n\r\n", at)
        part_end = body.find(b"\r\n" + mark, head_end + 2)
        if head_end < 0 or part_end < 0:
            return None
        head = body[at:head_end].decode("utf-8", "replace")
        name = re.search(r'[; ]name="([^"]*)"', head)
        filename = re.search(r'filename="([^"]*)"', head)
        if name is None:
            return None
        fields[name.group(1)] = (filename and filename.group(1), body[head_end + 4:part_end])
        at = part_end + 2 + len(mark)
    return fields if body[at:at + 2] == b"--" else None
