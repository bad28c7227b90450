"""What clients, caches and browsers read beside the answer itself: limits, tags, codings, origins."""

import gzip
import unittest

from support.customer import Customer, ServiceTest, response_items
from support.service import until

PAGE = "https://app.example.com"
STRANGER = "https://evil.example.net"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Limits(ServiceTest):
    def test_an_org_is_told_its_limit_and_held_to_it(self):
        """Would be broken: one runaway script slows everybody down, and does not know why it fails."""
        service = self.start(http__org_requests_per_minute=30)
        busy, quiet = Customer(service), Customer(service, "quiet@example.com")
        answers = [busy.get("/v1/batches?limit=1") for _ in range(40)]
        served = [answer for answer in answers if answer.status == 200]
        refused = [answer for answer in answers if answer.status == 429]
        self.assertEqual(len(served) + len(refused), len(answers))
        self.assertTrue(served and refused)
        left = [int(answer.headers["ratelimit-remaining"]) for answer in served]
        self.assertTrue(all(0 <= number < 30 for number in left))
        for answer in answers:
            self.assertEqual(answer.headers["ratelimit-limit"], "30")
            self.assertGreater(int(answer.headers["ratelimit-reset"]), 0)
        for answer in refused:
            self.assert_problem(answer, 429, "too_many_requests")
            self.assertGreater(int(answer.headers["retry-after"]), 0)
            self.assertEqual(answer.headers["ratelimit-remaining"], "0")

        self.assertEqual(quiet.get("/v1/batches").status, 200)
        # Whoever only names the org, with a key of its form, is counted by address.
        forged = busy.key[:-6] + "aaaaaa"
        self.assertEqual(service.get("/v1/batches", key=forged).status, 401)
        for path in ("/healthz", "/readyz", "/metrics"):
            answer = service.get(path)
            self.assertEqual(answer.status, 200)
            self.assertNotIn("ratelimit-limit", answer.headers)
        self.assertIn("ratelimit-limit", service.get("/v1/runtime").headers)

        # It comes back by itself.
        until(lambda: busy.get("/v1/batches?limit=1").status == 200, "a token")


class Validators(ServiceTest):
    def test_who_has_an_answer_already_is_told_so(self):
        """Would be broken: a poller fetches a page it has again and again, or goes on with one that is out of date."""
        customer = Customer(self.start(simulated__latency_min_ms=50, simulated__latency_max_ms=60,
                                       simulated__concurrency=1, dispatch__items_per_unit=5))
        created = customer.submit({"items": response_items(20)})
        path = f"/v1/batches/{created['id']}"
        first = customer.get(path)
        self.assertEqual(first.headers["cache-control"], "private, no-cache")
        batch = customer.ended(created["id"])
        changed = customer.get(path, headers={"If-None-Match": first.headers["etag"]})
        self.assertEqual((changed.status, changed.json["status"]), (200, batch["status"]))

        for path in (path, path + "?include_billing_receipt=true", path + "/results", path + "/results?limit=5",
                     f"/v1/quotes/{batch['quote_id']}", "/v1/batches", "/v1/catalog/models",
                     customer.link(batch["id"], "output")):
            with self.subTest(path):
                answer = customer.get(path)
                self.assertEqual(answer.status, 200)
                tag = answer.headers["etag"]
                for known in (tag, f'W/{tag.removeprefix("W/")}', f'"other", {tag}', "*"):
                    again = customer.get(path, headers={"If-None-Match": known})
                    self.assertEqual((again.status, again.body), (304, b""), known)
                    self.assertEqual(again.headers["etag"], tag)
                    self.assertEqual(again.headers["cache-control"], answer.headers["cache-control"])
                self.assertEqual(customer.get(path, headers={"If-None-Match": '"other"'}).status, 200)
        self.assertEqual(customer.get("/v1/catalog/models").headers["cache-control"], "public, max-age=60")
        # Of what nobody may keep there is no tag.
        link = customer.get(f"/v1/batches/{batch['id']}/artifact-url")
        self.assertEqual(link.headers["cache-control"], "no-store")
        self.assertNotIn("etag", link.headers)


