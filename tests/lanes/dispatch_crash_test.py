"""kill -9 around the calls that cost money, with the providers' own log as witness."""

import random

from support import service as services
from support.customer import Customer, money
from support.lanes import BATCH_CREATIONS, LanesTest, asked_items, batches_created, calls, route_receipt
from support.service import TERMINAL, until

WITH_FAULTS = services.PROGRAM.with_name("batchrouter_faults")
MODELS = {"openai": "gpt-5.4-nano", "anthropic": "claude-haiku-4-5"}
OPERATIONS = {"openai": "responses", "anthropic": "messages"}
UNITS = 3
ITEMS = 24
# The first time, and in the midst of the work.
FAULT_POINTS = ("F09", "F09:2", "F10", "F10:3", "F11", "F11:2", "F12", "F12:3", "F13", "F13:13", "F14", "F14:2")
KILLS = 6


class DispatchCrash(LanesTest):
    """Every unit has as many items as the others: what a list of batches shows of them is the hardest to tell apart."""

    def test_killed_at_each_place_with_openai(self):
        """Would be broken: a crash buys a batch twice, bills twice, or loses answers that were paid for."""
        self.kill_everywhere("openai")

    def test_killed_at_each_place_with_anthropic(self):
        """Would be broken: the same, where a lost batch can only be told by its time and its number of items."""
        self.kill_everywhere("anthropic")

    def kill_everywhere(self, vendor):
        for point in FAULT_POINTS:
            with self.case(vendor=vendor, point=point):
                self.work(vendor, point=point)

    def test_lost_answers_of_creations(self):
        """Would be broken: a batch whose creation was not answered is created again."""
        for vendor, path in BATCH_CREATIONS.items():
            creation = {"vendor": vendor, "method": "POST", "path_regex": f"^{path}$"}
            for fault in ({"kind": "lost_answer"}, {"kind": "lost_answer", "reset": True}, {"kind": "reset_mid_body"},
                          {"kind": "close"}, {"kind": "status", "status": 500, "carried_out": True},
                          {"kind": "html", "carried_out": True}):
                with self.case(vendor=vendor, **fault):
                    requests = self.work(vendor, [{"match": {**creation, "count": 2}, "fault": fault}])
                    self.assertEqual(sum(request["fault"] is not None for request in requests), 2)

    def test_a_lost_answer_and_then_a_crash(self):
        """Would be broken: the two together defeat what each alone does not."""
        for vendor, path in BATCH_CREATIONS.items():
            lost = {"match": {"vendor": vendor, "method": "POST", "path_regex": f"^{path}$", "nth": 2},
                    "fault": {"kind": "lost_answer"}}
            with self.case(vendor=vendor):
                self.work(vendor, [lost], point="F11:2")

    def test_killed_again_and_again(self):
        """Would be broken: some moment that has no fault point of its own is not safe."""
        for vendor in MODELS:
            with self.case(vendor=vendor):
                self.work(vendor, kills=KILLS)

    def work(self, vendor, rules=(), point=None, kills=0):
        """A batch of several units from its submission to its end, with what may come in between. Returns what the
        provider was asked."""
        providers = self.providers(rules, batch_seconds=0.5)
        service = self.lane_service(**{vendor: providers}, dispatch__items_per_batch_unit=ITEMS // UNITS,
                                    dispatch__poll_seconds_max=1)
        if point is not None:
            service.program = str(WITH_FAULTS)
            service.variables["FAULT_POINT"] = point
        service.start()
        customer = Customer(service)
        items, expected = asked_items(ITEMS, MODELS[vendor], OPERATIONS[vendor])
        created = customer.submit({"items": items})
        if point is not None:
            service.wait_for_death()
            del service.variables["FAULT_POINT"]
            service.restart(kill=True)
        for kill in range(kills):
            self.kill_while_it_works(service, providers, customer, created, random.Random(f"{vendor} {kill}"))
        batch = customer.ended(created["id"], 120)

        self.assertEqual(batch["status"], "completed")
        rows = self.assert_answers(customer, batch, expected)
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
        self.assert_priced(customer, batch, rows)
        self.assert_bought_once(providers, vendor, rows)
        units = route_receipt(customer, batch)["work_units"]
        self.assertEqual([unit["attempts_made"] for unit in units], [1] * UNITS)
        self.assertEqual(len({unit["attempts"][0]["provider_batch"] for unit in units}), UNITS)
        return providers.requests()

    def kill_while_it_works(self, service, providers, customer, created, draw):
        """Once the provider has been asked some more, or the batch has ended."""
        asked = len(providers.requests()) + draw.randrange(1, 8)

        def far_enough():
            return (len(providers.requests()) >= asked
                    or customer.read(f"/v1/batches/{created['id']}")["status"] in TERMINAL)

        until(far_enough, "the provider to be asked", every=0.002)
        service.restart(kill=True)

    def assert_bought_once(self, providers, vendor, rows):
        """Each unit is one batch at the provider, each item is in one of them, and its tokens are those billed."""
        self.assertEqual(batches_created(providers, vendor), UNITS)
        self.assertEqual(calls(providers), [])
        self.assert_nothing_twice(providers)
        account = providers.billing()[vendor]
        self.assertEqual((account["items_executed"], account["items_billed"]), (ITEMS, ITEMS))
        for side in ("input_tokens", "output_tokens"):
            self.assertEqual(sum(row["usage"][side] for row in rows), account[side])
