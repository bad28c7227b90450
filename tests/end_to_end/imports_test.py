"""History that customers bring along: counted once, given back as a manifest, and reported on."""
import gzip
import json
import time

from support.customer import Customer, ServiceTest, money
from support.service import until

BOUNDARY = "batchrouter-test-boundary"
NEW_YEAR = 1_735_689_600  # 2025-01-01
DAY = 86_400
CENT = money({"amount": "0.01", "currency": "usd"})


def form(**parts):
    """multipart/form-data as curl -F sends it; values are bytes or text."""
    body = b""
    for name, value in parts.items():
        value = value.encode() if isinstance(value, str) else value
        body += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.jsonl"\r\n'
                 "Content-Type: application/octet-stream\r\n\r\n").encode() + value + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def send(customer, body, provider="openai", headers=None, **more):
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **(headers or {})}
    return customer.post(f"/v1/imports?provider={provider}", body, headers=headers, seconds=120, **more)


def request(name, model="gpt-5.4-mini"):
    return json.dumps({"custom_id": name, "method": "POST", "url": "/v1/responses",
                       "body": {"model": model, "input": f"Say {name}.", "max_output_tokens": 50}})


def answer(name, at, text="Done.", model="gpt-5.4-mini-2026-03-17"):
    """1,000 input and 100 output tokens."""
    body = {"id": "resp_1", "object": "response", "created_at": at, "status": "completed", "model": model,
            "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}],
            "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 100}}
    return json.dumps({"id": "batch_req_1", "custom_id": name, "error": None,
                       "response": {"status_code": 200, "request_id": "req_1", "body": body}})


def lines(rows):
    return "\n".join(rows) + "\n"


class Imports(ServiceTest):
    def imported(self, customer, body, **more):
        response = customer.service.expect(send(customer, body, **more), 201)
        self.assertEqual(response.headers["location"], "/v1/imports/" + response.json["id"])
        return response.json

    def test_history_becomes_a_manifest_a_batch_and_a_report(self):
        """Would be broken: bringing one's history ends in nothing, or in savings that nobody made."""
        service = self.start()
        customer, stranger = Customer(service, "one@example.com"), Customer(service, "other@example.com")
        path = "/v1/batches/optimization-report?import_provider=openai"
        nothing = customer.read(path)
        self.assertEqual(nothing["status"], "insufficient_data")
        for member in ("savings_realized", "savings_projected", "recommended_next_route_change"):
            self.assertIsNone(nothing[member], member)
        self.assertEqual((nothing["baseline_trend"], nothing["quality_drift"]), ([], []))
        self.assertTrue(nothing["notes"])

        names = [f"row-{number}" for number in range(120)]
        body = form(input=lines(request(name) for name in names),
                    output=lines(answer(name, NEW_YEAR + DAY * (number % 2)) for number, name in enumerate(names)))
        made = self.imported(customer, body)
        # gpt-5.4-mini in a batch: 1,000 x 0.375 + 100 x 2.25 micro-USD, twice that outside of one.
        self.assertEqual(money(made["baseline_cost"]), 120 * CENT * 6 / 100)
        self.assertEqual(money(made["synchronous_list_cost"]), 120 * CENT * 12 / 100)
        self.assertEqual((made["items"], made["succeeded"], made["fault_count"], made["faults"]), (120, 120, 0, []))
        self.assertEqual((made["first_day"], made["last_day"]), ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"))
        self.assertEqual(customer.read(f"/v1/imports/{made['id']}"), made)

        report = customer.read(path)
        self.assertEqual((report["status"], report["bucket"], len(report["baseline_trend"])), ("ready", "day", 2))
        self.assertEqual(money(report["baseline_trend"][0]["cost"]), 60 * CENT * 6 / 100)
        self.assertIsNone(report["savings_realized"])
        change = report["recommended_next_route_change"]
        self.assertEqual((change["from"]["model"], change["items"]), ("gpt-5.4-mini", 120))
        self.assertTrue(change["to"]["simulated"])
        self.assertGreater(money(change["expected_savings"]), 0)
        self.assertEqual(money(change["baseline_cost"]) - money(change["expected_cost"]), money(change["expected_savings"]))
        self.assertTrue(report["savings_projected"]["simulated"])

        manifest = service.expect(customer.get(made["manifest"]["url"]), 200)
        self.assertEqual(manifest.headers["content-type"], "application/x-ndjson")
        ndjson = {"Content-Type": "application/x-ndjson"}
        quote = service.expect(customer.post("/v1/quotes/model", manifest.body, headers=ndjson), 201).json
        batch = customer.ended(customer.submit({"quote_id": quote["quote_id"]})["id"])
        self.assertEqual(batch["request_counts"]["completed"], 120)

        report = customer.read(path)
        realized = report["savings_realized"]
        self.assertEqual(money(realized["charged"]), money(batch["settlement"]["captured_total"]))
        self.assertEqual(money(realized["savings"]), money(realized["charged"]), "half of the list price")
        self.assertEqual((realized["items"], realized["simulated_items"], report["served_simulated_items"]), (120, 120, 120))
        self.assertEqual(report["fallback_frequency"], {"items": 120, "fallbacks": 0, "rate": 0.0})
        self.assertEqual(report["verification_failures"]["failures"], 0)

        for gone in (f"/v1/imports/{made['id']}", made["manifest"]["url"], "/v1/imports/imp_none"):
            self.assert_problem(stranger.get(gone), 404, "import_not_found")
        self.assertEqual(stranger.read("/v1/imports")["data"], [])
        self.assertEqual(stranger.read(path)["imported_items"], 0)
        self.assertEqual(stranger.read(path)["served_items"], 0)

    def test_nothing_is_counted_twice(self):
        """Would be broken: a client that sends again what it is not sure of doubles its own history."""
        service = self.start()
        customer = Customer(service)
        body = form(output=lines([answer("a", NEW_YEAR)]))
        keyed = {"Idempotency-Key": "history-1"}
        first = self.imported(customer, body, headers=keyed)
        for headers in (keyed, {"Idempotency-Key": "history-2"}, {}):
            again = service.expect(send(customer, body, headers=headers), 201)
            self.assertEqual((again.json, again.headers["idempotent-replayed"]), (first, "true"))
        other = form(output=lines([answer("b", NEW_YEAR)]))
        self.assert_problem(send(customer, other, headers=keyed), 422, "idempotency_conflict")
        self.assertEqual([one["id"] for one in customer.read("/v1/imports")["data"]], [first["id"]])

        second = self.imported(customer, gzip.compress(other), headers={"Content-Encoding": "gzip"})
        page = customer.read("/v1/imports", limit=1)
        self.assertEqual(([one["id"] for one in page["data"]], page["has_more"]), ([second["id"]], True))
        page = customer.read("/v1/imports", limit=1, cursor=page["next_cursor"])
        self.assertEqual(([one["id"] for one in page["data"]], page["has_more"]), ([first["id"]], False))
        service.restart(kill=True)
        until(lambda: service.get("/readyz").status == 200, "ready again")
        report = customer.read("/v1/batches/optimization-report", import_provider="openai")
        self.assertEqual(report["imported_items"], 2)

    def test_faults_name_their_lines_and_cost_nothing_else(self):
        """Would be broken: one bad line loses a year of history, or loses itself without a word."""
        service = self.start()
        customer = Customer(service)
        made = self.imported(customer, form(
            input=lines([request("a"), "{not json", request("a"), request("b")]),
            output=lines([answer("a", NEW_YEAR), "[]"]),
            error='{"custom_id":"b","response":null,"error":{"code":"batch_expired","message":"secret prompt"}}\n',
            batch=json.dumps({"object": "batch", "created_at": NEW_YEAR, "completed_at": NEW_YEAR + DAY})))
        self.assertEqual([(fault["file"], fault["line"], fault["code"]) for fault in made["faults"]],
                         [("input", 2, "malformed_json"), ("input", 3, "duplicate_custom_id"),
                          ("output", 2, "invalid_type")])
        self.assertEqual((made["items"], made["succeeded"], made["failed"]), (2, 1, 1))
        self.assertEqual(made["failure_codes"], [{"code": "batch_expired", "items": 1}])
        self.assertEqual(made["last_day"], "2025-01-02T00:00:00Z", "as the batch says")
        self.assertNotIn("secret prompt", service.output())

        nothing = send(customer, form(output="nonsense\n"))
        self.assert_problem(nothing, 422, "invalid_manifest")
        self.assertEqual((nothing.json["error_count"], nothing.json["errors"][0]["line"]), (1, 1))
        self.assert_problem(send(customer, form(outputs="x")), 400, "unknown_field")
        self.assert_problem(send(customer, form(batch="{}")), 400, "invalid_request")
        self.assert_problem(send(customer, form(output="x\n", batch="{}")), 400, "invalid_request")
        self.assert_problem(send(customer, form(output="x\n", occurred_at="soon")), 400, "invalid_request")
        self.assert_problem(send(customer, form(output="x")[:-8]), 400, "invalid_request")
        self.assert_problem(send(customer, form(output="x"), provider="acme"), 400, "invalid_request")
        self.assert_problem(customer.post("/v1/imports?provider=openai", {}), 415, "unsupported_media_type")
        self.assert_problem(service.post("/v1/imports?provider=openai", {}), 401, "authentication_required")
        for query in ("", "?import_provider=acme", "?import_provider=openai&window=7d", "?import_provider=openai&x=1"):
            self.assert_problem(customer.get("/v1/batches/optimization-report" + query), 400, "invalid_request")

    def test_anthropic(self):
        """Would be broken: Anthropic's files are read as OpenAI's."""
        service = self.start()
        customer = Customer(service)
        params = {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}
        document = json.dumps({"requests": [{"custom_id": name, "params": params} for name in ("a", "b")]}, indent=1)
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001",
                   "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn",
                   "usage": {"input_tokens": 1000, "output_tokens": 100}}
        results = lines([json.dumps({"custom_id": "a", "result": {"type": "succeeded", "message": message}}),
                         json.dumps({"custom_id": "b", "result": {"type": "expired"}})])
        made = self.imported(customer, form(input=document, output=results, occurred_at="2025-05-05T10:00:00Z"),
                             provider="anthropic")
        self.assertEqual((made["provider"], made["succeeded"], made["failed"]), ("anthropic", 1, 1))
        self.assertEqual(money(made["baseline_cost"]), CENT * 75 / 1000)  # 1,000 x 0.5 + 100 x 2.5 micro-USD
        self.assertEqual(made["first_day"], "2025-05-05T00:00:00Z")
        self.assertEqual(made["manifest"]["items"], 2)
        for provider, items in (("anthropic", 2), ("openai", 0)):
            report = customer.read("/v1/batches/optimization-report", import_provider=provider)
            self.assertEqual(report["imported_items"], items)

    def test_a_year_is_reported_in_under_two_seconds(self):
        """Would be broken: those with most to save wait longest to see it."""
        service = self.start()
        customer = Customer(service)
        models = ("gpt-5.4-mini", "gpt-5.4", "gpt-4o-mini", "ft:ours")
        count = 100_000
        rows = [(f"row-{number}", models[number % len(models)], NEW_YEAR + number * 365 * DAY // count)
                for number in range(count)]
        body = form(input=lines(request(name, model) for name, model, _ in rows),
                    # The last half is cut off or empty more often than the first.
                    output=lines(answer(name, at, "" if number % (20 if number > count // 2 else 40) == 0 else "Done.",
                                        model) for number, (name, model, at) in enumerate(rows)))
        began = time.monotonic()
        made = self.imported(customer, body)
        took_import = time.monotonic() - began
        self.assertEqual((made["items"], made["fault_count"]), (count, 0))
        self.assertEqual(made["manifest"]["items"], count * 3 // 4, "all but the model that nobody sells")

        began = time.monotonic()
        report = customer.read("/v1/batches/optimization-report", import_provider="openai")
        took = time.monotonic() - began
        print(f"100,000 rows: imported in {took_import:.1f} s, reported in {took * 1000:.0f} ms, "
              f"peak {service.peak_rss_kb() // 1024} MiB")
        self.assertLess(took, 2)
        self.assertEqual((report["bucket"], len(report["baseline_trend"])), ("month", 12))
        self.assertEqual(report["unknown_models"], [{"model": "ft:ours", "items": count // 4}])
        self.assertEqual([drift["verdict"] for drift in report["quality_drift"]], ["worsened"])
        whole = sum(money(point["cost"]) for point in report["baseline_trend"])
        self.assertEqual(whole, money(made["baseline_cost"]))
        windowed = customer.read("/v1/batches/optimization-report", import_provider="openai", window="30d")
        self.assertEqual(windowed["imported_items"], 0)
