"""What every route refuses in the same way, asked of every route that is described."""

from support.contract import contract
from support.customer import ServiceTest
from support.operators import authorization, is_of_operators
from support.owned import Owned, content_of, filled, target_of
from support.routes import route_table

BODY_BYTES_MAX = 256 * 1024
SIGNED = {"/v1/webhooks/stripe", "/v1/billing/local-checkout/{org}/{checkout}"}  # what is not signed is not looked at
OF_THE_QUEUE = "/api/v1/batch/"  # lists its faults in a `detail`, with 422


class Refusals(ServiceTest):
    def setUp(self):
        self.service = self.start(http__body_bytes_max=BODY_BYTES_MAX, accounts__starter_grant_usd="100.00")
        self.owned = Owned(self.service, "owner@example.com")

    def ask(self, operation, body=None, kind=None, query="", headers=None, **more):
        """With a body that it takes, unless one is given."""
        taken_kind, taken = content_of(operation)
        kind, body = kind or taken_kind, taken if body is None else body
        target = target_of(operation, self.owned.ids)
        target += ("&" if "?" in target else "?") + query if query else ""
        headers = {**(headers or {}), **({"Content-Type": kind} if kind else {})}
        if is_of_operators(operation) and "Authorization" not in headers:
            headers["Authorization"] = authorization(self.service.data, operation.method, target, body or b"")
        return self.service.request(operation.method, target, body, headers=headers, **more)

    def key(self, operation):
        return None if contract().is_open(operation) else self.owned.customer.key

    def assert_refused(self, operation, response, status, code):
        if operation.pattern.startswith(OF_THE_QUEUE) and status == 400:
            self.assertEqual(response.status, 422)
            self.assertTrue(response.json["detail"])
        else:
            self.assert_problem(response, status, code)

    def test_what_is_sent_beside_the_description_is_refused(self):
        """Would be broken: a word that we do not know is passed over, and ?dry_run=true costs money."""
        for operation in contract().operations:
            if operation.description.get("x-any-query") or operation.pattern in SIGNED:
                continue
            with self.subTest(str(operation)):
                refused = self.ask(operation, query="dry_run=true", key=self.owned.customer.key)
                self.assert_refused(operation, refused, 400, "invalid_request")

    def test_pages_of_other_origins_cannot_use_a_session(self):
        """Would be broken: a page that a customer happens to open spends the credit, or reads what is theirs."""
        headers = {"Cookie": "batchrouter_session=" + self.owned.customer.session, "Origin": "https://evil.example"}
        for operation in contract().operations:
            refusal = contract().response(operation, 403)
            if operation.method == "GET" or refusal is None or "`csrf_rejected`" not in refusal["description"]:
                no_cookies = operation.method == "GET" or contract().is_open(operation) or is_of_operators(operation)
                self.assertTrue(no_cookies, f"{operation} takes cookies")
                continue
            with self.subTest(str(operation)):
                self.assert_problem(self.ask(operation, headers=headers), 403, "csrf_rejected")

    def test_bodies_that_are_none(self):
        """Would be broken: what cannot be read is guessed at, or fills the memory."""
        small = {(route["method"], route["path"]): route["body_bytes_max"] for route in route_table()
                 if route["body"] == "small"}
        for operation in contract().operations:
            if "413" not in operation.description["responses"] or operation.pattern in SIGNED:
                continue
            with self.subTest(str(operation)):
                key = self.key(operation)
                limit = small.get((operation.method, operation.pattern), BODY_BYTES_MAX)
                large = self.ask(operation, b'"' + b"x" * limit + b'"', key=key)
                self.assert_problem(large, 413, "payload_too_large")
                if "415" in operation.description["responses"]:
                    self.assert_problem(self.ask(operation, b"{}", "text/plain", key=key), 415, "unsupported_media_type")
                if content_of(operation)[0] == "application/json":
                    self.assert_refused(operation, self.ask(operation, b"{", key=key), 400, "malformed_json")
                    refused = self.ask(operation, b'{"surprise": 1}', key=key)
                    self.assertIn(refused.status, (400, 422), refused.body)

    def test_credentials_that_do_not_count(self):
        """Would be broken: who shows a wrong credential is taken for nobody, and told that nobody is fine."""
        for operation in contract().operations:
            if is_of_operators(operation):
                continue  # operator_test.py
            if "401" in operation.description["responses"] and operation.description.get("security"):
                with self.subTest(str(operation)):
                    self.assert_problem(self.ask(operation, key="ob_live_x"), 401, "invalid_api_key")

    def test_who_has_an_answer_already_gets_nothing_again(self):
        """Would be broken: clients that poll read the same bytes again and again."""
        for operation in contract().operations:
            if operation.method != "GET" or "200" not in operation.description["responses"]:
                continue
            with self.subTest(str(operation)):
                of_file, key = operation.pattern == "/v1/files/{id}", self.key(operation)
                path = self.owned.file if of_file else target_of(operation, self.owned.ids)
                first = self.service.get(path, key=key)
                if first.status != 200:
                    continue  # it needs more than a path; others look at it
                self.assertEqual("etag" in first.headers, "304" in operation.description["responses"])
                if "etag" in first.headers:
                    again = self.service.get(path, key=key, headers={"If-None-Match": first.headers["etag"]})
                    self.assertEqual((again.status, again.body), (304, b""))