class Codings(ServiceTest):
    def test_answers_are_smaller_for_who_can_read_them(self):
        """Would be broken: downloads take several times as long, or cannot be read; or secrets show in lengths."""
        customer = Customer(self.start())
        batch = customer.ended(customer.submit({"items": response_items(200)})["id"])
        file = customer.link(batch["id"], "output")
        for path in (f"/v1/batches/{batch['id']}/results?limit=200", file, "/v1/catalog/models",
                     customer.link(batch["id"], "route")):
            with self.subTest(path):
                plain = customer.get(path)
                self.assertNotIn("content-encoding", plain.headers)
                self.assertEqual(plain.headers["vary"], "Accept-Encoding")
                coded = customer.get(path, headers={"Accept-Encoding": "gzip;q=0.5, br"})
                self.assertEqual(coded.headers["content-encoding"], "gzip")
                self.assertEqual(gzip.decompress(coded.body), plain.body)
                self.assertLess(len(coded.body), len(plain.body))
                zstd = customer.get(path, headers={"Accept-Encoding": "gzip, zstd"})
                self.assertEqual(zstd.headers["content-encoding"], "zstd")
                self.assertTrue(zstd.body.startswith(ZSTD_MAGIC))
                self.assertLess(len(zstd.body), len(plain.body))
                head = customer.service.request("HEAD", path, key=customer.key, headers={"Accept-Encoding": "gzip"})
                self.assertEqual((head.status, head.headers["content-encoding"]), (200, "gzip"))
                if "etag" in plain.headers:
                    self.assertEqual(coded.headers["etag"], "W/" + plain.headers["etag"])
                    known = {"If-None-Match": coded.headers["etag"], "Accept-Encoding": "gzip"}
                    again = customer.get(path, headers=known)
                    self.assertEqual((again.status, again.headers["etag"]), (304, coded.headers["etag"]))

        plain = customer.get(file)
        part = customer.get(file, headers={"Accept-Encoding": "gzip", "Range": "bytes=10-19"})
        self.assertEqual((part.status, part.body), (206, plain.body[10:20]))
        self.assertNotIn("content-encoding", part.headers)
        # A part of the coded form is none of the plain one.
        whole = customer.get(file, headers={"Range": "bytes=10-19", "If-Range": "W/" + plain.headers["etag"]})
        self.assertEqual((whole.status, whole.body), (200, plain.body))
        part = customer.get(file, headers={"Range": "bytes=10-19", "If-Range": plain.headers["etag"]})
        self.assertEqual(part.status, 206)

        eager = {"Accept-Encoding": "identity;q=0, gzip"}
        self.assertEqual(customer.get("/v1/batches/" + batch["id"], headers=eager).headers["content-encoding"], "gzip")
        secret = customer.post("/v1/api-keys", {"name": "another"}, headers=eager)
        self.assertEqual((secret.status, secret.headers["cache-control"]), (201, "no-store"))
        self.assertNotIn("content-encoding", secret.headers)
        self.assertTrue(secret.json["api_key"])
        self.assertTrue(customer.read("/v1/runtime")["features"]["file_compression"])


class Origins(ServiceTest):
    def test_pages_that_are_listed_may_call_and_others_may_not(self):
        """Would be broken: a front end of one's own, or the guard of everyone's sessions against pages of others."""
        service = self.start(http__cors_origins=f"{PAGE}, http://localhost:3000")
        customer = Customer(service)
        preflight = service.request("OPTIONS", "/v1/batches", headers={
            "Origin": PAGE, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,idempotency-key"})
        self.assertEqual(preflight.status, 204)
        self.assertEqual(preflight.headers["access-control-allow-origin"], PAGE)
        self.assertIn("POST", preflight.headers["access-control-allow-methods"])
        self.assertIn("Idempotency-Key", preflight.headers["access-control-allow-headers"])
        for path, key, status in (("/v1/batches", customer.key, 200), ("/v1/batches", None, 401), ("/v1/none", None, 404)):
            answer = service.get(path, key=key, headers={"Origin": PAGE})
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.headers["access-control-allow-origin"], PAGE)
            self.assertEqual(answer.headers["access-control-allow-credentials"], "true")
            self.assertIn("X-Request-Id", answer.headers["access-control-expose-headers"])
            self.assertIn("Origin", answer.headers["vary"])
        stranger = customer.get("/v1/batches", headers={"Origin": STRANGER})
        self.assertEqual(stranger.status, 200)  # a key is no secret of the browser's
        self.assertFalse([name for name in stranger.headers if name.startswith("access-control-")])

        cookie = {"Cookie": f"batchrouter_session={customer.session}"}
        refused = service.post("/v1/quotes/model", {}, headers={**cookie, "Origin": STRANGER})
        self.assert_problem(refused, 403, "csrf_rejected")
        let_in = service.post("/v1/quotes/model", {}, headers={**cookie, "Origin": PAGE})
        self.assert_problem(let_in, 422, "invalid_manifest")

    def test_without_a_list_there_are_none(self):
        answer = self.start().get("/v1/runtime", headers={"Origin": PAGE})
        self.assertFalse([name for name in answer.headers if name.startswith("access-control-")])


if __name__ == "__main__":
    unittest.main()
