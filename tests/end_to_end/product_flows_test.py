"""The clients of the public documents, run as their readers would run them."""

import json
import os
import pathlib
import subprocess
import sys

from support.customer import Customer, ServiceTest, ids, response_items
from support.service import PASSWORD

FLOWS = pathlib.Path(__file__).resolve().parent / "product_flows"
HANG_SECONDS = 60


class ProductFlows(ServiceTest):
    def run_flow(self, service, *command, standard_input=None, **environment):
        """What the flow printed; it must have ended well."""
        variables = {**os.environ, "BASE_URL": f"http://127.0.0.1:{service.port}", "POLL_SECONDS": "0.05", **environment}
        ended = subprocess.run(command, input=standard_input, env=variables, capture_output=True, text=True,
                               timeout=HANG_SECONDS)
        self.assertEqual(ended.returncode, 0, f"{command}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}")
        return ended.stdout

    @staticmethod
    def steps(output):
        return [(step, json.loads(answer)) for step, answer in (line.split("\t", 1) for line in output.splitlines())]

    def test_curl_quickstart(self):
        """Would be broken: the quickstart, to the optimization report with which it ends."""
        service = self.start()
        steps = self.steps(self.run_flow(service, FLOWS / "curl_flow.sh", OB_API_KEY=Customer(service).key))
        names = ["quote", "created", "finished", "results", "artifact", "artifact_row", "report"]
        self.assertEqual([name for name, _ in steps], names)
        answers = dict(steps)
        self.assertTrue(answers["quote"]["quote_id"].startswith("qlock_"))
        self.assertEqual(answers["quote"]["funding_preview"]["can_fund"], True)
        self.assertEqual(answers["created"]["quote_id"], answers["quote"]["quote_id"])
        self.assertEqual(answers["finished"]["item_count"], 1)
        self.assertIn("lines", answers["finished"]["billing_receipt"])
        self.assertEqual(answers["results"]["results"], [answers["artifact_row"]])
        self.assertEqual(answers["artifact_row"]["customer_item_id"], "refund_letters_001")
        self.assertIn("expires_at", answers["artifact"])
        self.assertEqual(answers["report"]["import_provider"], "openai")

    def test_agent_without_a_browser(self):
        """Would be broken: the steps from no account to a quote and a run of a workflow."""
        service = self.start()
        # The flow waits for the token of a mail that it causes itself.
        command = [FLOWS / "agent_flow.sh", "flow@example.com", PASSWORD]
        environment = {**os.environ, "BASE_URL": f"http://127.0.0.1:{service.port}"}
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as flow:
            self.addCleanup(flow.kill)
            output, errors = flow.communicate(service.mailed_token("flow@example.com") + "\n", HANG_SECONDS)
        steps = self.steps(output)
        answers = dict(steps)
        self.assertEqual([name for name, _ in steps][:4], ["registered", "verified", "api_key", "quote"], errors)
        self.assertEqual(answers["registered"]["status"], "verification_required")
        self.assertTrue(answers["api_key"]["api_key"].startswith("ob_live_"))
        self.assertEqual(answers["api_key"]["label"], "ledger-agent-key")
        self.assertEqual((answers["quote"]["item_count"], answers["quote"]["routing_mode"]), (1000, "cheapest"))
        self.assertEqual(flow.returncode, 0, errors)
        self.assertEqual(steps[4][0], "run")
        self.assertTrue(answers["run"]["id"].startswith("run_"))

    def test_javascript_quickstart(self):
        """Would be broken: the JavaScript client; nobody listens at its webhook, which must not keep it from its rows."""
        service = self.start()
        output = self.run_flow(service, "node", FLOWS / "javascript_flow.mjs", BATCHROUTER_API_KEY=Customer(service).key,
                               POLL_MILLISECONDS="50")
        quoted, results = output.split("\n", 1)
        self.assertTrue(quoted.startswith("quoted {"), quoted)
        self.assertNotIn("undefined", quoted)
        answer = json.loads(results)
        self.assertEqual(ids(answer["results"]), ["dispute_triage_001"])
        self.assertIsNone(answer["next_cursor"])

    def test_polling_from_python(self):
        """Would be broken: the client that polls and follows next_cursor."""
        service = self.start(dispatch__items_per_unit=40)
        customer = Customer(service)
        batch = customer.submit({"items": response_items(250)})
        answer = json.loads(self.run_flow(service, sys.executable, FLOWS / "poll_flow.py", batch["id"],
                                          BATCHROUTER_API_KEY=customer.key))
        self.assertEqual(answer["batch"]["status"], "completed")
        for field in ("item_count", "created_at", "sla_deadline", "routing_mode", "sla_tier"):
            self.assertIn(field, answer["batch"])
        self.assertCountEqual(ids(answer["results"]), [f"item-{number}" for number in range(250)])
        for row in answer["results"]:
            self.assertEqual((row["status"], row["error"]), ("completed", None))
