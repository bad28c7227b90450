"""What the simulated models say: always the same to the same text.

A prompt whose last user message holds "Reply with exactly: X" is answered with X, the rest of that line. One that asks
for JSON gets an object that fits simple schemas. All others get some words. A token is four bytes.
"""

import dataclasses
import hashlib
import json
import random
import re
import struct
from typing import Any

WORDS = ("amber basil cedar delta ember fjord grove harbor indigo juniper kelp lotus maple nectar onyx pebble quartz river "
         "sable timber umber violet willow xenon yarrow zephyr anchor beacon candle dapple easel falcon garnet hollow "
         "island jasper kettle lantern meadow needle orchard pepper quiver raven saddle thistle upland velvet walnut "
         "yonder acorn bramble copper dune elm flint ginger hazel ivory jade knoll linen moss").split()
EXACTLY = re.compile(r"Reply with exactly: ?([^\r\n]*)")
SCHEMA_DEPTH = 12


@dataclasses.dataclass
class Prompt:
    """What a request of any dialect asks."""

    text: str  # all of it, the system's part first
    last_user: str
    cap: int | None = None  # tokens of output
    wants_json: bool = False
    schema: dict | None = None
    forced_tool: str | None = None

    @property
    def digest(self):
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclasses.dataclass
class Reply:
    """An answer before it is written in a vendor's shape. finish: stop, length, refusal, tool, content_filter, pause."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    finish: str = "stop"
    tool: tuple[str, dict] | None = None


def tokens(text):
    return max(1, len(text.encode("utf-8", "surrogatepass")) // 4)


def reply_to(prompt, model):
    chance = random.Random(prompt.digest)
    finish, tool = "stop", None
    exactly = EXACTLY.search(prompt.last_user)
    if prompt.forced_tool:
        text, finish, tool = "", "tool", (prompt.forced_tool, {"subject": chance.choice(WORDS)})
    elif exactly:
        text = exactly.group(1)
    elif prompt.schema is not None:
        text = json.dumps(fitting(prompt.schema, chance))
    elif prompt.wants_json:
        text = json.dumps({"answer": _words(chance)})
    else:
        text = _words(chance)
    reply = Reply(text, model, tokens(prompt.text), tokens(text or "tool"), finish, tool)
    if prompt.cap is not None and reply.output_tokens > prompt.cap:
        cut(reply, prompt.cap)
    return reply


def cut(reply, cap):
    """As a model does that came to the end of max_tokens."""
    reply.text = reply.text.encode("utf-8", "replace")[:cap * 4].decode("utf-8", "ignore")
    reply.output_tokens = cap
    reply.finish = "length"


def embedding(value, dimensions):
    """A unit vector that belongs to a text or to a list of tokens."""
    chance = random.Random(json.dumps(value))
    vector = [chance.uniform(-1, 1) for _ in range(dimensions)]
    length = sum(number * number for number in vector) ** 0.5 or 1.0
    return [struct.unpack("<f", struct.pack("<f", number / length))[0] for number in vector]


def texts_of(content):
    """The texts of a message's content in any dialect: a string, or parts that may hold contents of their own."""
    if isinstance(content, str):
        return [content]
    found = []
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict):
            if isinstance(part.get("text"), str):
                found.append(part["text"])
            found += texts_of(part.get("content"))
    return found


def fitting(schema, chance):
    """A value that fits a JSON Schema of the simple kind; null where it is deeper or stranger than that."""
    try:
        return _fitting(schema, schema, chance, 0)
    except (TypeError, ValueError, AttributeError, IndexError, KeyError):
        return None


def _words(chance):
    return " ".join(chance.choices(WORDS, k=chance.randint(5, 24)))


def _fitting(schema, root, chance, depth) -> Any:
    if not isinstance(schema, dict) or depth > SCHEMA_DEPTH:
        return None
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        target = root
        for step in [step for step in reference[1:].split("/") if step]:
            target = target.get(step) if isinstance(target, dict) else None
        return _fitting(target, root, chance, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return chance.choice(schema["enum"])
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return _fitting(schema[choice][0], root, chance, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        properties = schema.get("properties") or {name: {} for name in schema.get("required", [])}
        return {name: _fitting(part, root, chance, depth + 1) for name, part in properties.items()}
    if kind == "array":
        count = max(schema.get("minItems", 1), min(2, schema.get("maxItems", 2)))
        return [_fitting(schema.get("items", {}), root, chance, depth + 1) for _ in range(count)]
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 101) - ("exclusiveMaximum" in schema))
        return chance.randint(int(low), max(int(low), int(high))) if kind == "integer" else low + (high - low) / 2
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "null":
        return None
    text = " ".join(chance.choices(WORDS, k=2)).ljust(schema.get("minLength", 0), "x")
    return text[:schema.get("maxLength", len(text))]
