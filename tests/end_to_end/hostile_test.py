"""Whatever is sent, the answer is a clear refusal, and the service goes on."""

import gzip
import json
import select
import socket

from support.customer import Customer, ServiceTest, money, response_item, response_items
from support.service import HANG_SECONDS, until


class BadRequests(ServiceTest):
    BODY_BYTES_MAX = 256 * 1024

    def start_small(self):
        service = self.start(http__body_bytes_max=self.BODY_BYTES_MAX, http__header_seconds=1)
        return service, Customer(service)

    def assert_still_works(self, service, customer, process):
        self.assertEqual(service.get("/healthz").status, 200)
        self.assertEqual(service.get("/readyz").json["status"], "ready")
        self.assertEqual(service.process.pid, process)
        batch = customer.ended(customer.submit({"items": response_items(3)})["id"])
        self.assertEqual((batch["status"], batch["request_counts"]["completed"]), ("completed", 3))

    def test_bad_requests_are_refused_by_name(self):
        """Would be broken: a bad request is a 500, a crash, or a riddle."""
        service, customer = self.start_small()
        process = service.process.pid
        fine = json.dumps({"items": response_items(1)}).encode()
        large = json.dumps({"items": [response_item("large", "x" * self.BODY_BYTES_MAX)]}).encode()
        deep = b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        bomb = gzip.compress(b" " * 50_000_000)
        zipped = {"Content-Encoding": "gzip"}
        manifests = [
            (b"", {}, {400, 422}, None),
            (b"{", {}, {400}, "malformed_json"),
            (b"not json", {}, {400}, "malformed_json"),
            (fine + b"x", {}, {400}, "malformed_json"),
            (fine[:-1], {}, {400}, "malformed_json"),
            (b'{"items":[{"customer_item_id":"\xff\xfe"}]}', {}, {400, 422}, None),
            (b'{"items":[{"customer_item_id":"\\ud800"}]}', {}, {400, 422}, None),
            (b"[]", {}, {400, 422}, None),
            (b"null", {}, {400, 422}, None),
            (b'{"items":{}}', {}, {422}, "invalid_manifest"),
            (b'{"items":[]}', {}, {422}, "invalid_manifest"),
            (b'{"items":[1e999]}', {}, {400, 422}, None),
            (deep, {}, {400}, "json_too_deep"),
            (b'{"items":' + b'{"a":' * 50_000, {}, {400}, "json_too_deep"),
            (fine, {"Content-Type": "text/plain"}, {415}, "unsupported_media_type"),
            (fine, {"Content-Type": ""}, {415}, "unsupported_media_type"),
            (fine, {"Content-Encoding": "br"}, {415}, "unsupported_media_type"),
            (fine, {"Content-Encoding": "gzip, gzip"}, {415}, "unsupported_media_type"),
            (fine, zipped, {400}, "invalid_request"),
            (gzip.compress(fine)[:-9], zipped, {400}, "invalid_request"),
            (b"\x28\xb5\x2f\xfd" + b"\xff" * 40, {"Content-Encoding": "zstd"}, {400}, "invalid_request"),
            (bomb, zipped, {413}, "payload_too_large"),
            (large, {}, {413}, "payload_too_large"),
            (json.dumps({"items": response_items(1), "surprise": 1}), {}, {422}, "invalid_manifest"),
            (fine, {"Idempotency-Key": ""}, {400}, "idempotency_key_invalid"),
            (fine, {"Idempotency-Key": "a b"}, {400}, "idempotency_key_invalid"),
            (fine, {"Idempotency-Key": "k" * 256}, {400}, "idempotency_key_invalid"),
        ]
        for path in ("/v1/batches", "/v1/quotes/model"):
            for body, headers, statuses, code in manifests:
                if path == "/v1/quotes/model" and "Idempotency-Key" in headers:
                    continue
                with self.subTest(path, body=body[:40], headers=headers):
                    refused = customer.post(path, body, headers=headers)
                    self.assertIn(refused.status, statuses, refused.body[:500])
                    self.assert_problem(refused, refused.status, code or self.code_of(refused))
                    self.assertTrue(self.code_of(refused))
        bodies = [("{", 400, "malformed_json"), ("[]", 400, "invalid_request"), ('{"x":1}', 400, "unknown_field"),
                  ('{"label":5}', 400, "invalid_request"), ('{"label":""}', 400, "invalid_request"),
                  ("[" * 5000, 400, "json_too_deep"), ('"' + "x" * 17_000 + '"', 413, "payload_too_large")]
        for body, status, code in bodies:
            with self.subTest("/v1/api-keys", body=body[:40]):
                self.assert_problem(customer.post("/v1/api-keys", body), status, code)
        elsewhere = [("GET", "/v1/nothing", 404, "not_found"), ("PUT", "/v1/batches", 405, "method_not_allowed"),
                     ("GET", "/v1/batches/%00", 400, "invalid_request"), ("GET", "/v1/batches/%FF", 400, "invalid_request"),
                     ("GET", "/v1/batches/%zz", 400, "invalid_request"), ("GET", "/v1/batches/x%0Ay", 400, "invalid_request"),
                     ("GET", "/v1/batches/" + "x" * 8000, 404, "batch_not_found"),
                     ("GET", "/v1/batches?limit=0", 400, "invalid_request"),
                     ("GET", "/v1/batches?limit=1e9", 400, "invalid_request"),
                     ("GET", "/v1/batches?status=lost", 400, "invalid_request")]
        for method, path, status, code in elsewhere:
            with self.subTest(method, path=path[:60]):
                self.assert_problem(service.request(method, path, key=customer.key), status, code)
        self.assertEqual(money(customer.credits()["balance"]["reserved"]), 0)
        self.assert_still_works(service, customer, process)

    def test_broken_http_is_answered_and_cut_off(self):
        """Would be broken: bytes that are no HTTP, or never end, stop the service or hold its connections."""
        service, customer = self.start_small()
        process = service.process.pid
        start = b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer " \
            + customer.key.encode() + b"\r\n"
        chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
        wanted = [
            ("too large a header", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 40_000, b"431"),
            ("too long a target", b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"431"),
            ("too many headers", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5_000 + b"\r\n", b"431"),
            ("announced too large", start + b"Content-Length: 99999999999\r\n\r\n", b"413"),
            ("too large in chunks", start + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 80, b"413"),
            ("a length that is none", start + b"Content-Length: -5\r\n\r\n", b"400"),
            ("two lengths", start + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
            ("a length and chunks", start + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
            ("a chunk that is none", start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
            ("no host", b"GET /healthz HTTP/1.1\r\n\r\n", b"400"),
            ("garbage", bytes(range(256)) * 4 + b"\r\n\r\n", b"400"),
            ("another protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200 + b"\r\n\r\n", b"400"),
            ("a header that never ends", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"408"),
        ]
        for name, sent, status in wanted:
            with self.subTest(name):
                answer = self.exchange(service, sent)
                self.assertEqual(answer[:12], b"HTTP/1.1 " + status, answer[:300])
                self.assertIn(b'"code":', answer)
        with self.subTest("a header letter by letter"):
            self.assertEqual(self.trickle(service)[:12], b"HTTP/1.1 408")
        for _ in range(50):  # left in the middle
            with socket.create_connection(("127.0.0.1", service.port)) as connection:
                connection.sendall(start + b"Content-Length: 1000\r\n\r\n{\"items\":")
        self.assert_still_works(service, customer, process)

    @staticmethod
    def exchange(service, sent):
        """All that is answered until the service hangs up."""
        with socket.create_connection(("127.0.0.1", service.port), HANG_SECONDS) as connection:
            answer = b""
            try:
                connection.sendall(sent)
            except ConnectionError:
                pass  # cut off while sending: an answer may be there all the same
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except ConnectionError:
                pass
            return answer

    @staticmethod
    def trickle(service):
        """Sends a letter of a header each moment until something is answered; returns that."""
        with socket.create_connection(("127.0.0.1", service.port), HANG_SECONDS) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")

            def answered():
                if select.select([connection], [], [], 0)[0]:
                    return True
                connection.sendall(b"x")
                return False

            until(answered, "the service to lose patience", every=0.1)
            return connection.recv(65536)
