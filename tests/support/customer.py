"""What customers do, and the base of tests from outside. Python 3 standard library only."""

import json
import pathlib
import re
import tempfile
import unittest
from decimal import Decimal
from urllib.parse import urlencode

from support import auditing
from support.service import HANG_SECONDS, Service

ZERO = Decimal(0)
# The port, until when a link is good, the request's id, a sealed cursor.
_DIFFERS = re.compile(r'http://127\.0\.0\.1:\d+|expires=\d+&signature=[0-9a-f]+|req_[0-9a-z]+|(?<=_cursor": ")[^"]+')


class ServiceTest(unittest.TestCase):
    """Each test has a service of its own, on an empty data directory; it must still run when the test has ended."""

    def start(self, **settings):
        """settings: section__key=value."""
        directory = tempfile.TemporaryDirectory(prefix="batchrouter-test-")
        self.addCleanup(directory.cleanup)
        named = {name.replace("__", "."): value for name, value in settings.items()}
        service = Service(pathlib.Path(directory.name) / "data", named).start()
        self.addCleanup(self._stop, service)
        return service

    def _stop(self, service):
        alive = service.alive()
        code = service.stop()
        self.assertTrue(alive, "the service died:\n" + service.output())
        self.assertEqual(code, 0, "the service did not end well:\n" + service.output())
        self.assert_books_good(service)

    def assert_books_good(self, service):
        """Whatever the test did, an auditor finds nothing in the journal."""
        code, report = auditing.audit(service)
        self.assertEqual(code, 0, "brctl audit found something:\n" + auditing.findings(report))

    def assert_peak_below(self, service, mebibytes):
        """Of memory, since it began; twice that where each allocation is watched and kept for a while after its end."""
        watched = "libasan" in pathlib.Path(f"/proc/{service.process.pid}/maps").read_text()
        self.assertLess(service.peak_rss_kb() >> 10, mebibytes * (2 if watched else 1))

    def assert_problem(self, response, status, code):
        """Every refusal is problem+json with a stable code and a request id."""
        self.assertEqual((response.status, self.code_of(response)), (status, code), response.body[:2000])
        self.assertTrue(response.headers["content-type"].startswith("application/problem+json"), response.headers)
        self.assertEqual(response.json["status"], status)
        self.assertEqual(response.json["request_id"], response.headers["x-request-id"])

    @staticmethod
    def code_of(response):
        return ((response.json or {}).get("error") or {}).get("code")


class Customer:
    """An org with one API key."""

    def __init__(self, service, address="agent@example.com", **sign_up):
        self.service = service
        self.key, self.session = service.sign_up(address, **sign_up)

    @classmethod
    def with_key(cls, service, key):
        """Who has signed up before."""
        customer = cls.__new__(cls)
        customer.service, customer.key, customer.session = service, key, None
        return customer

    def get(self, path, **more):
        return self.service.get(path, key=self.key, **more)

    def post(self, path, body=None, **more):
        return self.service.post(path, body, key=self.key, **more)

    def expect_post(self, path, body=None):
        return self.service.expect(self.post(path, body), 200, 201).json

    def read(self, path, **query):
        return self.service.expect(self.get(path + ("?" + urlencode(query) if query else "")), 200).json

    def quote(self, manifest):
        return self.service.expect(self.post("/v1/quotes/model", manifest), 201).json

    def submit(self, manifest, **more):
        return self.service.expect(self.post("/v1/batches", manifest, **more), 201).json

    def batch(self, batch):
        return self.read(f"/v1/batches/{batch}", include_billing_receipt="true")

    def ended(self, batch, seconds=HANG_SECONDS):
        """The batch with its receipt, once it has ended."""
        self.service.wait_for_batch(batch, self.key, seconds)
        return self.batch(batch)

    def page(self, batch, **query):
        return self.read(f"/v1/batches/{batch}/results", **query)

    def results(self, batch, **query):
        """The rows of all pages."""
        rows, page = [], self.page(batch, **query)
        while True:
            rows += page["results"]
            if page["next_cursor"] is None:
                return rows
            page = self.page(batch, cursor=page["next_cursor"], **query)

    def link(self, batch, kind):
        """Path and query of an artifact's signed link."""
        url = self.read(f"/v1/batches/{batch}/artifact-url", kind=kind)["url"]
        return "/" + url.split("/", 3)[3]

    def download(self, batch, kind):
        return self.service.expect(self.service.get(self.link(batch, kind)), 200).body

    def artifact(self, batch, kind):
        return [json.loads(line) for line in self.download(batch, kind).splitlines()]

    def credits(self):
        return self.read("/v1/billing/credits")

    def entries(self):
        """All entries of the ledger, newest first."""
        entries, query = [], {"limit": 100}
        while True:
            page = self.read("/v1/billing/credits", **query)["ledger_entries"]
            entries += page["data"]
            if page["next_cursor"] is None:
                return entries
            query["cursor"] = page["next_cursor"]


def without_what_differs(answer):
    """JSON of an answer without what is another at each start or each request."""
    return json.loads(_DIFFERS.sub("", json.dumps(answer)))


def money(value):
    """Exact; refuses what is no amount of USD."""
    if value["currency"] != "usd" or not isinstance(value["amount"], str):
        raise AssertionError(f"not an amount of USD: {value}")
    return Decimal(value["amount"])


def charged(rows, kind="cost"):
    return sum((money(row[kind]) for row in rows), ZERO)


def ids(rows):
    return [row["customer_item_id"] for row in rows]


def response_item(name, text="Which invoices are overdue?", model="gpt-5.4-mini", **body):
    return {"customer_item_id": name, "operation": "responses", "model": model, "input": {"input": text, **body}}


def chat_item(name, text="Which invoices are overdue?", model="gpt-5.4-mini", **body):
    messages = [{"role": "user", "content": text}]
    return {"customer_item_id": name, "operation": "chat_completions", "model": model,
            "input": {"messages": messages, **body}}


def message_item(name, text="Which invoices are overdue?", model="claude-haiku-4-5", **body):
    messages = [{"role": "user", "content": text}]
    return {"customer_item_id": name, "operation": "messages", "model": model,
            "input": {"max_tokens": 200, "messages": messages, **body}}


def embedding_item(name, text="Which invoices are overdue?", model="text-embedding-3-small"):
    return {"customer_item_id": name, "operation": "embeddings", "model": model, "input": {"input": text}}


def response_items(count):
    return [response_item(f"item-{number}", f"Say {number}.") for number in range(count)]
