"""What a lane does with work decides whether it is given more."""

from support.customer import Customer, money
from support.lanes import LanesTest, asked_items, provider, route_receipt
from support.service import until

BOTH = ("gpt-5.4-mini", "claude-haiku-4-5")  # as batches: the first is the cheaper one
OUTCOMES = 500


class ObservedConfidence(LanesTest):
    def test_a_lane_that_fails_half_of_the_time_is_left(self):
        """Would be broken: a cheap lane that fails goes on getting work, or nobody is told why it does not."""
        failing = [{"match": {"vendor": "openai", "via": "batch"}, "share": 0.5,
                    "fault": {"kind": "item_error", "status": 500}}]
        openai, anthropic = self.providers(failing), self.providers()
        service = self.start_lanes(openai, anthropic, dispatch__poll_seconds_max=1, dispatch__retry_seconds=1,
                                   dispatch__items_per_batch_unit=OUTCOMES // 4)
        customer = Customer(service)
        items, expected = asked_items(OUTCOMES, BOTH, "messages")
        before = provider(service, "openai")
        self.assertEqual((before["observed_confidence_score"], before["observed_confidence_basis"],
                          before["observed_samples"]), (None, "none", 0))
        quote = customer.quote({"items": items})
        self.assert_preview(quote, "openai", None)

        batch = customer.ended(customer.submit({"quote_id": quote["quote_id"]})["id"], 120)
        rows = self.assert_answers(customer, batch, expected)
        self.assert_settled(customer, batch, money(quote["pricing_estimate"]["total"]))
        self.assert_priced(customer, batch, rows)
        share = sum(row["provider"] == "openai" for row in rows) / OUTCOMES
        self.assertTrue(0.4 < share < 0.6, share)
        for unit in route_receipt(customer, batch)["work_units"]:
            first = unit["attempts"][0]
            self.assertEqual((first["provider"], first["mode"]), ("openai", "batch"))
            self.assertEqual(first["outcomes"]["succeeded"] + first["outcomes"]["lane_faults"], unit["item_count"])

        # What is known of lanes is read again after a moment.
        until(lambda: provider(service, "openai")["observed_samples"] >= OUTCOMES, "what was seen of the lane")
        seen = provider(service, "openai")
        # 20 outcomes as the prior has them, and those that were seen.
        prior = seen["reliability_prior_score"]
        self.assertAlmostEqual(seen["observed_confidence_score"], (20 * prior + share * OUTCOMES) / (20 + OUTCOMES), 2)
        self.assertEqual((seen["observed_confidence_basis"], seen["trust_score"]),
                         ("routing_outcomes", seen["observed_confidence_score"]))
        self.assertLess(seen["observed_confidence_score"], prior - 0.3)
        other = provider(service, "anthropic")
        self.assertGreaterEqual(other["observed_confidence_score"], other["reliability_prior_score"])

        asked = len(openai.requests())
        after = customer.quote({"items": items})
        self.assert_preview(after, "anthropic", "batch")
        again = customer.ended(customer.submit({"quote_id": after["quote_id"]})["id"], 120)
        self.assertEqual({row["provider"] for row in self.assert_answers(customer, again, expected)}, {"anthropic"})
        self.assertEqual(len(openai.requests()), asked)

        # Another customer gets the benefit of it; so does everybody after a restart.
        service.restart()
        until(lambda: provider(service, "openai")["observed_samples"], "what was seen before the restart")
        self.assertEqual(provider(service, "openai")["observed_confidence_score"], seen["observed_confidence_score"])
        self.assert_preview(Customer(service, "other@example.com").quote({"items": items}), "anthropic", "batch")

    def assert_preview(self, quote, selected, rejected):
        """rejected: the mode in which OpenAI is not trusted."""
        preview = quote["route_decision_preview"]
        self.assertEqual(preview["selected_provider"], selected)
        distrusted = [(lane["provider"], lane["mode"]) for lane in preview["rejected_providers"]
                      if lane["reason"] == "confidence_too_low"]
        self.assertEqual(distrusted, [("openai", rejected)] if rejected else [])
