"""A steady load of small batches from outside while something is broken, and what must be true afterwards."""

import http.client
import random
import threading
import time
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote

from support import streamed
from support.service import until

NO_ANSWER = (OSError, http.client.HTTPException)
ANSWER_SECONDS = 5  # a service that takes longer is asked again, or another one is
PATIENCE_SECONDS = 90  # for hangs
ENDING_SECONDS = 120  # for hangs
AWAY = (429, 502, 503, 504)
NANOS = Decimal(10) ** 9


class Handed(NamedTuple):
    account: streamed.Account
    key: str  # the Idempotency-Key
    batch: str
    ids: list


class Load:
    """Some customers, each in a thread of its own, hand over one small batch after the other until stop().

    Each is sent with the same Idempotency-Key until it is accepted, to whichever service answers. The load is bounded
    in batches and in time.
    """

    def __init__(self, test, services, customers=3, batches=200, seconds=60, pause=0.1, items=4):
        self.test = test
        self.services = services
        self.batches, self.seconds, self.pause, self.items = batches, seconds, pause, items
        self.accounts = [sign_up(services, f"load{number}@example.com") for number in range(customers)]
        self.accepted = []  # Handed
        self.attempts = 0
        self._lock = threading.Lock()
        self._failures = []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(account,), daemon=True) for account in self.accounts]
        self._began = None

    def start(self):
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def wait_for(self, count):
        """Until so many batches more have been accepted: what comes next happens under load."""
        with self._lock:
            target = len(self.accepted) + count
        def enough():
            dead = [service.data.name for service in self.services if not service.alive()]
            self.test.assertEqual(dead, [], "services that died by themselves")
            return self._failures or len(self.accepted) >= target
        until(enough, f"{count} more accepted batches", PATIENCE_SECONDS)
        self._raise_failures()

    def stop(self):
        self._stopping.set()
        self.wait()

    def wait(self):
        """Until all batches that it is bounded to have been accepted."""
        for thread in self._threads:
            thread.join()
        self._raise_failures()
        print(f"load: {len(self.accepted)} batches in {time.monotonic() - self._began:.1f} s, "
              f"{self.attempts - len(self.accepted)} attempts in vain", flush=True)

    def check(self):
        """After stop(): every accepted batch ends and is settled once, no other is there, and the ledger is exact."""
        self.test.assertGreater(len(self.accepted), 0)
        for handed in self.accepted:
            ended = until(lambda: self._ended(handed), f"batch {handed.batch} to end", ENDING_SECONDS, every=0.05)
            self.test.assertEqual(ended, "completed", handed)
        service = answering(self.services)
        for handed in self.accepted:
            streamed.check_ended(self.test, service, handed.account, handed.batch, handed.ids)
        for account in self.accounts:
            mine = [handed.batch for handed in self.accepted if handed.account == account]
            self.test.assertEqual(len(mine), len(set(mine)))
            self.test.assertCountEqual(listed(service, account), mine)
            streamed.check_ledger(self.test, service, account)

    def balances(self):
        """What the API says of every account of every customer, in nano-USD, named as in the journal."""
        service, balances = answering(self.services), {}
        for account in self.accounts:
            shown = service.expect(service.get("/v1/sessions/current", key=account.key), 200).json
            balance, _ = streamed.ledger(service, account)
            for name in ("available", "reserved"):
                balances[f"customer/{shown['org']['id']}/{name}"] = int(streamed.money(balance[name]) * NANOS)
        return balances

    def check_against(self, balances):
        """balances: by account, from anywhere else."""
        for account, amount in self.balances().items():
            self.test.assertEqual(balances.get(account, 0), amount, account)

    def _run(self, account):
        try:
            for number in range(self.batches):
                if self._stopping.is_set() or time.monotonic() > self._began + self.seconds:
                    return
                self._submit(account, number)
                time.sleep(self.pause)
        except Exception as error:  # told where the test waits
            with self._lock:
                self._failures.append(error)

    def _submit(self, account, number):
        key, first = f"load-{number}", number * self.items
        ids = [f"{number}-{item}" for item in range(self.items)]
        pieces = list(streamed.manifest(lambda item: {**streamed.short_item(first + item), "customer_item_id": ids[item]},
                                        self.items))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with self._lock:
                self.attempts += 1
            service = random.choice(self.services)
            try:
                status, _, body = streamed.submit(service, account, pieces, key, ANSWER_SECONDS)
            except (*NO_ANSWER, ValueError) as error:  # cut in the middle of an answer, too
                status, body = None, repr(error)
            if status == 201:
                with self._lock:
                    self.accepted.append(Handed(account, key, body["id"], ids))
                return
            # The same request may still wait where its sender has lost patience.
            in_flight = status == 409 and body["error"]["code"] == "idempotency_in_flight"
            if status is not None and status not in AWAY and not in_flight:
                raise AssertionError(f"HTTP {status}: {body}")
            if time.monotonic() > deadline:
                raise AssertionError(f"not accepted in {PATIENCE_SECONDS} s, at last: {status} {body}")
            time.sleep(random.uniform(0.05, 0.3))

    def _ended(self, handed):
        for service in self.services:
            try:
                answer = service.get(f"/v1/batches/{handed.batch}", key=handed.account.key, seconds=ANSWER_SECONDS)
            except NO_ANSWER:
                continue
            if answer.status == 200:
                return answer.json["status"] if answer.json["settlement"]["status"] == "settled" else None
            self.test.assertIn(answer.status, AWAY, answer.body[:500])
        return None

    def _raise_failures(self):
        if self._failures:
            raise self._failures[0]


def sign_up(services, address):
    """At whichever service answers: a partition may just be on its way from one to the other."""
    def signed_up():
        service = answering(services)
        try:
            return streamed.sign_up(service, address)
        except (*NO_ANSWER, AssertionError) as error:
            if "HTTP 5" not in str(error) and isinstance(error, AssertionError):
                raise
            return None
    return until(signed_up, f"{address} to have an account", PATIENCE_SECONDS, every=0.2)


def answering(services):
    """The first service that is ready."""
    def ready():
        for service in services:
            try:
                if service.alive() and service.get("/readyz", seconds=ANSWER_SECONDS).status == 200:
                    return service
            except NO_ANSWER:
                pass
        return None
    return until(ready, "a service to be ready", PATIENCE_SECONDS, every=0.1)


def listed(service, account):
    batches, after = [], ""
    while True:
        page = service.expect(service.get("/v1/batches?limit=100" + after, key=account.key), 200).json
        batches += [batch["id"] for batch in page["data"]]
        if page["next_cursor"] is None:
            return batches
        after = "&cursor=" + quote(page["next_cursor"], safe="")
