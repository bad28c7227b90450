"""The analyst's guide does what it says. Broken: an analyst would copy commands that fail, or sums that are not the service's."""

import json
import pathlib
import re
import subprocess
import unittest
from decimal import Decimal

from support import bus
from support.customer import Customer, ServiceTest, money, response_items
from support.service import PROGRAM, ROOT, environment

GUIDE = ROOT / "docs" / "analytics.md"
BLOCK = re.compile(r"^```(sh|sql) tested(?:=(\w+)| (kafka))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NANOS = Decimal(10) ** 9
COMMAND_SECONDS = 60


def blocks():
    """(language, name, whether it needs Kafka, text), in the order of the guide."""
    return [(language, name, bool(kafka), text) for language, name, kafka, text in BLOCK.findall(GUIDE.read_text())]


class Guide(ServiceTest):
    def setUp(self):
        self.service = self.start()
        self.folder = pathlib.Path(self.service.data).parent

    def variables(self):
        """The environment in which the guide's commands run: what the service is told by flags, they are told by it."""
        settings = {"data.directory": str(self.service.data), **bus.settings(self.service.data)}
        told = {"BATCHROUTER_" + name.upper().replace(".", "_"): str(value) for name, value in settings.items()}
        return {**environment(), **told, "PATH": f"{PROGRAM.parent}:{environment()['PATH']}",
                "KAFKA": settings.get("kafka.bootstrap_servers", ""), "PREFIX": settings.get("kafka.topic_prefix", "")}

    def run_shell(self, text):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=self.variables(),
                              capture_output=True, text=True, timeout=COMMAND_SECONDS)
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    def query(self, text):
        done = subprocess.run(["sqlite3", "-json", "ledger.db", text], cwd=self.folder, capture_output=True, text=True,
                              timeout=COMMAND_SECONDS)
        self.assertEqual((done.returncode, done.stderr), (0, ""), text)
        return json.loads(done.stdout or "[]")

    def live_a_little(self):
        """Two orgs: one with batches that came to different ends, one that only has its grant."""
        busy = Customer(self.service, "busy@example.com")
        for count in (3, 40):
            busy.ended(busy.submit({"items": response_items(count)})["id"])
        busy.quote({"items": response_items(2)})
        waiting = busy.submit({"items": response_items(5), "run_after": "2090-01-01T00:00:00Z"})
        self.assertEqual(waiting["status"], "pending")
        return busy, Customer(self.service, "quiet@example.com")

    def test_its_commands_run_and_its_sums_are_those_of_the_service(self):
        customers = self.live_a_little()
        answers = {}
        for language, name, kafka, text in blocks():
            with self.subTest(block=name or text.splitlines()[0]):
                if language == "sql":
                    answers[name] = self.query(text)
                elif not kafka or bus.KAFKA:
                    self.run_shell(text)
        self.assertEqual(answers["trial_balance"], [{"total": 0}])
        for nothing in ("lame_transfers", "batches_against_ledger"):
            self.assertEqual(answers[nothing], [], nothing)

        balances = {row["org"]: row for row in answers["balances"]}
        self.assertEqual(len(balances), len(customers))
        for customer in customers:
            shown = customer.credits()["balance"]
            org = customer.read("/v1/sessions/current")["org"]["id"]
            for account in ("available", "reserved"):
                self.assertEqual(Decimal(balances[org][account]) / NANOS, money(shown[account]), account)
            listed = json.loads(self.run_shell(f"brctl ledger balances --org {org} --json"))["balances"]
            self.assertEqual({row["account"].rsplit("/", 1)[1]: money(row["balance"]) for row in listed
                              if money(row["balance"]) != 0},
                             {name: money(shown[name]) for name in ("available", "reserved") if money(shown[name]) != 0})
        self.assertGreater(balances[customers[0].read("/v1/sessions/current")["org"]["id"]]["reserved"], 0)

        accounts = {row["account"]: row for row in answers["accounts"]}
        listed = json.loads(self.run_shell("brctl ledger trial-balance --json"))["trial_balance"]
        self.assertEqual(listed[-1]["account"], "total")
        for row in listed[:-1]:
            same = accounts.pop(row["account"])
            for column in ("debits", "credits", "balance"):
                self.assertEqual(money(row[column]), Decimal(same[column]) / NANOS)
            self.assertEqual(Decimal(same["usd"]), money(row["balance"]))
        self.assertEqual(accounts, {})

        statuses = {row["status"]: row["batches"] for row in answers["batches_by_status"]}
        self.assertEqual(statuses, {"completed": 2, "pending": 1})
        self.assertEqual(answers["conversion"], [{"locked": 4, "consumed": 3, "expired": 0}])
        captured = sum(money(customer.credits()["balance"]["captured_total"]) for customer in customers)
        revenue = sum(Decimal(str(row["revenue"])) for row in answers["revenue_by_day"])
        self.assertAlmostEqual(revenue, captured, places=9)
        if bus.KAFKA:
            self.assert_topic_is_the_export()

    def assert_topic_is_the_export(self):
        exported = [json.loads(line) for line in self.run_shell("brctl ledger export --format jsonl").splitlines()]
        published = [json.loads(line) for line in (self.folder / "postings.jsonl").read_text().splitlines()]
        self.assertCountEqual([row["posting"] for row in exported], [row["posting"] for row in published])
        self.assertCountEqual(exported, published)

    def test_an_org_and_a_period_can_be_chosen(self):
        customer = Customer(self.service)
        org = customer.read("/v1/sessions/current")["org"]["id"]
        customer.ended(customer.submit({"items": response_items(3)})["id"])
        entries = [json.loads(line) for line in self.run_shell(f"brctl ledger entries --org {org} --json").splitlines()]
        self.assertEqual([entry["kind"] for entry in entries][:2], ["grant", "reserve"])
        later = entries[1]["time"]
        since = self.run_shell(f"brctl ledger entries --org {org} --from {later} --json").splitlines()
        self.assertEqual([json.loads(line) for line in since], entries[1:])
        before = json.loads(self.run_shell(f"brctl ledger balances --org {org} --as-of {later} --json"))["balances"]
        self.assertEqual([(row["account"], row["nanos"]) for row in before],
                         [(f"customer/{org}/available", entries[0]["nanos"])])
        self.assertEqual(self.run_shell(f"brctl ledger export --org {org} --to 2001-01-01").count("\n"), 1)

    def test_an_export_that_fails_leaves_no_file(self):
        done = subprocess.run([PROGRAM.parent / "brctl", "ledger", "export", "--data", self.folder / "nothing",
                               "--output", self.folder / "export.csv"], capture_output=True, text=True,
                              env=environment(), timeout=COMMAND_SECONDS)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertNotEqual(done.stderr, "")
        self.assertEqual(list(self.folder.glob("*.csv")) + list(self.folder.glob(".tmp-*")), [])


if __name__ == "__main__":
    unittest.main()
