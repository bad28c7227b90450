"""Batches from manifest to bill: every item once, every cent accounted for, whatever ends the batch."""

import datetime
import gzip
import json
import shutil
import subprocess

from support.batches import BatchTest, StoppedBatchTest, by_id, from_now
from support.customer import (ZERO, Customer, charged, chat_item, embedding_item, ids, message_item, money,
                              response_item, response_items)
from support.service import until

REFUSED = range(0, 1000, 10)  # of the mixed items
TRUNCATED = range(5, 1000, 20)


def mixed_items():
    """1,000 of four operations and three models. The lane refuses some, and cuts some short."""
    items = []
    for number in range(1000):
        name, text = f"mixed-{number:04}", f"What does line {number} of the statement mean?"
        if number in REFUSED:
            items.append(chat_item(name, text, temperature=3))
        elif number in TRUNCATED:
            items.append(response_item(name, text, max_output_tokens=3))
        elif number % 4 == 1:
            items.append(embedding_item(name, text))
        elif number % 4 == 2:
            items.append(message_item(name, text))
        else:
            items.append(response_item(name, text) if number % 4 == 3 else chat_item(name, text))
    return items


def as_ndjson(items, **header):
    return "".join(json.dumps(line) + "\n" for line in [header, *items]).encode()


class Whole(BatchTest):
    def test_a_thousand_mixed_items(self):
        """Would be broken: an item lost, doubled or charged wrongly; pages, parts and files that differ."""
        service = self.start(dispatch__items_per_unit=60, simulated__latency_max_ms=200, simulated__concurrency=8)
        customer = Customer(service)
        items = mixed_items()
        names = [item["customer_item_id"] for item in items]
        quote = customer.quote({"items": items, "routing_mode": "sla_aware"})
        quoted = money(quote["pricing_estimate"]["total"])
        created = customer.submit({"items": items, "routing_mode": "sla_aware", "quote_id": quote["quote_id"]})
        balance = customer.credits()["balance"]
        self.assertEqual(money(balance["available"]) + money(balance["reserved"]) + money(balance["captured_total"]),
                         money(balance["granted_total"]))

        identity = created["id"]
        self.assert_problem(customer.get(f"/v1/batches/{identity}/results"), 409, "batch_not_finished")
        arriving = self.read_while_running(customer, identity)
        batch = customer.ended(identity)

        self.assertEqual(batch["status"], "completed")
        self.assertGreater(batch["work_unit_count"], 10)
        self.assert_each_item_once(customer, batch, names)
        self.assert_settled(customer, batch, quoted)
        files = {kind: customer.artifact(identity, kind) for kind in ("output", "error", "review", "raw")}
        self.assertCountEqual(ids(files["error"]), [names[number] for number in REFUSED])
        self.assertEqual(charged(files["error"]), ZERO)
        self.assertCountEqual(ids(files["review"]), [names[number] for number in TRUNCATED])
        self.assertEqual({row["reason"] for row in files["review"]}, {"truncated"})
        self.assertCountEqual(ids(files["raw"]), names)
        self.assertEqual({row["model"] for row in files["output"]},
                         {"gpt-5.4-mini", "claude-haiku-4-5", "text-embedding-3-small"})
        embedded = [row for row in files["output"] if row["model"] == "text-embedding-3-small"]
        self.assertEqual({type(row["output"]["embedding"]) for row in embedded}, {list})

        rows = by_id(files["output"] + files["error"])
        for limit in (7, 100, 1000):
            paged = customer.results(identity, limit=limit)
            self.assertEqual(len(paged), 1000, f"limit {limit}")
            self.assertEqual(by_id(paged), rows, f"limit {limit}")
        self.assertEqual(len(arriving), 1000)
        self.assertEqual(by_id(arriving), rows)
        raw = customer.results(identity, limit=333, raw="true")
        self.assertEqual(len(raw), 1000)
        bodies = {row["customer_item_id"]: row["body"] for row in files["raw"]}
        self.assertEqual({row["customer_item_id"]: row.pop("raw") for row in raw}, bodies)
        self.assertEqual(by_id(raw), rows)

    def read_while_running(self, customer, batch):
        """Follows the cursor of partial results until it ends; rows must have come before the batch ended."""
        rows, early, query = [], 0, {"partial": "true", "limit": 90}

        def read_page():
            nonlocal early
            page = customer.page(batch, **query)
            rows.extend(page["results"])
            if page["next_cursor"] is None:
                return True
            query["cursor"] = page["next_cursor"]
            if customer.read(f"/v1/batches/{batch}")["ended_at"] is None:
                early += len(page["results"])
            return False

        until(read_page, "the last page of partial results")
        self.assertGreater(early, 0)
        return rows

    def test_downloads_in_parts(self):
        """Would be broken: resumed and parallel downloads, and clients that ask for the size first."""
        service = self.start()
        customer = Customer(service)
        batch = customer.submit({"items": response_items(50)})["id"]
        customer.ended(batch)
        link, whole = customer.link(batch, "output"), customer.download(batch, "output")
        head = service.request("HEAD", link)
        self.assertEqual((head.status, head.body, int(head.headers["content-length"])), (200, b"", len(whole)))
        third = len(whole) // 3
        for asked, expected in ((f"bytes=0-{third - 1}", whole[:third]), (f"bytes={third}-", whole[third:]),
                                ("bytes=-100", whole[-100:])):
            part = service.get(link, headers={"Range": asked})
            self.assertEqual((part.status, part.body), (206, expected), asked)
            self.assertTrue(part.headers["content-range"].endswith(f"/{len(whole)}"))
        beyond = service.get(link, headers={"Range": f"bytes={len(whole)}-"})
        self.assert_problem(beyond, 416, "range_not_satisfiable")
        self.assertEqual(service.get(link, headers={"If-None-Match": head.headers["etag"]}).status, 304)

    def test_retry_runs_what_failed_and_nothing_else(self):
        """Would be broken: customers pay a second time for what they have, or cannot run the rest again."""
        service = self.start(dispatch__items_per_unit=7)
        customer = Customer(service)
        items = [*response_items(20), chat_item("hot-1", temperature=3), chat_item("hot-2", temperature=3)]
        first = customer.ended(customer.submit({"items": items})["id"])
        again = service.expect(customer.post(f"/v1/batches/{first['id']}/retry"), 201).json
        self.assertEqual((again["retry_of"], again["item_count"]), (first["id"], 2))
        retried = customer.ended(again["id"])
        self.assertCountEqual(ids(customer.artifact(again["id"], "error")), ["hot-1", "hot-2"])
        self.assertEqual(money(retried["settlement"]["captured_total"]), ZERO)
        good = customer.ended(customer.submit({"items": response_items(2)})["id"])
        self.assert_problem(customer.post(f"/v1/batches/{good['id']}/retry"), 409, "nothing_to_retry")

    def test_run_after_is_waited_for(self):
        """Would be broken: a batch for later runs now, or never."""
        service = self.start()
        customer = Customer(service)
        time = from_now(1.5)
        batch = customer.submit({"items": response_items(2), "run_after": time})
        self.assertEqual(batch["status"], "pending")
        ended = customer.ended(batch["id"])
        self.assertEqual(ended["status"], "completed")
        self.assertGreaterEqual(self.parse(ended["dispatched_at"]), self.parse(time))

    @staticmethod
    def parse(time):
        return datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))

    def test_failed_batches_cost_nothing(self):
        """Would be broken: money is kept for a batch of which nothing succeeded."""
        service = self.start(simulated__item_fault_rate=1.0)
        customer = Customer(service)
        created = customer.submit({"items": response_items(5)})
        batch = customer.ended(created["id"])
        self.assertEqual(batch["status"], "failed")
        self.assert_each_item_once(customer, batch, [f"item-{number}" for number in range(5)])
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
        self.assertEqual(money(batch["settlement"]["captured_total"]), ZERO)

    def test_lane_trouble_is_tried_again(self):
        """Would be broken: what a provider's hiccups fail stays failed, or is charged once a try."""
        service = self.start(simulated__transient_rate=0.3, simulated__lane_fault_rate=0.3, dispatch__retry_seconds=0,
                             dispatch__items_per_unit=10, dispatch__attempts_max=50)
        customer = Customer(service)
        created = customer.submit({"items": response_items(100)})
        batch = customer.ended(created["id"])
        self.assertEqual((batch["status"], batch["request_counts"]["completed"]), ("completed", 100))
        self.assert_each_item_once(customer, batch, [f"item-{number}" for number in range(100)])
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))


