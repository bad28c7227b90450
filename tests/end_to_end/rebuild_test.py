"""If this failed: state would not be a fold of the journal, or answers would be made from a journal that is damaged."""

import copy
import pathlib
import re
import shutil
import struct
import tempfile
import time
import unittest
from urllib.parse import quote

from support import bus, streamed
from support.customer import without_what_differs
from support.service import HANG_SECONDS, Service

SETTINGS = {"simulated.item_fault_rate": 0.1, "simulated.transient_rate": 0.05, "dispatch.items_per_unit": 40,
            "dispatch.retry_seconds": 0}


class Rebuild(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.data = self.directory / "data"

    def test_every_answer_is_the_same_from_a_rebuilt_state(self):
        with Service(self.data, SETTINGS) as service:
            people = [Customer(self, service, f"person{number}@example.com") for number in range(3)]
            for person in people:
                person.do_everything()
            before = [person.answers() for person in people]
            self.assertGreater(min(len(answers) for answers in before), 25)
            for kill in (False, True):
                service.kill9() if kill else service.stop()
                self.move_state_away()
                service.start()
                for person, answers in zip(people, before):
                    self.assert_same(answers, person.answers())
            service.restart(kill=True)  # the state of the run before, and the journal since
            for person, answers in zip(people, before):
                self.assert_same(answers, person.answers())
                person.submit(10)
                streamed.check_ledger(self, service, person.account)

    def test_a_batch_that_runs_goes_on_from_a_rebuilt_state(self):
        settings = {**SETTINGS, "simulated.latency_min_ms": 100, "simulated.latency_max_ms": 300,
                    "simulated.concurrency": 2, "dispatch.units_in_flight": 2}
        with Service(self.data, settings) as service:
            account = streamed.sign_up(service, "runs@example.com")
            batch = streamed.accepted(streamed.submit(service, account, streamed.manifest(streamed.mixed_item, 100)))
            time.sleep(0.7)
            service.kill9()
            self.move_state_away()
            service.settings = SETTINGS
            service.start()
            self.assertEqual(service.wait_for_batch(batch, account.key)["status"], "completed")
            ids = {streamed.mixed_item(number)["customer_item_id"] for number in range(100)}
            streamed.check_ended(self, service, account, batch, ids)
            streamed.check_ledger(self, service, account)

    @bus.embedded_only("it flips a byte of a segment")
    def test_a_flipped_byte_in_the_journal_is_refused(self):
        with Service(self.data, SETTINGS) as service:
            Customer(self, service, "flip@example.com").do_everything()
        segment = sorted((self.data / "journal").glob("*.log"))[0]
        intact = segment.read_bytes()
        end = len(intact.rstrip(b"\0"))
        self.move_state_away()
        for share in (0.1, 0.5, 0.9):
            place = int(end * share)
            damaged = bytearray(intact)
            damaged[place] ^= 0x20
            segment.write_bytes(damaged)
            with self.subTest(byte=place):
                refusal = self.refusal_to_start()
                print(refusal, flush=True)
                self.assertIn(segment.name, refusal)
                self.assertLessEqual(int(re.search(r"at byte (\d+)", refusal)[1]), place)
        segment.write_bytes(intact)
        with Service(self.data, SETTINGS) as service:
            self.assertEqual(service.get("/readyz").status, 200)

    @bus.embedded_only("it puts older segments in place")
    def test_a_journal_that_is_older_than_the_state_is_refused(self):
        older = self.directory / "older"
        with Service(self.data, SETTINGS) as service:
            customer = Customer(self, service, "older@example.com")
            customer.submit(20)
            service.stop()
            shutil.copytree(self.data / "journal", older)
            service.start()
            newest = customer.submit(30)
            service.stop()
            newer = (self.data / "journal").rename(self.directory / "newer")
            shutil.copytree(older, self.data / "journal")

            service.start()
            readiness = service.get("/readyz")
            print(readiness.body.decode()[:300], flush=True)
            self.assertEqual(readiness.status, 503)
            self.assertEqual(len(readiness.json["halted_partitions"]), 16)
            self.assertRegex(readiness.json["halted_partitions"][0]["detail"], r"ends at offset \d+")
            self.assertIn("partition_halted", service.output())
            answer = streamed.submit(service, customer.account, streamed.manifest(streamed.mixed_item, 5))
            self.assertEqual(answer[0], 503, answer[2])
            service.stop()

            shutil.rmtree(self.data / "journal")
            newer.rename(self.data / "journal")
            service.start()
            self.assertEqual(service.get("/readyz").status, 200)
            self.assertEqual(service.get(f"/v1/batches/{newest}", key=customer.account.key).json["status"], "completed")

    @bus.embedded_only("it rewrites a record in a segment")
    def test_a_record_rewritten_with_a_right_checksum_halts_its_partition_and_no_other(self):
        with Service(self.data, SETTINGS) as service:
            customer = Customer(self, service, "chain@example.com")
            self.rewrite_its_grant(customer)
            readiness = service.get("/readyz")
            print(readiness.body.decode(), flush=True)
            self.assertEqual(readiness.status, 503)
            self.assertEqual(len(readiness.json["halted_partitions"]), 1)
            self.assertRegex(readiness.json["halted_partitions"][0]["detail"], r"chain .* offset \d+")
            for number in range(40):
                address = f"other{number}@example.com"
                body = {"agent_name": "other", "email": address, "password": streamed.PASSWORD}
                if service.post("/v1/auth/agent-register", body).status == 201:
                    return
            self.fail("no other partition serves")

    @bus.embedded_only("it rewrites a record in a segment")
    def test_of_a_halted_partition_nothing_is_answered(self):
        """An answer from the part that was applied would be as wrong as that there is nothing."""
        with Service(self.data, SETTINGS) as service:
            customer = Customer(self, service, "halted@example.com")
            self.rewrite_its_grant(customer)
            key, batch = customer.account.key, customer.paths[0]
            for path in (batch, "/v1/batches", "/v1/billing/credits", "/v1/api-keys", "/v1/sessions/current"):
                with self.subTest(path=path):
                    answer = service.get(path, key=key)
                    self.assertEqual(answer.status, 503, answer.body[:200])
            with self.subTest("submit"):
                answer = streamed.submit(service, customer.account, streamed.manifest(streamed.mixed_item, 5))
                self.assertEqual(answer[0], 503, answer[2])

    def rewrite_its_grant(self, customer):
        """Starts again without state, from a journal in which the customer's grant is another amount."""
        customer.submit(20)
        customer.service.stop()
        segment = sorted((self.data / "journal").glob("*.log"))[0]
        segment.write_bytes(with_another_grant(segment.read_bytes()))
        self.move_state_away()
        customer.service.start()

    def move_state_away(self):
        (self.data / "state").rename(self.directory / f"state-{time.monotonic_ns()}")

    def refusal_to_start(self):
        service = Service(self.data, SETTINGS)
        with self.assertRaises(AssertionError) as refused:
            service.start()
        self.assertNotEqual(service.process.returncode, 0)
        self.assertIn("did not start", str(refused.exception))
        return service.output()

    def assert_same(self, before, after):
        self.assertEqual(list(before), list(after))
        for path, answer in before.items():
            self.assertEqual(answer, after[path], path)


def with_another_grant(segment):
    """The bytes of a segment (adapters/embedded_log/frame.h) in which the starter grant is another amount."""
    damaged = bytearray(segment)
    place = segment.index(b"25000000000")
    damaged[place] = ord("9")
    frame = segment.rindex(b"\xF5\x42\x52\xF6", 0, place)
    length, = struct.unpack_from("<I", damaged, frame + 4)
    struct.pack_into("<I", damaged, frame + 8, crc32c(damaged[frame + 12:frame + 12 + length]))
    return damaged


def crc32c(data):
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


class Customer:
    def __init__(self, test, service, address):
        self.test = test
        self.service = service
        self.account = streamed.sign_up(service, address)
        self.paths = []

    def do_everything(self):
        """Batches that completed, with failed items, cancelled, retried; keys revoked and rotated; quotes."""
        for count in (1, 30, 200):
            self.submit(count)
        failed = self.submit(100)
        key = self.account.key
        again = self.service.expect(self.service.post(f"/v1/batches/{failed}/retry", key=key), 201)
        self.end(again.json["id"], "failed")  # an item that is at fault is so again
        self.cancel()
        created = [self.service.expect(self.service.post("/v1/api-keys", {"label": f"é {number}"}, key=key), 201).json
                   for number in range(3)]
        self.service.expect(self.service.request("DELETE", "/v1/api-keys/" + created[0]["id"], key=key), 200)
        self.service.expect(self.service.post(f"/v1/api-keys/{created[1]['id']}/rotate", {}, key=key), 200, 201)
        self.revoked = created[0]["api_key"]
        quoted = self.service.post("/v1/quotes/model", {"models": ["gpt-5.4-nano"], "estimated_items": 10}, key=key)
        self.paths.append("/v1/quotes/" + self.service.expect(quoted, 201).json["quote_id"])
        manifest = b"".join(streamed.manifest(streamed.mixed_item, 7))
        quoted = self.service.expect(self.service.post("/v1/quotes/model", manifest, key=key), 201)
        self.paths.append("/v1/quotes/" + quoted.json["quote_id"])
        refused = self.service.post("/v1/batches", {"quote_id": "qlock_0", "items": []}, key=key)
        self.test.assertGreaterEqual(refused.status, 400)

    def submit(self, count):
        manifest = streamed.manifest(streamed.mixed_item, count, metadata={"count": str(count)})
        return self.end(streamed.accepted(streamed.submit(self.service, self.account, manifest, f"key-{count}")))

    def cancel(self):
        # It waits until it is due, so that the cancel is in time.
        manifest = streamed.manifest(streamed.mixed_item, 50, run_after="2999-01-01T00:00:00Z",
                                    deadline="2999-01-02T00:00:00Z")
        status, _, body = streamed.submit(self.service, self.account, manifest)
        self.test.assertEqual(status, 201, body)
        self.service.expect(self.service.post(f"/v1/batches/{body['id']}/cancel", key=self.account.key), 200)
        self.end(body["id"], "cancelled")

    def end(self, batch, status="completed"):
        ended = self.service.wait_for_batch(batch, self.account.key)
        self.test.assertEqual(ended["status"], status)
        self.paths += [f"/v1/batches/{batch}", f"/v1/batches/{batch}?include_billing_receipt=true",
                       f"/v1/quotes/{ended['quote_id']}"]
        for partial in ("false", "true"):
            self.paths.append(f"/v1/batches/{batch}/results?limit=1000&raw=true&partial={partial}")
        return batch

    def answers(self):
        """What every GET answers, without what is another each time."""
        answers = {}
        for path in self.paths:
            answers[path] = self.answer(path, self.account.key)
        for name, secret in (("key", self.account.key), ("session", self.account.session), ("revoked", self.revoked)):
            answers["/v1/sessions/current with " + name] = self.answer("/v1/sessions/current", secret)
        for path in ("/v1/api-keys?limit=2", "/v1/batches?limit=2", "/v1/billing/credits?limit=2"):
            for number, page in enumerate(self.pages(path)):
                answers[f"{path} page {number}"] = page
        answers["/v1/batches cancelled"] = self.answer("/v1/batches?status=cancelled", self.account.key)
        for path in ("/v1/runtime", "/v1/catalog/models", "/readyz"):
            answers[path] = self.answer(path, None)
        for batch in {path.split("/")[3].split("?")[0] for path in self.paths if path.startswith("/v1/batches/")}:
            for kind in ("output", "error", "receipt", "review", "raw"):
                answers[f"{batch} {kind}"] = streamed.artifact(self.service, self.account, batch, kind)
        return dict(sorted(answers.items()))

    def answer(self, path, secret):
        response = self.service.get(path, key=secret, seconds=HANG_SECONDS)
        return response.status, without_what_differs(response.json)

    def pages(self, path):
        pages, cursor = [], None
        while True:
            after = "" if cursor is None else "&" + cursor
            response = self.service.expect(self.service.get(path + after, key=self.account.key), 200)
            page = copy.deepcopy(response.json)
            pages.append(page)
            holder = page.get("ledger_entries", page)
            # A cursor is sealed anew each time.
            next_cursor = holder.pop("next_cursor", None)
            if next_cursor is not None:
                cursor = "cursor=" + quote(next_cursor, safe="")
            elif page.get("has_more"):
                cursor = "after=" + page["last_id"]
            else:
                return pages


if __name__ == "__main__":
    unittest.main()
