"""What may happen once, asked for 64 times at the same time. Quotes, submissions and overdrafts: end_to_end/idempotency_test.py."""

import json
from decimal import Decimal

from support.at_once import AT_ONCE, all_at_once
from support.customer import Customer, ServiceTest, money, response_items

WORKFLOW = "/v1/workflows/agent-main-thread/runs"
RUN = {"input": {"messages": [{"role": "user", "content": "Plan my week."}]}}


def import_form(name):
    row = json.dumps({"custom_id": name, "method": "POST", "url": "/v1/responses", "body": {"model": "gpt-5.4-mini", "input": "x"}})
    return f'--b\r\nContent-Disposition: form-data; name="input"; filename="i"\r\n\r\n{row}\r\n--b--\r\n'


class Races(ServiceTest):
    def setUp(self):
        self.service = self.start(accounts__starter_grant_usd="100.00", accounts__api_keys_max=5)
        self.customer = Customer(self.service)

    def available(self):
        return money(self.customer.credits()["balance"]["available"])

    def test_one_key_makes_one_thing_of_each_kind(self):
        """Would be broken: a client that sends again orders, imports, queues or buys twice."""
        form = {"Content-Type": "multipart/form-data; boundary=b"}
        for path, body, headers, listed in (
                (WORKFLOW, RUN, {}, WORKFLOW),
                ("/v1/imports?provider=openai", import_form("one"), form, "/v1/imports"),
                ("/v1/billing/checkout-sessions", {"pack_code": "credit_10"}, {}, None)):
            with self.subTest(path):
                headers = {**headers, "Idempotency-Key": "the-same"}
                answers = all_at_once([lambda: self.customer.post(path, body, headers=headers)] * AT_ONCE)
                made = [answer for answer in answers if answer.status in (200, 201)]
                for answer in answers:
                    if answer not in made:
                        self.assert_problem(answer, 409, "idempotency_in_flight")
                self.assertEqual(len({answer.json["id"] for answer in made}), 1)
                if listed is not None:
                    self.assertEqual(len(self.customer.read(listed)["data"]), 1)
        jobs = all_at_once([lambda: self.customer.expect_post("/api/v1/batch/enqueue", {
            "job_type": "risk_report", "payload": {"of": "one"}, "idempotency_key": "the same"})] * AT_ONCE)
        self.assertEqual(len({answer["job"]["id"] for answer in jobs}), 1)

    def test_a_checkout_is_paid_once(self):
        """Would be broken: a page that is clicked again and again gives credit again and again."""
        session = self.customer.expect_post("/v1/billing/checkout-sessions", {"pack_code": "credit_10"})
        path, query = ("/" + session["url"].split("/", 3)[3]).split("?")
        before = self.available()
        answers = all_at_once([lambda: self.service.post(f"{path}/pay?{query}"), lambda: self.service.post(f"{path}/cancel?{query}")]
                              * (AT_ONCE // 2))
        self.assertLess(max(answer.status for answer in answers), 500)
        self.service.post(f"{path}/pay?{query}")
        self.assertEqual(self.available(), before + Decimal(10))

    def test_jobs_are_flushed_once(self):
        """Would be broken: what waits in the queue is run and charged in two batches."""
        for number in range(8):
            self.customer.expect_post("/api/v1/batch/enqueue", {"job_type": "risk_report", "payload": {"of": number}})
        answers = all_at_once([lambda: self.customer.post("/api/v1/batch/internal/flush", {})] * AT_ONCE)
        self.assertLess(max(answer.status for answer in answers), 500)
        taken = [answer.json for answer in answers if answer.status == 200 and answer.json["batch_id"]]
        self.assertEqual(sum(answer["jobs_count"] for answer in taken), 8)
        self.assertEqual(len(self.customer.read("/v1/batches")["data"]), len({answer["batch_id"] for answer in taken}))
        for answer in taken:
            self.customer.ended(answer["batch_id"])

    def test_a_batch_is_cancelled_and_retried_once(self):
        """Would be broken: cancelling releases the same reservation again and again, and makes money."""
        before = self.available()
        batch = self.customer.submit({"items": response_items(3), "run_after": "2040-01-01T00:00:00Z",
                                      "deadline": "2040-01-02T00:00:00Z"})["id"]
        answers = all_at_once([lambda: self.customer.post(f"/v1/batches/{batch}/cancel")] * AT_ONCE)
        self.assertLess(max(answer.status for answer in answers), 500)
        self.assertEqual(self.customer.ended(batch)["status"], "cancelled")
        self.assertEqual(self.available(), before)
        kinds = [entry["type"] for entry in self.customer.entries()]
        self.assertEqual((kinds.count("reserve"), kinds.count("release")), (1, 1))

    def test_no_more_keys_than_there_may_be(self):
        """Would be broken: a limit that is looked at before and not when it counts; or a key that works after it was revoked."""
        answers = all_at_once([lambda: self.customer.post("/v1/api-keys", {"label": "more"})] * AT_ONCE)
        made = [answer.json for answer in answers if answer.status == 201]
        self.assertEqual(len(made), 4)
        for answer in answers:
            if answer.status != 201:
                self.assert_problem(answer, 409, "api_key_limit_reached")
        rotated = all_at_once([lambda: self.customer.post(f"/v1/api-keys/{made[0]['id']}/rotate", {})] * AT_ONCE)
        self.assertEqual([answer.status for answer in rotated].count(201), 1)
        for key in (made[0]["api_key"], *(answer.json["api_key"] for answer in rotated if answer.status == 201)):
            if key != made[0]["api_key"]:
                new = next(answer.json for answer in rotated if answer.status == 201)
                self.service.expect(self.customer.post(f"/v1/api-keys/{new['id']}/revoke"), 200)
            refused = all_at_once([lambda key=key: self.service.get("/v1/batches", key=key)] * AT_ONCE)
            self.assertEqual({answer.status for answer in refused}, {401})

    def test_a_mail_is_used_once(self):
        """Would be broken: one mail opens two sessions, or grants the credit to begin with twice."""
        address, answer = "two@example.com", {"agent_name": "two", "email": "two@example.com", "password": "a long enough one"}
        self.service.expect(self.service.post("/v1/auth/agent-register", answer), 201)
        token = self.service.mailed_token(address)
        answers = all_at_once([lambda: self.service.post("/v1/auth/verify-email", {"token": token})] * AT_ONCE)
        opened = [one.json for one in answers if one.status == 200]
        self.assertEqual(len(opened), 1)
        balance = self.service.get("/v1/billing/credits", key=opened[0]["session_token"]).json["balance"]
        self.assertEqual(money(balance["available"]), Decimal(100))