class Cancelled(StoppedBatchTest):
    def test_cancel_keeps_what_is_finished_and_releases_the_rest(self):
        """Would be broken: a cancelled batch goes on, loses rows, or keeps money that it did not use."""
        customer, created = self.submit_slow(latency_ms=100)
        asked = customer.service.expect(customer.post(f"/v1/batches/{created['id']}/cancel"), 200).json
        self.assertIsNotNone(asked["cancel_requested_at"])
        self.assert_stopped(customer, created, "cancelled", "canceled")
        cancelled = customer.batch(created["id"])["request_counts"]["cancelled"]
        again = customer.service.expect(customer.post(f"/v1/batches/{created['id']}/retry"), 201).json
        self.assertEqual((again["retry_of"], again["item_count"]), (created["id"], cancelled))
        customer.service.expect(customer.post(f"/v1/batches/{again['id']}/cancel"), 200)
        customer.ended(again["id"])

    def test_cancel_before_the_start_costs_nothing(self):
        """Would be broken: a batch that waits for its time cannot be called off, or its money stays reserved."""
        customer = Customer(self.start())
        created = customer.submit({"items": response_items(5), "run_after": from_now(3600)})
        customer.service.expect(customer.post(f"/v1/batches/{created['id']}/cancel"), 200)
        batch = customer.ended(created["id"])
        self.assertEqual((batch["status"], batch["request_counts"]["cancelled"]), ("cancelled", 5))
        self.assert_each_item_once(customer, batch, [f"item-{number}" for number in range(5)])
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
        self.assertEqual(money(batch["settlement"]["captured_total"]), ZERO)
        self.assertNotIn("capture", [entry["type"] for entry in customer.entries()])
        again = customer.service.expect(customer.post(f"/v1/batches/{created['id']}/cancel"), 200).json
        self.assertEqual(again["status"], "cancelled")
        done = customer.ended(customer.submit({"items": response_items(1)})["id"])
        self.assert_problem(customer.post(f"/v1/batches/{done['id']}/cancel"), 409, "batch_already_finished")


