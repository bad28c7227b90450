"""Credit is bought, refunded and disputed, whatever is told twice, late, out of order or by somebody else."""

import collections
import itertools
import json
import random
import time
from decimal import Decimal

from support import bus
from support.customer import ZERO, Customer, ServiceTest, money, response_items
from support.service import until
from support.stripe import StripeStandIn, signed

SESSIONS = "/v1/billing/checkout-sessions"
GRANT = Decimal("1.00")


class BillingTest(ServiceTest):
    def start_with_stripe(self, **settings):
        self.stripe = StripeStandIn()
        self.addCleanup(self.stripe.stop)
        service = self.start(accounts__starter_grant_usd=str(GRANT), **self.stripe.settings(), **settings)
        return service

    def begin(self, customer, pack="credit_25", status=201, **more):
        return customer.service.expect(customer.post(SESSIONS, {"pack_code": pack}, **more), status).json

    def tell(self, service, event, status=200, **signing):
        answer = service.post("/v1/webhooks/stripe", event, headers=signed(event, **signing))
        self.assertEqual(answer.status, status, answer.body)
        return answer.json

    def available(self, customer):
        return money(customer.credits()["balance"]["available"])

    def wait_for_available(self, customer, amount):
        until(lambda: self.available(customer) == amount, f"{amount} USD to be available")

    def assert_books(self, service, customers):
        """No transfer is posted twice, all accounts together have nothing, and customers what the API says."""
        if bus.KAFKA:
            return  # the journal is no file
        balances, transfers = collections.Counter(), collections.Counter()
        for event in journal_events(service):
            if event["type"] == "batchrouter.ledger.transfer_posted.v1":
                transfer = event["data"]
                transfers[transfer["transfer"]] += 1
                balances[transfer["debit"]] -= transfer["amount"]
                balances[transfer["credit"]] += transfer["amount"]
        self.assertEqual([name for name, times in transfers.items() if times > 1], [])
        self.assertEqual(sum(balances.values()), 0)
        told = sum((self.available(customer) for customer in customers), ZERO)
        held = sum(amount for name, amount in balances.items() if name.endswith("/available"))
        self.assertEqual(told, Decimal(held) / 10**9, balances)


def journal_events(service):
    """Of the embedded log: each record is a JSON array between the bytes of its frame."""
    decoder = json.JSONDecoder()
    for segment in sorted((service.data / "journal").rglob("*")):
        if not segment.is_file():
            continue
        text = segment.read_bytes().decode("latin-1")
        at = text.find('[{"')
        while at >= 0:
            try:
                events, end = decoder.raw_decode(text, at)
            except ValueError:
                events, end = [], at + 1
            yield from (event for event in events if isinstance(event, dict) and "type" in event)
            at = text.find('[{"', end)


