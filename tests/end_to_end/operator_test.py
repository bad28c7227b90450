"""What operators do with brctl, beside a running service and after it was killed."""

import json
import time

from support import brctl
from support.brctl import told, told_json
from support.crashes import WITH_FAULTS
from support.customer import Customer, ServiceTest, money, response_items
from support.lanes import LanesTest, asked_items, closures
from support.operators import BASE, ask, authorization
from support.service import PASSWORD, until
from support.webhook_receiver import WebhookReceiver

WHY = ("--reason", "ticket 4711")
LANES = BASE + "lanes"


def org_of(customer):
    return customer.read("/v1/sessions/current")["org"]["id"]


class Access(ServiceTest):
    def test_nobody_else_gets_in(self):
        """Would be broken: a customer, or somebody who has seen one request, does what only operators may."""
        service = self.start()
        customer = Customer(service)
        org = org_of(customer)
        good = authorization(service.data, "GET", LANES)
        service.expect(service.get(LANES, headers={"Authorization": good}), 200)
        now = int(time.time())
        wrong = [good, "", "Operator", "Bearer " + customer.key, "Bearer " + customer.session, "Operator 1.2.3",
                 authorization(service.data, "POST", LANES), authorization(service.data, "GET", BASE + "status"),
                 authorization(service.data, "GET", LANES, b"{}"),
                 authorization(service.data, "GET", LANES, at=now - 120), authorization(service.data, "GET", LANES, at=now + 120),
                 authorization(service.data, "GET", LANES)[:-1] + "x", authorization(service.data, "GET", LANES, nonce="short")]
        texts = set()
        for one in wrong:
            refused = service.get(LANES, headers={"Authorization": one} if one else {})
            self.assert_problem(refused, 401, "authentication_required")
            texts.add(refused.json["detail"])
        self.assertEqual(len(texts), 1, "the refusal tells why")
        body = {"id": "x", "kind": "grant", "amount": "5.00", "reason": "none", "operator": "me"}
        for path, body in ((f"orgs/{org}/credits", body), (f"orgs/{org}/erase", {"reason": "none", "operator": "me"}),
                           (f"orgs/{org}/deliveries/msg_x/retry", {"reason": "none", "operator": "me"}),
                           ("lanes/simulated/unpark", {"reason": "none", "operator": "me"}),
                           ("parked/0/retry", {"id": "x", "reason": "none", "operator": "me"}),
                           ("parked/0/drop", {"id": "x", "reason": "none", "operator": "me"})):
            self.assert_problem(service.post(BASE + path, body, key=customer.key), 401, "authentication_required")
        self.assert_problem(service.get(BASE + "status", key=customer.key), 401, "authentication_required")
        self.assertEqual(customer.read("/v1/sessions/current")["org"]["id"], org)


