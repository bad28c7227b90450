"""If these failed: tests that script a faulty call would see another fault, or none."""

import email.utils
import gzip
import http.client
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from client import Client, chat_body, message_body
from support.provider_simulator import PROGRAM, ProviderSimulator

GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.providers = cls.enterClassContext(ProviderSimulator())

    def setUp(self):
        self.providers.reset()
        self.client = self.enterContext(Client(self.providers.base_url))

    def fault(self, kind, match=None, **more):
        self.providers.script([{"match": match or {}, "fault": {"kind": kind, **more}}])

    def raw(self):
        return self.client.request("POST", "/v1/chat/completions", json.dumps(chat_body("hello")),
                                   {"authorization": "Bearer k", "content-type": "application/json"})

    def billed(self):
        return self.providers.billing()["openai"]["items_billed"]

    def test_answers_depend_on_the_text_alone(self):
        first, again, other = self.client.chat("one")[1], self.client.chat("one")[1], self.client.chat("two")[1]
        said = [body["choices"][0]["message"]["content"] for body in (first, again, other)]
        self.assertEqual(said[0], said[1])
        self.assertNotEqual(said[0], said[2])
        self.assertEqual(self.client.message("one")[1]["content"][0]["text"], said[0])
        exactly = self.client.chat("Think.\nReply with exactly: a b\nNothing else.")[1]
        self.assertEqual(exactly["choices"][0]["message"]["content"], "a b")

    def test_requests_are_refused_as_the_vendors_do(self):
        self.providers.script(models=["gpt-5.4-mini", "claude-haiku-4-5"], openai_keys=["sk-test"])
        for more, status, code, param in (
                ({"temperature": 2.5}, 400, "decimal_above_max_value", "temperature"),
                ({"max_tokens": 0}, 400, "integer_below_min_value", "max_tokens"),
                ({"max_tokens": "7"}, 400, "invalid_type", "max_tokens"),
                ({"messages": []}, 400, "empty_array", "messages"),
                ({"max_output_tokens": 20}, 400, "unknown_parameter", "max_output_tokens"),
                ({"model": "gpt-9"}, 404, "model_not_found", None)):
            with self.subTest(more):
                answered, body = self.client.chat(**more)
                self.assertEqual((answered, body["error"]["code"], body["error"]["param"]), (status, code, param))
        for body in ({"input": "x" * 9, "max_output_tokens": 15}, {}, {"input": [7]}):
            self.assertEqual(self.client.openai("POST", "/v1/responses", {"model": "gpt-5.4-mini", **body})[0], 400)
        for given in ([], [None], "", ["a"] * 2049):
            body = {"model": "gpt-5.4-mini", "input": given}
            self.assertEqual(self.client.openai("POST", "/v1/embeddings", body)[0], 400)
        for more, status, type in (({"max_tokens": 0}, 400, "invalid_request_error"),
                                   ({"temperature": 1.5}, 400, "invalid_request_error"),
                                   ({"seed": 1}, 400, "invalid_request_error"),
                                   ({"model": "claude-9"}, 404, "not_found_error")):
            with self.subTest(more):
                answered, body = self.client.message(**more)
                self.assertEqual((answered, body["error"]["type"]), (status, type))
        no_cap = message_body("x")
        del no_cap["max_tokens"]
        _, body = self.client.anthropic("POST", "/v1/messages", no_cap)
        self.assertEqual(body["error"]["message"], "max_tokens: Field required")
        self.assertEqual(self.client.openai("GET", "/v1/batches", key="sk-other")[1]["error"]["code"], "invalid_api_key")
        self.assertEqual(self.client.request("POST", "/v1/messages", "{}", {"x-api-key": "k"})[0], 400)
        self.assertEqual(self.providers.billing()["openai"]["items_billed"], 0)

    def test_429_says_when_in_every_way(self):
        for headers, seen in (({"retry-after": 3}, "3"), ({"retry-after": 0.25}, "0.25"), ({"retry-after": -1}, "-1"),
                              ({"retry-after": 10**9}, "1000000000"), ({"retry-after": "soon"}, "soon"),
                              ({"retry-after": None}, None), ({}, None)):
            with self.subTest(headers):
                self.fault("status", status=429, headers=headers)
                status, answered, _ = self.raw()
                self.assertEqual((status, answered.get("retry-after")), (429, seen))
        self.fault("status", status=429, headers={"retry-after": {"http_date_in": 30}, "x-should-retry": "true"})
        _, answered, _ = self.raw()
        moment = email.utils.parsedate_to_datetime(answered["retry-after"]).timestamp()
        self.assertTrue(25 < moment - time.time() < 35, answered)
        self.assertEqual(answered["x-should-retry"], "true")

    def test_a_limit_of_requests_counts_down_and_refuses(self):
        self.providers.script(requests_per_minute=2)
        seen = [self.raw() for _ in range(3)]
        self.assertEqual([status for status, _, _ in seen], [200, 200, 429])
        self.assertEqual([headers["x-ratelimit-remaining-requests"] for _, headers, _ in seen], ["1", "0", "0"])
        self.assertTrue(20 < float(seen[2][1]["retry-after"]) <= 30)

    def test_answers_that_are_none(self):
        self.fault("error_in_200")
        status, _, body = self.raw()
        self.assertEqual((status, json.loads(body)["error"]["type"]), (200, "server_error"))
        self.fault("html")
        self.assertEqual(self.raw()[1]["content-type"], "text/html")
        self.fault("empty")
        self.assertEqual(self.raw()[2], b"")
        self.fault("redirect", location="http://127.0.0.1:1/")
        self.assertEqual(self.raw()[1]["location"], "http://127.0.0.1:1/")
        self.fault("gzip_bomb", megabytes=3)
        self.assertEqual(len(gzip.decompress(self.raw()[2])), 3_000_000)
        self.fault("status", status=500, body="plain")
        self.assertEqual(self.raw()[2], b"plain")
        self.assertEqual(self.billed(), 0)

    def test_connections_that_break(self):
        self.fault("reset")
        self.assertRaises(GONE, self.raw)
        self.fault("close")
        self.assertRaises(GONE, self.raw)
        self.fault("hang", seconds=0.1)
        self.assertRaises(GONE, self.raw)
        self.assertEqual(self.billed(), 0)
        self.fault("reset_mid_body")
        self.assertRaises((http.client.IncompleteRead, ConnectionResetError), self.raw)
        self.fault("lost_answer")
        self.assertRaises(GONE, self.raw)
        self.assertEqual(self.billed(), 2)
        self.assertEqual([entry["status"] for entry in self.providers.requests()], [0, 0, 0, 200, 0])
        self.fault("drip", bytes_per_second=5000)
        self.assertEqual(json.loads(self.raw()[2])["object"], "chat.completion")
        self.fault("endless", bytes=1_000_000)
        self.assertEqual(len(self.raw()[2]), 1_000_000 // 65536 * 65536)

    def test_nobody_listens_for_a_while(self):
        self.raw()
        self.fault("refuse", match={"nth": 1}, seconds=1.5)
        self.assertRaises(GONE, self.raw)
        self.assertRaises(ConnectionRefusedError, self.raw)
        self.assertEqual(len(self.providers.requests()), 2)  # waits until somebody listens
        self.assertEqual(self.raw()[0], 200)

    def test_rules_meet_what_they_say(self):
        self.providers.script([
            {"match": {"vendor": "openai", "path": "/v1/chat", "from": 2, "count": 2},
             "fault": {"kind": "status", "status": 503}},
            {"match": {"vendor": "anthropic", "text": "poison"}, "fault": {"kind": "status", "status": 529}},
            {"match": {"path_regex": "^/v1/(responses|embeddings)$", "model": "old"},
             "fault": {"kind": "status", "status": 404}}])
        self.assertEqual([self.client.chat()[0] for _ in range(4)], [200, 503, 503, 200])
        self.assertEqual([self.client.message(text)[0] for text in ("bread", "poison", "bread")], [200, 529, 200])
        for model, status in (("new", 200), ("old", 404)):
            self.assertEqual(self.client.openai("POST", "/v1/responses", {"model": model, "input": "x"})[0], status)
        for rules in ([{"fault": {"kind": "nonsense"}}], [{"match": {"colour": 1}, "fault": {"kind": "reset"}}]):
            self.assertRaises(AssertionError, self.providers.script, rules)

    def test_a_share_is_drawn_by_hash(self):
        def drawn():
            return [self.client.chat(f"item {number % 100}")[0] == 500 for number in range(200)]
        rule = {"share": 0.5, "fault": {"kind": "status", "status": 500}}
        self.providers.script([rule])
        first = drawn()
        self.assertTrue(60 < sum(first) < 140, sum(first))
        self.assertNotEqual(first[:100], first[100:])
        self.providers.script([rule])
        self.assertEqual(drawn(), first)
        self.providers.script([{**rule, "sticky": True}])
        sticky = drawn()
        self.assertEqual(sticky[:100], sticky[100:])

    def test_faults_of_items(self):
        def chosen(kind, **more):
            self.fault(kind, **more)
            return self.client.chat("Reply with exactly: one two three four")[1]
        self.assertEqual(chosen("empty_output")["choices"][0]["message"]["content"], "")
        self.assertIsNone(chosen("refusal")["choices"][0]["message"]["content"])
        self.assertEqual(chosen("truncated")["choices"][0]["finish_reason"], "length")
        self.assertEqual(chosen("content_filter")["choices"][0]["finish_reason"], "content_filter")
        self.assertEqual(chosen("tool_call")["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "look_up")
        self.assertEqual(chosen("wrong_model", model="other")["model"], "other")
        self.assertEqual(chosen("item_error", name="insufficient_quota")["error"]["code"], "insufficient_quota")
        self.assertNotIn("usage", chosen("usage", value="missing"))
        self.assertIsNone(chosen("usage", field="all", set=None)["usage"])
        for value in (None, 0, -1, 1.5, "12", 2**63):
            self.assertEqual(chosen("usage", set=value)["usage"]["prompt_tokens"], value)
        self.assertEqual(chosen("usage", field="output", value="over_cap")["usage"]["completion_tokens"], 101_000)
        self.fault("failed_response")
        self.assertEqual(self.client.openai("POST", "/v1/responses", {"model": "m", "input": "x"})[1]["status"], "failed")
        self.fault("refusal")
        self.assertEqual(self.client.message()[1]["stop_reason"], "refusal")
        self.fault("pause")
        self.assertEqual(self.client.message()[1]["stop_reason"], "pause_turn")
        self.fault("item_error", name="credit_balance_too_low")
        status, body = self.client.message()
        self.assertEqual((status, body["error"]["type"]), (400, "invalid_request_error"))


class Process(unittest.TestCase):
    def start(self, *arguments, **more):
        process = subprocess.Popen([sys.executable, str(PROGRAM), *arguments], stdout=subprocess.PIPE, text=True, **more)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        return process, process.stdout.readline().split()[-1]

    def test_it_ends_when_told_even_while_a_connection_hangs(self):
        with tempfile.TemporaryDirectory() as folder:
            script, log = pathlib.Path(folder, "script.json"), pathlib.Path(folder, "log")
            script.write_text(json.dumps([{"match": {"from": 2}, "fault": {"kind": "hang"}}]))
            process, url = self.start("--script", str(script), "--log", str(log))
            with Client(url) as client, Client(url) as hanging:
                self.assertEqual(client.chat()[0], 200)
                hanging._connection.request("GET", "/v1/models", headers={"authorization": "Bearer secret-key"})
                while log.read_text().count("\n") < 3:  # an item executed, two requests
                    time.sleep(0.01)
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(10), 0)
            self.assertNotIn("secret-key", log.read_text())

    def test_it_ends_with_its_parent(self):
        process, _ = self.start("--until-stdin-closes", stdin=subprocess.PIPE)
        process.stdin.close()
        self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
