"""Asks the service whatever schemas/openapi.yaml makes it possible to ask, and much that it does not.

http_contract.py [--seconds N] [--seed N]: starts a service of its own; exit code 1 and a curl command for the first request
whose answer is not as described, is a 5xx, does not come, or whose handler failed. The same seed draws the same requests, as
far as what the service has answered (ids, times) lets it.
"""

import argparse
import collections
import copy
import http.client
import json
import pathlib
import random
import re
import shlex
import sys
import tempfile
import time
from urllib.parse import quote, urlencode

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.contract import Broken, contract, decoded
from support.customer import Customer, response_items
from support.owned import KINDS, WORDS, prefixes
from support.service import HANG_SECONDS, Service

SETTINGS = {"accounts.starter_grant_usd": "1000000.00", "simulated.latency_min_ms": 1, "simulated.latency_max_ms": 20,
            "http.org_requests_per_minute": 0, "http.address_requests_per_minute": 0}
ID = re.compile(r"(?:bat|qlock|key|chk|job|run|imp|file)_[0-9a-z_]{8,80}")
KEPT = 40  # ids of a kind, cursors, links
MODELS = ["gpt-5.4-mini", "gpt-5.4", "gpt-5.4-nano", "claude-haiku-4-5", "text-embedding-3-small", "nobody-has-this"]
ODD_TEXTS = ["", " ", "0", "-1", "null", "true", "a" * 300, "x" * 5000, "é漢字🙂", "\u0000", "\u202e", "../../etc/passwd", "%2e%2e",
             "' OR 1=1 --", "<script>", "{}", "[]", "\\", '"', "\n", "\r\nX-A: b", "bat_", "key_" + "z" * 26, "ob_live_", "999999999999999999999999"]
ODD_VALUES = [None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -2**63 - 1, 1e308, 0.5, "", "x", "x" * 10_000, [], {}, [[]], [None], {"": ""},
              {"a": {"b": {"c": []}}}]
ODD_BODIES = [b"", b" ", b"{", b"[", b'"', b"null", b"[]", b"0", b'{"a":1,"a":2}', b"\xff\xfe", b'{"\xff":1}', b'{"a":"\\ud800"}', b"[" * 5000,
              b'{"a":' * 3000, b"\x00" * 100, b"{}x", b"\xef\xbb\xbf{}", b'{"a":1e999}', b"a=b&c=d", b"\x1f\x8b\x08\x00", b'{"x":"' + b"y" * 40_000 + b'"}']
KNOWN_TEXTS = {"date-time": ["2030-01-01T00:00:00Z", "1999-12-31T23:59:60Z", "2026-01-01T00:00:00.123456+14:00", "soon"],
               "uri": ["https://hook.invalid/x", "http://127.0.0.1:1/", "https://u:p@hook.invalid:99999/", "ftp://a", "https://"]}
CODINGS = ["gzip", "zstd", "gzip, zstd;q=0.5", "br, gzip;q=0.1", "identity;q=0, gzip", "identity;q=0, *;q=0", "*", "gzip;q=2", ", ,", "\"gzip\""]


