"""Services on a Kafka that share what nodes of one cluster share: the base of the tests in tests/kafka."""

import os
import pathlib
import random
import secrets
import tempfile
import time
import unittest

from support import bus, journal
from support.load import Load
from support.service import PROGRAM, Service

SEED = int(os.environ.get("KILL_SEED", time.time_ns() % 1_000_000))
SETTINGS = {"simulated.latency_min_ms": 5, "simulated.latency_max_ms": 60, "simulated.transient_rate": 0.05,
            "dispatch.retry_seconds": 0, "dispatch.items_per_unit": 2, "accounts.starter_grant_usd": "1000.00"}


class NodesTest(unittest.TestCase):
    """Each test has topics of its own. KILL_SEED draws the same moments again, though not the same races."""

    def setUp(self):
        print(f"KILL_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)
        directory = tempfile.TemporaryDirectory(prefix="batchrouter-test-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.prefix = "test-" + secrets.token_hex(6)
        self.services = []

    def start(self, name="node-1", program=PROGRAM, point=None, broker=None, **settings):
        """program, point: one that dies there. broker: an address, unless it is the one that all tests share. settings:
        section__key=value."""
        named = {key.replace("__", "."): value for key, value in settings.items()}
        shared = self.directory / "shared"
        shared.mkdir(exist_ok=True)
        if broker is None:
            broker = bus.address()
            bus.remove_at_exit(self.prefix)
        service = Service(self.directory / name, {**bus.kafka_settings(broker, self.prefix), **SETTINGS,
                                                  "data.shared_directory": str(shared), **named}, program=program)
        if point is not None:
            service.variables["BATCHROUTER_FAULT_POINT"] = point
        service.mails = self.directory
        self.services.append(service)
        self.addCleanup(self._end, service)
        return service.start()

    def _end(self, service):
        result = self._outcome.result
        if any(test is self for test, _ in result.failures + result.errors):
            print(f"--- output of {service.data.name} ---\n{service.output()[-20000:]}", flush=True)
        if service.alive():
            service.resume()
        service.kill9()

    def load(self, **options):
        return Load(self, self.services, **options).start()

    def finish(self, load, broker=None):
        """Ends the load and checks everything, the journal by other code than ours; returns what was found in it."""
        load.stop()
        load.check()
        found = journal.audit(broker or bus.address(), self.prefix)
        load.check_against(found.balances())
        accepted = [event["batch"] for event in found.of_type("batch.accepted")]
        ended = [event["batch"] for event in found.of_type("batch.ended")]
        self.assertCountEqual(accepted, [handed.batch for handed in load.accepted])
        self.assertCountEqual(ended, accepted)
        print(f"journal: {len(found.records)} records count, {len(found.ignored)} do not; epochs "
              f"{ {partition: owners[-1][0] for partition, owners in found.epochs.items() if owners} }", flush=True)
        return found

    def a_moment(self, longest=1.0):
        time.sleep(self.random.uniform(0, longest))