class Checkout(BillingTest):
    def test_a_pack_is_paid_and_credited_once(self):
        """Would be broken: who pays gets nothing, or more than was paid for."""
        service = self.start_with_stripe()
        customer = Customer(service)
        features = service.get("/v1/runtime").json["features"]
        self.assertEqual((features["checkout"], features["checkout_provider"], features["stripe_webhooks"]),
                         (True, "stripe", True))
        session = self.begin(customer)
        self.assertEqual((session["status"], session["payment_status"], session["credited"]), ("open", "unpaid", False))
        self.assertEqual(money(session["amount"]), Decimal(25))
        headers, form = self.stripe.requests[0]
        self.assertEqual(headers["idempotency-key"], session["id"])
        self.assertEqual(form["customer_email"], "agent@example.com")
        self.assertEqual(session["url"], self.stripe.sessions[session["id"]]["url"])
        self.assertEqual(customer.read(f"{SESSIONS}/{session['id']}"), session)

        event = self.stripe.completed(session["id"])
        self.assertEqual(self.tell(service, event)["outcome"], "recorded")
        paid = customer.read(f"{SESSIONS}/{session['id']}")
        self.assertEqual((paid["status"], paid["payment_status"], paid["credited"], paid["url"]),
                         ("complete", "paid", True, None))
        for _ in range(3):  # the same again, and others that say the same
            self.assertEqual(self.tell(service, event)["outcome"], "known")
            self.tell(service, self.stripe.completed(session["id"]))
            self.tell(service, self.stripe.completed(session["id"], kind="async_payment_succeeded"))
            self.tell(service, self.stripe.expired(session["id"]))
        self.assertEqual(self.available(customer), GRANT + 25)
        top_up, = customer.credits()["top_ups"]
        self.assertEqual((top_up["checkout_session_id"], top_up["pack_code"], money(top_up["amount"])),
                         (session["id"], "credit_25", Decimal(25)))
        page = service.get(f"/v1/billing/return?checkout_session={session['id']}&more=x")
        self.assertEqual(page.status, 200)
        self.assertIn(session["id"].encode(), page.body)
        self.assertNotIn(b"<script", service.get("/v1/billing/return?checkout_session=<script>").body)
        self.assert_books(service, [customer])

    def test_money_that_is_not_there_yet_is_not_credited(self):
        service = self.start_with_stripe()
        customer = Customer(service)
        late, failed, expired = (self.begin(customer)["id"] for _ in range(3))
        self.assertEqual(self.tell(service, self.stripe.completed(late, paid=False))["outcome"], "ignored")
        self.tell(service, self.stripe.completed(failed, paid=False))
        self.tell(service, self.stripe.completed(failed, paid=False, kind="async_payment_failed"))
        self.tell(service, self.stripe.expired(expired))
        self.assertEqual(self.available(customer), GRANT)
        states = {id: customer.read(f"{SESSIONS}/{id}")["status"] for id in (late, failed, expired)}
        self.assertEqual(states, {late: "open", failed: "failed", expired: "expired"})
        self.tell(service, self.stripe.completed(late, kind="async_payment_succeeded"))
        self.assertEqual(self.available(customer), GRANT + 25)
        self.tell(service, self.stripe.completed(expired))  # told in the wrong order, but paid
        self.assertEqual(self.available(customer), GRANT + 50)
        self.assert_books(service, [customer])

    def test_what_stripe_did_not_say_now_is_refused(self):
        """Would be broken: anybody could give themselves credit."""
        service = self.start_with_stripe()
        customer = Customer(service)
        event = self.stripe.completed(self.begin(customer)["id"])
        for headers, code in (({}, "signature_invalid"), ({"Stripe-Signature": "t=1,v1=00"}, "signature_invalid"),
                              (signed(event, secret="whsec_other"), "signature_invalid"),
                              (signed(event + b" "), "signature_invalid"),
                              (signed(event, at=time.time() - 400), "signature_expired"),
                              (signed(event, at=time.time() + 400), "signature_expired")):
            self.assert_problem(service.post("/v1/webhooks/stripe", event, headers=headers), 403, code)
        for body in (b"", b"{", b"[]", b"[" * 100_000, b'{"id":"evt_1"}', b"\xff\xfe"):
            self.assertEqual(service.post("/v1/webhooks/stripe", body, headers=signed(body)).status, 400, body[:20])
        self.assert_problem(service.post("/v1/webhooks/stripe", b" " * 600_000, headers=signed(b"")), 413,
                            "payload_too_large")
        self.assertEqual(self.available(customer), GRANT)
        self.assertEqual(self.tell(service, self.stripe.other())["outcome"], "ignored")
        self.tell(service, event)
        self.assertEqual(self.available(customer), GRANT + 25)

    def test_another_amount_or_currency_is_refused_loudly(self):
        service = self.start_with_stripe()
        customer = Customer(service)
        checkout = self.begin(customer)["id"]
        for changes in ({"amount_total": 2499}, {"amount_total": 10**17}, {"amount_total": -1}, {"currency": "eur"},
                        {"currency": None}, {"amount_total": "2500"}):
            self.tell(service, self.stripe.completed(checkout, **changes), status=422)
        # The log is written by a thread of its own, after the answer or before.
        until(lambda: "stripe_event_refused" in service.output(), "the error in the log")
        unknown = {**self.stripe.sessions[checkout]["metadata"], "checkout": "chk_" + "0" * 26}
        self.tell(service, self.stripe.completed(checkout, metadata=unknown), status=404)
        for metadata in ({}, None, {"checkout": checkout}, {"checkout": "x", "org": "y"}):
            event = self.stripe.completed(checkout, metadata=metadata)
            self.assertEqual(self.tell(service, event)["outcome"], "ignored")
        self.tell(service, self.stripe.completed(checkout))
        self.tell(service, self.stripe.completed(checkout, payment_intent="pi_another"), status=422)
        self.assertEqual(self.available(customer), GRANT + 25)
        self.assert_books(service, [customer])

    def test_one_key_is_one_session(self):
        """Would be broken: a client that sends again pays twice."""
        service = self.start_with_stripe()
        customer, other = Customer(service), Customer(service, "other@example.com")
        headers = {"Idempotency-Key": "top-up-1"}
        first = customer.post(SESSIONS, {"pack_code": "credit_10"}, headers=headers)
        again = customer.post(SESSIONS, {"pack_code": "credit_10"}, headers=headers)
        self.assertEqual((first.status, again.status, again.headers["idempotent-replayed"]), (201, 201, "true"))
        self.assertEqual(first.json, again.json)
        self.assertEqual(len(self.stripe.sessions), 1)
        conflict = customer.post(SESSIONS, {"pack_code": "credit_25"}, headers=headers)
        self.assert_problem(conflict, 422, "idempotency_conflict")
        self.assertNotEqual(self.begin(other, "credit_10", headers=headers)["id"], first.json["id"])
        foreign = other.get(f"{SESSIONS}/{first.json['id']}")
        self.assert_problem(foreign, 404, "checkout_not_found")
        self.assert_problem(other.get(f"{SESSIONS}/chk_none"), 404, "checkout_not_found")

    def test_what_cannot_be_ordered_is_refused_by_name(self):
        service = self.start_with_stripe()
        customer = Customer(service)
        for body, status, code in (({}, 400, "invalid_request"), ({"pack_code": "credit_11"}, 422, "unknown_pack"),
                                   ({"pack_code": "credit_10", "amount": 1}, 400, "unknown_field")):
            self.assert_problem(customer.post(SESSIONS, body), status, code)
        for name, url in (("success_url", "http://a.example/"), ("cancel_url", "https://a@b/"),
                          ("cancel_url", "javascript:1"), ("success_url", "https://")):
            refused = customer.post(SESSIONS, {"pack_code": "credit_10", name: url})
            self.assert_problem(refused, 400, "invalid_request")
        self.assert_problem(service.post(SESSIONS, {"pack_code": "credit_10"}), 401, "authentication_required")
        self.assertEqual(self.stripe.requests, [])

    def test_stripe_in_trouble_leaves_nothing_behind_that_is_lost(self):
        service = self.start_with_stripe()
        customer = Customer(service)
        headers = {"Idempotency-Key": "top-up-1"}
        self.stripe.failures = [500, 0, 503]
        session = self.begin(customer, headers=headers)
        self.assertEqual((len(self.stripe.requests), len(self.stripe.sessions)), (4, 1))
        self.stripe.failures = [500] * 4
        refused = customer.post(SESSIONS, {"pack_code": "credit_25"}, headers={"Idempotency-Key": "top-up-2"})
        self.assert_problem(refused, 503, "unavailable")
        again = self.begin(customer, headers={"Idempotency-Key": "top-up-2"})
        self.assertEqual(again["status"], "open")
        self.assertNotEqual(again["id"], session["id"])


