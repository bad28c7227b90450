"""Many requests at once, and the same request more than once: never two batches, never more than there is."""

from support.at_once import AT_ONCE, all_at_once
from support.customer import ZERO, Customer, ServiceTest, money, response_item, response_items
from support.service import until


class Idempotency(ServiceTest):
    def test_one_key_makes_one_batch(self):
        """Would be broken: a client that sends again pays twice."""
        customer = Customer(self.start())
        manifest, headers = {"items": response_items(20)}, {"Idempotency-Key": "nightly-001"}
        answers = all_at_once([lambda: customer.post("/v1/batches", manifest, headers=headers)] * AT_ONCE)
        accepted = [answer for answer in answers if answer.status == 201]
        for answer in answers:
            if answer.status != 201:
                self.assert_problem(answer, 409, "idempotency_in_flight")
        fresh = [answer for answer in accepted if "idempotent-replayed" not in answer.headers]
        self.assertEqual(len(fresh), 1)
        self.assertEqual({answer.body for answer in accepted}, {fresh[0].body})

        customer.ended(fresh[0].json["id"])
        again = customer.post("/v1/batches", manifest, headers=headers)
        self.assertEqual((again.status, again.headers["idempotent-replayed"]), (201, "true"))
        self.assertEqual(again.json, fresh[0].json)
        other = customer.post("/v1/batches", {"items": response_items(21)}, headers=headers)
        self.assert_problem(other, 422, "idempotency_conflict")
        self.assertEqual(len(customer.read("/v1/batches")["data"]), 1)
        self.assertEqual([entry["type"] for entry in customer.entries()].count("reserve"), 1)

    def test_a_key_outlives_the_process(self):
        """Would be broken: a client that sends again after our restart pays twice."""
        service = self.start()
        customer = Customer(service)
        headers = {"Idempotency-Key": "nightly-002"}
        first = customer.submit({"items": response_items(2)}, headers=headers)
        service.restart(kill=True)
        again = customer.post("/v1/batches", {"items": response_items(2)}, headers=headers)
        self.assertEqual((again.status, again.headers["idempotent-replayed"]), (201, "true"))
        self.assertEqual(again.json["id"], first["id"])

    def test_keys_belong_to_their_org(self):
        """Would be broken: one customer's key answers with another one's batch."""
        service = self.start()
        batches = {Customer(service, f"{name}@example.com").submit({"items": response_items(1)},
                                                                  headers={"Idempotency-Key": "same"})["id"]
                   for name in ("first", "second")}
        self.assertEqual(len(batches), 2)

    def test_submissions_at_once_never_overdraw(self):
        """Would be broken: more is reserved than was paid."""
        # Slow enough that nothing is settled, and so released, meanwhile.
        service = self.start(simulated__latency_min_ms=60_000, simulated__latency_max_ms=60_000,
                             accounts__starter_grant_usd="1.00")
        customer = Customer(service)
        manifest = {"items": [response_item("one", max_output_tokens=20_000)]}
        total = money(customer.quote(manifest)["pricing_estimate"]["total"])
        granted = money(customer.credits()["balance"]["granted_total"])
        fitting = int(granted / total)
        self.assertTrue(4 <= fitting < AT_ONCE, f"{fitting} batches of {total} fit")

        calls = [lambda number=number: customer.post("/v1/batches", manifest, headers={"Idempotency-Key": f"k{number}"})
                 for number in range(AT_ONCE)]
        answers = all_at_once(calls)
        accepted = [answer for answer in answers if answer.status == 201]
        self.assertEqual(len(accepted), fitting)
        for refused in (answer for answer in answers if answer.status != 201):
            self.assert_problem(refused, 402, "insufficient_credits")
            preview = refused.json["funding_preview"]
            self.assertIs(preview["can_fund"], False)
            self.assertEqual(money(preview["quote_total"]), total)
            self.assertEqual(money(preview["shortfall"]), total - money(preview["available"]))
            self.assertGreater(money(preview["shortfall"]), ZERO)
        balance = customer.credits()["balance"]
        self.assertEqual(money(balance["reserved"]), total * fitting)
        self.assertEqual(money(balance["available"]), granted - total * fitting)
        for entry in customer.entries():
            self.assertGreaterEqual(money(entry["available_after"]), ZERO)
            self.assertLessEqual(money(entry["reserved_after"]), granted)


class Quotes(ServiceTest):
    def test_a_quote_is_good_for_one_batch(self):
        """Would be broken: a locked price is used any number of times, or two at once both use it."""
        customer = Customer(self.start())
        manifest = {"items": response_items(3)}
        quote = customer.quote(manifest)["quote_id"]
        answers = all_at_once([lambda: customer.post("/v1/batches", {**manifest, "quote_id": quote})] * AT_ONCE)
        self.assertEqual([answer.status for answer in answers].count(201), 1)
        for refused in (answer for answer in answers if answer.status != 201):
            self.assert_problem(refused, 409, "quote_consumed")
        self.assert_problem(customer.post("/v1/batches", {"quote_id": quote}), 409, "quote_consumed")
        self.assertEqual(customer.read(f"/v1/quotes/{quote}")["status"], "consumed")

    def test_a_quote_holds_for_its_manifest_only(self):
        """Would be broken: a cheap quote pays for another manifest."""
        customer = Customer(self.start())
        quote = customer.quote({"items": response_items(3)})["quote_id"]
        for other in (response_items(4), response_items(2), [*response_items(2), response_item("item-2", "Else.")]):
            refused = customer.post("/v1/batches", {"items": other, "quote_id": quote})
            self.assert_problem(refused, 422, "quote_mismatch")
        self.assertEqual(customer.submit({"items": response_items(3), "quote_id": quote})["item_count"], 3)

    def test_an_estimate_is_a_ceiling(self):
        """Would be broken: an estimate for few items pays for many, or for other models."""
        customer = Customer(self.start())
        quote = customer.quote({"models": ["gpt-5.4-mini"], "estimated_items": 3})["quote_id"]
        refused = customer.post("/v1/batches", {"items": response_items(4), "quote_id": quote})
        self.assert_problem(refused, 422, "quote_exceeded")
        submitted = customer.submit({"items": response_items(3), "quote_id": quote})
        self.assertEqual(customer.ended(submitted["id"])["status"], "completed")

    def test_a_quote_expires(self):
        """Would be broken: a locked price holds for ever."""
        customer = Customer(self.start(quotes__window_seconds=1))
        manifest = {"items": response_items(1)}
        quote = customer.quote(manifest)["quote_id"]
        until(lambda: customer.read(f"/v1/quotes/{quote}")["status"] == "expired", "the quote to expire")
        self.assert_problem(customer.post("/v1/batches", {**manifest, "quote_id": quote}), 409, "quote_expired")
        self.assertEqual(money(customer.credits()["balance"]["reserved"]), ZERO)
