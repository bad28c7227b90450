"""From no account to a bill, once: when this fails, nothing works."""

from support.customer import Customer, ServiceTest, charged, ids, money, response_items


class Smoke(ServiceTest):
    def test_a_new_customer_gets_answers_and_a_bill(self):
        """Would be broken: the way every customer takes."""
        service = self.start()
        self.assertEqual(service.get("/healthz").status, 200)
        self.assertEqual(service.get("/readyz").json["status"], "ready")
        customer = Customer(service)
        granted = money(customer.credits()["balance"]["granted_total"])
        manifest = {"items": response_items(3)}

        quote = customer.quote(manifest)
        self.assertTrue(quote["funding_preview"]["can_fund"])
        batch = customer.submit({**manifest, "quote_id": quote["quote_id"]})
        ended = customer.ended(batch["id"])

        self.assertEqual((ended["status"], ended["state"]), ("completed", "completed"))
        rows = customer.results(batch["id"])
        self.assertCountEqual(ids(rows), ["item-0", "item-1", "item-2"])
        self.assertEqual({row["output"]["messages"][0]["role"] for row in rows}, {"assistant"})
        self.assertEqual(customer.artifact(batch["id"], "output"), rows)
        bill = ended["billing_receipt"]
        balance = customer.credits()["balance"]
        self.assertGreater(charged(rows), 0)
        self.assertEqual(money(bill["captured_total"]), charged(rows))
        self.assertLessEqual(charged(rows), money(quote["pricing_estimate"]["total"]))
        self.assertEqual(money(balance["available"]), granted - charged(rows))
