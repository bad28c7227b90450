"""One customer's whole life with a different canary in every field that is secret, personal or a prompt; then every place
is searched for each of them, and only those places may have it that MAY_BE names."""

import base64
import collections
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.parse
import uuid
from unittest import mock

from support import brctl, bus, stripe
from support.customer import Customer, ServiceTest, response_item, response_items
from support.lanes import LanesTest, LaneService
from support.provider_simulator import ProviderSimulator
from support.service import HANG_SECONDS, until
from support.webhook_receiver import WebhookReceiver

WHY = ("--reason", "asked for it")
MODEL = "gpt-5.4-mini"
HTTP_ERRORS = (400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 429, 500, 502, 503)

# Kind -> the places where it may be found, as words that a path begins with; nowhere else, and no kind that is not here
# anywhere at all. "blobs": the files of the org that handed it in. "outbox": mails that development writes to a folder.
MAY_BE = {
    "prompt": {"blobs"},
    "prompt of an import": {"blobs"},
    "prompt of a workflow": {"blobs"},
    "payload of a job": {"blobs"},
    "answer": {"blobs"},
    "words of a provider": {"blobs"},  # of what is wrong with an item; of our account they never come so far
    "item id": {"blobs"},
    "metadata": {"blobs"},
    "note": set(),
    "address": {"outbox"},
    "name": {"outbox"},
    "org name": {"outbox"},
    "token of a mail": {"outbox"},
}
# The same of an org that was erased.
MAY_BE_ERASED = {kind: places - {"blobs"} for kind, places in MAY_BE.items()}


def canary(name):
    return f"canary-{name.replace(' ', '-').replace(chr(39), '')}-{uuid.uuid4().hex}"


