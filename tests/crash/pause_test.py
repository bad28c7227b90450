"""If this failed: a machine that stands still for a while would lose work, or do it twice."""

import tempfile
import time
import unittest
from pathlib import Path

from support import auditing
from support.load import ANSWER_SECONDS, Load
from support.service import Service

# Longer than anything waits for: customers for an answer, the server for a request's head, a lane for an item.
STILL_SECONDS = ANSWER_SECONDS + 2
SETTINGS = {"simulated.latency_min_ms": 20, "simulated.latency_max_ms": 200, "dispatch.items_per_unit": 2, "http.header_seconds": 2,
            "http.idle_seconds": 2, "http.drain_seconds": 1}


class Pause(unittest.TestCase):
    def test_a_service_that_stood_still_under_load_goes_on(self):
        """On Kafka, where another node takes over meanwhile: tests/kafka/service_faults_test.py."""
        directory = tempfile.TemporaryDirectory(prefix="batchrouter-test-")
        self.addCleanup(directory.cleanup)
        with Service(Path(directory.name) / "data", SETTINGS) as service:
            load = Load(self, [service], seconds=60).start()
            for _ in range(2):
                load.wait_for(5)
                service.pause()
                time.sleep(STILL_SECONDS)
                service.resume()
            load.wait_for(10)
            load.stop()
            load.check()
            self.assertEqual(service.stop(), 0)
            code, report = auditing.audit(service)
            self.assertEqual(code, 0, auditing.findings(report))


if __name__ == "__main__":
    unittest.main()