def history_row(name, row):
    """Of a batch at OpenAI: `input` has requests, the other files answers."""
    if name == "input":
        return {"custom_id": row, "method": "POST", "url": "/v1/responses",
                "body": {"model": "gpt-5.4-mini", "input": "Say one.", "max_output_tokens": 50}}
    body = {"id": "resp_1", "object": "response", "created_at": 1_750_000_000, "status": "completed", "model": "gpt-5.4-mini",
            "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "One."}]}],
            "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 100}}
    if name == "error":
        return {"id": "batch_req_1", "custom_id": row, "error": {"code": "batch_expired", "message": "too late"}, "response": None}
    return {"id": "batch_req_1", "custom_id": row, "error": None, "response": {"status_code": 200, "request_id": "req_1", "body": body}}


class Failure(Exception):
    pass


class Request:
    def __init__(self, operation, target, headers, body):
        self.operation, self.target, self.headers, self.body = operation, target, headers, body

    def curl(self, port):
        parts = ["curl", "-i", "-X", self.operation.method, shlex.quote(f"http://127.0.0.1:{port}{self.target}")]
        for name, value in self.headers:
            parts += ["-H", shlex.quote(f"{name}: {value}"[:2000])]
        if self.body is not None:
            escaped = "".join(chr(byte) if 32 <= byte < 127 and chr(byte) not in "'\\" else f"\\x{byte:02x}"
                              for byte in self.body[:20_000])
            parts += ["--data-binary", f"$'{escaped}'"]
        return " ".join(parts)


class Fuzzer:
    def __init__(self, seed, service):
        self.random = random.Random(seed)
        self.service = service
        self.customers = [Customer(service, f"fuzz-{name}@example.com") for name in ("one", "two")]
        # Never taken away from us by a request of our own.
        self.kept = {one.read("/v1/api-keys")["data"][0]["id"] for one in self.customers}
        self.ids = collections.defaultdict(lambda: collections.deque(maxlen=KEPT))
        self.cursors = collections.deque(maxlen=KEPT)
        self.links = collections.deque(maxlen=KEPT)
        self.statuses = collections.Counter()
        self.number = 0
        for customer in self.customers:
            self.learn(customer.submit({"items": response_items(3)}))
            self.learn(customer.quote({"items": response_items(2)}))
            self.learn(customer.read("/v1/api-keys"))

    # What there is to ask with

    def learn(self, value):
        """Keeps ids, cursors and links of an answer, to ask about them later."""
        if isinstance(value, dict):
            for name, member in value.items():
                if name == "next_cursor" and member:
                    self.cursors.append(member)
                if isinstance(member, str) and "/v1/files/" in member:
                    self.links.append(member[member.index("/v1/files/"):])
                self.learn(member)
        elif isinstance(value, list):
            for element in value[:20]:
                self.learn(element)
        elif isinstance(value, str) and ID.fullmatch(value) and value not in self.kept:
            self.ids[value.split("_")[0]].append(value)

    def odd(self):
        return self.random.choice(ODD_TEXTS)

    def chance(self, probability):
        return self.random.random() < probability

    def text(self, schema, name):
        begin = {"quote_id": "qlock", "batch_id": "bat", "job_id": "job"}.get(name)
        if begin and self.ids[begin]:
            return self.random.choice(self.ids[begin])
        if name == "cursor" and self.cursors:
            return self.random.choice(self.cursors)
        if name in ("model", "models", "model_options"):
            return self.random.choice(MODELS)
        if name == "email":
            return f"fuzz{self.random.randrange(20)}@example.com"
        if name == "password":
            return self.random.choice(["horse-battery-staple-42", "password", "é" * 40])
        if schema.get("format") in KNOWN_TEXTS:
            return self.random.choice(KNOWN_TEXTS[schema["format"]])
        if "pattern" in schema and "\\d" in schema["pattern"]:
            return self.random.choice(["0", "1.00", "0.000000001", "12345678901234567890"])
        length = self.random.choice([schema.get("minLength", 1), 5, schema.get("maxLength", 20), schema.get("maxLength", 20) + 1])
        return "".join(self.random.choice("abz09_- é漢") for _ in range(min(length, 5000)))

    def value(self, schema, name="", depth=0):
        """Mostly what the schema allows."""
        schema = contract().resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        for alternatives in ("oneOf", "anyOf"):
            if alternatives in schema and "properties" not in schema:
                return self.value(self.random.choice(schema[alternatives]), name, depth)
        kinds = schema.get("type", "object")
        kind = self.random.choice(kinds) if isinstance(kinds, list) else kinds
        if kind == "object":
            if depth > 6:
                return {}
            wanted = set(schema.get("required", ())) | set(self.random.choice(schema.get("anyOf", [{}])).get("required", ()))
            members = {member: self.value(part, member, depth + 1) for member, part in schema.get("properties", {}).items()
                       if member in wanted or self.chance(0.35)}
            return members if members or "properties" in schema else self.random.choice([{"input": "Say one."}, {}, {"a": "b"}])
        if kind == "array":
            return [self.value(schema.get("items", {"type": "string"}), name, depth + 1) for _ in range(self.random.choice([0, 1, 1, 2, 3]))]
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", 0), schema.get("maximum", 1000)
            drawn = self.random.choice([low, high, low - 1, high + 1, self.random.randint(int(low), int(high)), 1])
            return drawn if kind == "integer" else self.random.choice([drawn, 0.5])
        if kind == "boolean":
            return self.chance(0.5)
        return None if kind == "null" else self.text(schema, name)

    def odd_value(self):
        return copy.deepcopy(self.random.choice([*ODD_VALUES, self.odd()]))

    def mutated(self, value, times):
        """The value with odd things at random places of it."""
        for _ in range(times):
            place, path = value, []
            while isinstance(place, (dict, list)) and place and (not path or self.chance(0.7)):
                path.append(self.random.choice(list(place)) if isinstance(place, dict) else self.random.randrange(len(place)))
                place = place[path[-1]]
            if not path:
                return self.odd_value()
            parent = value
            for step in path[:-1]:
                parent = parent[step]
            action = self.random.randrange(4)
            if action == 0:
                del parent[path[-1]]
            elif action == 1 and isinstance(parent, dict):
                parent[self.random.choice(["surprise", "é", "", "x" * 300])] = self.odd_value()
            else:
                parent[path[-1]] = self.odd_value()
        return value

    # A request

    def path(self, operation):
        path = operation.pattern
        for prefix in reversed(prefixes(path)):
            known = self.ids[KINDS[prefix][1].rstrip("_")] if prefix in KINDS else [WORDS[prefix]] if prefix in WORDS else []
            text = quote(self.random.choice(known)) if known and self.chance(0.8) else self.random.choice(
                [quote(self.odd(), safe="") or "%20", "%ff", "%00", "%zz", "a%2Fb", "x" * 3000])
            path = prefix[:prefix.rindex("/") + 1] + text + path[len(prefix):]
        return path

    def query(self, operation):
        pairs = []
        for one in contract().parameters(operation, "query"):
            if one.get("required") or self.chance(0.4):
                drawn = self.value(one["schema"], one["name"]) if self.chance(0.8) else self.odd()
                pairs.append((one["name"], str(drawn).lower() if isinstance(drawn, bool) else str(drawn)))
        if pairs and self.chance(0.05):
            pairs.append(self.random.choice(pairs))
        if self.chance(0.05):
            pairs.append((self.random.choice(["surprise", "limit", "cursor", "é", ""]), self.odd()))
        text = urlencode(pairs, errors="replace") if pairs else ""
        if self.chance(0.01):
            text += self.random.choice(["&&&", "=", "%", "%zz=1", "a=%ff", "&" * 500, "a" * 9000])
        return "?" + text if text else ""

    def credential(self, operation):
        customer = self.random.choice(self.customers)
        drawn = self.random.random()
        if drawn < 0.8 or "logout" in operation.pattern:
            return [("Authorization", "Bearer " + customer.key)]
        if drawn < 0.87:
            return [("Authorization", "Bearer " + customer.session)]
        if drawn < 0.92:
            origin = [("Origin", self.random.choice(["https://evil.example", "null", ""]))] if self.chance(0.5) else []
            return [("Cookie", "batchrouter_session=" + customer.session), *origin]
        if drawn < 0.96:
            return [("Authorization", self.random.choice(["Bearer ", "Bearer x", "Basic x", "Bearer " + customer.key[:-1], "Bearer obs_" + "0" * 69]))]
        return []

    def body(self, operation):
        """(content type, bytes), or (None, None)."""
        documented = contract().request_body(operation)
        if documented is None:
            return ("application/json", b"{}") if self.chance(0.05) else (None, None)
        kind, media = self.random.choice(list(documented["content"].items()))
        if self.chance(0.08):
            content = self.random.choice(ODD_BODIES)
        elif kind.endswith("json") and kind == "application/json":
            value = json.loads(json.dumps(media["example"])) if "example" in media and self.chance(0.5) else self.value(media["schema"])
            value = self.mutated(value, self.random.choice([0, 0, 1, 1, 2, 4]))
            content = json.dumps(value, ensure_ascii=self.chance(0.5)).encode(errors="replace")
            if self.chance(0.03):
                content = content[:self.random.randrange(len(content) + 1)]
            if self.chance(0.02):
                content = content.replace(b'"', b"\xff", 1)
        elif kind == "multipart/form-data":
            kind, content = self.form(media["schema"])
        elif kind == "application/x-www-form-urlencoded":
            value = self.mutated(self.value(media["schema"]), self.random.choice([0, 0, 1]))
            content = urlencode(value if isinstance(value, dict) else {}, errors="replace").encode()
        else:
            lines = [self.value({"$ref": "#/components/schemas/ManifestItem"}) for _ in range(3)]
            content = b"\n".join(json.dumps(line).encode() for line in [{"sla_tier": "standard"}, *lines])
        if self.chance(0.05):
            kind = self.random.choice(["text/plain", "application/xml", "", "application/json; charset=latin1", "multipart/form-data", "x" * 500])
        return kind, content

    def form(self, schema):
        """(content type, body): the files of a batch of another provider, mostly."""
        boundary = self.random.choice(["b", "----fuzz", "'()+_,-./:=?", "x" * 70])
        names = [name for name in schema["properties"] if self.chance(0.9 if name in ("input", "output") else 0.3)]
        parts = []
        for name in names + [self.odd()] * self.chance(0.05):
            text = json.dumps(name, ensure_ascii=False)
            parts.append(f"--{boundary}\r\nContent-Disposition: form-data; name={text}; filename={text}\r\n\r\n".encode(errors="replace")
                         + self.part(name) + b"\r\n")
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        if self.chance(0.05):
            body = body[:self.random.randrange(len(body))]
        return f'multipart/form-data; boundary="{boundary}"', body

    def part(self, name):
        if self.chance(0.05):
            return self.random.choice(ODD_BODIES)
        if name == "occurred_at":
            return self.random.choice(KNOWN_TEXTS["date-time"]).encode()
        if name == "batch":
            return json.dumps(self.mutated({"id": "batch_1", "object": "batch", "created_at": 1_750_000_000}, self.random.choice([0, 1]))).encode()
        rows = [history_row(name, f"row-{self.random.randrange(2000)}") for _ in range(self.random.choice([1, 3, 30]))]
        return b"\n".join(json.dumps(self.mutated(row, self.random.choice([0, 0, 0, 1]))).encode(errors="replace") for row in rows)

    def draw(self):
        operation = self.random.choice(contract().operations)
        if operation.pattern == "/v1/files/{id}" and self.links and self.chance(0.7):
            target = self.random.choice(self.links)
        else:
            target = self.path(operation) + self.query(operation)
        headers = self.credential(operation)
        kind, body = self.body(operation)
        if kind is not None:
            headers.append(("Content-Type", kind))
        for one in contract().parameters(operation, "header"):
            if self.chance(0.2):
                drawn = self.random.choice([str(self.value(one["schema"])), self.odd(), "bytes=0-10", "bytes=5-", "bytes=-1", "bytes=9-1", '"x"', "*", "k1"])
                headers.append((one["name"], re.sub(r"[^\x20-\x7e]", "?", drawn)))
        if self.chance(0.25):
            headers.append(("Accept-Encoding", self.random.choice(CODINGS)))
        if self.chance(0.02):
            headers.append((self.random.choice(["X-Fuzz", "Cookie", "Accept-Encoding", "X-Request-Id", "Expect", "Accept"]),
                            self.random.choice(["x" * 20_000, "a=b; " * 200, "gzip;q=0, *;q=0", "?", "100-continue"])))
        return Request(operation, target, headers, body)

    # An answer

    def ask(self, request):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=HANG_SECONDS)
        connection._validate_path = lambda path: None  # what http.client finds wrong is for the service to refuse
        try:
            connection.putrequest(request.operation.method, request.target, skip_accept_encoding=True)
            for name, value in request.headers:
                connection.putheader(name, value.encode("latin-1", "replace"))
            if request.body is not None or request.operation.method in ("POST", "PUT"):
                connection.putheader("Content-Length", str(len(request.body or b"")))
            try:
                connection.endheaders(request.body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before all of it was sent; the answer is there
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            stream = headers.get("content-type", "").startswith("text/event-stream")
            return answer.status, headers, answer.read1(65536) if stream else answer.read()
        finally:
            connection.close()

    def step(self):
        self.number += 1
        request = self.draw()
        for_key = "/api-keys/" in request.operation.pattern and any(one in request.target for one in self.kept)
        if for_key:
            return
        try:
            status, headers, body = self.ask(request)
            if status >= 500 and status != 501:  # switched off, where that is documented
                raise Failure(f"{status}: {body[:1000]!r}")
            names = {name.lower(): value for name, value in request.headers}
            found, _ = contract().find(request.operation.method, request.target.split("?")[0])
            contract().check_exchange(request.operation.method, request.target, names, request.body, status, headers, body)
            self.statuses[(str(found or "no route"), status)] += 1
            readable = decoded(headers, body)
            if headers.get("content-type", "").startswith("application/json") and readable:
                self.learn(json.loads(readable))
            if self.number % 50 == 0:
                self.look_after()
        except (Broken, Failure, OSError, http.client.HTTPException) as fault:
            raise Failure(f"request {self.number}: {type(fault).__name__}: {fault}\n\n{request.curl(self.service.port)}") from fault

    def look_after(self):
        if not self.service.alive():
            raise Failure("the service has died")
        failed = [line for line in list(self.service.lines) if "handler_failed" in line]
        if failed:
            raise Failure("a handler failed: " + failed[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    arguments = parser.parse_args()
    print(f"--seed {arguments.seed} --seconds {arguments.seconds}", flush=True)
    with tempfile.TemporaryDirectory(prefix="batchrouter-fuzz-") as directory:
        with Service(pathlib.Path(directory) / "data", SETTINGS) as service:
            fuzzer = Fuzzer(arguments.seed, service)
            end = time.monotonic() + arguments.seconds
            try:
                while time.monotonic() < end:
                    fuzzer.step()
                fuzzer.look_after()
            except Failure as failure:
                print(f"--seed {arguments.seed}: {failure}\n--- output of the service ---\n{service.output()[-4000:]}")
                sys.exit(1)
            finally:
                asked = {operation for operation, _ in fuzzer.statuses}
                print(f"{fuzzer.number} requests, {len(asked & {str(one) for one in contract().operations})} of "
                      f"{len(contract().operations)} operations, by status "
                      f"{dict(sorted(collections.Counter(status for _, status in fuzzer.statuses.elements()).items()))}")


if __name__ == "__main__":
    main()
