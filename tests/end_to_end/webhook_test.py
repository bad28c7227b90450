"""Webhooks as a receiver sees them."""

from support.customer import Customer, ServiceTest, response_items
from support.webhook_receiver import SignatureError, WebhookReceiver, verify

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Webhooks(ServiceTest):
    def start_with_receiver(self, script=()):
        receiver = WebhookReceiver(script).start()
        self.addCleanup(receiver.stop)
        service = self.start(webhooks__allow_loopback=True, webhooks__retry_seconds=[1, 1])
        return Customer(service), receiver

    def test_a_completed_batch_is_told_signed(self):
        """Would be broken: receivers are not told, cannot trust what they are told, or cannot fetch the files."""
        customer, receiver = self.start_with_receiver()
        batch = customer.submit({"items": response_items(3), "webhook": {"url": receiver.url(), "secret": SECRET}})
        told, = receiver.wait_for(1)
        verify(SECRET, told.headers, told.body)
        with self.assertRaises(SignatureError):
            verify(SECRET, told.headers, told.body + b" ")
        self.assertEqual(told.headers["content-type"].split(";")[0], "application/json")
        body = told.json
        self.assertEqual((body["event"], body["type"], body["batch_id"]), ("batch.completed",) * 2 + (batch["id"],))
        self.assertEqual(body["data"]["batch_id"], batch["id"])
        self.assertIsNone(body["error_file_url"])
        path = "/" + body["output_file_url"].split("/", 3)[3]
        self.assertEqual(customer.service.get(path).body, customer.download(batch["id"], "output"))

    def test_webhook_url_is_signed_with_the_secret_of_the_org(self):
        """Would be broken: who gives only a URL gets nothing, or something that cannot be verified."""
        customer, receiver = self.start_with_receiver()
        secret = customer.read("/v1/sessions/current")["webhook_signing_secret"]
        customer.submit({"items": response_items(1), "webhook_url": receiver.url("/plain")})
        told, = receiver.wait_for(1)
        self.assertEqual(told.path, "/plain")
        verify(secret, told.headers, told.body)

    def test_failed_deliveries_are_repeated_unchanged(self):
        """Would be broken: a receiver that was down misses an event, or cannot see that it is the same one."""
        customer, receiver = self.start_with_receiver([500, 503])
        customer.submit({"items": response_items(1), "webhook": {"url": receiver.url(), "secret": SECRET}})
        deliveries = receiver.wait_for(3)
        self.assertEqual([delivery.status for delivery in deliveries], [500, 503, 200])
        self.assertEqual(len({(delivery.id, delivery.body) for delivery in deliveries}), 1)
        receiver.verify_all(SECRET)

    def test_gone_ends_the_tries(self):
        """Would be broken: a receiver that says 410 is called for ever."""
        customer, receiver = self.start_with_receiver([410])
        customer.submit({"items": response_items(1), "webhook": {"url": receiver.url("/gone"), "secret": SECRET}})
        receiver.wait_for(1)
        # Another one that fails twice takes longer than the next try of the first would.
        receiver.answer_next(500, 500)
        customer.submit({"items": response_items(1), "webhook": {"url": receiver.url("/later"), "secret": SECRET}})
        paths = [delivery.path for delivery in receiver.wait_for(4)]
        self.assertEqual(paths, ["/gone", "/later", "/later", "/later"])

    def test_a_stranger_cannot_have_inner_addresses_called(self):
        """Would be broken: customers reach what only this machine or network should (SSRF)."""
        receiver = WebhookReceiver().start()
        self.addCleanup(receiver.stop)
        customer = Customer(self.start())
        inner = [receiver.url(), f"https://127.0.0.1:{receiver.port}/", f"https://[::1]:{receiver.port}/",
                 f"https://[::ffff:127.0.0.1]:{receiver.port}/", f"https://2130706433:{receiver.port}/",
                 f"https://0x7f.1:{receiver.port}/", "https://10.0.0.1/", "https://192.168.1.1/",
                 "https://169.254.169.254/latest/meta-data/", "https://0.0.0.0/", "https://[fd00::1]/",
                 "https://user:word@example.com/"]
        for url in inner:
            for path in ("/v1/batches", "/v1/quotes/model"):
                with self.subTest(url, path=path):
                    refused = customer.post(path, {"items": response_items(1), "webhook": {"url": url}})
                    self.assertEqual(refused.status, 422, refused.body)
                    self.assertIn(self.code_of(refused), ("url_not_allowed", "invalid_manifest"))
        # A name that leads here can only be found out when it is called.
        named = f"https://localhost:{receiver.port}/"
        answer = customer.post("/v1/batches", {"items": response_items(1), "webhook": {"url": named}})
        if answer.status == 201:
            customer.ended(answer.json["id"])
        else:
            self.assert_problem(answer, 422, "url_not_allowed")
        self.assertEqual(receiver.deliveries(), [])
        self.assertEqual(customer.ended(customer.submit({"items": response_items(1)})["id"])["status"], "completed")