class Answers(ServiceTest):
    def test_every_order_is_answered_as_described(self):
        """Would be broken: brctl and other programs of operators cannot tell what has become of an order."""
        receiver = WebhookReceiver([410]).start()
        self.addCleanup(receiver.stop)
        service = self.start(webhooks__allow_loopback=True)
        customer = Customer(service)
        org, nobody = org_of(customer), "org_" + "0" * 26
        order = {"reason": "ticket 4711", "operator": "ann"}

        def told(path, status, code=None, **body):
            answer = ask(service, "POST", path, {**order, **body})
            self.assertEqual((answer.status, self.code_of(answer)), (status, code), answer.body)
            return answer.json

        self.assertEqual(service.expect(ask(service, "GET", "status"), 200).json["halted_partitions"], [])
        service.expect(ask(service, "GET", "lanes"), 200)
        self.assertEqual(told("lanes/simulated/unpark", 200)["closures_ended"], 0)
        told("lanes/nobody/unpark", 404, "not_found")
        grant = {"id": "one", "kind": "grant", "amount": "1.00"}
        told(f"orgs/{org}/credits", 200, **grant)
        self.assertTrue(told(f"orgs/{org}/credits", 200, **grant)["replayed"])
        told(f"orgs/{org}/credits", 422, "idempotency_conflict", **{**grant, "amount": "2.00"})
        told(f"orgs/{org}/credits", 422, "amount_out_of_range", **{**grant, "amount": "-2.00", "id": "two"})
        told(f"orgs/{org}/credits", 402, "insufficient_credits", id="three", kind="adjust", amount="-1000000.00")
        told(f"orgs/{nobody}/credits", 404, "not_found", **grant)
        batch = customer.ended(customer.submit({"items": response_items(1), "webhook_url": receiver.url()})["id"])
        receiver.wait_for(1)
        delivery = "msg_" + batch["id"].removeprefix("bat_")
        # The receiver has answered before the service knows; until then the delivery is being sent already.
        until(lambda: not told(f"orgs/{org}/deliveries/{delivery}/retry", 202)["replayed"], "the delivery to have ended",
              every=0.2)
        receiver.wait_for(2)
        told(f"orgs/{org}/deliveries/msg_x/retry", 404, "not_found")
        for choice in ("retry", "drop"):
            told(f"parked/0/{choice}", 404, "not_found", id="cmd_x")
        later = {"run_after": "2040-01-01T00:00:00Z", "deadline": "2040-01-02T00:00:00Z"}
        waiting = customer.submit({"items": response_items(1), **later})["id"]
        told(f"orgs/{org}/erase", 409, "org_has_open_batches")
        service.expect(customer.post(f"/v1/batches/{waiting}/cancel"), 200, 202)
        customer.ended(waiting)
        told(f"orgs/{org}/erase", 202)
        told(f"orgs/{nobody}/erase", 404, "not_found")


class Credits(ServiceTest):
    def test_a_grant_is_posted_once_and_named_in_the_books(self):
        """Would be broken: a balance that was changed by hand twice, by nobody, for no reason."""
        service = self.start(accounts__starter_grant_usd="10.00")
        customer = Customer(service)
        org = org_of(customer)
        grant = ("credits", "grant", org, "12.50", "--id", "ticket-4711", *WHY)
        first = told_json(service, *grant, online=True)
        self.assertEqual((money(first["available"]), first["replayed"]), (22.5, False))
        again = told_json(service, *grant, online=True)
        self.assertEqual((money(again["available"]), again["replayed"], again["transfer"]), (22.5, True, first["transfer"]))
        other = brctl.run(service, "credits", "grant", org, "12.51", "--id", "ticket-4711", *WHY, online=True)
        self.assertEqual(other.returncode, 1, other.stderr)

        taken = told_json(service, "credits", "adjust", org, "-2.25", "--id", "twice", *WHY, online=True)
        self.assertEqual(money(taken["available"]), 20.25)
        too_much = brctl.run(service, "credits", "adjust", org, "-1000", *WHY, online=True)
        self.assertEqual(too_much.returncode, 1)
        self.assertIn("less than", too_much.stderr)
        nothing = brctl.run(service, "credits", "grant", org, "0.00", *WHY, online=True)
        self.assertEqual(nothing.returncode, 1)

        credits = customer.credits()
        self.assertEqual([money(entry["amount"]) for entry in customer.entries()[:2]], [2.25, 12.5])
        service.restart(kill=True)
        self.assertEqual(customer.credits()["balance"], credits["balance"])
        self.assertIn("12.50", told(service, "org", "show", org) + told(service, "credits", "grant", org, "12.50", "--id",
                                                                           "ticket-4711", *WHY, online=True))

    def test_what_is_wrong_is_said_before_anything_is_done(self):
        """Would be broken: a typing mistake becomes a posting, or an exit code says that all is well."""
        service = self.start()
        nobody = "org_" + "0" * 26
        for code, arguments in ((2, ("credits", "grant", nobody, "5.00")), (2, ("credits", "grant", nobody, "five", *WHY)),
                                (2, ("credits", "grant", nobody, "5.00", "--operator", "", *WHY)),
                                (1, ("credits", "grant", nobody, "5.00", *WHY)), (1, ("org", "erase", nobody, "--yes", *WHY)),
                                (2, ("org", "erase", nobody, *WHY)), (1, ("lanes", "unpark", "nobody", *WHY)),
                                (1, ("webhooks", "replay", "msg_x", *WHY)), (1, ("parked", "drop", "cmd_x", *WHY)),
                                (1, ("parked", "retry", "cmd_x", *WHY))):
            with self.subTest(arguments):
                ran = brctl.run(service, *arguments, online=True)
                self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
                self.assertTrue(ran.stderr + ran.stdout)
        for arguments in (("org", "show", nobody), ("batches", "show", "bat_x"), ("webhooks", "show", "msg_x"), ("parked", "show", "x")):
            self.assertEqual(brctl.run(service, *arguments).returncode, 1, arguments)
        service.stop()
        unreachable = brctl.run(service, "lanes", "list", "--url", "http://127.0.0.1:1")
        self.assertEqual(unreachable.returncode, 3, unreachable.stderr)
        service.start()


