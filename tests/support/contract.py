"""schemas/openapi.yaml, and what it says of an exchange. Needs Debian's python3-yaml and python3-jsonschema."""

import functools
import gzip
import json
import os
import pathlib
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml
from jsonschema import Draft202012Validator, validators

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "schemas" / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")
ELEMENTS_CHECKED = 100  # of an array, at each end: pages of thousands of rows are alike
BACKTICKED = re.compile(r"`([a-z_]+)`")


class Broken(AssertionError):
    """Something is not as the description says."""


class Operation(NamedTuple):
    method: str
    pattern: str
    expression: re.Pattern
    names: tuple  # of the path parameters
    description: dict

    def __str__(self):
        return f"{self.method} {self.pattern}"


class Contract:
    def __init__(self, document):
        self.document = document
        self.operations = [self._operation(pattern, method, item[method])
                           for pattern, item in document["paths"].items() for method in METHODS if method in item]
        # A literal segment wins over a parameter.
        self._by_preference = sorted(self.operations, key=lambda one: [part.startswith("{") for part in
                                                                      one.pattern.split("/")])
        self.codes = set(document["components"]["schemas"]["ErrorCode"]["enum"])

    @staticmethod
    def _operation(pattern, method, description):
        expression = re.compile(re.sub(r"\\\{[a-z_]+\\\}", "([^/]+)", re.escape(pattern)))
        return Operation(method.upper(), pattern, expression, tuple(re.findall(r"\{([a-z_]+)\}", pattern)), description)

    # Reading

    def find(self, method, path):
        """The operation that answers there, or None; and whether the path is known at all."""
        method = "GET" if method == "HEAD" else method
        there = [one for one in self._by_preference if one.expression.fullmatch(path)]
        there = [one for one in there if one.pattern == there[0].pattern]
        return next((one for one in there if one.method == method), None), bool(there)

    def resolve(self, part):
        """What a reference stands for; its own description wins."""
        while "$ref" in part:
            target = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            part = {**target, **{name: value for name, value in part.items() if name != "$ref"}}
        return part

    def parameters(self, operation, place=None):
        found = [self.resolve(one) for one in operation.description.get("parameters", [])]
        return [one for one in found if place in (None, one["in"])]

    def request_body(self, operation):
        return self.resolve(operation.description["requestBody"]) if "requestBody" in operation.description else None

    def response(self, operation, status):
        """None where this status is not documented."""
        responses = operation.description["responses"]
        default = self._anywhere(operation)
        anywhere = status in default["x-statuses"]
        if str(status) not in responses:
            return default if anywhere else None
        own = self.resolve(responses[str(status)])
        return {**own, "content": {**default["content"], **own.get("content", {})}} if anywhere else own

    def codes_allowed(self, operation, status):
        """Of a refusal; None: any, as the description names none."""
        own = self.resolve(operation.description["responses"].get(str(status), {}))
        named = set(BACKTICKED.findall(own.get("description", ""))) & self.codes
        if not named and "application/problem+json" in own.get("content", {}):
            return None
        return named | set(self._anywhere(operation)["x-statuses"].get(status, ()))

    def _anywhere(self, operation):
        return self.resolve(operation.description["responses"]["default"])

    def documented(self):
        """Every (operation, status) of its own."""
        return {(str(one), int(status)) for one in self.operations for status in one.description["responses"]
                if status != "default"}

    def is_open(self, operation):
        """Whether it may be called without credentials."""
        security = operation.description.get("security", self.document["security"])
        return not security or {} in security

    # Checking

    def fault(self, schema, value):
        """The first thing wrong with a value, or None."""
        faults = self._validator(json.dumps(schema, sort_keys=True)).iter_errors(value)
        fault = next(faults, None)
        if fault is None:
            return None
        while fault.context:  # of alternatives, the one that got furthest
            fault = max(fault.context, key=lambda one: len(one.absolute_path))
        return f"at /{'/'.join(map(str, fault.absolute_path))}: {fault.message[:500]}"

    @functools.lru_cache(maxsize=None)
    def _validator(self, schema):
        return Validator({**json.loads(schema), "components": self.document["components"]})

    def check_exchange(self, method, target, request_headers, request_body, status, headers, body):
        """Header names in lower case. Returns the operation, or None for what is no route. Raises Broken."""
        path = unquote(urlsplit(target).path)
        operation, known = self.find(method, path)
        try:
            if "x-request-id" not in headers:
                raise Broken("an answer without X-Request-Id")
            if operation is None:
                self._check_no_route(method, known, status, headers, body)
            else:
                self._check_answer(operation, method, status, headers, body)
                if status < 300:
                    self._check_query(operation, target)
                    self._check_request_body(operation, request_headers, request_body)
        except Broken as broken:
            raise Broken(f"{operation or path}: {status} is not as in {FILE.name}: {broken}\n{body[:1000]!r}") from None
        return operation

    def _check_no_route(self, method, known, status, headers, body):
        if method == "OPTIONS" and status == 204:
            return
        if status == 405 if known else status in (400, 404, 408, 413, 429, 431, 503):
            return self._check_body({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                                    method, headers, body)
        raise Broken("there is no such route")

    def _check_answer(self, operation, method, status, headers, body):
        response = self.response(operation, status)
        if response is None:
            raise Broken("this status is not documented")
        value = self._check_body(response.get("content", {}), method, headers, body)
        if "Location" in response.get("headers", {}) and "location" not in headers:
            raise Broken("an answer without Location")
        codes = self.codes_allowed(operation, status)
        kind = headers.get("content-type", "").split(";")[0]
        if codes is not None and value is not None and kind == "application/problem+json" and value["error"]["code"] not in codes:
            raise Broken(f"code {value['error']['code']} is not documented")

    def _check_body(self, content, method, headers, body):
        kind = headers.get("content-type", "").split(";")[0].strip()
        if method == "HEAD":
            return None
        if not content:
            if body:
                raise Broken("a body where none is documented")
            return None
        if kind not in content:
            raise Broken(f"content type {kind!r} is not documented")
        body = decoded(headers, body)
        if not kind.endswith("json") or kind == "application/x-ndjson" or body is None:
            return None
        try:
            value = json.loads(body)
        except ValueError as error:
            raise Broken(f"no JSON: {error}") from None
        fault = self.fault(content[kind]["schema"], value)
        if fault is not None:
            raise Broken(fault)
        return value

    def _check_query(self, operation, target):
        given = parse_qsl(urlsplit(target).query, keep_blank_values=True)
        documented = {one["name"]: one for one in self.parameters(operation, "query")}
        for name, text in given:
            if name not in documented:
                if operation.description.get("x-any-query"):
                    continue
                raise Broken(f"it took the query parameter {name!r}, which is not documented")
            fault = self.fault(documented[name]["schema"], typed(documented[name]["schema"], text))
            if fault is not None:
                raise Broken(f"it took {name}={text!r} in the query: {fault}")
        missing = {name for name, one in documented.items() if one.get("required")} - {name for name, _ in given}
        if missing:
            raise Broken(f"it did without the query parameters {missing}")

    def _check_request_body(self, operation, headers, body):
        documented = self.request_body(operation)
        if documented is None:
            return  # it is not looked at
        if not body:
            if documented.get("required"):
                raise Broken("it took a request without a body")
            return
        kind = headers.get("content-type", "").split(";")[0].strip()
        if kind not in documented["content"]:
            raise Broken(f"it took a body of {kind!r}")
        if not isinstance(body, bytes) or "content-encoding" in headers or kind != "application/json":
            return
        fault = self.fault(documented["content"][kind]["schema"], json.loads(body))
        if fault is not None:
            raise Broken(f"it took a body that is not as documented {fault}")


def decoded(headers, body):
    """What was sent, without its coding; None where Python has no decoder for it."""
    coding = headers.get("content-encoding", "identity")
    if coding == "gzip":
        return gzip.decompress(body) if body else body
    return body if coding == "identity" else None


def typed(schema, text):
    """A query parameter's text as what its schema speaks of."""
    if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    return {"true": True, "false": False}.get(text, text) if schema.get("type") == "boolean" else text


def first_and_last_items(validator, schema, instance, whole):
    """`items`, of the elements at both ends."""
    if not validator.is_type(instance, "array"):
        return
    for index, element in enumerate(instance):
        if index < ELEMENTS_CHECKED or index >= len(instance) - ELEMENTS_CHECKED:
            yield from validator.descend(element, schema, path=index)


Validator = validators.extend(Draft202012Validator, {"items": first_and_last_items})


@functools.lru_cache(maxsize=None)
def contract():
    return Contract(yaml.load(FILE.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


# What the tests have seen

_seen = set()


def check(method, target, request_headers, request_body, status, headers, body):
    """Fails the test in which an answer, or a request that was fine, is not as described; keeps what was seen."""
    names = {name.lower(): value for name, value in request_headers.items()}
    operation = contract().check_exchange(method, target, names, request_body, status, headers, body)
    directory = os.environ.get("BATCHROUTER_TEST_CONTRACT")
    pair = f"{operation} {status}"
    if directory and operation is not None and method != "HEAD" and pair not in _seen:
        _seen.add(pair)
        path = pathlib.Path(directory)
        path.mkdir(parents=True, exist_ok=True)
        with (path / f"{os.getpid()}.txt").open("a") as file:
            file.write(pair + "\n")


def seen(directory, since):
    """{(operation, status)} that tests have seen, in files written after `since`, in seconds."""
    pairs = set()
    for file in pathlib.Path(directory).glob("*.txt"):
        if file.stat().st_mtime >= since:
            for line in file.read_text().splitlines():
                operation, _, status = line.rpartition(" ")
                pairs.add((operation, int(status)))
    return pairs