class AfterPayment(BillingTest):
    def test_a_refund_takes_back_what_is_there_and_never_more(self):
        """Would be broken: a refunded customer keeps the credit, or owes us money."""
        service = self.start_with_stripe()
        customer = Customer(service)
        checkout = self.begin(customer, "credit_10")["id"]
        unheard = self.stripe.refunded(checkout, 100)
        self.tell(service, unheard, status=404)  # before the payment: Stripe tells again
        self.tell(service, self.stripe.completed(checkout))
        until(lambda: self.settled(service, unheard), "the payment")
        self.wait_for_available(customer, GRANT + 9)
        batch = customer.submit({"items": response_items(3)})
        spent = money(customer.ended(batch["id"])["billing_receipt"]["captured_total"])
        self.tell(service, self.stripe.refunded(checkout, 300))
        self.tell(service, self.stripe.refunded(checkout, 300))
        self.tell(service, self.stripe.refunded(checkout, 200))  # late
        self.wait_for_available(customer, GRANT + 7 - spent)
        self.tell(service, self.stripe.refunded(checkout, 1000))
        self.wait_for_available(customer, GRANT - spent)
        self.assertEqual(money(customer.read(f"{SESSIONS}/{checkout}")["refunded"]), Decimal(10))
        self.assert_books(service, [customer])

    def test_a_refund_after_spending_stops_at_nothing(self):
        service = self.start_with_stripe()
        customer = Customer(service)
        checkout = self.begin(customer, "credit_10")["id"]
        self.tell(service, self.stripe.completed(checkout))
        batch = customer.submit({"items": response_items(3)})
        spent = money(customer.ended(batch["id"])["billing_receipt"]["captured_total"])
        self.assertGreater(spent, ZERO)
        until(lambda: self.settled(service, self.stripe.refunded(checkout, 1000)), "the refund")
        disputed = self.begin(customer, "credit_10")["id"]
        self.tell(service, self.stripe.completed(disputed))
        for one in (disputed, checkout):
            dispute = self.stripe.dispute(one, "funds_withdrawn", 1000)
            until(lambda event=dispute: self.settled(service, event), "the dispute")
        self.wait_for_available(customer, ZERO)
        self.assert_books(service, [customer])

    def settled(self, service, event):
        return service.post("/v1/webhooks/stripe", event, headers=signed(event)).status == 200

    def test_a_dispute_takes_the_money_and_a_won_one_brings_it_back(self):
        service = self.start_with_stripe()
        customer = Customer(service)
        checkout = self.begin(customer)["id"]
        self.tell(service, self.stripe.dispute(checkout, "funds_withdrawn", 2500), status=404)
        self.tell(service, self.stripe.completed(checkout))
        until(lambda: self.settled(service, self.stripe.dispute(checkout, "funds_withdrawn", 2500)), "the dispute")
        self.wait_for_available(customer, GRANT)
        self.tell(service, self.stripe.dispute(checkout, "funds_withdrawn", 2500))
        self.assertEqual(self.tell(service, self.stripe.dispute(checkout, "updated", 2500))["outcome"], "ignored")
        self.tell(service, self.stripe.dispute(checkout, "funds_reinstated", 2500))
        self.wait_for_available(customer, GRANT + 25)
        self.tell(service, self.stripe.dispute(checkout, "funds_reinstated", 2500))
        self.tell(service, self.stripe.dispute(checkout, "funds_withdrawn", 2500))
        self.assertEqual(self.available(customer), GRANT + 25)
        self.assert_books(service, [customer])

    def test_whose_payment_is_disputed_is_asked_of_stripe(self):
        """Would be broken: a dispute is lost, or taken from somebody else's credits."""
        service = self.start_with_stripe()
        customer = Customer(service)
        checkout = self.begin(customer)["id"]
        self.tell(service, self.stripe.completed(checkout))
        dispute = self.stripe.dispute(checkout, "funds_withdrawn", 2500)
        self.stripe.failures = [500] * 4
        self.tell(service, dispute, status=503)
        self.stripe.failures = [401]
        self.tell(service, dispute, status=503)
        self.assertEqual(self.available(customer), GRANT + 25)
        before = len(self.stripe.lookups)
        for payment in ("pi_of_a_shop", "pi_unknown", "", None, "pi/../../v1/charges", "pi_1?expand=x", "p" * 256):
            foreign = self.stripe.dispute(checkout, "funds_withdrawn", 2500, payment_intent=payment)
            self.assertEqual(self.tell(service, foreign)["outcome"], "ignored", payment)
        self.assertEqual(self.stripe.lookups[before:], ["pi_of_a_shop", "pi_unknown"])
        self.stripe.failures = [503, 0]
        self.assertEqual(self.tell(service, dispute)["outcome"], "recorded")
        self.wait_for_available(customer, GRANT)
        self.assert_books(service, [customer])

    def test_a_refund_that_fails_is_for_a_person(self):
        service = self.start_with_stripe()
        customer = Customer(service)
        checkout = self.begin(customer)["id"]
        self.tell(service, self.stripe.completed(checkout))
        self.assertEqual(self.tell(service, self.stripe.refund_failed(checkout))["outcome"], "ignored")
        until(lambda: "refund_failed" in service.output(), "the error in the log")
        self.assertEqual(self.available(customer), GRANT + 25)

    def test_kills_between_lose_and_double_nothing(self):
        """Would be broken: a crash costs a customer money, or us."""
        service = self.start_with_stripe()
        customer = Customer(service)
        draw = random.Random(7)
        checkouts = []
        for number in range(6):
            headers = {"Idempotency-Key": f"top-up-{number}"}
            checkouts.append(self.begin(customer, "credit_10", headers=headers)["id"])
            if draw.random() < 0.5:
                service.restart(kill=True)
            self.assertEqual(self.begin(customer, "credit_10", headers=headers)["id"], checkouts[-1])
        events = [self.stripe.completed(checkout) for checkout in checkouts] * 2
        draw.shuffle(events)
        for number, event in enumerate(events):
            self.tell(service, event)
            if number % 4 == 1:
                service.restart(kill=True)
        self.assertEqual(self.available(customer), GRANT + 60)
        refunds = [self.stripe.refunded(checkout, 400) for checkout in checkouts[:3]]
        for refund in refunds + refunds:
            until(lambda event=refund: self.settled(service, event), "the refund")
            service.restart(kill=True)
        self.wait_for_available(customer, GRANT + 48)
        self.assertEqual(len(customer.credits()["top_ups"]), 6)
        self.assert_books(service, [customer])


