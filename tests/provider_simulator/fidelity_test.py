"""If these failed: lanes would be tested against something that the vendors' own clients do not take for the vendors.

The clients are fetched by npm (support/node_modules.py). Where that cannot be, the tests count as skipped, or fail with
BATCHROUTER_REQUIRE_NPM=1 in the environment.
"""

import json
import os
import pathlib
import subprocess
import unittest

from support import node_modules
from support.provider_simulator import ProviderSimulator

RUN_SECONDS = 120
CLASSES = {  # status: what OpenAI's client makes of it, what Anthropic's does
    400: ("BadRequestError", "BadRequestError"),
    401: ("AuthenticationError", "AuthenticationError"),
    403: ("PermissionDeniedError", "PermissionDeniedError"),
    404: ("NotFoundError", "NotFoundError"),
    409: ("ConflictError", "ConflictError"),
    413: ("APIError", "ContentTooLargeError"),
    422: ("UnprocessableEntityError", "UnprocessableEntityError"),
    429: ("RateLimitError", "RateLimitError"),
    500: ("InternalServerError", "InternalServerError"),
    503: ("InternalServerError", "ServiceUnavailableError"),
    529: ("InternalServerError", "OverloadedError"),
}


class Fidelity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = node_modules.fetched()
        # Nothing of the environment but PATH: the clients look there for keys and addresses of the real vendors.
        with ProviderSimulator() as providers:
            ended = subprocess.run(["node", pathlib.Path(__file__).with_name("fidelity.mjs"), folder, providers.base_url],
                                   stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"]}, timeout=RUN_SECONDS)
            cls.requests, cls.billing = providers.requests(), providers.billing()  # since the last reset
        if ended.returncode != 0:
            raise AssertionError(f"fidelity.mjs ended with {ended.returncode}")
        cls.steps = json.loads(ended.stdout)

    def check_fits(self, text):
        value = json.loads(text)
        self.assertIsInstance(value["name"], str)
        self.assertTrue(value["sizes"] and all(isinstance(size, int) for size in value["sizes"]), value)
        self.assertIsInstance(value["ok"], bool)
        self.assertIn(value["kind"], ("a", "b"))

    def test_openai_calls(self):
        choice = self.steps["chat"]["choices"][0]
        self.assertEqual((choice["message"]["content"], choice["finish_reason"]), ("logistics", "stop"))
        self.assertEqual(self.steps["chat"]["usage"]["total_tokens"], 7 + 2)
        self.check_fits(self.steps["chat_json"]["choices"][0]["message"]["content"])
        cut = self.steps["chat_cut"]
        self.assertEqual((cut["choices"][0]["finish_reason"], cut["usage"]["completion_tokens"]), ("length", 1))
        self.assertEqual((self.steps["response"]["text"], self.steps["response"]["status"]), ("logistics", "completed"))
        self.assertTrue(self.steps["response"]["request"].startswith("req_"))
        self.check_fits(self.steps["response_json"])
        self.assertIn("gpt-5.4-mini", self.steps["models"])

    def test_openai_embeddings_arrive_packed_and_plain(self):
        packed, plain = self.steps["embeddings"]["data"], self.steps["embeddings_float"]["data"]
        self.assertEqual([one["index"] for one in packed], [0, 1])
        self.assertEqual(packed[0]["embedding"], plain[0]["embedding"])
        self.assertNotEqual(packed[0]["embedding"], packed[1]["embedding"])
        self.assertAlmostEqual(sum(number * number for number in plain[0]["embedding"]), 1, places=5)

    def test_openai_files(self):
        self.assertEqual(self.steps["file"], self.steps["file_get"])
        self.assertEqual(self.steps["file"]["expires_at"], self.steps["file"]["created_at"] + 3600)
        self.assertEqual(self.steps["file_content"], 6)
        self.assertEqual(self.steps["file_delete"], {"id": self.steps["file"]["id"], "object": "file", "deleted": True})
        self.assertEqual(self.steps["file_gone"]["error"], "NotFoundError")

    def test_openai_batches(self):
        self.assertEqual(self.steps["batch"]["status"], "validating")
        ended = self.steps["batch_ended"]
        self.assertEqual((ended["status"], ended["request_counts"]), ("completed", {"total": 6, "completed": 5, "failed": 1}))
        self.assertEqual(ended["metadata"], {"br_unit": "wu_7"})
        answers = {line["custom_id"]: line["response"]["body"] for line in self.steps["batch_output"]}
        self.assertEqual({name: body["choices"][0]["message"]["content"] for name, body in answers.items()},
                         {f"wi_{number}": f"answer {number}" for number in range(5)})
        self.assertEqual(ended["usage"]["input_tokens"], sum(body["usage"]["prompt_tokens"] for body in answers.values()))
        [bad] = self.steps["batch_errors"]
        self.assertEqual((bad["custom_id"], bad["response"]["status_code"]), ("wi_bad", 400))
        self.assertEqual(bad["response"]["body"]["error"]["param"], "temperature")
        self.assertEqual(self.steps["batch_cancel_late"]["error"], "ConflictError")
        self.assertEqual(self.steps["batch_cancel"]["status"], "cancelling")
        self.assertEqual(self.steps["batch_cancelled"]["status"], "cancelled")
        failed = self.steps["batch_failed"]
        self.assertEqual((failed["status"], failed["errors"]["data"][0]["code"]), ("failed", "duplicate_custom_id"))
        self.assertEqual(self.steps["batch_list"]["ids"], self.steps["batch_list"]["expected"])

    def test_anthropic_calls(self):
        message = self.steps["message"]
        self.assertEqual((message["content"][0]["text"], message["stop_reason"]), ("logistics", "end_turn"))
        self.assertTrue(message["request"].startswith("req_"))
        self.check_fits(self.steps["message_json"])
        cut = self.steps["message_cut"]
        self.assertEqual((cut["stop_reason"], cut["usage"]["output_tokens"]), ("max_tokens", 1))
        self.assertEqual(self.steps["message_models"], ["claude-haiku-4-5"])

    def test_anthropic_batches(self):
        nothing = {"succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        self.assertEqual(self.steps["message_batch"]["request_counts"], {**nothing, "processing": 6})
        self.assertIn("No batch `results_url`", self.steps["message_batch_early"]["message"])
        ended = self.steps["message_batch_ended"]
        self.assertEqual(ended["request_counts"], {**nothing, "processing": 0, "succeeded": 5, "errored": 1})
        results = {one["custom_id"]: one["result"] for one in self.steps["message_batch_results"]}
        self.assertEqual(results.pop("wi_bad")["error"]["error"]["type"], "invalid_request_error")
        self.assertEqual({name: result["message"]["content"][0]["text"] for name, result in results.items()},
                         {f"wi_{number}": f"answer {number}" for number in range(5)})
        self.assertEqual(self.steps["message_batch_cancel"]["processing_status"], "canceling")
        self.assertEqual(self.steps["message_batch_canceled"]["request_counts"], {**nothing, "processing": 0, "canceled": 5})
        listed = self.steps["message_batch_list"]
        self.assertEqual((listed["ids"], listed["before"]), (listed["expected"], listed["expected"][:1]))
        self.assertEqual(self.steps["message_batch_delete"]["type"], "message_batch_deleted")
        self.assertEqual(self.steps["message_batch_gone"]["error"], "NotFoundError")
        self.assertEqual(self.steps["message_batch_bad_id"]["error"], "BadRequestError")

    def test_errors_are_those_that_the_clients_know(self):
        for status, names in CLASSES.items():
            for vendor, name in zip(("openai", "anthropic"), names):
                with self.subTest(vendor=vendor, status=status):
                    step = self.steps[f"{vendor}_{status}"]
                    self.assertEqual((step["error"], step["status"]), (name, status))
                    self.assertTrue(step["requestID"])
        self.assertEqual(self.steps["openai_quota"]["code"], "insufficient_quota")
        self.assertEqual(self.steps["anthropic_spend"]["error"], "EnforcedSpendLimitReachedError")
        self.assertEqual(self.steps["openai_model"]["code"], "model_not_found")
        self.assertEqual(self.steps["anthropic_model"]["type"], "not_found_error")
        for vendor in ("openai", "anthropic"):
            for fault, name in (("reset", "APIConnectionError"), ("lost", "APIConnectionError"), ("cut", "TypeError"),
                                ("html", "InternalServerError"), ("hang", "APIConnectionTimeoutError"),
                                ("key", "AuthenticationError")):
                with self.subTest(vendor=vendor, fault=fault):
                    self.assertEqual(self.steps[f"{vendor}_{fault}"]["error"], name)

    def test_the_clients_try_again_as_they_do_with_the_vendors(self):
        statuses = [(entry["vendor"], entry["status"]) for entry in self.requests]
        self.assertEqual(statuses, [("openai", 429), ("openai", 429), ("openai", 200), ("anthropic", 529), ("anthropic", 529),
                                    ("anthropic", 200), ("openai", 500), ("anthropic", 0), ("anthropic", 200)])
        self.assertEqual(self.steps["openai_no_retry"]["error"], "InternalServerError")
        [prompt] = self.billing["prompts_billed_more_than_once"]
        self.assertEqual(self.billing["anthropic"]["by_prompt"][prompt]["billed"], 3)  # once for the answer that was lost
        self.assertEqual(self.billing["openai"]["by_prompt"][prompt]["billed"], 1)


if __name__ == "__main__":
    unittest.main()
