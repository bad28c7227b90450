"""What must be true of every batch that has ended. Python 3 standard library only."""

import datetime

from support.customer import ZERO, Customer, ServiceTest, charged, ids, money, response_items
from support.service import until


def from_now(seconds):
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def by_id(rows):
    return {row["customer_item_id"]: row for row in rows}


class BatchTest(ServiceTest):
    def assert_settled(self, customer, batch, quoted):
        """The receipt's lines, the settlement and the ledger say the same, and nothing is left reserved."""
        lines = customer.artifact(batch["id"], "receipt")
        rows = customer.artifact(batch["id"], "output") + customer.artifact(batch["id"], "error")
        captured = charged(lines)
        self.assertEqual(charged(rows), captured)
        self.assertEqual(money(batch["settlement"]["captured_total"]), captured)
        self.assertEqual(money(batch["settlement"]["released_total"]), quoted - captured)
        self.assertEqual(money(batch["billing_receipt"]["captured_total"]), captured)
        shown = batch["billing_receipt"]
        self.assertCountEqual(shown["lines"], lines[:1_000] if shown["lines_truncated"] else lines)
        self.assertLessEqual(captured, quoted)

        entries = {entry["type"]: money(entry["amount"]) for entry in customer.entries()
                   if entry["batch_id"] == batch["id"]}
        self.assertEqual(entries.get("capture", ZERO), captured)
        self.assertEqual(entries["reserve"], quoted)
        self.assertEqual(entries.get("release", ZERO), quoted - captured)
        balance = customer.credits()["balance"]
        self.assertEqual(money(balance["reserved"]), ZERO)
        self.assertEqual(money(balance["available"]) + money(balance["captured_total"]), money(balance["granted_total"]))

    def assert_each_item_once(self, customer, batch, names):
        output, error = customer.artifact(batch["id"], "output"), customer.artifact(batch["id"], "error")
        self.assertCountEqual(ids(output) + ids(error), names)
        for row in output:
            self.assertEqual((row["status"], row["error"]), ("completed", None))
        for row in error:
            self.assertIsNone(row["output"])
            self.assertTrue(row["error"]["code"])
        counts = batch["request_counts"]
        self.assertEqual((counts["total"], counts["completed"], counts["remaining"]), (len(names), len(output), 0))
        self.assertEqual(counts["failed"] + counts["cancelled"] + counts["expired"], len(error))


class StoppedBatchTest(BatchTest):
    """Batches that are stopped while some of their items are answered."""

    ITEMS = 200

    def submit_slow(self, latency_ms, deadline_seconds=None, **terms):
        """(customer, batch as created), once its first rows are there. deadline_seconds: from when it is submitted."""
        customer = Customer(self.start(simulated__latency_min_ms=latency_ms, simulated__latency_max_ms=latency_ms + 50,
                                       simulated__concurrency=2, dispatch__items_per_unit=20,
                                       dispatch__units_in_flight=2))
        if deadline_seconds is not None:
            terms["deadline"] = from_now(deadline_seconds)
        created = customer.submit({"items": response_items(self.ITEMS), **terms})
        until(lambda: customer.page(created["id"], partial="true")["results"] or None, "a first row")
        return customer, created

    def assert_stopped(self, customer, created, status, state, seconds=60):
        batch = customer.ended(created["id"], seconds)
        self.assertEqual((batch["status"], batch["state"]), (status, state))
        counts = batch["request_counts"]
        self.assertGreater(counts["completed"], 0)
        self.assertGreater(counts[status], 0)
        self.assert_each_item_once(customer, batch, [f"item-{number}" for number in range(self.ITEMS)])
        self.assertEqual(len(customer.results(created["id"])), self.ITEMS)
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
        captured = money(batch["settlement"]["captured_total"])
        self.assertEqual(captured, charged(customer.artifact(created["id"], "output")))
        self.assertGreater(captured, ZERO)
        self.assertLess(captured, money(batch["settlement"]["quoted_total"]))
