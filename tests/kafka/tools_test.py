"""If these failed: the fault tests would break nothing, or see nothing of what broke."""

import hashlib
import json
import secrets
import socket
import struct
import threading
import time
import unittest

from support import bus, journal
from support.kafka_proxy import FETCH, PRODUCE, Proxy, read_frame


class ProxyDoesWhatItSays(unittest.TestCase):
    def setUp(self):
        self.arrived = []  # api keys
        self.broker = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.broker.close)
        threading.Thread(target=self.serve, daemon=True).start()
        self.proxy = Proxy()
        self.addCleanup(self.proxy.close)
        self.proxy.target = self.broker.getsockname()

    def serve(self):
        """Answers each request with its correlation id."""
        while True:
            try:
                connection, _ = self.broker.accept()
            except OSError:
                return
            while frame := read_frame(connection):
                api, _, correlation = struct.unpack_from(">hhi", frame, 4)
                self.arrived.append(api)
                connection.sendall(struct.pack(">ii", 4, correlation))
            connection.close()

    def ask(self, api, correlation=7):
        """The correlation id in the answer; nothing when the connection was cut."""
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as client:
            body = struct.pack(">hhi", api, 0, correlation) + b"body"
            client.sendall(struct.pack(">i", len(body)) + body)
            answer = read_frame(client)
            return struct.unpack_from(">i", answer, 4)[0] if answer else None

    def test_requests_pass(self):
        self.assertEqual(self.ask(PRODUCE, 41), 41)
        self.assertEqual(self.arrived, [PRODUCE])

    def test_only_requests_of_the_kind_are_delayed_and_only_so_many(self):
        self.proxy.delay(PRODUCE, 0.5, times=1)
        began = time.monotonic()
        self.assertEqual(self.ask(PRODUCE), 7)
        self.assertGreaterEqual(time.monotonic() - began, 0.5)
        self.proxy.delay(PRODUCE, 3600, times=0)
        self.assertEqual(self.ask(PRODUCE), 7)
        self.proxy.delay(PRODUCE, 3600)
        self.assertEqual(self.ask(FETCH), 7)
        self.proxy.calm()
        self.assertEqual(self.ask(PRODUCE), 7)
        self.assertEqual(self.proxy.counts, {PRODUCE: 1})

    def test_a_request_that_is_cut_never_arrives(self):
        self.proxy.cut_request(PRODUCE)
        self.assertIsNone(self.ask(PRODUCE))
        self.assertEqual(self.arrived, [])
        self.assertEqual(self.ask(PRODUCE), 7)

    def test_a_request_whose_answer_is_cut_arrives(self):
        self.proxy.cut_answer(PRODUCE)
        self.assertIsNone(self.ask(PRODUCE))
        self.assertEqual(self.arrived, [PRODUCE])


class JournalReader(unittest.TestCase):
    """A journal made here, with what owners that were replaced and losers of an epoch leave behind."""

    def setUp(self):
        self.prefix = "test-" + secrets.token_hex(6)
        self.address = bus.address()
        bus.remove_at_exit(self.prefix)
        self.written = []  # (epoch, instance, time, chain, value)
        self.chain = journal.NO_CHAIN
        self.write(1, "a", "partition.opened")
        self.write(1, "a", "ledger.transfer_posted", transfer="t1", debit="platform/promotions", credit="x", amount=5)
        self.write(2, "b", "partition.opened")
        self.write(2, "c", "partition.opened", counts=False)
        self.write(1, "a", "ledger.transfer_posted", counts=False, transfer="t2", debit="x", credit="y", amount=5)
        self.write(2, "b", "ledger.transfer_posted", transfer="t3", debit="x", credit="y", amount=2)
        self.write(2, "c", "ledger.transfer_posted", counts=False, transfer="t4", debit="x", credit="y", amount=3)

    def write(self, epoch, instance, kind, counts=True, **data):
        number = len(self.written)
        value = json.dumps([{"id": f"c{number}.0", "source": "/batchrouter/partitions/0",
                             "type": f"batchrouter.{kind}.v1", "data": data}]).encode()
        head = f"{self.chain}\n{epoch}\n{instance}\n{number}\n".encode()
        chain = hashlib.sha256(head + value).hexdigest()
        opens = kind == "partition.opened"
        self.written.append((epoch, instance, number, journal.NO_CHAIN if opens else chain, value))
        if counts:
            self.chain = chain

    def audit(self):
        from kafka import KafkaProducer
        from kafka.admin import KafkaAdminClient, NewTopic
        admin = KafkaAdminClient(bootstrap_servers=self.address)
        admin.create_topics([NewTopic(self.prefix + ".journal", 1, 1)])
        admin.close()
        producer = KafkaProducer(bootstrap_servers=self.address, acks="all", compression_type="lz4")
        for epoch, instance, when, chain, value in self.written:
            headers = {"epoch": str(epoch), "instance": instance, "time": str(when)}
            producer.send(self.prefix + ".journal", value, partition=0, headers=[
                *((name, text.encode()) for name, text in headers.items()), ("chain", bytes.fromhex(chain))])
        producer.close()
        return journal.audit(self.address, self.prefix)

    def test_only_what_owners_wrote_counts(self):
        found = self.audit()
        self.assertEqual(found.balances(), {"platform/promotions": -5, "x": 3, "y": 2})
        self.assertEqual([record.offset for record in found.ignored], [3, 4, 6])
        self.assertEqual(found.epochs, {0: [(1, "a"), (2, "b")]})

    def test_another_value_breaks_the_chain(self):
        epoch, instance, when, chain, value = self.written[1]
        self.written[1] = (epoch, instance, when, chain, value.replace(b'"amount": 5', b'"amount": 6'))
        with self.assertRaisesRegex(AssertionError, "chain is broken at partition 0, offset 1"):
            self.audit()

    def test_a_missing_record_breaks_the_chain(self):
        self.write(2, "b", "timer.fired")
        del self.written[5]
        with self.assertRaisesRegex(AssertionError, "chain is broken at partition 0, offset 6"):
            self.audit()

    def test_an_event_that_counts_twice_is_found(self):
        epoch, instance, _, _, value = self.written[5]
        head = f"{self.chain}\n{epoch}\n{instance}\n9\n".encode()
        self.written.append((epoch, instance, 9, hashlib.sha256(head + value).hexdigest(), value))
        with self.assertRaisesRegex(AssertionError, "events that count twice"):
            self.audit()

    def test_a_transfer_that_is_posted_twice_is_found(self):
        self.write(2, "b", "ledger.transfer_posted", transfer="t3", debit="x", credit="y", amount=2)
        with self.assertRaisesRegex(AssertionError, "transfers that are posted twice"):
            self.audit().balances()