class Bodies(BatchTest):
    def test_ndjson_and_compressed_bodies(self):
        """Would be broken: large manifests, which come line by line and compressed."""
        service = self.start()
        customer = Customer(service)
        items = response_items(30)
        lines, document = as_ndjson(items, routing_mode="cheapest"), json.dumps({"items": items}).encode()
        ndjson = {"Content-Type": "application/x-ndjson"}
        bodies = {
            "ndjson": (lines, ndjson),
            "ndjson, gzip": (gzip.compress(lines), {**ndjson, "Content-Encoding": "gzip"}),
            "json, gzip": (gzip.compress(document), {"Content-Encoding": "gzip"}),
        }
        if shutil.which("zstd"):
            compressed = subprocess.run(["zstd", "--quiet"], input=lines, capture_output=True, check=True).stdout
            bodies["ndjson, zstd"] = (compressed, {**ndjson, "Content-Encoding": "zstd"})
        for name, (body, headers) in bodies.items():
            with self.subTest(name):
                batch = customer.ended(customer.submit(body, headers=headers)["id"])
                self.assertEqual(batch["status"], "completed")
                self.assert_each_item_once(customer, batch, [item["customer_item_id"] for item in items])

    def test_a_quote_keeps_its_manifest(self):
        """Would be broken: customers upload everything twice."""
        customer = Customer(self.start())
        quote = customer.quote({"items": response_items(3)})
        batch = customer.ended(customer.submit({"quote_id": quote["quote_id"]})["id"])
        self.assertEqual(batch["quote_id"], quote["quote_id"])
        self.assertCountEqual(ids(customer.results(batch["id"])), ["item-0", "item-1", "item-2"])

    def test_all_faults_of_a_manifest_are_told_at_once(self):
        """Would be broken: customers find one fault an upload."""
        customer = Customer(self.start())
        for path in ("/v1/batches", "/v1/quotes/model"):
            with self.subTest(path):
                manifest, expected = self.faulty_manifest()
                self.assertGreaterEqual(len(expected), 30)
                refused = customer.post(path, manifest)
                self.assert_problem(refused, 422, "invalid_manifest")
                found = {(fault["pointer"], fault["code"]) for fault in refused.json["errors"]}
                self.assertEqual(found, expected)
                self.assertEqual(refused.json["error_count"], len(expected))
                self.assertTrue(all(fault["message"] for fault in refused.json["errors"]))
        self.assertEqual(customer.read("/v1/batches")["data"], [])
        self.assertEqual(money(customer.credits()["balance"]["reserved"]), ZERO)

    @staticmethod
    def faulty_manifest():
        """(manifest, {(pointer, code)}): each fault once, on the good parts of a manifest."""
        manifest = {"items": [response_item("fine")]}
        expected = set()
        of_manifest = [
            ("sla_tier", "yesterday", "", "invalid_value"), ("routing_mode", "random", "", "invalid_value"),
            ("privacy_tier", "secret", "", "invalid_value"), ("allowed_regions", ["mars"], "/0", "unknown_region"),
            ("priority", 101, "", "out_of_range"), ("dedupe", "yes", "", "invalid_type"),
            ("run_after", "soon", "", "invalid_timestamp"), ("deadline", 7, "", "invalid_type"),
            ("metadata", "x", "", "invalid_type"), ("webhook", {"url": "ftp://x"}, "/url", "invalid_url"),
            ("surprise", 1, "", "unknown_field"),
        ]
        for name, value, below, code in of_manifest:
            manifest[name] = value
            expected.add((f"/{name}{below}", code))
        missing = object()
        of_items = [
            ("customer_item_id", missing, "", "missing_field"), ("customer_item_id", "", "", "empty_value"),
            ("customer_item_id", "x" * 129, "", "too_long"), ("customer_item_id", "a\nb", "", "invalid_value"),
            ("customer_item_id", 5, "", "invalid_type"), ("customer_item_id", "fine", "", "duplicate_customer_item_id"),
            ("operation", missing, "", "missing_field"), ("operation", "sing", "", "invalid_value"),
            ("model", missing, "", "missing_field"), ("model", "", "", "empty_value"), ("model", 5, "", "invalid_type"),
            ("model_options", "x", "", "invalid_type"), ("input", missing, "", "missing_field"),
            ("input", "text", "", "invalid_type"), ("input", {}, "/input", "missing_field"),
            ("input", {"input": ""}, "/input", "empty_value"), ("input", {"input": 5}, "/input", "invalid_type"),
            ("input", {"input": "x", "model": "gpt-5"}, "/model", "field_not_allowed"),
            ("metadata", 5, "", "invalid_type"), ("max_cost", "-1", "", "invalid_amount"),
            ("max_cost", 0.5, "", "invalid_type"), ("colour", "red", "", "unknown_field"),
        ]
        for number, (name, value, below, code) in enumerate(of_items, start=1):
            item = response_item(f"faulty-{number}")
            if value is missing:
                del item[name]
            else:
                item[name] = value
            manifest["items"].append(item)
            expected.add((f"/items/{number}/{name}{below}", code))
        return manifest, expected
