"""What a customer sees of the way that work took, and what is learned from it."""
import json

from support.customer import Customer, ServiceTest, money, response_items
from support.service import until


class Learning(ServiceTest):
    def test_feedback_moves_the_quality_of_similar_work_of_this_customer(self):
        """Would be broken: what customers say of results changes nothing, or changes it for others."""
        service = self.start()
        customer, other = Customer(service, "one@example.com"), Customer(service, "other@example.com")
        manifest = {"items": response_items(40)}

        def quality(of):
            return of.quote(manifest)["route_decision_preview"]["quality_score"]

        before = quality(customer)
        batch = customer.ended(customer.submit(manifest)["id"])
        path = f"/v1/batches/{batch['id']}/feedback"
        self.assertIsNone(customer.read(path)["signal"])
        signal = {"outcome": "rejected", "note": "off topic"}
        said = service.expect(service.request("PUT", path, signal, key=customer.key), 200)
        self.assertEqual(said.json["signal"]["quality_score"], 0)
        self.assertEqual(sum(lane["items"] for lane in said.json["attribution"]), 40)
        self.assertEqual(customer.read(path), said.json)
        self.assertLess(quality(customer), before)
        self.assertEqual(quality(other), before)

    def test_the_receipt_adds_up_to_the_bill(self):
        """Would be broken: the receipt tells of other work than was paid for, or its file is another one."""
        service = self.start(dispatch__items_per_unit=10)
        customer = Customer(service)
        batch = customer.ended(customer.submit({"items": response_items(95)})["id"])
        receipt = customer.read(f"/v1/batches/{batch['id']}/route-receipt")
        self.assertEqual(receipt["route_version"], batch["route_version"])
        self.assertTrue(batch["route_receipt_url"].endswith("/route-receipt"))
        self.assertEqual([unit["index"] for unit in receipt["work_units"]], list(range(10)))
        self.assertTrue(all(unit["attempts"] for unit in receipt["work_units"]))
        self.assertEqual(sum(money(lane["charged"]) for lane in receipt["totals"]),
                         money(batch["settlement"]["captured_total"]))
        self.assertEqual(json.loads(customer.download(batch["id"], "route")), receipt)

        # What is known of lanes is read again after a moment.
        until(lambda: customer.read("/v1/catalog/rankings")["items"] == 95, "rankings")
        ranked = customer.read("/v1/catalog/rankings")["providers"][0]
        self.assertEqual(money(ranked["charged"]), money(batch["settlement"]["captured_total"]))
