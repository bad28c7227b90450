"""If these failed: a full disk would lose what was acknowledged, or keep a service from going on once there is room."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from support.customer import Customer, ServiceTest, response_items
from support.load import NO_ANSWER
from support.service import HANG_SECONDS, Service, until

DISK = "64m"
PIECE = b"\0" * 65536
KEYS_MAX = 10_000
SETTINGS = {"journal.partitions": 2, "journal.segment_bytes": "1 MiB", "dispatch.items_per_unit": 4, "accounts.api_keys_max": KEYS_MAX,
            "simulated.latency_min_ms": 50, "simulated.latency_max_ms": 100, "simulated.concurrency": 1,
            "http.org_requests_per_minute": 0}


class FullDisk(ServiceTest):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="batchrouter-test-")
        self.addCleanup(directory.cleanup)
        self.disk = pathlib.Path(directory.name)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", directory.name],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            print(f"skipped: no small disk to be had: {mounted.stderr}", flush=True)
            self.skipTest("may not mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", directory.name], check=True)
        self.service = Service(self.disk / "data", SETTINGS).start()
        self.addCleanup(self._stop, self.service)
        self.customer = Customer(self.service)

    def fill(self):
        """To the last byte."""
        with (self.disk / "ballast").open("ab", buffering=0) as ballast:
            for piece in (PIECE, b"\0"):
                try:
                    while ballast.write(piece):
                        pass
                except OSError:
                    pass
        self.assertEqual(os.statvfs(self.disk).f_bavail, 0)

    def make_room(self):
        (self.disk / "ballast").unlink()

    def test_nothing_is_taken_on_until_there_is_room_again(self):
        """Would be broken: what cannot be kept is acknowledged, or what was accepted fails for want of room."""
        done = self.customer.ended(self.customer.submit({"items": response_items(4)})["id"])
        underway = self.customer.submit({"items": response_items(80)})["id"]
        until(lambda: self.customer.batch(underway)["request_counts"]["completed"], "a first row")
        self.fill()
        for _ in range(3):
            refused = self.customer.post("/v1/batches", {"items": response_items(4)}, headers={"Idempotency-Key": "full"})
            self.assert_problem(refused, 503, "storage_failed")
            self.assertIn("retry-after", refused.headers)
            self.assertNotIn(str(self.disk).encode(), refused.body)
        readiness = self.service.get("/readyz")
        self.assertEqual((readiness.status, readiness.json["storage"]["code"]), (503, "storage_failed"), readiness.body)
        self.assertEqual(self.customer.batch(done["id"]), done)
        self.assertEqual(len(self.customer.artifact(done["id"], "output")), 4)
        until(lambda: "unit_run_failed" in self.service.output(), "the work to be out of room")
        self.assertNotIn(self.customer.batch(underway)["status"], ("failed", "expired"))

        self.make_room()
        until(lambda: self.service.get("/readyz").status == 200, "the service to be ready again")
        accepted = self.customer.submit({"items": response_items(4)}, headers={"Idempotency-Key": "full"})
        for batch, items in ((underway, 80), (accepted["id"], 4)):
            counts = self.customer.ended(batch)["request_counts"]
            self.assertEqual((counts["completed"], counts["total"]), (items, items))
        self.assertEqual(len(self.customer.read("/v1/batches")["data"]), 3)

    def test_a_journal_that_cannot_grow_ends_the_service_and_keeps_what_it_has(self):
        """Would be broken: what was acknowledged before the disk was full is gone after it."""
        self.fill()
        given = []

        def full():
            self.assertLess(len(given), KEYS_MAX)
            try:
                answer = self.service.post("/v1/api-keys", {"label": "key"}, key=self.customer.session)
            except NO_ANSWER:
                return True
            if answer.status == 201:
                given.append(answer.json["api_key"])
                return None
            self.assertEqual(answer.status, 503, answer.body)
            return True

        until(full, "the journal to be full", 2 * HANG_SECONDS, every=0)
        self.service.wait_for_death()
        self.assertEqual(self.service.stop(), 1)
        self.assertIn("journal_failed", self.service.output())
        self.assertIn("No space left", self.service.output())
        print(f"{len(given)} keys until the journal was full", flush=True)

        self.make_room()
        self.service.start()
        for key in given:
            self.service.expect(self.service.get("/v1/sessions/current", key=key), 200)
        self.customer.ended(self.customer.submit({"items": response_items(4)})["id"])


if __name__ == "__main__":
    unittest.main()
