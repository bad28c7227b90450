"""Trouble at a provider, or with our own account there, is ours: work goes to the next lane, or waits; no item fails."""

from support.customer import Customer, money
from support.lanes import LanesTest, asked_items, attempts_of, calls, closures, counter, route_receipt
from support.service import until

BOTH = ("gpt-5.4-nano", "claude-haiku-4-5")  # the first is the cheaper one in each mode
ITEMS = 60
SETTINGS = {"dispatch__items_per_unit": 20, "dispatch__items_per_batch_unit": 20, "dispatch__poll_seconds_max": 1,
            "dispatch__retry_seconds": 1}
NO_MONEY = {"kind": "status", "name": "insufficient_quota"}
BAD_KEY = {"kind": "status", "name": "key_revoked"}


class Fallback(LanesTest):
    def test_work_moves_off_the_cheapest_lane(self):
        """Would be broken: items fail, or cost more than quoted, because our account at one provider is out of order; or
        nobody can see why work went elsewhere."""
        for name, fault, state in (("quota", NO_MONEY, "parked"), ("key", BAD_KEY, "parked"),
                                   ("gone", {"kind": "refuse", "seconds": 3600}, "resting")):
            for batch_lanes in (True, False):
                with self.case(fault=name, batch_lanes=batch_lanes):
                    self.move(fault, state, batch_lanes)

    def move(self, fault, state, batch_lanes):
        openai, anthropic = self.providers(), self.providers()
        service = self.start_lanes(openai, anthropic, openai__batch=batch_lanes, anthropic__batch=batch_lanes, **SETTINGS)
        customer = Customer(service)
        items, expected = asked_items(ITEMS, BOTH, "messages")
        quote = customer.quote({"items": items})
        self.assertEqual(quote["route_decision_preview"]["fallback_order"], ["openai", "anthropic"])
        if fault["kind"] == "refuse":
            openai.stop()
        else:
            openai.script([{"match": {"vendor": "openai"}, "fault": fault}])
        batch = customer.ended(customer.submit({"quote_id": quote["quote_id"]})["id"], 120)

        self.assertEqual(batch["status"], "completed")
        rows = self.assert_answers(customer, batch, expected)
        self.assertEqual({row["provider"] for row in rows}, {"anthropic"})
        self.assert_settled(customer, batch, money(quote["pricing_estimate"]["total"]))
        self.assert_priced(customer, batch, rows)
        self.assert_nothing_twice(anthropic)
        receipt = route_receipt(customer, batch)
        # Those that met the trouble say so, and those that did not have to say what they passed over.
        ended = [attempt for attempt in attempts_of(receipt) if attempt["provider"] == "openai"]
        self.assertTrue(ended)
        reasons = {attempt["end_reason"] for attempt in ended}
        for unit in receipt["work_units"]:
            last = unit["attempts"][-1]
            self.assertEqual((last["provider"], last["outcomes"]["succeeded"]), ("anthropic", unit["item_count"]))
            passed = {(lane["provider"], lane["reason"]) for lane in last["passed_over"]}
            self.assertTrue(any(provider == "openai" and reason.startswith(state + ": ") for provider, reason in passed),
                            passed)
        shown = closures(service, "openai")
        self.assertTrue(shown)
        self.assertEqual({closed for _, closed, _ in shown}, {state})
        self.assertLessEqual({reason for _, _, reason in shown}, reasons)
        self.assertEqual(closures(service, "anthropic"), [])
        self.assertGreaterEqual(counter(service, "batchrouter_lane_closures_total"), 1)

        if state == "parked":  # then the next quote knows better
            preview = customer.quote({"items": items})["route_decision_preview"]
            self.assertEqual(preview["selected_provider"], "anthropic")
            rejected = [lane for lane in preview["rejected_providers"] if lane["provider"] == "openai"]
            self.assertIn("lane_parked", {lane["reason"] for lane in rejected})

    def test_a_mended_account_is_used_again(self):
        """Would be broken: a lane once parked stays so, or items fail while there is no other lane."""
        for vendor, model, fault in (
                ("openai", "gpt-5.4-nano", NO_MONEY), ("openai", "gpt-5.4-nano", BAD_KEY),
                ("anthropic", "claude-haiku-4-5", {"kind": "status", "name": "credit_balance_too_low"})):
            with self.case(vendor=vendor, fault=fault["name"]):
                providers = self.providers([{"match": {"vendor": vendor}, "fault": fault}])
                service = self.start_lanes(**{vendor: providers}, dispatch__park_seconds=1, **SETTINGS)
                customer = Customer(service)
                items, expected = asked_items(ITEMS, model)
                created = customer.submit({"items": items})
                until(lambda: closures(service, vendor), "the lane to be parked")
                parked = len(providers.requests())
                until(lambda: len(providers.requests()) > parked, "the lane to be tried again")
                self.assertEqual(customer.batch(created["id"])["request_counts"]["failed"], 0)
                providers.script([])
                batch = customer.ended(created["id"], 120)
                self.assert_answers(customer, batch, expected)
                self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
                self.assert_nothing_twice(providers)

    def test_items_that_an_account_without_credit_left_behind(self):
        """Would be broken: Anthropic ends a batch in which items failed for want of credit, and customers lose them."""
        poor = {"kind": "item_error", "name": "credit_balance_too_low"}
        anthropic = self.providers([{"match": {"vendor": "anthropic", "via": "batch", "count": 25}, "fault": poor}])
        service = self.start_lanes(anthropic=anthropic, dispatch__park_seconds=1, **SETTINGS)
        customer = Customer(service)
        items, expected = asked_items(ITEMS, "claude-haiku-4-5", "messages")
        created = customer.submit({"items": items})
        batch = customer.ended(created["id"], 120)
        rows = self.assert_answers(customer, batch, expected)
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
        self.assert_priced(customer, batch, rows)
        self.assertEqual(anthropic.billing()["prompts_billed_more_than_once"], {})
        self.assertIn("provider_billing", {attempt["end_reason"]
                                           for attempt in attempts_of(route_receipt(customer, batch))})

    def test_storms_pass(self):
        """Would be broken: rate limits, outages and hiccups of a provider end up as failed items, or as bought twice."""
        limited = {"kind": "status", "name": "rate_limited", "headers": {"retry-after": "0.2"}}
        dated = {"kind": "status", "status": 429, "headers": {"retry-after": {"http_date_in": 1}}}
        overloaded = {"kind": "status", "name": "overloaded"}
        rules = [
            {"match": {"via": "call", "method": "POST"}, "share": 0.2, "fault": limited},
            {"match": {"via": "call", "method": "POST"}, "share": 0.05, "fault": dated},
            {"match": {"vendor": "anthropic", "method": "POST", "from": 10, "count": 15}, "fault": overloaded},
            {"match": {"vendor": "openai", "method": "POST", "from": 10, "count": 8},
             "fault": {"kind": "status", "status": 503}},
            {"match": {"via": "call"}, "share": 0.05, "fault": {"kind": "html"}},
            {"match": {"via": "call"}, "share": 0.03, "fault": {"kind": "reset"}}]
        for batch_lanes in (True, False):
            with self.case(batch_lanes=batch_lanes):
                providers = self.providers(rules)
                service = self.start_lanes(providers, providers, openai__batch=batch_lanes, anthropic__batch=batch_lanes,
                                           **SETTINGS)
                customer = Customer(service)
                items, expected = [], {}
                for model in BOTH:
                    some, texts = asked_items(ITEMS, model, "chat_completions", model)
                    items += some
                    expected.update(texts)
                created = customer.submit({"items": items})
                batch = customer.ended(created["id"], 200)
                self.assert_answers(customer, batch, expected)
                self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
                self.assertEqual(providers.billing()["prompts_billed_more_than_once"], {})
                self.assertEqual(bool(calls(providers)), not batch_lanes)
