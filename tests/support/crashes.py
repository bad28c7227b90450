"""Services that are killed around the calls that cost money, with the providers' own log as witness."""

import contextlib
import http.client
import random

from support import service as services
from support.customer import Customer, money
from support.lanes import LanesTest, asked_items, batches_created, calls, route_receipt
from support.service import TERMINAL, until

WITH_FAULTS = services.PROGRAM.with_name("batchrouter_faults")
MODELS = {"openai": "gpt-5.4-nano", "anthropic": "claude-haiku-4-5"}
OPERATIONS = {"openai": "responses", "anthropic": "messages"}
UNITS = 3
ITEMS = 24


class CrashTest(LanesTest):
    """Every unit has as many items as the others: what a list of batches shows of them is the hardest to tell apart."""

    def work(self, vendor, rules=(), point=None, kills=0):
        """A batch of several units from its submission to its end, with what may come in between. Returns what the
        provider was asked."""
        providers = self.providers(rules, batch_seconds=0.5)
        service, customer, created, expected = self.submit(vendor, providers, point)
        for kill in range(kills):
            self.kill_while_it_works(service, providers, customer, created, random.Random(f"{vendor} {kill}"))
        batch = customer.ended(created["id"], 120)

        rows = self.assert_delivered(customer, created, batch, expected)
        self.assert_bought_once(providers, vendor, rows)
        units = route_receipt(customer, batch)["work_units"]
        self.assertEqual([unit["attempts_made"] for unit in units], [1] * UNITS)
        self.assertEqual(len({unit["attempts"][0]["provider_batch"] for unit in units}), UNITS)
        return providers.requests()

    def submit(self, vendor, providers, point, terms=None, **settings):
        """A service that has died at the point and lives again; its customer, the batch that was submitted and the answers
        to come."""
        service = self.lane_service(**{vendor: providers}, dispatch__items_per_batch_unit=ITEMS // UNITS,
                                    dispatch__poll_seconds_max=1, **settings)
        if point is not None:
            service.program = str(WITH_FAULTS)
            service.variables["BATCHROUTER_FAULT_POINT"] = point
        service.start()
        customer = Customer(service)
        items, expected = asked_items(ITEMS, MODELS[vendor], OPERATIONS[vendor])
        submission = {"body": {"items": items, **(terms or {})}, "headers": {"Idempotency-Key": "submission"}}
        if point is not None:
            with contextlib.suppress(OSError, http.client.HTTPException):  # it may be dead before it has answered
                customer.post("/v1/batches", **submission)
            service.wait_for_death()
            del service.variables["BATCHROUTER_FAULT_POINT"]
            service.restart(kill=True)
        return service, customer, service.expect(customer.post("/v1/batches", **submission), 201).json, expected

    def kill_while_it_works(self, service, providers, customer, created, draw):
        """Once the provider has been asked some more, or the batch has ended."""
        asked = len(providers.requests()) + draw.randrange(1, 8)

        def far_enough():
            return (len(providers.requests()) >= asked
                    or customer.read(f"/v1/batches/{created['id']}")["status"] in TERMINAL)

        until(far_enough, "the provider to be asked", every=0.002)
        service.restart(kill=True)

    def assert_delivered(self, customer, created, batch, expected):
        self.assertEqual(batch["status"], "completed")
        rows = self.assert_answers(customer, batch, expected)
        self.assert_settled(customer, batch, money(created["settlement"]["quoted_total"]))
        self.assert_priced(customer, batch, rows)
        return rows

    def assert_bought_once(self, providers, vendor, rows):
        """Each unit is one batch at the provider, each item is in one of them, and its tokens are those billed."""
        self.assertEqual(batches_created(providers, vendor), UNITS)
        self.assertEqual(calls(providers), [])
        self.assert_nothing_twice(providers)
        account = providers.billing()[vendor]
        self.assertEqual((account["items_executed"], account["items_billed"]), (ITEMS, ITEMS))
        self.assert_tokens(providers, vendor, rows)

    def assert_tokens(self, providers, vendor, rows):
        """The customer's are those that the provider has on its bill."""
        account = providers.billing()[vendor]
        for side in ("input_tokens", "output_tokens"):
            self.assertEqual(sum(row["usage"][side] for row in rows), account[side])
