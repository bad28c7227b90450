"""Lost answers, and kills at other moments than those that have a name."""

from support.batches import from_now
from support.crashes import ITEMS, MODELS, UNITS, CrashTest
from support.lanes import BATCH_CREATIONS, batches_created

KILLS = 6


class AmidWork(CrashTest):
    def test_lost_answers_of_creations(self):
        """Would be broken: a batch whose creation was not answered is created again."""
        for vendor, path in BATCH_CREATIONS.items():
            creation = {"vendor": vendor, "method": "POST", "path_regex": f"^{path}$"}
            for fault in ({"kind": "lost_answer"}, {"kind": "lost_answer", "reset": True}, {"kind": "reset_mid_body"},
                          {"kind": "close"}, {"kind": "status", "status": 500, "carried_out": True},
                          {"kind": "html", "carried_out": True}):
                times = 1 if fault["kind"] == "close" else 2  # what was never created is looked for at length
                with self.case(vendor=vendor, **fault):
                    requests = self.work(vendor, [{"match": {**creation, "count": times}, "fault": fault}])
                    self.assertEqual(sum(request["fault"] is not None for request in requests), times)

    def test_killed_again_and_again(self):
        """Would be broken: some moment that has no fault point of its own is not safe."""
        for vendor in MODELS:
            with self.case(vendor=vendor):
                self.work(vendor, kills=KILLS)

    def test_killed_while_batches_are_given_up(self):
        """Would be broken: what a cancelled batch had finished is bought again by calls, or is never read."""
        for vendor in MODELS:
            for point in ("F12", "F12:2", "F13", "F13:5", "F14"):
                with self.case(vendor=vendor, point=point):
                    self.give_up(vendor, point)

    def give_up(self, vendor, point):
        done = 0.5
        providers = self.providers([{"match": {"via": "batch"}, "fault": {"kind": "stuck", "done": done}}])
        service, customer, created, expected = self.submit(
            vendor, providers, point, {"deadline": from_now(75)}, dispatch__batch_expected_seconds=5,
            dispatch__rescue_seconds=70, dispatch__batch_seconds_min=1, dispatch__cancel_seconds_max=20)
        batch = customer.ended(created["id"], 120)
        self.assert_delivered(customer, created, batch, expected)
        self.assertEqual(batches_created(providers, vendor), UNITS)
        asked = providers.billing()[vendor]["by_prompt"].values()
        in_batches = [one for one in asked if not one["sources"][0].startswith("req_")]
        self.assertEqual([one["executed"] for one in in_batches], [1] * int(ITEMS * done))
        # Of the calls of other units those may be asked again whose answers were on their way.
        self.assertEqual(len(asked), ITEMS)
        self.assertLessEqual(max(one["executed"] for one in asked), 2)

    def test_killed_amid_calls(self):
        """Would be broken: answers that were recorded are bought again, or a customer pays for what we had to ask twice."""
        concurrency = 4
        for vendor in MODELS:
            for point in ("F09", "F10", "F13", "F13:13", "F14", "F14:2"):
                with self.case(vendor=vendor, point=point):
                    slow = {"match": {"via": "call", "method": "POST"}, "fault": {"kind": "delay", "seconds": 0.02}}
                    providers = self.providers([slow])
                    service, customer, created, expected = self.submit(
                        vendor, providers, point, {}, dispatch__items_per_unit=ITEMS // UNITS,
                        **{f"{vendor}__batch": False, f"{vendor}__concurrency": concurrency})
                    batch = customer.ended(created["id"], 120)
                    self.assert_delivered(customer, created, batch, expected)
                    # Those are asked again whose answers were on their way.
                    executed = [one["executed"] for one in providers.billing()[vendor]["by_prompt"].values()]
                    self.assertEqual(len(executed), ITEMS)
                    self.assertLessEqual(max(executed), 2)
