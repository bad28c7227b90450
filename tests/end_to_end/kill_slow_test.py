"""If this failed: a crash at a bad moment would lose a batch, ask for an item again that was answered, or charge twice.

The server is killed with SIGKILL ten times at random moments and must end each batch by itself afterwards.
KILL_SEED draws the same moments again, though not the same races.
"""

import http.client
import os
import pathlib
import random
import subprocess
import tempfile
import threading
import time
import unittest

from support import streamed
from support.service import Service, environment
from support.webhook_receiver import WebhookReceiver

SEED = int(os.environ.get("KILL_SEED", time.time_ns() % 1_000_000))
SECONDS_MAX = 200  # for hangs
NO_ANSWER = (OSError, http.client.HTTPException)
# What an attempt may have answered but not yet put on the disk when it is killed: what one of its turns takes.
ITEMS_IN_HAND_PER_UNIT = 256


class Kill(unittest.TestCase):
    def setUp(self):
        print(f"KILL_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.data = pathlib.Path(directory.name) / "data"

    def test_seven_kills_of_a_mixed_batch_of_1000_items(self):
        settings = {"dispatch.items_per_unit": 100, "dispatch.units_in_flight": 4, "dispatch.retry_seconds": 0,
                    "simulated.latency_min_ms": 20, "simulated.latency_max_ms": 120, "simulated.concurrency": 4,
                    "simulated.transient_rate": 0.1, "simulated.item_fault_rate": 0.03,
                    "webhooks.allow_loopback": "true", "webhooks.retry_seconds": "[1, 1, 1, 1, 1]"}
        with WebhookReceiver() as receiver, Service(self.data, settings) as service:
            victim = Victim(self, service, streamed.mixed_item, 1000, {"webhook_url": receiver.url()}, 4)
            victim.kill_during_upload()
            victim.kill_before_the_answer()
            victim.submit()
            self.kill_within(service, 0.01, "just accepted")
            victim.check_after_a_kill()
            for share in (0.1, 0.35, 0.6):
                victim.kill_while_running(share)
            victim.kill_around_completion()
            ended = victim.finish()
            self.assertGreater(ended.error_count, 0)
            deliveries = receiver.wait_for(1)
            self.assertEqual({(one.json["type"], one.json["batch_id"]) for one in deliveries},
                             {("batch.completed", victim.batch)})
            self.assertEqual(len({one.id for one in deliveries}), 1)
            session = service.get("/v1/sessions/current", key=victim.account.key)
            receiver.verify_all(session.json["webhook_signing_secret"])
            print(f"webhooks: {len(deliveries)}", flush=True)

    def test_three_kills_of_a_batch_of_100000_items(self):
        settings = {"accounts.starter_grant_usd": "100000.00", "simulated.latency_max_ms": 80}
        with Service(self.data, settings) as service:
            victim = Victim(self, service, streamed.short_item, 100_000, {}, 8)
            victim.kill_during_upload()
            victim.submit()
            victim.kill_while_running(0.4)
            victim.kill_around_completion()
            self.assertEqual(victim.finish().error_count, 0)

    def test_killed_again_and_again_while_it_recovers(self):
        settings = {"dispatch.items_per_unit": 20, "simulated.latency_min_ms": 20, "simulated.latency_max_ms": 120,
                    "simulated.concurrency": 2}
        with Service(self.data, settings) as service:
            victim = Victim(self, service, streamed.mixed_item, 400, {}, 8)
            victim.submit()
            victim.kill_while_running(0.3)
            for _ in range(5):
                service.kill9()
                process = subprocess.Popen(service.command(), env=environment(), stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                time.sleep(self.random.uniform(0, 0.08))
                process.kill()
                process.wait()
            service.start()
            victim.lost_count_of_asked()
            victim.check_after_a_kill()
            victim.finish()

    def test_a_second_process_on_the_same_data_is_refused(self):
        with Service(self.data) as service:
            account = streamed.sign_up(service, "double@example.com")
            second = subprocess.run(service.command(), env=environment(), stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, timeout=60)
            self.assertNotEqual(second.returncode, 0)
            print(second.stdout.strip(), flush=True)
            self.assertIn(str(service.process.pid), second.stdout)
            self.assertIn(str(self.data), second.stdout)
            batch = streamed.accepted(streamed.submit(service, account, streamed.manifest(streamed.mixed_item, 10)))
            self.assertEqual(service.wait_for_batch(batch, account.key)["status"], "completed")

    def kill_within(self, service, seconds, moment):
        time.sleep(self.random.uniform(0, seconds))
        service.kill9()
        print(f"killed: {moment}", flush=True)


class Victim:
    """One batch, submitted with one Idempotency-Key, and what a witness saw of it before the kills."""

    def __init__(self, test, service, item, count, header, units_in_flight):
        self.test = test
        self.service = service
        self.item = item
        self.count = count
        self.header = header
        self.in_hand_max = units_in_flight * ITEMS_IN_HAND_PER_UNIT
        self.account = streamed.sign_up(service, "kill@example.com")
        self.batch = None
        self.seen = set()  # rows, as bytes
        self.kept = 0  # rows that were on the disk at the kill before
        self.counting = True

    # Submitting

    def kill_during_upload(self):
        pieces = list(self.pieces())
        stop_after = self.test.random.randrange(len(pieces))

        def until_killed():
            for number, piece in enumerate(pieces):
                if number == stop_after:
                    half = len(piece) // 2
                    yield piece[:half]
                    self.service.kill9()
                    piece = piece[half:]
                yield piece

        with self.test.assertRaises(NO_ANSWER):
            self.send(until_killed())
        print(f"killed: after {stop_after} and a half of {len(pieces)} pieces", flush=True)
        self.service.start()
        self.test.assertEqual(self.listed(), [])

    def kill_before_the_answer(self):
        """The whole request is sent; whether it was accepted, nobody knows."""
        def killed_soon():
            yield from self.pieces()
            threading.Timer(self.test.random.uniform(0, 0.12), self.service.process.kill).start()

        try:
            status, _, body = self.send(killed_soon())
            self.test.assertEqual(status, 201)
            self.batch = body["id"]
        except NO_ANSWER:
            pass
        self.service.process.wait()
        self.service.kill9()
        print(f"killed: {'after' if self.batch else 'before'} the answer", flush=True)
        self.service.start()
        found = self.listed()
        self.test.assertLessEqual(len(found), 1)
        if self.batch:
            self.test.assertEqual(found, [self.batch])
        self.batch = found[0] if found else None

    def submit(self):
        """Again and again the same request: there is one batch."""
        answer = self.send(self.pieces())
        batch = streamed.accepted(answer)
        if self.batch is None:
            self.batch = batch
        else:
            self.test.assertEqual(answer[1].get("idempotent-replayed"), "true")
        self.test.assertEqual(batch, self.batch)

    def pieces(self):
        return streamed.manifest(self.item, self.count, **self.header)

    def send(self, pieces):
        return streamed.submit(self.service, self.account, pieces, "one-key")

    def listed(self):
        page = self.service.expect(self.service.get("/v1/batches", key=self.account.key), 200).json
        return [batch["id"] for batch in page["data"]]

    # Running

    def kill_while_running(self, share):
        self.wait_for_share(share)
        self.witness()
        time.sleep(self.test.random.uniform(0, 1.2))
        self.kill(f"{share:.0%} and a moment later")

    def kill_around_completion(self):
        self.witness()
        self.wait_for_share(self.test.random.uniform(0.93, 1))
        time.sleep(self.test.random.uniform(0, 0.1))
        self.kill("around completion")

    def wait_for_share(self, share):
        end = time.monotonic() + SECONDS_MAX
        while self.answered() < share * self.count:
            if time.monotonic() > end:
                self.test.fail(f"{self.answered()} of {self.count} items after {SECONDS_MAX} s")
            time.sleep(0.01)

    def answered(self):
        return self.count - self.get()["request_counts"]["remaining"]

    def get(self):
        return self.service.expect(self.service.get(f"/v1/batches/{self.batch}", key=self.account.key), 200).json

    def witness(self):
        self.seen.update(streamed.pages(self.service, self.account, self.batch, partial=True))

    def kill(self, moment):
        status = self.get()["status"]
        asked = streamed.metric(self.service, "batchrouter_items_total")
        self.service.kill9()
        kept = streamed.kept_rows(self.service, self.batch)
        print(f"killed: {moment}, when {status}; the witness saw {len(self.seen)} rows, {kept} are on the disk",
              flush=True)
        self.test.assertGreaterEqual(kept, len(self.seen))
        if self.counting:
            self.test.assertLessEqual(asked, kept - self.kept + self.in_hand_max, "answers were lost beyond the tail")
        self.kept = kept
        self.counting = True
        self.check_after_a_kill()

    def check_after_a_kill(self):
        """Starts again if need be: the batch is there, what the witness saw is, and the same request makes no other."""
        if not self.service.alive():
            self.service.start()
        self.test.assertEqual(self.listed(), [self.batch])
        now = set(streamed.pages(self.service, self.account, self.batch, partial=True))
        self.test.assertEqual([row[:200] for row in list(self.seen - now)[:3]], [], "rows that were seen are gone")
        self.submit()
        self.test.assertEqual(self.listed(), [self.batch])

    def lost_count_of_asked(self):
        """Processes that nobody watched have run since the last kill."""
        self.counting = False

    def finish(self):
        """The batch ends by itself, and everything holds that must."""
        self.service.wait_for_batch(self.batch, self.account.key, SECONDS_MAX)
        ids = {self.item(number)["customer_item_id"] for number in range(self.count)}
        ended = streamed.check_ended(self.test, self.service, self.account, self.batch, ids)
        self.test.assertEqual(self.seen - set(ended.rows), set(), "a row is another than the one that was seen")
        self.test.assertEqual(sorted(streamed.pages(self.service, self.account, self.batch)), sorted(ended.rows))
        streamed.check_ledger(self.test, self.service, self.account)
        if self.counting:
            # What was on the disk at the last kill has not been asked for again, the rest has once.
            answers = streamed.metric(self.service, "batchrouter_items_total")
            self.test.assertEqual(answers + self.kept, self.count)
        return ended


if __name__ == "__main__":
    unittest.main()
