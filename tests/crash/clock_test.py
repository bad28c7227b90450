"""If this failed: a clock that is set would revive old prices, settle something twice, or keep work from going on."""

import pathlib
import unittest
from datetime import datetime, timedelta

from support.batches import BatchTest
from support.customer import Customer, money, response_items

PRELOADED = next(iter(sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
QUOTE_SECONDS = 1800
HOUR, DAYS_400 = 3600, 400 * 86_400


class Clock(BatchTest):
    """The clock of the service is this test's; what measures how long something takes goes on as it does."""

    def setUp(self):
        if PRELOADED is None:
            print("skipped: faketime is not installed", flush=True)
            self.skipTest("no faketime")

    def start(self, **settings):
        service = super().start(quotes__window_seconds=QUOTE_SECONDS, simulated__latency_min_ms=20, simulated__latency_max_ms=50,
                                dispatch__items_per_unit=2, accounts__session_days=365, **settings)
        service.stop()
        self.offset = service.data.parent / "offset"
        service.variables.update({"LD_PRELOAD": str(PRELOADED), "FAKETIME_TIMESTAMP_FILE": str(self.offset),
                                  "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        self.set_clock(0)
        return service.start()

    def set_clock(self, seconds):
        """From where it would be."""
        changed = self.offset.with_name("changed")
        changed.write_text(f"{seconds:+d}s\n")
        changed.rename(self.offset)

    def test_jumps(self):
        service = self.start()
        customer = Customer(service)
        open_batches = []
        newest, expired = datetime.min, 0
        for jump in (0, 1, -1, 0, HOUR, HOUR, 0, -HOUR, DAYS_400, 0, -DAYS_400, 0):
            with self.subTest(jump=jump):
                manifest = {"items": response_items(6)}
                quoted = customer.quote(manifest)
                open_batches.append(customer.submit({"items": response_items(20)}))
                self.set_clock(jump)
                accepted = customer.submit({"items": response_items(4)})
                created = at(accepted["created_at"])
                self.assertGreaterEqual(created, newest, "the log's time runs backwards")
                newest = created
                answer = customer.post("/v1/batches", {**manifest, "quote_id": quoted["id"]})
                if answer.status == 201:
                    self.assertLess(at(answer.json["created_at"]), at(quoted["expires_at"]), "an old price was taken")
                    open_batches.append(answer.json)
                else:
                    self.assert_problem(answer, 409, "quote_expired")
                    self.assertGreaterEqual(newest + timedelta(seconds=60), at(quoted["expires_at"]))
                    expired += 1
                if jump in (HOUR, 0):
                    service.restart(kill=True)
                open_batches.append(accepted)
        self.assertGreater(newest, datetime.now() + timedelta(days=398), "the service did not see this clock")
        self.assertGreater(expired, 0)
        for created in open_batches:
            batch = customer.ended(created["id"])
            # Its deadline may have passed in a jump.
            self.assertIn(batch["status"], ("completed", "expired"))
            self.assertEqual(money(batch["settlement"]["captured_total"]) + money(batch["settlement"]["released_total"]),
                             money(created["settlement"]["quoted_total"]))
        entries = customer.entries()[::-1]
        self.assertEqual([entry["created_at"] for entry in entries], sorted(entry["created_at"] for entry in entries))
        for kind in ("reserve", "capture", "release"):
            of_kind = [entry["batch_id"] for entry in entries if entry["type"] == kind]
            self.assertEqual(len(of_kind), len(set(of_kind)), f"more than one {kind} of a batch")
        self.assertEqual(money(customer.credits()["balance"]["reserved"]), 0)


def at(text):
    return datetime.fromisoformat(text.replace("Z", "")).replace(tzinfo=None)


if __name__ == "__main__":
    unittest.main()