class ProfileAndLists(BillingTest):
    def test_the_billing_contact_is_kept_and_used(self):
        service = self.start_with_stripe()
        customer, other = Customer(service), Customer(service, "other@example.com")
        self.assertEqual(customer.credits()["profile"], {"billing_email": "agent@example.com", "name": "test-agent"})
        put = service.request("PUT", "/v1/billing/profile", {"email": " Books@Example.com ", "name": "Ada"},
                              key=customer.key)
        contact = {"billing_email": "Books@Example.com", "name": "Ada"}
        self.assertEqual((put.status, put.json), (200, {"object": "billing_profile", **contact}))
        service.restart(kill=True)
        self.assertEqual(customer.credits()["profile"], contact)
        self.assertEqual(other.credits()["profile"]["billing_email"], "other@example.com")
        self.begin(customer)
        self.assertEqual(self.stripe.requests[-1][1]["customer_email"], "Books@Example.com")
        again = service.request("PUT", "/v1/billing/profile", contact, key=customer.key)
        self.assertEqual((again.status, again.json), (200, {"object": "billing_profile", **contact}))
        for body in ({}, {"email": "none"}, {"email": "a@example.com", "billing_email": "a@example.com"},
                     {"email": "a@b.c\r\nBcc: x@y.z"}, {"email": "a@example.com", "plan": 1}):
            refused = service.request("PUT", "/v1/billing/profile", body, key=customer.key)
            self.assertEqual(refused.status, 400, body)

    def test_lists_are_read_page_by_page(self):
        service = self.start_with_stripe()
        customer, other = Customer(service), Customer(service, "other@example.com")
        for _ in range(5):
            self.tell(service, self.stripe.completed(self.begin(customer, "credit_10")["id"]))
        batches = [customer.ended(customer.submit({"items": response_items(1)})["id"])["id"] for _ in range(3)]
        pages = {name: self.pages(customer, f"/v1/billing/{name}", limit) for name, limit in
                 (("entries", 4), ("reservations", 2), ("top-ups", 2))}
        self.assertEqual([entry["id"] for entry in pages["entries"]], [entry["id"] for entry in customer.entries()])
        self.assertEqual([row["batch_id"] for row in pages["reservations"]], batches[::-1])
        self.assertEqual({row["status"] for row in pages["reservations"]}, {"resolved"})
        self.assertEqual(len(pages["top-ups"]), 5)
        self.assertEqual(len({row["checkout_session_id"] for row in pages["top-ups"]}), 5)
        cursor = customer.read("/v1/billing/entries", limit=1)["next_cursor"]
        for name in ("reservations", "top-ups"):
            self.assert_problem(customer.get(f"/v1/billing/{name}?cursor={cursor}"), 400, "invalid_cursor")
        self.assert_problem(other.get(f"/v1/billing/entries?cursor={cursor}"), 400, "invalid_cursor")
        self.assert_problem(customer.get("/v1/billing/entries?page=2"), 400, "invalid_request")

    def pages(self, customer, path, limit):
        rows, query = [], {"limit": limit}
        for _ in itertools.count():
            page = customer.read(path, **query)
            self.assertLessEqual(len(page["data"]), limit)
            rows += page["data"]
            if page["next_cursor"] is None:
                return rows
            query["cursor"] = page["next_cursor"]


