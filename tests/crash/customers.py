"""Customers who work with a service that dies again and again: each asks until there is an answer, and a witness notes it.

A request that makes something is always sent with the same Idempotency-Key and body, however often it takes.
"""

import random
import threading
import time

from support import streamed
from support.lanes import asked_item
from support.load import AWAY, NO_ANSWER
from support.stripe import signed
from support.witness import Batch, Created

ANSWER_SECONDS = 10
PATIENCE_SECONDS = 90  # for hangs: a service that dies every second is there most of the time
PACKS = ("credit_10", "credit_25")
SESSIONS = "/v1/billing/checkout-sessions"
OPEN_MAX = 6  # batches of one customer that have not ended
READ_MAX = 20  # of the newest batches one is read


class Customer:
    """One org, in a thread of its own, until stop(). What it does is drawn from its seed, and when from its answers."""

    def __init__(self, test, service, witness, account, seed, models, receiver, stripe=None):
        self.test, self.service, self.witness, self.account = test, service, witness, account
        self.draw = random.Random(seed)
        self.models = models  # (model, operation), of which batches are made
        self.receiver = receiver
        self.stripe = stripe  # the stand-in, where payments go through it
        self.failure = None
        self.unanswered = 0
        self._numbers = 0
        self._batches = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        """What it has begun it brings to an end."""
        self._stopping.set()
        self._thread.join()

    def _run(self):
        doings = {self.hand_over: 8, self.cancel: 1, self.read: 5, self.read_rows: 4, self.read_ledger: 2,
                  self.follow: 2, self.buy_credit: 1, self.make_key: 0.3}
        try:
            while not self._stopping.is_set():
                self.draw.choices(list(doings), list(doings.values()))[0]()
                time.sleep(self.draw.uniform(0, 0.1))
        except BaseException as failure:  # told by whoever waits
            self.failure = failure

    # Doings

    def hand_over(self):
        if sum(batch.id not in self.witness.ended for batch in self._batches[-3 * OPEN_MAX:]) >= OPEN_MAX:
            return self.read()
        number = self._next()
        model, operation = self.draw.choice(self.models)
        items, answers = [], {}
        for item in range(self.draw.randint(1, 8)):
            row, answer = asked_item(f"{number}-{item}", model, operation,
                                     f"Read this, {self.account.address}, for the {number}th time.")
            items.append(row)
            answers[row["customer_item_id"]] = answer
        body = {"items": items, "webhook_url": self.receiver.url(f"/{self.account.address}")}
        if self.draw.random() < 0.5:
            quoted = self.ask("POST", "/v1/quotes/model", body, 201).json
            self.witness.quoted(self.account, quoted)
            body["quote_id"] = quoted["quote_id"]
        created = self.create("/v1/batches", body, f"batch-{number}")
        batch = Batch(created, list(answers))
        self._batches.append(batch)
        self.witness.accepted(batch, answers)

    def cancel(self):
        batch = self._some_batch()
        if batch is None or batch.id in self.witness.ended:
            return
        if self.ask("POST", f"/v1/batches/{batch.id}/cancel", None, 200, 409).status == 200:
            self.witness.was_cancelled(batch)

    def read(self):
        batch = self._some_batch()
        if batch is not None:
            self.witness.shown(batch, self.ask("GET", f"/v1/batches/{batch.id}", None, 200).json)

    def read_rows(self):
        batch = self._some_batch()
        if batch is not None:
            page = self.ask("GET", f"/v1/batches/{batch.id}/results?partial=true", None, 200)
            self.witness.rows_shown(batch, streamed.rows_of(page.body))

    def follow(self):
        """The events of a batch that has ended: an answer that comes in pieces."""
        batch = self._some_batch()
        if batch is not None and batch.id in self.witness.ended:
            self.ask("GET", f"/v1/batches/{batch.id}/events", None, 200)

    def read_ledger(self):
        page = self.ask("GET", "/v1/billing/credits?limit=100", None, 200).json
        self.witness.entries_shown(self.account, page["ledger_entries"]["data"])

    def buy_credit(self):
        created = self.create(SESSIONS, {"pack_code": self.draw.choice(PACKS)}, f"credit-{self._next()}")
        self.witness.checkout_begun(created)
        session = created.answer
        if self.draw.random() < 0.2:
            return  # nobody pays
        if self.stripe is None:
            page = "/" + session["url"].split("/", 3)[3].replace("?", "/pay?")
            self.test.assertIn(b"the credit is posted", self.ask("POST", page, None, 200).body)
        else:
            event = self.stripe.completed(session["id"])
            for _ in range(self.draw.randint(1, 2)):  # it is told of some twice
                self.ask("POST", "/v1/webhooks/stripe", event, 200, headers=signed(event))
        self.witness.checkout_paid(self.account, session)

    def make_key(self):
        created = self.ask("POST", "/v1/api-keys", {"label": f"key-{self._next()}"}, 201, key=self.account.session).json
        self.witness.key_given(self.account, created["api_key"])

    # How it asks

    def create(self, path, body, key):
        answer = self.ask("POST", path, body, 201, headers={"Idempotency-Key": key})
        return Created(self.account, path, key, body, answer.json)

    def ask(self, method, path, body, *statuses, headers=None, key=None):
        """The first answer that is one, of these statuses."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            process = self.service.process
            try:
                answer = self.service.request(method, path, body, headers=headers, key=key or self.account.key,
                                              seconds=ANSWER_SECONDS)
                if answer.status in statuses and not self._in_flight(answer):
                    return answer
                what = f"HTTP {answer.status}: {answer.body[:500]!r}"
                # The port of a service that is no more may be somebody else's for a moment.
                if answer.status not in AWAY and not self._in_flight(answer) and process.poll() is None:
                    raise AssertionError(f"{method} {path}: {what}")
            except NO_ANSWER as nothing:
                what = repr(nothing)
                self.unanswered += 1
            if time.monotonic() > deadline:
                raise AssertionError(f"{method} {path} not answered in {PATIENCE_SECONDS} s, at last: {what}")
            time.sleep(self.draw.uniform(0.01, 0.1))

    @staticmethod
    def _in_flight(answer):
        return answer.status == 409 and answer.json["error"]["code"] == "idempotency_in_flight"

    def _next(self):
        self._numbers += 1
        return self._numbers

    def _some_batch(self):
        newest = self._batches[-READ_MAX:]
        return self.draw.choice(newest) if newest else None
