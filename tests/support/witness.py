"""Keeps outside of the service what customers were told, and holds the service to it after whatever befell it.

Threading: what customers are told may be noted from any thread; one thread checks.
"""

import collections
import json
import threading
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote

from support import streamed
from support.load import NO_ANSWER, listed
from support.service import TERMINAL, until
from support.streamed import Account, money
from support.webhook_receiver import verify

ENDING_SECONDS = 90  # for hangs: of all batches, once the service is left alone
# Of a batch: what no moment of its life changes.
FIXED = ("id", "object", "quote_id", "item_count", "created_at", "deadline", "pricing_estimate", "metadata", "webhook_configured")


class Created(NamedTuple):
    """A request with an Idempotency-Key that was answered with 201."""
    account: Account
    path: str
    key: str
    body: dict
    answer: dict

    def again(self, test, service):
        """The same request gets the same answer, and does nothing."""
        answer = service.request("POST", self.path, self.body, headers={"Idempotency-Key": self.key}, key=self.account.key)
        test.assertEqual(answer.status, 201, (self, answer.body[:500]))
        test.assertEqual(answer.headers.get("idempotent-replayed"), "true", self)
        test.assertEqual(answer.json["id"], self.answer["id"], self)
        return answer.json


class Batch(NamedTuple):
    created: Created
    ids: list

    @property
    def id(self):
        return self.created.answer["id"]


