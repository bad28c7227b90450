"""Answers are looked at before they count, and equal questions are asked once."""

from support.batches import by_id
from support.customer import ZERO, Customer, charged, money, response_item
from support.lanes import LanesTest, asked_items, calls, route_receipt

MODEL = "gpt-5.4-nano"
SETTINGS = {"dispatch__poll_seconds_max": 1, "dispatch__retry_seconds": 1}
SCHEMA = {"type": "object", "properties": {"total": {"type": "integer"}, "currency": {"type": "string"}},
          "required": ["total", "currency"], "additionalProperties": False}


def json_item(name, schema=SCHEMA):
    wanted = {"type": "json_schema", "name": "invoice", "schema": schema, "strict": True}
    item = response_item(name, f"Read the invoice {name}.", MODEL)
    item["input"]["text"] = {"format": wanted}
    return item


class Verification(LanesTest):
    def test_answers_that_do_not_fit_are_asked_again(self):
        """Would be broken: customers pay for answers that are not what they asked for, or one bad answer costs the item."""
        for batch_lanes in (True, False):
            with self.case(batch_lanes=batch_lanes):
                self.ask_for_json(batch_lanes)

    def ask_for_json(self, batch_lanes):
        def says(name, text, **more):
            return {"match": {"text": f"invoice {name}.", "vendor": "openai", **more}, "fault": {"kind": "text", "text": text}}

        providers = self.providers([
            says("once-prose", "Here is your invoice: 12 euros", nth=1), says("once-other", '{"total": "12"}', nth=1),
            says("always-prose", "Here is your invoice"), says("always-other", '{"total": 12}'),
            {"match": {"text": "invoice empty."}, "fault": {"kind": "empty_output"}}])
        service = self.start_lanes(providers, openai__batch=batch_lanes, **SETTINGS)
        customer = Customer(service)
        names = ["good", "once-prose", "once-other", "always-prose", "always-other", "empty"]
        created = customer.submit({"items": [json_item(name) for name in names]})
        batch = customer.ended(created["id"], 120)

        self.assertEqual(batch["status"], "completed")
        self.assert_each_item_once(customer, batch, names)
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
        output = by_id(customer.artifact(batch["id"], "output"))
        error = by_id(customer.artifact(batch["id"], "error"))
        self.assertEqual({name: row["attempts"] for name, row in output.items()},
                         {"good": 1, "once-prose": 2, "once-other": 2})
        self.assertEqual({name: row["error"]["code"] for name, row in error.items()},
                         {"always-prose": "not_json", "always-other": "schema_mismatch", "empty": "empty_output"})
        self.assertEqual(charged(error.values()), ZERO)
        self.assert_priced(customer, batch, list(output.values()))
        # Bounded: an answer that is found wanting twice is not asked for a third time. All were kept.
        asked = providers.billing()["openai"]["by_prompt"].values()
        self.assertEqual(sorted(one["executed"] for one in asked), [1, 2, 2, 2, 2, 2])
        raw = [row["customer_item_id"] for row in customer.artifact(batch["id"], "raw")]
        self.assertCountEqual(raw, ["good"] + 2 * names[1:])
        self.assertEqual(sum(attempt["outcomes"]["invalid"] for unit in route_receipt(customer, batch)["work_units"]
                             for attempt in unit["attempts"]), 2 * 1 + 3 * 2)

    def test_mixed_up_answers_are_noticed(self):
        """Would be broken: a provider that attaches answers to the wrong ids makes us deliver, and bill, others' answers."""
        providers = self.providers([{"match": {"vendor": "openai", "via": "batch"}, "fault": {"kind": "shuffled_ids"}}])
        service = self.start_lanes(providers, **SETTINGS)
        customer = Customer(service)
        items, expected = asked_items(300, MODEL)
        created = customer.submit({"items": items})
        batch = customer.ended(created["id"], 120)
        self.assert_answers(customer, batch, expected)
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))

    def test_equal_items_are_asked_once(self):
        """Would be broken: dedupe asks twice, bills twice, or leaves customers without a row for each item; or equal items
        are thrown together where nobody has asked for it."""
        for batch_lanes in (True, False):
            for dedupe in (True, False):
                with self.case(batch_lanes=batch_lanes, dedupe=dedupe):
                    self.ask_equal_items(batch_lanes, dedupe)

    def ask_equal_items(self, batch_lanes, dedupe):
        providers = self.providers()
        service = self.start_lanes(providers, openai__batch=batch_lanes, dispatch__items_per_unit=7, **SETTINGS)
        customer = Customer(service)
        distinct, texts = asked_items(10, MODEL)
        items, expected = [], {}
        for copy in range(5):
            for item in distinct:
                name = f"{item['customer_item_id']}-copy-{copy}"
                items.append({**item, "customer_item_id": name, "metadata": {"copy": str(copy)}})
                expected[name] = texts[item["customer_item_id"]]
        quotes = {wanted: customer.quote({"items": items, "dedupe": wanted}) for wanted in (True, False)}
        totals = {wanted: money(quote["pricing_estimate"]["total"]) for wanted, quote in quotes.items()}
        self.assertEqual(5 * totals[True], totals[False])
        batch = customer.ended(customer.submit({"quote_id": quotes[dedupe]["quote_id"]})["id"], 120)

        rows = self.assert_answers(customer, batch, expected)
        self.assert_each_item_once(customer, batch, expected)
        self.assert_settled(customer, batch, totals[dedupe])
        self.assertEqual({row["customer_item_id"]: row["metadata"]["copy"] for row in rows},
                         {name: name[-1] for name in expected})
        asked = providers.billing()["openai"]["by_prompt"].values()
        self.assertEqual([one["executed"] for one in asked], [1 if dedupe else 5] * 10)
        copies = [row for row in rows if "duplicate_of" in row]
        receipt = route_receipt(customer, batch)
        if not dedupe:
            self.assertEqual((copies, receipt["dedupe"]), ([], None))
            return
        self.assertEqual({row["customer_item_id"]: row["duplicate_of"] for row in copies},
                         {name: name[:-1] + "0" for name in expected if not name.endswith("0")})
        self.assertEqual(charged(copies), ZERO)
        self.assertEqual(receipt["dedupe"], {"items_asked": 10, "items_equal_to_others": 40})
        self.assertEqual(len(customer.artifact(batch["id"], "receipt")), 10)
        self.assertEqual(len(customer.results(batch["id"])), 50)
        self.assertEqual(bool(calls(providers)), not batch_lanes)
