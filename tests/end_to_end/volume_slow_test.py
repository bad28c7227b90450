"""If this failed: a batch of 100,000 items would not fit into one request, or memory would grow with it."""

import tempfile
import threading
import time
import unittest

from support import streamed
from support.service import Service

ITEMS = 100_000
RESIDENT_KB_MAX = 600 * 1024
SECONDS_MAX = 300  # for hangs


class Volume(unittest.TestCase):
    def test_100000_items_in_one_request(self):
        settings = {"accounts.starter_grant_usd": "100000.00", "simulated.latency_max_ms": 0}
        with tempfile.TemporaryDirectory() as data, Service(data, settings) as service, Resident(service) as resident:
            account = streamed.sign_up(service, "volume@example.com")
            sent = Counted(streamed.manifest(streamed.short_item, ITEMS))
            began = time.monotonic()
            batch = streamed.accepted(streamed.submit(service, account, sent))
            answered = time.monotonic()
            self.assertEqual(service.wait_for_batch(batch, account.key, SECONDS_MAX)["status"], "completed")
            ended = time.monotonic()
            ids = {f"row-{number:07d}" for number in range(ITEMS)}
            rows = streamed.check_ended(self, service, account, batch, ids)
            streamed.check_ledger(self, service, account)
            self.assertEqual(len(streamed.pages(service, account, batch)), ITEMS)
            checked = time.monotonic()
            self.assertEqual((rows.output_count, rows.error_count), (ITEMS, 0))
            print(f"{ITEMS} items, {sent.bytes / 1e6:.1f} MB: accepted in {answered - began:.1f} s, completed in "
                  f"{ended - answered:.1f} s more ({ITEMS / (ended - answered):.0f} items/s), checked in "
                  f"{checked - ended:.1f} s; resident: {max(resident.samples) >> 10} MiB sampled, "
                  f"{service.peak_rss_kb() >> 10} MiB peak", flush=True)
            self.assertGreater(sent.bytes, 50_000_000)
            self.assertLess(max(resident.samples), RESIDENT_KB_MAX)
            self.assertLess(service.peak_rss_kb(), RESIDENT_KB_MAX)


class Counted:
    def __init__(self, pieces):
        self.pieces = pieces
        self.bytes = 0

    def __iter__(self):
        for piece in self.pieces:
            self.bytes += len(piece)
            yield piece


class Resident:
    """Samples the resident memory of a service, in kB, until it is left."""

    def __init__(self, service):
        self.samples = []
        self._service = service
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._left.set()
        self._thread.join()

    def _run(self):
        while not self._left.wait(0.05):
            self.samples.append(self._service.rss_kb())


if __name__ == "__main__":
    unittest.main()
