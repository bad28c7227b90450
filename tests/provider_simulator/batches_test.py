"""If these failed: tests that script a faulty batch would see another fault, or the witness would tell another story."""

import collections
import json
import unittest

from client import Client, chat_body, chat_lines, message_body, message_requests, parsed
from support.provider_simulator import ProviderSimulator


class Batches(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.providers = cls.enterClassContext(ProviderSimulator())

    def setUp(self):
        self.providers.reset()
        self.providers.script(batch_seconds=0.05)
        self.client = self.enterContext(Client(self.providers.base_url))

    def faults(self, *faults):
        self.providers.script([{"fault": fault} for fault in faults])

    def openai(self, count, *faults):
        """(the ended batch, the bytes of its output)"""
        self.faults(*faults)
        batch = self.client.openai_end(self.client.openai_batch(chat_lines(count)))
        return batch, self.client.content(batch["output_file_id"]) if batch["output_file_id"] else b""

    def anthropic(self, count, *faults):
        self.faults(*faults)
        batch = self.client.anthropic_end(self.client.anthropic_batch(message_requests(count)))
        return batch, self.client.results(batch)

    def test_a_thousand_items_and_a_large_file(self):
        batch, output = self.openai(1000)
        order = [line["custom_id"] for line in parsed(output)]
        self.assertEqual(batch["request_counts"], {"total": 1000, "completed": 1000, "failed": 0})
        self.assertEqual(sorted(order), sorted(f"wi_{number}" for number in range(1000)))
        self.assertNotEqual(order, sorted(order, key=lambda name: int(name[3:])))
        batch, results = self.anthropic(1000)
        self.assertEqual((batch["request_counts"]["succeeded"], len(parsed(results))), (1000, 1000))
        status, file = self.client.upload(b"x" * 50_000_000)
        self.assertEqual((status, file["bytes"]), (200, 50_000_000))

    def test_one_unit_by_responses_and_by_embeddings(self):
        for endpoint, body in (("/v1/responses", {"model": "m", "input": "Reply with exactly: yes"}),
                               ("/v1/embeddings", {"model": "m", "input": ["a", "b"]})):
            line = {"custom_id": "one", "method": "POST", "url": endpoint, "body": body}
            batch = self.client.openai_end(self.client.openai_batch([line], endpoint))
            [answer] = parsed(self.client.content(batch["output_file_id"]))
            self.assertIn(answer["response"]["body"]["object"], ("response", "list"))

    def test_input_files_are_refused_as_the_vendor_does(self):
        self.providers.script(openai_requests=3, openai_bytes=2000)
        one, two = chat_lines(2)
        for lines, code in (
                (b"", "empty_file"), (b"{\n", "invalid_json_line"), ([one, one], "duplicate_custom_id"),
                ([one, {**two, "url": "/v1/responses"}], "url_mismatch"), ([{**one, "method": "GET"}], "invalid_method"),
                ([one, {**two, "body": {**two["body"], "model": "other"}}], "model_mismatch"),
                ([{"custom_id": "x"}], "missing_required_parameter"), (chat_lines(4), "too_many_tasks"),
                (b"x" * 2001, "file_too_large")):
            with self.subTest(code):
                batch = self.client.openai_end(self.client.openai_batch(lines))
                self.assertEqual((batch["status"], batch["errors"]["data"][0]["code"]), ("failed", code))
        self.assertEqual(self.client.upload(b"", name="unit.txt")[0], 400)
        self.assertEqual(self.client.upload(b"", purpose="cake")[0], 400)
        good = {"input_file_id": "file-000000000001", "endpoint": "/v1/responses", "completion_window": "24h"}
        self.assertEqual(self.client.openai("POST", "/v1/batches", good)[0], 200)
        for more in ({"endpoint": "/v1/cake"}, {"endpoint": []}, {"completion_window": "1h"}, {"input_file_id": "file-none"},
                     {"input_file_id": {}}, {"metadata": {"a": 1}}):
            self.assertEqual(self.client.openai("POST", "/v1/batches", {**good, **more})[0], 400)

    def test_requests_are_refused_as_the_other_vendor_does(self):
        self.providers.script(anthropic_requests=3, anthropic_bytes=3000)

        def created(requests):
            return self.client.anthropic("POST", "/v1/messages/batches", {"requests": requests})
        [one] = message_requests(1)
        for name in ("", "x" * 65, "a.b", None):
            self.assertEqual(created([{**one, "custom_id": name}])[0], 400)
        self.assertEqual(created([one, one])[0], 400)
        self.assertEqual(created([])[0], 400)
        for too_much in (message_requests(4), [{**one, "params": message_body("x" * 3000)}]):
            status, body = created(too_much)
            self.assertEqual((status, body["error"]["type"]), (413, "request_too_large"))
        batch = self.client.anthropic_end(created([one, {"custom_id": "bad", "params": {"model": "m"}}])[1])
        kinds = {line["custom_id"]: line["result"]["type"] for line in parsed(self.client.results(batch))}
        self.assertEqual(kinds, {"wi_0": "succeeded", "bad": "errored"})

    def test_ends_before_all_is_done(self):
        for fault, status, kind, code in (("batch_expired", "expired", "expired", "batch_expired"),
                                          ("batch_cancelled", "cancelled", "canceled", "batch_cancelled")):
            with self.subTest(fault):
                self.providers.reset()
                self.providers.script(batch_seconds=0.05)
                batch, output = self.openai(10, {"kind": fault, "done": 0.3})
                self.assertEqual((batch["status"], len(parsed(output))), (status, 3))
                errors = parsed(self.client.content(batch["error_file_id"]))
                self.assertEqual({line["error"]["code"] for line in errors}, {code})
                batch, results = self.anthropic(10, {"kind": fault, "done": 0.3})
                kinds = collections.Counter(line["result"]["type"] for line in parsed(results))
                self.assertEqual(kinds, {"succeeded": 3, kind: 7})
                billing = self.providers.billing()
                self.assertEqual((billing["openai"]["items_billed"], billing["anthropic"]["items_billed"]), (3, 3))
        batch, _ = self.openai(2, {"kind": "batch_failed"})
        self.assertEqual((batch["status"], batch["errors"]["data"][0]["code"]), ("failed", "token_limit_exceeded"))
        self.assertIsNone(batch["error_file_id"])

    def test_stuck_batches_can_be_cancelled_slowly(self):
        self.faults({"kind": "stuck", "state": "validating"}, {"kind": "slow_cancel", "seconds": 1, "done": 0.5})
        batch = self.client.openai_batch(chat_lines(4))
        other = self.client.anthropic_batch(message_requests(4))
        path, other_path = "/v1/batches/" + batch["id"], "/v1/messages/batches/" + other["id"]
        self.assertEqual(self.client.openai("GET", path)[1]["status"], "validating")
        for _ in range(2):
            self.assertEqual(self.client.openai("POST", path + "/cancel")[1]["status"], "cancelling")
            self.assertEqual(self.client.anthropic("POST", other_path + "/cancel")[1]["processing_status"], "canceling")
        self.assertEqual(self.client.openai_end(batch)["request_counts"], {"total": 4, "completed": 2, "failed": 0})
        self.assertEqual(self.client.anthropic_end(other)["request_counts"]["canceled"], 2)
        self.assertEqual(self.client.openai("POST", path + "/cancel")[0], 409)
        self.assertEqual(self.client.anthropic("POST", other_path + "/cancel")[0], 400)

    def test_ends_that_look_odd(self):
        batch, _ = self.openai(3, {"kind": "item_error", "status": 400})
        self.assertEqual((batch["status"], batch["output_file_id"], batch["request_counts"]["failed"]), ("completed", None, 3))
        batch, _ = self.openai(3, {"kind": "empty_file_id"})
        self.assertEqual(batch["error_file_id"], "")
        batch, _ = self.anthropic(3, {"kind": "empty_file_id"})
        self.assertIsNone(batch["results_url"])
        batch, _ = self.anthropic(3, {"kind": "results_url", "url": "http://127.0.0.1:9/elsewhere"})
        self.assertEqual(batch["results_url"], "http://127.0.0.1:9/elsewhere")
        batch, _ = self.openai(3, {"kind": "flap", "times": 2})
        seen = [self.client.openai("GET", "/v1/batches/" + batch["id"])[1] for _ in range(3)]
        self.assertEqual([(one["status"], one["output_file_id"] is None) for one in seen],
                         [("in_progress", True), ("in_progress", True), ("completed", False)])

    def test_result_lines_that_are_malformed(self):
        whole = {f"wi_{number}" for number in range(4)}

        def names(*faults):
            """Of the lines that are JSON as it should be."""
            found = []
            for line in self.anthropic(4, *faults)[1].splitlines():
                try:
                    found.append(json.loads(line, parse_constant=int)["custom_id"])
                except (ValueError, RecursionError):
                    found.append(None)
            return found
        self.assertEqual(names({"kind": "in_order"}), [f"wi_{number}" for number in range(4)])
        for kind in ("truncated_last_line", "nan", "invalid_utf8", "deep_nesting"):
            self.assertEqual(names({"kind": kind}).count(None), 1, kind)
        self.assertTrue(self.anthropic(4, {"kind": "bom"})[1].startswith(b"\xef\xbb\xbf{"))
        self.assertEqual(set(names({"kind": "crlf"})), whole)
        self.assertEqual(set(names({"kind": "blank_lines"})), whole | {None})
        self.assertEqual(set(names({"kind": "huge_number"})), whole)
        content = self.openai(4, {"kind": "duplicate_keys", "custom_id": "eve"}, {"kind": "long_line", "megabytes": 1})[1]
        self.assertIn(b'"custom_id":"eve"', content)
        self.assertGreater(len(content), 1_000_000)
        self.assertEqual(len(names({"kind": "missing_ids", "count": 1})), 3)
        batch, output = self.openai(4, {"kind": "missing_ids", "count": 1})
        self.assertEqual((batch["status"], len(parsed(output)), batch["error_file_id"]), ("completed", 3, None))
        self.assertEqual(set(names({"kind": "unknown_ids", "count": 2})) - whole, {"unknown-0", "unknown-1"})
        self.assertEqual(len(names({"kind": "duplicate_ids", "count": 2})), 6)

    def test_answers_attached_to_other_ids(self):
        for faults, wrong, lines in (([], 0, 4), ([{"kind": "shuffled_ids"}], 4, 4), ([{"kind": "shuffled_ids", "count": 2}], 2, 4),
                                     ([{"kind": "duplicate_ids", "other_body": True, "count": 1}], 1, 5)):
            with self.subTest(faults):
                said = [(line["custom_id"][3:], line["result"]["message"]["content"][0]["text"][7:])
                        for line in parsed(self.anthropic(4, *faults)[1])]
                self.assertEqual((sum(name != text for name, text in said), len(said)), (wrong, lines))

    def test_the_witness_sees_what_was_paid_for_twice(self):
        self.providers.script([{"match": {"path": "/v1/batches", "method": "POST"}, "fault": {"kind": "lost_answer"}}])
        with self.assertRaises(OSError):
            self.client.openai_batch(chat_lines(2), metadata={"unit": "u1"})
        self.providers.script([])
        [lost] = self.client.openai("GET", "/v1/batches")[1]["data"]
        self.assertEqual(lost["metadata"], {"unit": "u1"})
        self.client.openai_end(lost)
        self.assertEqual(self.providers.billing()["prompts_billed_more_than_once"], {})
        self.client.openai("POST", "/v1/chat/completions", chat_body("Reply with exactly: answer 1"))
        self.client.message("Reply with exactly: answer 1")
        billing = self.providers.billing()
        self.assertEqual(list(billing["prompts_billed_more_than_once"].values()), [3])
        self.assertEqual((billing["openai"]["batches_created"], billing["openai"]["items_billed"]), (1, 3))
        self.assertEqual(billing["openai"]["by_custom_id"]["wi_0"]["billed"], 1)
        [created] = [entry for entry in self.providers.requests() if entry["batch"] is not None]
        self.assertEqual((created["path"], created["batch"], created["status"], created["metadata"]),
                         ("/v1/batches", lost["id"], 0, {"unit": "u1"}))
        self.assertEqual((created["items"], created["custom_ids"]), (2, ["wi_0", "wi_1"]))
        self.assertNotIn("sk-test", json.dumps(self.providers.requests()))


if __name__ == "__main__":
    unittest.main()
