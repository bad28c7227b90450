"""With a URL and a key for each vendor: batches through their batch APIs, and through calls where those are stuck."""

import pathlib

from support.batches import by_id, from_now
from support.customer import Customer, money
from support.lanes import (ANTHROPIC_KEY, OPENAI_KEY, LanesTest, asked_item, attempts_of, batches_created, calls,
                           route_receipt)

MODELS = ("gpt-5.4-mini", "gpt-5.4", "claude-haiku-4-5", ("claude-haiku-4-5", "gpt-5.4-mini"))
OPERATIONS = ("responses", "chat_completions", "messages")
ITEMS = 1_000
SETTINGS = {"dispatch__poll_seconds_max": 1, "dispatch__cancel_seconds_max": 10}


def mixed_items():
    """(the items, {name: answer}): each model with each operation."""
    items, expected = [], {}
    for number in range(ITEMS):
        item, answer = asked_item(f"item-{number}", MODELS[number % 4], OPERATIONS[number % 3])
        items.append(item)
        expected[item["customer_item_id"]] = answer
    return items, expected


class BatchLanes(LanesTest):
    def test_a_thousand_items_over_three_models_and_two_vendors(self):
        """Would be broken: half-price lanes are not used, or answers are lost, mixed up, bought or billed twice."""
        openai, anthropic = self.providers(), self.providers()
        service = self.start_lanes(openai, anthropic, **SETTINGS)
        customer = Customer(service)
        items, expected = mixed_items()
        quote = customer.quote({"items": items})
        created = customer.submit({"quote_id": quote["quote_id"]})
        batch = customer.ended(created["id"], 120)

        self.assertEqual(batch["status"], "completed")
        rows = self.assert_answers(customer, batch, expected)
        self.assert_settled(customer, batch, money(quote["pricing_estimate"]["total"]))
        self.assert_priced(customer, batch, rows)
        self.assertEqual(calls(openai) + calls(anthropic), [])
        self.assert_nothing_twice(openai, anthropic)
        self.assertEqual(openai.billing()["anthropic"]["items_executed"], 0)
        self.assertEqual(anthropic.billing()["openai"]["items_executed"], 0)
        receipt = route_receipt(customer, batch)
        units = receipt["work_units"]
        self.assertEqual(batches_created(openai, "openai") + batches_created(anthropic, "anthropic"), len(units))
        self.assertEqual([len(unit["attempts"]) for unit in units], [1] * len(units))
        handles = {attempt["provider_batch"] for attempt in attempts_of(receipt)}
        self.assertEqual(len(handles - {None}), len(units))
        self.assertEqual({(row["model"], row["provider"]) for row in rows},
                         {("gpt-5.4-mini", "openai"), ("gpt-5.4", "openai"), ("claude-haiku-4-5", "anthropic")})

    def test_stuck_batches_are_given_up_in_time(self):
        """Would be broken: a provider's batch that does not end takes the deadline with it, or what it had finished is
        bought again."""
        stuck = [{"match": {"via": "batch"}, "fault": {"kind": "stuck", "done": 0.3}}]
        openai, anthropic = self.providers(stuck), self.providers(stuck)
        service = self.start_lanes(openai, anthropic, dispatch__batch_expected_seconds=10, dispatch__rescue_seconds=70,
                                   dispatch__batch_seconds_min=1, **SETTINGS)
        customer = Customer(service)
        items, expected = mixed_items()
        quote = customer.quote({"items": items, "deadline": from_now(90)})
        created = customer.submit({"quote_id": quote["quote_id"]})
        batch = customer.ended(created["id"], 120)

        self.assertEqual(batch["status"], "completed")
        rows = self.assert_answers(customer, batch, expected)
        self.assert_settled(customer, batch, money(quote["pricing_estimate"]["total"]))
        self.assert_priced(customer, batch, rows)
        self.assert_nothing_twice(openai, anthropic)
        for providers, vendor in ((openai, "openai"), (anthropic, "anthropic")):
            in_calls = len(calls(providers))
            self.assertGreater(in_calls, 0)
            self.assertGreater(providers.billing()[vendor]["items_billed"], in_calls)
        for unit in route_receipt(customer, batch)["work_units"]:
            first, second = unit["attempts"]
            self.assertEqual((first["mode"], first["end_reason"]), ("batch", "gave_up"))
            self.assertTrue(first["provider_batch"])
            self.assertGreater(first["outcomes"]["succeeded"], 0)
            self.assertEqual((second["mode"], second["provider"]), ("sync", first["provider"]))
            self.assertIn({"provider": first["provider"], "model": first["model"], "mode": "batch",
                           "reason": "deadline_near"}, second["passed_over"])
            self.assertEqual(first["outcomes"]["succeeded"] + second["outcomes"]["succeeded"], unit["item_count"])

    def test_neither_keys_nor_prompts_are_told(self):
        """Would be broken: a log, a metric, the journal or the catalog gives away a provider's key, or what a customer
        asks."""
        prompt = "the-marker-of-a-prompt"
        echo = {"status": 400, "code": "invalid_prompt", "message": f"Cannot answer: {prompt}"}
        revoked = {"kind": "status", "status": 401, "message": f"Incorrect API key provided: {OPENAI_KEY}"}
        providers = self.providers([
            {"match": {"text": "fault-of-this-item"}, "fault": {"kind": "item_error", **echo}},
            {"match": {"vendor": "openai", "path": "/v1/files", "nth": 1}, "fault": revoked}])
        service = self.start_lanes(providers, providers, dispatch__park_seconds=1, service__log_level="debug", **SETTINGS)
        customer = Customer(service)
        items = [asked_item(f"{model}-{number}", model, text=f"{prompt}. {'fault-of-this-item' if number else ''}")[0]
                 for model in MODELS[:3] for number in range(2)]
        batch = customer.ended(customer.submit({"items": items})["id"])
        errors = by_id(customer.artifact(batch["id"], "error"))
        self.assertEqual(set(errors), {f"{model}-1" for model in MODELS[:3]})
        self.assertIn("lane_closed", service.output())

        told = {"log": service.output().encode(), "metrics": service.get("/metrics").body}
        for path in ("models", "models/gpt-5.4-mini", "providers", "rankings"):
            told["catalog/" + path] = service.expect(service.get("/v1/catalog/" + path), 200).body
        told["runtime"] = service.expect(service.get("/v1/runtime"), 200).body
        told["receipt"] = customer.download(batch["id"], "route")
        service.stop()
        files = {str(path.relative_to(service.data)): path.read_bytes()
                 for path in pathlib.Path(service.data).rglob("*") if path.is_file()}
        journal = {name: content for name, content in files.items() if name.startswith("journal")}
        self.assertTrue(any(journal.values()), sorted(files))
        for name, content in {**told, **journal}.items():
            self.assertNotIn(prompt.encode(), content, name)
        for name, content in {**told, **files}.items():
            for key in (OPENAI_KEY, ANTHROPIC_KEY):
                self.assertNotIn(key.encode(), content, name)
        service.start()
