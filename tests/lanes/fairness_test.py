"""Who gets on while one customer's work fills a lane: by shares and priorities, never by the clock of the machine."""

from support.customer import Customer, money
from support.lanes import LanesTest, asked_items
from support.service import TERMINAL, until

MODEL = "gpt-5.4-nano"
LARGE = 2_000
SMALL = 10
SLOW = [{"match": {"via": "call"}, "fault": {"kind": "delay", "seconds": 0.05}}]
SETTINGS = {"openai__batch": False, "openai__concurrency": 8, "dispatch__units_in_flight": 4,
            "dispatch__items_per_unit": 50}


def done(customer, batch):
    return customer.batch(batch["id"])["request_counts"]["completed"]


class Fairness(LanesTest):
    def test_a_small_customer_beside_a_large_one(self):
        """Would be broken: who comes after a large batch waits until it is through."""
        service = self.start_lanes(self.providers(SLOW), **SETTINGS)
        large, small = Customer(service, "large@example.com"), Customer(service, "small@example.com")
        much, answers_of_much = asked_items(LARGE, MODEL, prefix="much")
        little, answers_of_little = asked_items(SMALL, MODEL, prefix="little")
        big = large.submit({"items": much, "priority": 100})  # which is of no concern to others
        until(lambda: done(large, big) > 0, "the large batch to be under way")

        for _ in range(3):
            before = done(large, big)
            ended = small.ended(small.submit({"items": little})["id"])
            self.assert_answers(small, ended, answers_of_little)
            # Its fair share is half of the lane; it may have waited for calls that were under way.
            self.assertLess(done(large, big) - before, LARGE / 5)
        ended = large.ended(big["id"], 300)
        self.assert_answers(large, ended, answers_of_much)
        self.assert_settled(large, ended, money(big["settlement"]["quoted_total"]))

    def test_a_hundred_thousandfold_on_the_lane_without_a_provider(self):
        """Would be broken: the number of units that wait makes the small one wait."""
        service = self.start_lanes(simulated__enabled=True, simulated__latency_min_ms=20, simulated__latency_max_ms=20,
                                   simulated__concurrency=32, dispatch__units_in_flight=8, dispatch__items_per_unit=20)
        large, small = Customer(service, "large@example.com"), Customer(service, "small@example.com")
        much, _ = asked_items(20_000, MODEL, prefix="much")
        little, _ = asked_items(SMALL, MODEL, prefix="little")
        big = large.submit({"items": much, "routing_mode": "cheapest"})
        until(lambda: done(large, big) > 0, "the large batch to be under way")
        ended = small.ended(small.submit({"items": little})["id"])
        self.assertEqual(ended["request_counts"]["completed"], SMALL)
        self.assertLess(done(large, big), 10_000)
        service.expect(large.post(f"/v1/batches/{big['id']}/cancel"), 200, 202)
        large.ended(big["id"])

    def test_weights_share_the_work(self):
        """Would be broken: an operator's weights change nothing."""
        providers = self.providers(SLOW)
        service = self.start_lanes(providers, **{**SETTINGS, "openai__concurrency": 64, "dispatch__units_in_flight": 8,
                                                 "dispatch__items_per_unit": 10})
        heavy, light = Customer(service, "heavy@example.com"), Customer(service, "light@example.com")
        service.settings["dispatch.weights"] = f"{self.org(heavy)}=5"
        service.restart()
        batches = {}
        for customer, prefix in ((light, "light"), (heavy, "heavy")):
            items, _ = asked_items(600, MODEL, prefix=prefix)
            batches[customer] = customer.submit({"items": items})
        ended = heavy.ended(batches[heavy]["id"], 120)
        self.assertEqual(ended["request_counts"]["completed"], 600)
        self.assertLess(done(light, batches[light]), 400)
        light.ended(batches[light]["id"], 120)

    def test_the_urgent_batch_of_a_customer_goes_first(self):
        """Would be broken: priorities are ignored, or the less urgent is dropped."""
        service = self.start_lanes(self.providers(SLOW), **SETTINGS)
        customer = Customer(service)
        usual, expected = asked_items(600, MODEL, prefix="usual")
        first = customer.submit({"items": usual, "priority": 10})
        until(lambda: done(customer, first) > 0, "the first batch to be under way")
        others = {}
        for priority in (20, 90, 50):
            items, _ = asked_items(100, MODEL, prefix=f"priority-{priority}")
            others[priority] = customer.submit({"items": items, "priority": priority})
        everything = {10: first, **others}
        order = []

        def all_ended():
            for priority, batch in everything.items():
                if priority not in order and customer.batch(batch["id"])["status"] in TERMINAL:
                    order.append(priority)
            return len(order) == len(everything)

        until(all_ended, "all batches to end", 120)
        self.assertEqual(order, [90, 50, 20, 10])
        self.assert_answers(customer, customer.batch(first["id"]), expected)

    @staticmethod
    def org(customer):
        return customer.read("/v1/sessions/current")["org"]["id"]