def forms(text):
    """As it is, and as it would stand in hexadecimal digits or, wherever it begins, in base 64."""
    plain = text.encode()
    yield plain
    yield plain.hex().encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        yield coded[4 if shift else 0:len(coded) // 4 * 4 - 4]


class Recorder(LaneService):
    """Keeps every line of its log, and the body of every refusal."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.lines = collections.deque()
        self.refusals = []
        self.command_lines = []

    def start(self):
        super().start()
        self.command_lines.append(pathlib.Path(f"/proc/{self.process.pid}/cmdline").read_bytes())
        return self

    def request(self, method, path, body=None, headers=None, **more):
        answer = super().request(method, path, body, headers, **more)
        if answer.status >= 400:
            heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            told = heads.encode() + answer.body
            # It names the path that was asked for, to who asked for it.
            self.refusals.append((f"{method} {answer.status}", told.replace(path.split("?")[0].encode(), b"PATH")))
        return answer


class Canaries(LanesTest):
    maxDiff = None

    def setUp(self):
        self.kinds = {}  # name -> text
        self.receiver = WebhookReceiver().start()
        self.addCleanup(self.receiver.stop)

    def new(self, kind, form="{}"):
        """Another canary of that kind, within the form."""
        text = form.format(canary(kind))
        self.kinds.setdefault(kind, []).append(text)
        return text

    def secret(self, kind, text):
        """What was made by the service and must be kept as well."""
        self.kinds.setdefault(kind, []).append(text)
        return text

    def start_with_canaries(self):
        self.stripe = stripe.StripeStandIn()
        self.addCleanup(self.stripe.stop)
        keys = mock.patch.multiple(stripe, SECRET_KEY=self.new("stripe key", "sk_test_{}"),
                                   WEBHOOK_SECRET=self.new("stripe webhook secret", "whsec_{}"))
        keys.start()
        self.addCleanup(keys.stop)
        variables = {
            "BATCHROUTER_OPENAI_API_KEY": self.new("provider key", "sk-{}"),
            "BATCHROUTER_OPENAI_BASE_URL": self.openai.base_url,
            "BATCHROUTER_STRIPE_SECRET_KEY": stripe.SECRET_KEY,
            "BATCHROUTER_STRIPE_WEBHOOK_SECRET": stripe.WEBHOOK_SECRET,
            "BATCHROUTER_STRIPE_BASE_URL": self.stripe.url,
            "BATCHROUTER_MAIL_SMTP_USERNAME": "batchrouter",
            "BATCHROUTER_MAIL_SMTP_PASSWORD": self.new("password of the mail server"),
            "BATCHROUTER_MAIL_RESEND_API_KEY": self.new("key of the mail service", "re_{}"),
        }
        directory = tempfile.TemporaryDirectory(prefix="batchrouter-test-")
        self.addCleanup(directory.cleanup)
        settings = {"service.log_level": "debug", "openai.batch": False, "webhooks.allow_loopback": True,
                    "webhooks.retry_seconds": [1], "dispatch.retry_seconds": 1, "dispatch.attempts_max": 2}
        self.service = Recorder(pathlib.Path(directory.name) / "data", settings, variables)
        self.addCleanup(self._stop, self.service)
        self.variables = variables
        return self.service.start()

    def put(self, path, body):
        return self.service.request("PUT", path, body, key=self.customer.key)

    # A life

    def sign_up(self):
        service, password = self.service, self.new("password")
        self.address = self.new("address", "{}@example.com")
        applicant = {"email": self.address, "password": password, "name": self.new("name"), "org_name": self.new("org name")}
        service.expect(service.post("/v1/auth/register", applicant), 201)
        service.expect(service.post("/v1/auth/login", {"email": self.address, "password": password}), 401)  # not yet
        token = self.secret("token of a mail", service.mailed_token(self.address))
        verified = service.expect(service.get(f"/v1/auth/verify-email?token={token}"), 200)
        self.secret("session", verified.headers["set-cookie"].split("=", 1)[1].split(";")[0])
        service.post("/v1/auth/login", {"email": self.address, "password": self.new("wrong password")})
        service.post("/v1/auth/login", {"email": self.address, "password": [password]})
        service.post("/v1/auth/register", {**applicant, "password": password[:7], "extra": password})
        service.expect(service.post("/v1/auth/password/forgot", {"email": self.address}), 202)
        reset = until(lambda: (found := service.mailed_token(self.address)) != token and found, "the mail to reset")
        self.secret("token of a mail", reset)
        password = self.new("new password")
        service.expect(service.post("/v1/auth/password/reset", {"token": reset, "password": password}), 200)
        service.expect(service.post("/v1/auth/password/reset", {"token": reset, "password": password}), 400)
        login = service.expect(service.post("/v1/auth/login", {"email": self.address, "password": password}), 200)
        session = self.secret("session", login.json["session_token"])
        self.org = login.json["org_id"]

        made = service.expect(service.post("/v1/api-keys", {"label": self.new("label of a key")}, key=session), 201).json
        rotated = service.expect(service.post(f"/v1/api-keys/{made['id']}/rotate", {}, key=session), 201).json
        for key in (made, rotated):
            self.secret("API key", key["api_key"])
        self.customer = Customer.__new__(Customer)
        self.customer.service, self.customer.key, self.customer.session = service, rotated["api_key"], session
        labels = [key["label"] for key in self.customer.read("/v1/api-keys")["data"]]
        self.assertEqual(labels, self.kinds["label of a key"] * 2)
        self.secret("webhook secret of the org", self.customer.read("/v1/sessions/current")["webhook_signing_secret"])
        service.get("/v1/batches", key=made["api_key"])  # no longer
        for text in (*self.kinds["API key"], session, *self.kinds["token of a mail"]):  # where they do not belong
            service.get(f"/v1/batches?key={text}", key=rotated["api_key"])
            service.get(f"/v1/batches/{text}", key=rotated["api_key"])
            service.get(f"/{text}")
            service.get("/v1/batches", headers={"Authorization": f"Basic {text}"})
            service.get("/v1/batches", headers={"Authorization": f"Bearer {text}x", "X-Request-Id": text[:60]})

    def buy_credit(self):
        customer, service = self.customer, self.service
        service.expect(self.put("/v1/billing/profile", {
            "billing_email": self.new("address", "{}@example.org"), "name": self.new("name")}), 200)
        self.stripe.failures = [500, 500, 500, 401]
        for _ in range(2):
            customer.post("/v1/billing/checkout-sessions", {"pack_code": "credit_25"})
        self.stripe.failures = []
        session = customer.expect_post("/v1/billing/checkout-sessions", {
            "pack_code": "credit_25", "success_url": "https://example.com/" + self.new("URL of a shop")})
        event = self.stripe.completed(session["id"])
        for secret, status in ((self.new("wrong secret"), 403), (stripe.WEBHOOK_SECRET, 200)):
            told = service.post("/v1/webhooks/stripe", event, headers=stripe.signed(event, secret=secret))
            self.assertEqual(told.status, status, told.body)

    def item(self, name, **more):
        text = f"{self.new('prompt')}\nReply with exactly: {self.new('answer')}"
        return response_item(f"{name}-{self.new('item id')}", text, model=MODEL, **more)

    def webhook(self, path):
        secret = "whsec_" + base64.b64encode(self.new("webhook secret").encode()).decode()
        self.secret("webhook secret", secret)
        return {"url": self.receiver.url(f"/{path}/{self.new('webhook URL')}?token={self.new('webhook URL')}"),
                "secret": secret}

    def run_batches(self):
        customer, service = self.customer, self.service
        manifest = {"items": [self.item("fine"), self.item("hot", temperature=3)], "webhook": self.webhook("fine"),
                    "metadata": {"ticket": self.new("metadata")}}
        quote = customer.quote(manifest)["quote_id"]
        customer.post("/v1/batches", {**manifest, "surprise": self.new("prompt"), "quote_id": quote})
        customer.post("/v1/batches", manifest, headers={"Content-Type": "text/" + self.new("prompt")})
        customer.post("/v1/batches", json.dumps(manifest)[:-1])
        customer.post("/v1/batches", {"items": [{"customer_item_id": "x", "input": self.new("prompt"), "operation": 5}]})
        for url in ("https://user:{}@example.com/", "http://example.com/{}", "https://10.0.0.1/{}", "nonsense {}"):
            customer.post("/v1/batches", {**manifest, "webhook": {"url": self.new("webhook URL", url)}})
        customer.post("/v1/batches", {**manifest, "webhook": {"url": "https://example.com/", "secret": self.new("webhook secret")}})
        batch = customer.ended(customer.submit({**manifest, "quote_id": quote}, headers={"Idempotency-Key": self.new("idempotency key")})["id"])
        self.assertEqual(batch["request_counts"]["completed"], 1)
        self.receiver.wait_for(1)
        feedback = {"quality_score": 0.5, "outcome": "accepted", "note": self.new("note")}
        self.batch = batch["id"]
        service.expect(self.put(f"/v1/batches/{self.batch}/feedback", feedback), 200)

        self.receiver.status = 500
        self.openai.script([{"match": {"text": "REFUSED"}, "fault": {"kind": "item_error", "status": 400,
                                                                    "message": self.new("words of a provider")}}])
        failing = self.item("refused")
        failing["input"]["input"] += " REFUSED"
        failed = customer.ended(customer.submit({"items": [failing], "webhook": self.webhook("failed")})["id"])
        self.assertEqual(failed["status"], "failed")
        self.receiver.wait_for(2)
        customer.get(f"/v1/batches/{failed['id']}/results?include=raw")
        cancelled = customer.submit({"items": [self.item("late")], "run_after": "2040-01-01T00:00:00Z",
                                     "deadline": "2040-01-02T00:00:00Z", "webhook": self.webhook("cancelled")})["id"]
        service.expect(customer.post(f"/v1/batches/{cancelled}/cancel"), 200, 202)
        customer.ended(cancelled)

    def lose_the_lane(self):
        """The provider refuses our key, in words that have it, and the batch is cut off in the middle of it."""
        message = f"Incorrect API key provided: {self.kinds['provider key'][0]}"
        self.openai.script([{"match": {"vendor": "openai"}, "fault": {
            "kind": "status", "status": 401, "type": "invalid_request_error", "code": "invalid_api_key", "message": message}}])
        asked = len(self.openai.requests())
        batch = self.customer.submit({"items": [self.item("amid")]})["id"]
        until(lambda: len(self.openai.requests()) > asked, "the provider to be asked")
        self.service.restart(kill=True)
        self.openai.script([])
        brctl_with = brctl.told(self.service, "lanes", "unpark", "openai", *WHY, online=True)
        self.assertTrue(brctl_with)
        self.assertEqual(self.customer.ended(batch)["status"], "completed")

    def everything_else(self):
        customer = self.customer
        row = json.dumps({"custom_id": self.new("item id"), "method": "POST", "url": "/v1/responses",
                          "body": {"model": MODEL, "input": self.new("prompt of an import")}})
        broken = json.dumps({"custom_id": 5, "body": self.new("prompt of an import")})
        for rows in (f"{row}\n{broken}", broken, "{" + row):
            form = f'--b\r\nContent-Disposition: form-data; name="input"; filename="i"\r\n\r\n{rows}\r\n--b--\r\n'
            customer.post("/v1/imports?provider=openai", form, headers={"Content-Type": "multipart/form-data; boundary=b"})
        run = {"input": {"messages": [{"role": "user", "content": self.new("prompt of a workflow")}]}}
        customer.post("/v1/workflows/agent-main-thread/runs", {**run, "surprise": run})
        customer.ended("bat_" + customer.expect_post("/v1/workflows/agent-main-thread/runs", run)["id"].removeprefix("run_"))
        job = {"job_type": "risk_report", "payload": {"of": self.new("payload of a job")}}
        customer.post("/api/v1/batch/enqueue", {**job, "job_type": "nothing"})
        customer.expect_post("/api/v1/batch/enqueue", job)
        customer.ended(customer.expect_post("/api/v1/batch/internal/flush")["batch_id"])
        for method, path in (("GET", "/v1/batches"), ("PATCH", "/v1/batches"), ("GET", "/v1/batches/%00")):
            self.service.request(method, f"{path}?x={urllib.parse.quote(self.new('prompt'))}", key=customer.key)

    # Looking

    def told(self):
        """(place, bytes) of all that operators are told. Every command of brctl that reads."""
        service = self.service
        commands = [("config", "show"), ("audit",), ("audit", "--json"), ("events", "grep", ""), ("events", "grep", "", "--json"),
                    ("events", "show", self.batch), ("events", "show", self.org), ("events", "tail"), ("batches", "list"),
                    ("batches", "show", self.batch), ("batches", "show", self.batch, "--json"), ("lanes", "list"),
                    ("parked", "list"), ("webhooks", "list"), ("webhooks", "list", "--json"), ("org", "show", self.org),
                    ("org", "show", self.org, "--json"), ("ledger", "balances"), ("ledger", "entries"),
                    ("ledger", "trial-balance"), ("doctor",), ("snapshot", "take"), ("snapshot", "list"), ("archive", "list"),
                    *(("ledger", "export", "--table", table, "--format", form)
                      for table in ("postings", "quotes", "batches") for form in ("csv", "jsonl"))]
        if bus.KAFKA:  # each reads whole topics: those that do so in their own way
            commands = [("events", "grep", "", "--json"), ("events", "tail"), ("batches", "show", self.batch), ("ledger", "entries")]
        for command in commands:
            online = command[0] in ("lanes", "doctor")
            with mock.patch.dict("os.environ", self.variables):
                ran = brctl.run(service, *command, online=online)
            self.assertTrue(ran.stdout or ran.stderr, command)
            yield "brctl/" + " ".join(command), (ran.stdout + ran.stderr).encode()

    def places(self):
        """(place, bytes) of all that is written down anywhere."""
        service = self.service
        yield "metrics", service.get("/metrics").body
        for number, line in enumerate(service.command_lines):
            yield f"command line/{number}", line
        for number, (asked, refusal) in enumerate(service.refusals):
            yield f"refusals/{number} {asked}", refusal
        service.stop()
        yield "log", service.output().encode()
        for path in service.data.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(service.data)), path.read_bytes().rstrip(b"\0")  # of room taken ahead
        yield from bus.everything_on(service.data)
        rows = subprocess.run(["sst_dump", f"--file={service.data / 'state'}", "--command=scan"], capture_output=True,
                              timeout=HANG_SECONDS, cwd=service.data, check=False).stdout  # its files are compressed
        yield "state/rows", rows
        service.start()

    def search(self, places, allowed):
        """All that is where it may not be: [(kind, place)]."""
        found = set()
        for kind, texts in self.kinds.items():
            for form in {form for text in texts for form in forms(text)}:
                for place, content in places:
                    if form in content and place.split("/")[0] not in allowed.get(kind, ()):
                        found.add((kind, place))
        return sorted(found)

    def test_nothing_secret_is_where_it_should_not_be(self):
        """Would be broken: who reads the log, the journal, the state, metrics, a backup or an error learns secrets or prompts."""
        self.openai = ProviderSimulator().start()
        self.addCleanup(self.openai.stop)
        service = self.start_with_canaries()
        self.sign_up()
        self.buy_credit()
        self.run_batches()
        self.lose_the_lane()
        self.everything_else()
        statuses = {int(asked.rsplit(" ", 1)[1]) for asked, _ in service.refusals}
        self.assertGreaterEqual(len(statuses), 8, statuses)

        places = [*self.told(), *self.places()]
        by_root = collections.defaultdict(bytes)
        for place, content in places:
            by_root[place.split("/")[0]] += content
        for text, root in ((self.kinds["prompt"][0], "blobs"), (self.kinds["answer"][0], "blobs"), (self.batch, "journal"),
                           (self.batch, "state"), (self.batch, "brctl"), (self.kinds["address"][0], "outbox"),
                           ("listening", "log"), ("batchrouter_", "metrics"), ("error", "refusals")):
            self.assertIn(text.encode(), by_root[root], f"{text} is not in {root}: this test is blind there")
        self.assertEqual(self.search(places, MAY_BE), [])
        own = [self.org.removeprefix("org_"), *(batch["id"] for batch in self.customer.read("/v1/batches")["data"])]
        for place, content in places:
            if place.startswith("blobs/") and any(text.encode() in content for text in self.kinds["prompt"]):
                self.assertTrue(any(word in place for word in own), f"{place} is not of the org whose prompt it has")

        brctl.told(service, "org", "erase", self.org, "--yes", *WHY, online=True)
        until(lambda: brctl.told_json(service, "org", "show", self.org)["status"] == "erased", "the erasure to end")
        service.restart(kill=True)
        self.assertEqual(self.search(list(self.places()), MAY_BE_ERASED), [])


class Files(ServiceTest):
    def test_nobody_else_on_the_machine_reads_the_data(self):
        """Would be broken: another user of the machine reads balances, names of customers' models, or prompts."""
        usual = os.umask(0)  # of whoever starts it
        try:
            service = self.start(journal__archive=True)
        finally:
            os.umask(usual)
        customer = Customer(service)
        customer.ended(customer.submit({"items": response_items(2)})["id"])
        service.restart(kill=True)
        files = [path for path in service.data.rglob("*") if path.is_file()]
        self.assertGreater(len(files), 10)
        for path in files:
            opened = [one for one in (path, *path.parents) if one.is_relative_to(service.data)]
            self.assertTrue(any(not one.stat().st_mode & 0o007 for one in opened), f"others can reach {path}")
            self.assertFalse(path.stat().st_mode & 0o002, f"others can write {path}")