class Reading(ServiceTest):
    def test_all_that_can_be_read_is_what_the_service_says(self):
        """Would be broken: operators look at something else than what is there, beside the service or after a crash."""
        service = self.start()
        customer = Customer(service)
        org = org_of(customer)
        made = customer.ended(customer.submit({"items": response_items(3)})["id"])
        waiting = customer.submit({"items": response_items(2), "run_after": "2040-01-01T00:00:00Z", "deadline": "2040-01-02T00:00:00Z"})
        for crashed in (False, True):
            with self.subTest(crashed=crashed):
                if crashed:
                    service.kill9()
                self.look(service, org, made, waiting)
        service.start()

    def look(self, service, org, made, waiting):
        listed = told_json(service, "batches", "list")["batches"]
        self.assertEqual([one["batch"] for one in listed], [waiting["id"], made["id"]])
        ended = told_json(service, "batches", "list", "--org", org, "--status", "completed", "--since", "1h")["batches"]
        self.assertEqual([one["batch"] for one in ended], [made["id"]])
        self.assertEqual((ended[0]["answered"], ended[0]["items"]), (3, 3))
        self.assertEqual(money(ended[0]["charged"]), money(made["billing_receipt"]["captured_total"]))
        self.assertEqual(brctl.run(service, "batches", "list", "--status", "done").returncode, 2)
        shown = told_json(service, "batches", "show", made["id"])
        self.assertEqual((shown["status"], shown["answered"]["succeeded"], shown["org"]), ("completed", 3, org))
        self.assertEqual(sum(lane["succeeded"] for lane in shown["lanes"]), 3)
        self.assertIn(made["id"], told(service, "batches", "list"))
        self.assertIn("3 of 3 items, 100 %", told(service, "batches", "show", made["id"], "--org", org))
        account = told_json(service, "org", "show", org)
        self.assertEqual((account["status"], account["batches"], account["open_batches"]), ("verified", 2, 1))
        for text in (told(service, "org", "show", org), json.dumps(account)):
            self.assertNotIn("agent", text.replace('"kind": "agent"', ""))
        self.assertEqual(told_json(service, "parked", "list")["parked"], [])
        self.assertEqual(told_json(service, "webhooks", "list", "--status", "all")["deliveries"], [])

    def test_doctor_says_what_is_wrong_and_what_to_do(self):
        """Would be broken: an operator is told that all is well when it is not, or the other way round."""
        service = self.start()
        Customer(service)

        def examined(code, **more):
            checks = told_json(service, "doctor", code=code, **more)["checks"]
            return {check["check"]: check for check in checks}

        found = examined(0, online=True)
        for name in ("configuration", "data directory", "keys", "journal", "state", "parked commands", "service", "partitions",
                     "versions", "clock", "lanes"):
            self.assertIn(found[name]["status"], ("ok", "warn"), found[name])
        self.assertIn("partitions", told(service, "doctor", online=True))
        master = service.data / "keys" / "master"
        master.chmod(0o644)
        self.assertEqual(examined(1, online=True)["keys"]["status"], "fail")
        master.chmod(0o600)
        service.kill9()
        stopped = examined(1, online=True)
        self.assertEqual((stopped["service"]["status"], stopped["journal"]["status"]), ("fail", "ok"))
        self.assertTrue(stopped["service"]["remedy"])
        service.start()


