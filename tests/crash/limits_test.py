"""If these failed: a process that may not have what it wants would spin, die of its clients, or harm its own data."""

import contextlib
import http.client
import os
import socket
import time
import unittest

from support.customer import Customer, ServiceTest, response_items
from support.load import NO_ANSWER
from support.service import until

DESCRIPTORS = 256
IDLE_CLIENTS = 300
LOOKED_AT_SECONDS = 2
BUSY_SHARE_MAX = 0.5  # of one core, while nobody asks for anything
MEBIBYTE = 1 << 20


def limited(**limits):
    """prlimit's words: nofile=256."""
    return ["prlimit", *(f"--{name}={value}:{value}" for name, value in limits.items())]


class Limits(ServiceTest):
    def restart(self, service, **limits):
        service.stop()
        service.wrapper = limited(**limits)
        return service.start()

    def refuse(self, service, words, **limits):
        """It does not start, says why, and leaves everything as it was."""
        before = self.state_files(service)
        service.wrapper = limited(**limits)
        service.lines.clear()
        self.assertFalse(service.launch().wait_until_ready())
        self.assertEqual(service.process.wait(), 1, service.output())
        service.kill9()
        service.wrapper = []
        told = service.output()
        self.assertIn(words, told)
        self.assertIn("cannot start", told)
        self.assertNotIn("state_rebuilt", told)
        self.assertEqual(self.state_files(service) & before, before)

    @staticmethod
    def state_files(service):
        return {path.name for path in (service.data / "state").glob("*.sst")}

    def test_idle_clients_that_want_every_descriptor(self):
        """Would be broken: a few hundred idle clients end the work of all others, or for ever keep them out, or accepting
        spins."""
        service = self.start(http__idle_seconds=3600, http__header_seconds=300)
        self.restart(service, nofile=DESCRIPTORS)
        customer = Customer(service)
        customer.ended(customer.submit({"items": response_items(3)})["id"])
        idle = []
        try:
            for _ in range(IDLE_CLIENTS):
                idle.append(socket.create_connection(("127.0.0.1", service.port), timeout=5))
            self.assertIn("connections_limited", service.output())
            self.assert_quiet(service)
            # Its connection is older than the crowd, and there are descriptors for its work.
            crowded = customer.submit({"items": response_items(3)}, headers={"Idempotency-Key": "crowded"})
            self.assertEqual(customer.ended(crowded["id"])["request_counts"]["completed"], 3)
            self.assertEqual(len(customer.artifact(crowded["id"], "output")), 3)
        finally:
            for client in idle:
                client.close()

        def served():
            try:
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)) as newcomer:
                    newcomer.request("GET", "/healthz")
                    return newcomer.getresponse().status == 200
            except NO_ANSWER:
                return None

        until(served, "room for newcomers")
        self.assertEqual(len(customer.read("/v1/batches")["data"]), 2)
        self.restart(service, nofile=4096)

    def assert_quiet(self, service):
        """Its processor time stands nearly still."""
        before = self.processor_seconds(service)
        time.sleep(LOOKED_AT_SECONDS)
        self.assertLess((self.processor_seconds(service) - before) / LOOKED_AT_SECONDS, BUSY_SHARE_MAX)

    @staticmethod
    def processor_seconds(service):
        with open(f"/proc/{service.process.pid}/stat", encoding="ascii") as stat:
            user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def test_too_few_descriptors_to_start_with(self):
        """Would be broken: a state that could not be looked at is thrown away."""
        service = self.start()
        customer = Customer(service)
        batch = customer.ended(customer.submit({"items": response_items(3)})["id"])
        service.stop()
        for descriptors in (12, 16, 20, 24, 32):
            with self.subTest(descriptors=descriptors):
                self.refuse(service, "Too many open files", nofile=descriptors)
        service.start()
        self.assertEqual(customer.batch(batch["id"]), batch)

    def test_too_little_memory_to_start_with(self):
        """Would be broken: threads or memory that cannot be had end in a core instead of a word."""
        service = self.start()
        customer = Customer(service)
        batch = customer.ended(customer.submit({"items": response_items(3)})["id"])
        service.stop()
        for mebibytes in (64, 96, 128, 192, 256, 320):
            with self.subTest(mebibytes=mebibytes):
                self.refuse(service, f"limited to {mebibytes} MiB", **{"as": mebibytes * MEBIBYTE})
        service.start()
        self.assertEqual(customer.batch(batch["id"]), batch)


if __name__ == "__main__":
    unittest.main()