class WithoutStripe(BillingTest):
    def test_in_development_a_local_page_stands_in_and_says_so(self):
        service = self.start(accounts__starter_grant_usd=str(GRANT))
        customer = Customer(service)
        features = service.get("/v1/runtime").json["features"]
        self.assertEqual((features["checkout"], features["checkout_provider"], features["stripe_webhooks"]),
                         (True, "local", False))
        event = service.post("/v1/webhooks/stripe", b"{}", headers=signed(b"{}"))
        self.assert_problem(event, 501, "feature_switched_off")
        paid, cancelled = self.begin(customer), self.begin(customer)
        path = self.path_of(paid)
        page = service.get(path)
        self.assertEqual(page.status, 200)
        self.assertIn(b"takes no money", page.body)
        self.assertNotIn(b"<script", page.body)
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        self.assert_problem(service.get(path[:-1] + "x"), 403, "signature_invalid")
        for choice in ("pay", "cancel"):
            self.assert_problem(service.post(path.replace("?", f"/{choice}?")[:-1] + "x"), 403, "signature_invalid")
        self.assert_problem(service.get(path + "&page=2"), 400, "invalid_request")
        self.assertEqual(self.available(customer), GRANT)

        for _ in range(2):
            self.assertIn(b"the credit is posted", service.post(path.replace("?", "/pay?")).body)
        self.assertIn(b"the credit is posted", service.post(path.replace("?", "/cancel?")).body)
        for _ in range(2):
            self.assertIn(b"Cancelled", service.post(self.path_of(cancelled).replace("?", "/cancel?")).body)
        self.assertIn(b"Cancelled", service.post(self.path_of(cancelled).replace("?", "/pay?")).body)
        self.assertEqual(self.available(customer), GRANT + 25)
        self.assertEqual(customer.read(f"{SESSIONS}/{paid['id']}")["credited"], True)
        self.assertEqual(customer.read(f"{SESSIONS}/{cancelled['id']}")["status"], "cancelled")
        self.assert_books(service, [customer])

    @staticmethod
    def path_of(session):
        return "/" + session["url"].split("/", 3)[3]

    def test_in_production_it_is_switched_off(self):
        service = self.start(service__mode="production", simulated__enabled=False)
        customer = Customer(service)
        self.assertEqual(service.get("/v1/runtime").json["features"]["checkout"], False)
        self.assert_problem(customer.post(SESSIONS, {"pack_code": "credit_10"}), 501, "feature_switched_off")
        self.assertEqual({pack["purchasable"] for pack in customer.credits()["packs"]}, {False})
        self.assert_problem(service.get("/v1/billing/local-checkout/org_1/chk_1?signature=x"), 501,
                            "feature_switched_off")