class Webhooks(ServiceTest):
    def test_a_delivery_that_failed_is_sent_once_more(self):
        """Would be broken: a receiver that was away for too long never hears of it."""
        receiver = WebhookReceiver([500, 500, 410]).start()
        self.addCleanup(receiver.stop)
        service = self.start(webhooks__allow_loopback=True, webhooks__retry_seconds=[1, 1])
        customer = Customer(service)
        customer.submit({"items": response_items(1), "webhook_url": receiver.url()})
        first = receiver.wait_for(3)[0]

        def failed():
            listed = told_json(service, "webhooks", "list")["deliveries"]
            return listed if listed and listed[0]["status"] == "failed" else None

        delivery, = until(failed, "the delivery to fail", every=0.2)
        self.assertEqual((delivery["attempts"], delivery["last_status"]), (3, 410))
        self.assertNotIn(receiver.url(), told(service, "webhooks", "show", delivery["delivery"]))
        told(service, "webhooks", "replay", delivery["delivery"], *WHY, online=True)
        again = receiver.wait_for(4)[3]
        self.assertEqual((again.id, again.body), (first.id, first.body))
        until(lambda: told_json(service, "webhooks", "show", delivery["delivery"])["deliveries"][0]["status"] == "delivered",
              "the delivery to arrive", every=0.2)
        self.assertEqual(told_json(service, "webhooks", "list")["deliveries"], [])


class Lanes(LanesTest):
    def test_a_lane_that_was_mended_is_used_at_once(self):
        """Would be broken: after a key was exchanged everybody waits for as long as the lane would have been parked."""
        providers = self.providers([{"match": {"vendor": "openai"}, "fault": {"kind": "status", "name": "key_revoked"}}])
        service = self.start_lanes(providers, openai__batch=False, dispatch__park_seconds=3600, dispatch__retry_seconds=1)
        customer = Customer(service)
        items, expected = asked_items(4, "gpt-5.4-nano")
        created = customer.submit({"items": items})
        until(lambda: closures(service, "openai") or None, "the lane to be parked")
        lane = next(one for one in told_json(service, "lanes", "list", online=True)["lanes"] if one["provider"] == "openai")
        self.assertEqual((lane["state"], lane["closed_model"]), ("parked", "all"))
        self.assertIn("parked", told(service, "lanes", "list", online=True))
        providers.script([])
        ended = told_json(service, "lanes", "unpark", "openai", *WHY, online=True)["unparked"]
        self.assertEqual(ended[0]["closures_ended"], 1)
        batch = customer.ended(created["id"])
        self.assert_answers(customer, batch, expected)
        self.assertEqual(closures(service, "openai"), [])


