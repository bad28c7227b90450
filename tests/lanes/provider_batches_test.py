"""Batches of providers that end otherwise than they should, and files of results that hold what they should not."""

from support.customer import Customer, charged, ids, money
from support.lanes import LanesTest, asked_items, attempts_of, calls, route_receipt, text_of
from support.service import until

LANES = {"openai": ("gpt-5.4-nano", "responses"), "anthropic": ("claude-haiku-4-5", "messages")}
ITEMS = 40
SETTINGS = {"dispatch__poll_seconds_max": 1, "dispatch__retry_seconds": 1, "dispatch__cancel_seconds_max": 10}
EARLY = ({"kind": "batch_expired", "done": 0.5}, {"kind": "batch_cancelled", "done": 0.25},
         {"kind": "batch_expired", "done": 0.0}, {"kind": "batch_failed"})
HARMLESS = ({"kind": "truncated_last_line"}, {"kind": "blank_lines"}, {"kind": "crlf"}, {"kind": "bom"},
            {"kind": "in_order"}, {"kind": "flap", "times": 2}, {"kind": "empty_file_id"},
            {"kind": "duplicate_ids", "share": 0.3, "other_body": True}, {"kind": "unknown_ids", "count": 5},
            {"kind": "nan", "lines": 3}, {"kind": "huge_number", "lines": 3}, {"kind": "invalid_utf8", "lines": 3},
            {"kind": "duplicate_keys", "lines": 3}, {"kind": "deep_nesting", "lines": 3, "depth": 100_000},
            {"kind": "missing_ids", "count": 7})


class ProviderBatches(LanesTest):
    def test_batches_that_end_early(self):
        """Would be broken: what such a batch has finished is thrown away and bought again, or the rest is lost."""
        for vendor in LANES:
            for fault in EARLY:
                with self.case(vendor=vendor, **fault):
                    providers, _, batch, customer = self.run_with(vendor, fault)
                    self.assert_nothing_twice(providers)
                    self.assertEqual(providers.billing()[vendor]["items_billed"], ITEMS)
                    self.assertEqual(len(calls(providers)), ITEMS - int(ITEMS * fault.get("done", 0)))
                    first, second = attempts_of(route_receipt(customer, batch))
                    self.assertEqual((first["mode"], second["mode"]), ("batch", "sync"))

    def test_strange_files_of_results(self):
        """Would be broken: one bad line costs other items their answers, crashes the service or is billed."""
        for vendor in LANES:
            for fault in HARMLESS:
                with self.case(vendor=vendor, **fault):
                    self.run_with(vendor, fault)

    def run_with(self, vendor, fault):
        """All items are answered and billed right."""
        model, operation = LANES[vendor]
        providers = self.providers([{"match": {"via": "batch", "vendor": vendor}, "fault": fault}])
        service = self.start_lanes(**{vendor: providers}, **SETTINGS)
        customer = Customer(service)
        items, expected = asked_items(ITEMS, model, operation)
        created = customer.submit({"items": items})
        batch = customer.ended(created["id"])
        rows = self.assert_answers(customer, batch, expected)
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
        self.assert_priced(customer, batch, rows)
        return providers, rows, batch, customer

    def test_a_customer_cancels(self):
        """Would be broken: providers go on working for a batch that nobody wants, or what they had done is not delivered
        to who pays for it."""
        for vendor, (model, operation) in LANES.items():
            with self.case(vendor=vendor):
                providers = self.providers([{"match": {"via": "batch"}, "fault": {"kind": "stuck", "done": 0.4}}])
                service = self.start_lanes(**{vendor: providers}, dispatch__items_per_batch_unit=ITEMS // 2, **SETTINGS)
                customer = Customer(service)
                items, expected = asked_items(ITEMS, model, operation)
                created = customer.submit({"items": items})
                until(lambda: all(attempt["provider_batch"] for attempt in attempts_of(route_receipt(customer, created)))
                      and len(attempts_of(route_receipt(customer, created))) == 2, "the provider's batches")
                service.expect(customer.post(f"/v1/batches/{created['id']}/cancel"), 200, 202)
                batch = customer.ended(created["id"])

                self.assertEqual(batch["status"], "cancelled")
                self.assert_each_item_once(customer, batch, list(expected))
                self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
                rows = customer.artifact(batch["id"], "output")
                self.assertEqual({row["customer_item_id"]: text_of(row) for row in rows},
                                 {name: expected[name] for name in ids(rows)})
                account = providers.billing()[vendor]
                self.assertEqual(len(rows), account["items_billed"])
                self.assertEqual(len(rows), 2 * int(ITEMS / 2 * 0.4))
                self.assertGreater(charged(rows), 0)
                self.assertEqual((calls(providers), account["batches_created"]), ([], 2))