class Witness:
    def __init__(self, test, starter_grant, answers_known=False):
        self.test = test
        self.answers_known = answers_known
        self.starter_grant = Decimal(starter_grant)
        self.accounts = []
        self.quotes = []  # (account, answer)
        self.batches = []  # Batch
        self.checkouts = []  # Created
        self.keys = []  # (account, an API key that was given out)
        self.cancelled = set()  # ids of batches whose cancellation was confirmed
        self.paid = collections.defaultdict(dict)  # account: {checkout: amount}, confirmed
        self.ended = {}  # batch: what was shown of it when it had ended
        self.rows = collections.defaultdict(set)  # batch: rows that were shown, as bytes
        self.entries = collections.defaultdict(dict)  # account: {sequence: entry of the ledger that was shown}
        self.answers = {}  # batch: {item: text of its answer}
        self._unchecked = collections.deque()
        self._lock = threading.Lock()

    # What customers were told

    def quoted(self, account, answer):
        with self._lock:
            self.quotes.append((account, answer))
            self._unchecked.append(lambda service: self._check_quote(service, account, answer))

    def accepted(self, batch, answers):
        """answers: {item: the text that its answer has, of a provider that can be told what to say}"""
        with self._lock:
            self.batches.append(batch)
            self.answers[batch.id] = answers
            self._unchecked.append(lambda service: self._check_batch(service, batch))

    def checkout_begun(self, created):
        with self._lock:
            self.checkouts.append(created)
            self._unchecked.append(lambda service: self._check_checkout(service, created))

    def checkout_paid(self, account, session):
        with self._lock:
            self.paid[account][session["id"]] = money(session["amount"])

    def key_given(self, account, key):
        with self._lock:
            self.keys.append((account, key))
            self._unchecked.append(lambda service: self._check_key(service, account, key))

    def was_cancelled(self, batch):
        with self._lock:
            self.cancelled.add(batch.id)
            self._unchecked.append(lambda service: self._check_batch(service, batch))

    def shown(self, batch, answer):
        """A batch was read."""
        if answer["status"] in TERMINAL and answer["settlement"]["status"] == "settled":
            with self._lock:
                before = self.ended.setdefault(batch.id, answer)
            self._same(batch, before, answer)

    def rows_shown(self, batch, rows):
        with self._lock:
            self.rows[batch.id].update(rows)

    def entries_shown(self, account, entries):
        with self._lock:
            for entry in entries:
                before = self.entries[account].setdefault(entry["sequence"], entry)
                self.test.assertEqual(before, entry, "an entry of the ledger has changed")

    def facts(self):
        with self._lock:
            return {"quotes": len(self.quotes), "batches": len(self.batches), "checkouts": len(self.checkouts),
                    "payments": sum(map(len, self.paid.values())), "keys": len(self.keys),
                    "cancellations": len(self.cancelled), "rows": sum(map(len, self.rows.values())),
                    "entries": sum(map(len, self.entries.values()))}

    # What must be true

    def check_news(self, service):
        """What customers were told since the last time still holds; as far as the service lives to say so."""
        while True:
            with self._lock:
                if not self._unchecked:
                    return
                check = self._unchecked[0]
            try:
                check(service)
            except NO_ANSWER:
                return
            with self._lock:
                self._unchecked.popleft()

    def check_all(self, service):
        """The service is left alone now. Every batch ends, and everything holds that anybody was told."""
        for batch in self.batches:
            self.shown(batch, until(lambda: self._ended(service, batch), f"batch {batch.id} to end", ENDING_SECONDS))
        for check in list(self._unchecked):
            check(service)
        for batch in self.batches:
            self._check_ended(service, batch)
        for checkout in self.checkouts:
            self._check_checkout(service, checkout)
        for account, answer in self.quotes:
            self._check_quote(service, account, answer)
        for account, key in self.keys:
            self._check_key(service, account, key)
        for account in self.accounts:
            self._check_account(service, account)

    def check_webhooks(self, receiver, secret_of):
        """Each batch was told of at least once, under one id, always in the same bytes, and as it is."""
        told = collections.defaultdict(dict)  # batch: {id: body}
        ours = {batch.id for batch in self.batches}

        def all_told():
            return {delivery.json["batch_id"] for delivery in receiver.deliveries() if delivery.status == 200} >= ours

        until(all_told, "a webhook of every batch", ENDING_SECONDS, every=0.2)
        for delivery in receiver.deliveries():
            body = told[delivery.json["batch_id"]].setdefault(delivery.id, delivery.body)
            self.test.assertEqual(body, delivery.body, f"webhook {delivery.id} has come in two versions")
        self.test.assertEqual(told.keys() - ours, set(), "webhooks of unknown batches")
        for batch in self.batches:
            bodies = list(told[batch.id].values())
            self.test.assertEqual(len(bodies), 1, f"webhooks of {batch.id} under several ids")
            status = self.ended[batch.id]["status"]
            self.test.assertIn(f'"batch.{status}"'.encode(), bodies[0], "a webhook told of a state that is not")
        by_path = {f"/{account.address}": account for account in self.accounts}
        for delivery in receiver.deliveries():
            verify(secret_of(by_path[delivery.path]), delivery.headers, delivery.body, delivery.received_at)

    def _ended(self, service, batch):
        answer = self._read(service, batch.created.account, f"/v1/batches/{batch.id}")
        return answer if answer["status"] in TERMINAL and answer["settlement"]["status"] == "settled" else None

    def _check_quote(self, service, account, answer):
        shown = self._read(service, account, f"/v1/quotes/{answer['id']}")
        for name in ("id", "created_at", "expires_at", "item_count", "pricing_estimate", "routes"):
            self.test.assertEqual(shown[name], answer[name], "a quote has changed")

    def _check_batch(self, service, batch):
        shown = self._read(service, batch.created.account, f"/v1/batches/{batch.id}")
        self.shown(batch, shown)
        self._same(batch, batch.created.answer, shown)
        if batch.id in self.cancelled:
            self.test.assertIsNotNone(shown["cancel_requested_at"], "a cancellation was lost")
        again = batch.created.again(self.test, service)
        self.test.assertEqual(again, batch.created.answer, "another answer to the same request")

    def _same(self, batch, before, now):
        self.test.assertEqual({name: now[name] for name in FIXED}, {name: before[name] for name in FIXED})
        if before["status"] in TERMINAL:
            self.test.assertEqual((now["status"], now["settlement"], now["request_counts"], now["ended_at"]),
                                  (before["status"], before["settlement"], before["request_counts"], before["ended_at"]),
                                  f"batch {batch.id} had ended")

    def _check_ended(self, service, batch):
        status = self.ended[batch.id]["status"]
        allowed = {"completed", "cancelled"} if batch.id in self.cancelled else {"completed"}
        if not self.answers_known and self.ended[batch.id]["request_counts"]["completed"] == 0:
            allowed.add("failed")  # each of its items has a fault of its own
        self.test.assertIn(status, allowed, batch.id)
        self._check_batch(service, batch)
        ended = streamed.check_ended(self.test, service, batch.created.account, batch.id, batch.ids, status)
        gone = self.rows[batch.id] - set(ended.rows)
        self.test.assertEqual([row[:200] for row in list(gone)[:3]], [], f"rows of {batch.id} that were shown are gone")
        if self.answers_known:
            for row in map(json.loads, ended.rows[:ended.output_count]):
                text = "".join(message["content"] for message in row["output"]["messages"])
                self.test.assertEqual(text, self.answers[batch.id][row["customer_item_id"]])

    def _check_checkout(self, service, created):
        again = created.again(self.test, service)
        self.test.assertEqual(again["amount"], created.answer["amount"])
        shown = self._read(service, created.account, f"/v1/billing/checkout-sessions/{created.answer['id']}")
        if created.answer["id"] in self.paid[created.account]:
            self.test.assertTrue(shown["credited"], f"{created.answer['id']} was paid")

    def _check_key(self, service, account, key):
        answer = service.get("/v1/sessions/current", key=key)
        self.test.assertEqual(answer.status, 200, f"an API key of {account.address} that was given out is not known")

    def _check_account(self, service, account):
        mine = [batch.id for batch in self.batches if batch.created.account == account]
        self.test.assertCountEqual(listed(service, account), mine, "batches that nobody, or somebody twice, was told of")
        streamed.check_ledger(self.test, service, account)
        _, entries = streamed.ledger(service, account)
        self.entries_shown(account, entries)
        seen = self.entries[account].keys() - {entry["sequence"] for entry in entries}
        self.test.assertEqual(seen, set(), "entries of the ledger that were shown are gone")
        added = collections.Counter(money(entry["amount"]) for entry in entries if entry["type"] == "top_up")
        self.test.assertEqual(added, collections.Counter(self.paid[account].values()), "payments that are credited")
        granted = [money(entry["amount"]) for entry in entries if entry["type"] == "grant"]
        self.test.assertEqual(granted, [self.starter_grant])

    @staticmethod
    def _read(service, account, path):
        return service.expect(service.get(quote(path, safe="/?=&"), key=account.key), 200).json