class Erasure(ServiceTest):
    def books(self, service, org):
        account = told_json(service, "org", "show", org)
        return {name: account[name] for name in ("available", "reserved", "granted", "captured", "ledger_entries")}

    def erase(self, service, org):
        told(service, "org", "erase", org, "--yes", *WHY, online=True)

    def erased(self, service, org):
        return until(lambda: told_json(service, "org", "show", org)["status"] == "erased", "the erasure to end", every=0.2)

    def test_an_org_goes_and_its_books_stay(self):
        """Would be broken: somebody who asked to be forgotten is not, or the books no longer balance."""
        service = self.start()
        customer, other = Customer(service), Customer(service, "other@example.com")
        org, same = org_of(customer), {"items": response_items(2)}
        batch = customer.ended(customer.submit(same)["id"])
        others = other.ended(other.submit(same)["id"])
        customer.quote({"items": response_items(2)})
        link = customer.link(batch["id"], "output")
        before = self.books(service, org)
        held = customer.submit({**same, "run_after": "2040-01-01T00:00:00Z", "deadline": "2040-01-02T00:00:00Z"})
        open_batches = brctl.run(service, "org", "erase", org, "--yes", *WHY, online=True)
        self.assertEqual(open_batches.returncode, 1)
        self.assertIn("cancel", open_batches.stderr)
        service.expect(customer.post(f"/v1/batches/{held['id']}/cancel"), 200, 202)
        customer.ended(held["id"])
        before["ledger_entries"] = self.books(service, org)["ledger_entries"]

        self.erase(service, org)
        self.erased(service, org)
        self.assertEqual(self.books(service, org), before)
        for crashed in (False, True):
            if crashed:
                service.restart(kill=True)
            self.assert_problem(customer.get("/v1/batches"), 401, "invalid_api_key")
            self.assert_problem(service.get("/v1/batches", key=customer.session), 401, "invalid_session")
            login = service.post("/v1/auth/login", {"email": "agent@example.com", "password": PASSWORD})
            self.assert_problem(login, 401, "invalid_credentials")
            self.assertEqual(service.get(link).status, 404)
            self.assertEqual(other.artifact(others["id"], "output"), other.artifact(others["id"], "output"))
        blobs = service.data / "blobs"
        self.assertEqual([path for path in blobs.rglob("*") if batch["id"] in str(path) and path.is_file()], [])
        self.assertTrue((blobs / "orgs" / org).is_file())
        self.assertEqual((service.data / "keys" / "orgs" / org).read_text(), "erased")
        self.assertIn("erased before", told(service, "org", "erase", org, "--yes", *WHY, online=True))
        self.assertEqual(brctl.run(service, "credits", "grant", org, "1.00", *WHY, online=True).returncode, 1)
        self.assertNotEqual(self.org_of_new_account(service), org)

    @staticmethod
    def org_of_new_account(service, address="agent@example.com"):
        """The address may begin anew, and is somebody else."""
        applicant = {"agent_name": "test-agent", "email": address, "password": PASSWORD}
        service.expect(service.post("/v1/auth/agent-register", applicant), 201)

        def verified():
            answer = service.post("/v1/auth/verify-email", {"token": service.mailed_token(address)})
            return answer.json if answer.status == 200 else None

        session = until(verified, "the newest mail", every=0.2)["session_token"]
        return service.expect(service.get("/v1/sessions/current", key=session), 200).json["org"]["id"]

    def test_an_erasure_that_was_cut_off_is_finished(self):
        """Would be broken: a crash in between leaves prompts behind, or a key, for ever."""
        for point in ("F30", "F31", "F32"):
            with self.subTest(point):
                service = self.start()
                customer = Customer(service)
                org = org_of(customer)
                batch = customer.ended(customer.submit({"items": response_items(2)})["id"])
                before = self.books(service, org)
                service.stop()
                service.program, usual = str(WITH_FAULTS), service.program
                with brctl.variable("BATCHROUTER_FAULT_POINT", point):
                    service.start()
                brctl.run(service, "org", "erase", org, "--yes", *WHY, online=True)
                until(lambda: not service.alive(), f"the service to be killed at {point}")
                service.program = usual
                service.restart(kill=True)
                self.erased(service, org)
                self.assertEqual(self.books(service, org), before)
                left = [path for path in (service.data / "blobs").rglob("*") if batch["id"] in str(path) and path.is_file()]
                self.assertEqual(left, [])
                self.assertEqual((service.data / "keys" / "orgs" / org).read_text(), "erased")
