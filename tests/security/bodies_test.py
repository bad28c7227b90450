"""What is sent in bodies: nothing that is ours to decide, and no more than we are willing to read."""

import copy
import json

from support.contract import contract
from support.customer import ServiceTest, response_item
from support.operators import authorization, is_of_operators
from support.owned import Owned, content_of, target_of
from support.routes import route_table

# What only the service decides. Each is tried in each object of each body that does not describe it.
OURS = ("org_id", "org", "user_id", "id", "status", "phase", "price", "total", "cost", "amount", "reserved", "balance", "credited",
        "verified", "is_admin", "role", "capabilities", "created_at", "expires_at", "api_keys_max", "simulated", "__proto__")
SIGNED = "/v1/webhooks/stripe"  # refused before it is read, unless Stripe has signed it
BODY_BYTES_MAX = 1 << 20


def with_members(schema, value, names, path=()):
    """(path, a copy of the value that has one more member) for each closed object in it and each name it does not describe."""
    schema = contract().resolve(schema)
    for one in schema.get("oneOf", []) + schema.get("anyOf", []) + schema.get("allOf", []):
        yield from with_members(one, value, names, path)
    if isinstance(value, list) and "items" in schema:
        for changed_path, changed in with_members(schema["items"], value[0], names, (*path, 0)) if value else ():
            yield changed_path, [changed, *value[1:]]
    if isinstance(value, dict) and "properties" in schema:
        described = schema["properties"]
        if schema.get("additionalProperties") is False:
            for name in names:
                if name not in described:
                    yield (*path, name), {**value, name: "org_01arz3ndektsv4rrffq69g5fav"}
        for name, inner in described.items():
            if name in value:
                for changed_path, changed in with_members(inner, value[name], names, (*path, name)):
                    yield changed_path, {**value, name: changed}


class Bodies(ServiceTest):
    def setUp(self):
        self.service = self.start(accounts__starter_grant_usd="100.00", http__body_bytes_max=BODY_BYTES_MAX)
        self.owned = Owned(self.service, "owner@example.com")

    def send(self, operation, body):
        target = target_of(operation, self.owned.ids)
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if is_of_operators(operation):
            headers["Authorization"] = authorization(self.service.data, operation.method, target, text)
        return self.service.request(operation.method, target, text, headers=headers, key=self.owned.customer.key)

    def operations(self):
        """(operation, the schema of its JSON body, a body that it takes)"""
        for operation in contract().operations:
            media = (contract().request_body(operation) or {"content": {}})["content"].get("application/json")
            if media is not None and operation.pattern != SIGNED:
                yield operation, media["schema"], json.loads(content_of(operation)[1])

    def test_what_is_ours_to_decide_is_never_taken_from_a_body(self):
        """Would be broken: who adds a member to a request sets an organization, a price or a status."""
        tried = {(route["method"], route["path"]): 0 for route in route_table() if route["body"] == "small"}
        before = self.owned.everything()
        for operation, schema, body in self.operations():
            for path, changed in with_members(schema, body, OURS):
                with self.subTest(str(operation), member="/".join(map(str, path))):
                    refused = self.send(operation, changed)
                    self.assertIn(refused.status, (400, 422), refused.body[:500])
                    self.assertIn(path[-1], refused.body.decode(), "the refusal does not say which member it is about")
                    tried[operation.method, operation.pattern] = tried.get((operation.method, operation.pattern), 0) + 1
        self.assertEqual([route for route, times in tried.items() if times == 0 and route[1] != SIGNED], [])
        self.assertEqual(self.owned.everything(), before)

    def test_bodies_that_cost_more_than_they_say(self):
        """Would be broken: a few bytes take all the memory or a core: deep, wide, repeated or endless JSON."""
        item = response_item("one")
        wide = ",".join(f'"k{number}":0' for number in range(60_000))
        same = '"x":0,' * 60_000 + '"x":0'
        shapes = {
            "deep arrays": "[" * 100_000 + "]" * 100_000,
            "deep objects": '{"a":' * 100_000 + "0" + "}" * 100_000,
            "many members": "{" + wide + "}",
            "one member many times": "{" + same + "}",
            "a huge number": '{"x":' + "9" * 100_000 + "}",
            "a huge exponent": '{"x":1e' + "9" * 1_000 + "}",
            "a long name": '{"' + "n" * 500_000 + '":0}',
            "a long text": '{"email":"' + "e" * 500_000 + '","token":"' + "t" * 400_000 + '"}',
            "a lone surrogate": '{"email":"\\ud800","label":"\\udfff","token":"\\ud800"}',
            "a NUL": '{"email":"a\\u0000@example.com","label":"\\u0000","token":"\\u0000"}',
            "no UTF-8": b'{"email":"\xff","label":"\xfe","token":"\xc0\x80"}',
            "an array": "[]",
            "a text": '"x"',
        }
        process = self.service.process.pid
        for operation, _, _ in self.operations():
            for name, text in shapes.items():
                with self.subTest(str(operation), body=name):
                    refused = self.send(operation, text if isinstance(text, bytes) else text.encode())
                    self.assertIn(refused.status, (400, 413, 422), refused.body[:300])
                    self.assertLess(len(refused.body), 64 << 10)
        for name, inner in (("members", "{" + wide + "}"), ("values", "[" + "0," * 600_000 + "0]")):
            with self.subTest("an item", of=name):  # within what is passed on to the model
                manifest = json.dumps({"items": [item]}).replace('"input": "Which', '"extra": ' + inner + ', "input": "Which')
                answer = self.owned.customer.post("/v1/quotes/model", manifest.encode())
                self.assertIn(answer.status, (201, 413, 422), answer.body[:300])
        self.assertEqual(self.service.process.pid, process)
        self.assert_peak_below(self.service, 700)
        self.assertEqual(self.service.get("/readyz").json["status"], "ready")

    def test_words_are_not_longer_than_they_may_be(self):
        """Would be broken: a label, a name or a reason of megabytes stands in every event and answer from then on."""
        for operation, schema, body in self.operations():
            for name, part in contract().resolve(schema).get("properties", {}).items():
                if contract().resolve(part).get("type") == "string" and not contract().resolve(part).get("enum"):
                    with self.subTest(str(operation), member=name):
                        refused = self.send(operation, {**copy.deepcopy(body), name: "x" * 10_000})
                        self.assertIn(refused.status, (400, 404, 409, 422), refused.body[:300])
