"""Workflow products as customers buy them: looked up, quoted, run, answered."""

import json

from support.batches import BatchTest
from support.customer import Customer, money
from support.service import until
from support.webhook_receiver import SignatureError, WebhookReceiver, verify

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
AGENT = "/v1/workflows/agent-main-thread/runs"
PRODUCTS = ["agent-main-thread", "document-summary", "embeddings-index", "evaluation-grading", "structured-extraction",
            "support-digest", "text-classification", "translation"]


def conversation(text="Draft a reply to the customer.", **more):
    return {"messages": [{"role": "user", "content": text}], **more}


class WorkflowTest(BatchTest):
    def run_of(self, customer, slug, body, **more):
        return customer.service.expect(customer.post(f"/v1/workflows/{slug}/runs", body, **more), 201).json

    def ended_run(self, customer, run):
        def ended():
            found = customer.read(run["url"])
            return found if found["status"] in ("completed", "failed", "cancelled", "expired") else None
        return until(ended, "the run has ended")


class Products(WorkflowTest):
    def test_each_product_is_quoted_and_run_to_its_end(self):
        """Would be broken: a product that is listed cannot be bought, or its answers are not what it promises."""
        customer = Customer(self.start())
        listed = customer.read("/v1/catalog/workflow-products")["data"]
        self.assertEqual([product["slug"] for product in listed], PRODUCTS)
        for product in listed:
            slug = product["slug"]
            with self.subTest(slug):
                for part in ("preset_manifest", "default_route_products", "routing_posture", "artifact_contract",
                             "webhook_contract", "acceptance_checks", "success_sla"):
                    self.assertTrue(product[part], part)
                detail = customer.read(f"/v1/catalog/workflow-products/{slug}")
                self.assertEqual(detail["preset_manifest"], product["preset_manifest"])
                inputs = detail["example_inputs"]
                self.buy(customer, slug, inputs, detail)

        def all_ranked():  # what is counted is read anew every second
            found = customer.read("/v1/catalog/rankings")["workflow_products"]
            return found if len(found) == len(PRODUCTS) else None
        ranked = until(all_ranked, "all products are ranked")
        self.assertEqual(sorted(entry["slug"] for entry in ranked), PRODUCTS)
        self.assertTrue(all(entry["items"] > 0 for entry in ranked), ranked)
        embeddings = customer.read("/v1/catalog/rankings", operation="embeddings")["workflow_products"]
        self.assertEqual([entry["slug"] for entry in embeddings], ["embeddings-index"])

    def buy(self, customer, slug, inputs, detail):
        order = {"workflow": slug, "inputs": inputs}
        quote = customer.service.expect(customer.post("/v1/quotes/workflow", order), 201).json
        self.assertEqual((quote["workflow"], quote["item_count"]), (slug, len(inputs)))
        preset = customer.quote(detail["preset_manifest"])
        self.assertEqual(quote["pricing_estimate"]["total"], preset["pricing_estimate"]["total"])
        if len(inputs) == 1:
            self.assertEqual(detail["price_hint"]["per_input"], quote["pricing_estimate"]["total"])

        batch = customer.ended(customer.submit({"quote_id": quote["quote_id"]})["id"])
        self.assertEqual((batch["status"], batch["workflow"]), ("completed", slug))
        self.assert_settled(customer, batch, money(quote["pricing_estimate"]["total"]))
        run = customer.read(f"/v1/workflows/{slug}/runs/run_{batch['id'][4:]}")
        self.assertEqual((run["batch_id"], run["status"]), (batch["id"], "completed"))
        self.assertEqual(run["request_counts"], {"total": len(inputs), "completed": len(inputs), "failed": 0,
                                                 "remaining": 0})
        rows = customer.results(batch["id"])
        self.assertEqual(sorted(row["customer_item_id"] for row in rows), sorted(each["id"] for each in inputs))
        for row in rows:
            if slug == "embeddings-index":
                self.assertTrue(row["output"]["embedding"])
                continue
            content = row["output"]["messages"][0]["content"]
            if slug != "agent-main-thread":
                self.assertTrue(json.loads(content).keys() >= self.wanted(detail), content)

    @staticmethod
    def wanted(detail):
        schema = detail["artifact_contract"]["result_file"]["answer_schema"]
        schema = detail["example_inputs"][0]["schema"] if schema == "{{schema}}" else schema
        return set(schema["required"])

    def test_products_are_filtered_and_unknown_ones_are_refused(self):
        """Would be broken: a page of the catalog shows what was not asked for."""
        customer = Customer(self.start())
        read = customer.read("/v1/catalog/workflow-products", operation="embeddings")["data"]
        self.assertEqual([product["slug"] for product in read], ["embeddings-index"])
        read = customer.read("/v1/catalog/workflow-products", provider="anthropic")["data"]
        self.assertIn("translation", [product["slug"] for product in read])
        self.assertNotIn("embeddings-index", [product["slug"] for product in read])
        self.assertEqual(customer.service.get("/v1/catalog/workflow-products").status, 200)  # nobody need sign up
        self.assert_problem(customer.get("/v1/catalog/workflow-products?vendor=x"), 400, "invalid_request")
        self.assert_problem(customer.get("/v1/catalog/workflow-products/none"), 404, "workflow_not_found")
        features = customer.service.get("/v1/runtime").json["features"]
        self.assertTrue(features["workflows"] and features["workflow_quotes"])


class Runs(WorkflowTest):
    def test_the_agents_step_comes_by_webhook_and_by_get(self):
        """Would be broken: an agent that sleeps until it is called is not called, or cannot trust the call."""
        receiver = WebhookReceiver().start()
        self.addCleanup(receiver.stop)
        customer = Customer(self.start(webhooks__allow_loopback=True))
        run = self.run_of(customer, "agent-main-thread",
                          {"input": conversation(), "webhook": {"url": receiver.url(), "secret": SECRET}})
        self.assertEqual((run["object"], run["workflow"], run["item_count"]), ("workflow_run", "agent-main-thread", 1))
        self.assertEqual(run["id"][4:], run["batch_id"][4:])
        self.assertTrue(run["id"].startswith("run_") and run["webhook_configured"])
        self.assertGreater(money(run["pricing_estimate"]["total"]), 0)
        told, = receiver.wait_for(1)
        verify(SECRET, told.headers, told.body)
        with self.assertRaises(SignatureError):
            verify(SECRET, told.headers, told.body.replace(b"completed", b"cancelled"))
        self.assertEqual((told.json["event"], told.json["batch_id"]), ("batch.completed", run["batch_id"]))

        ended = customer.read(run["url"])
        self.assertEqual((ended["id"], ended["status"], ended["state"]), (run["id"], "completed", "completed"))
        message, = ended["output"]["messages"]
        self.assertEqual(message["role"], "assistant")
        self.assertTrue(message["content"])
        self.assertIsNone(ended["error"])
        self.assertEqual(ended["finish_reason"], "stop")
        self.assertGreater(money(ended["cost"]), 0)
        self.assertLessEqual(money(ended["cost"]), money(run["pricing_estimate"]["total"]))
        self.assertGreater(ended["usage"]["input_tokens"], 0)
        path = "/" + told.json["output_file_url"].split("/", 3)[3]
        row = json.loads(customer.service.get(path).body)
        self.assertEqual(row["output"], ended["output"])

    def test_webhook_url_and_many_inputs(self):
        """Would be broken: the short form of a webhook, or runs of many inputs, whose answers are in files."""
        receiver = WebhookReceiver().start()
        self.addCleanup(receiver.stop)
        customer = Customer(self.start(webhooks__allow_loopback=True))
        inputs = [{"text": f"Text {number}"} for number in range(30)] + [{"id": "mine", "text": "Text 3"}]
        run = self.run_of(customer, "translation", {
            "inputs": inputs, "defaults": {"target_language": "fr"}, "webhook_url": receiver.url(),
            "sla_tier": "priority", "model_options": ["gpt-5.4"], "metadata": {"job": "nightly"}})
        receiver.wait_for(1)
        ended = self.ended_run(customer, run)
        self.assertIsNone(ended["output"])
        self.assertEqual(ended["request_counts"]["completed"], 31)
        rows = {row["customer_item_id"]: row for row in customer.results(run["batch_id"])}
        self.assertEqual(set(rows), {f"input-{number + 1:04}" for number in range(30)} | {"mine"})
        self.assertEqual(rows["mine"]["duplicate_of"], "input-0004")  # the product asks for equal texts once
        self.assertEqual({row["model"] for row in rows.values()}, {"gpt-5.4"})
        batch = customer.batch(run["batch_id"])
        self.assertEqual((batch["sla_tier"], batch["metadata"]), ("priority", {"job": "nightly"}))

    def test_runs_are_listed_by_product_and_belong_to_one_org(self):
        """Would be broken: someone sees another's runs, or a run under a product that it is not of."""
        service = self.start()
        customer, stranger = Customer(service), Customer(service, "stranger@example.com")
        mine = [self.run_of(customer, "agent-main-thread", {"input": conversation(str(number))}) for number in range(3)]
        other = self.run_of(customer, "embeddings-index", {"input": {"text": "x"}})
        first = customer.read(AGENT, limit=2)
        rest = customer.read(AGENT, limit=2, cursor=first["next_cursor"])
        self.assertEqual([run["id"] for run in first["data"] + rest["data"]], [run["id"] for run in reversed(mine)])
        self.assertIsNone(rest["next_cursor"])
        self.assert_problem(customer.get(f"/v1/workflows/embeddings-index/runs?cursor={first['next_cursor']}"),
                            400, "invalid_cursor")
        self.assertEqual(stranger.read(AGENT)["data"], [])
        unknown = [stranger.get(mine[0]["url"]), customer.get(f"{AGENT}/{other['id']}"), customer.get(f"{AGENT}/run_1"),
                   customer.get(f"{AGENT}/{mine[0]['batch_id']}"), customer.get(f"{AGENT}/x")]
        for answer in unknown:
            self.assert_problem(answer, 404, "run_not_found")
        self.assertEqual(len({answer.json["detail"] for answer in unknown}), 1)
        self.assert_problem(customer.get("/v1/workflows/none/runs"), 404, "workflow_not_found")
        self.assert_problem(customer.post("/v1/workflows/none/runs", {"input": {}}), 404, "workflow_not_found")
        self.assert_problem(service.post(AGENT, {"input": conversation()}), 401, "authentication_required")

    def test_a_key_makes_one_run(self):
        """Would be broken: a scheduler that tries again pays twice."""
        customer = Customer(self.start())
        headers = {"Idempotency-Key": "step-1"}
        body = {"input": conversation()}
        first = self.run_of(customer, "agent-main-thread", body, headers=headers)
        self.ended_run(customer, first)
        again = customer.post(AGENT, body, headers=headers)
        self.assertEqual((again.status, again.json), (201, first))
        self.assertEqual(again.headers["idempotent-replayed"], "true")
        other = customer.post(AGENT, {"input": conversation("Something else.")}, headers=headers)
        self.assert_problem(other, 422, "idempotency_conflict")
        self.assertEqual(len(customer.read(AGENT)["data"]), 1)
        # The same word on another route is another key.
        self.assertEqual(customer.post("/v1/workflows/embeddings-index/runs", {"input": {"text": "x"}},
                                       headers=headers).status, 201)

    def test_a_quote_is_run_once_with_or_without_its_inputs(self):
        """Would be broken: what was quoted is not what is run."""
        customer = Customer(self.start())
        order = {"slug": "embeddings-index", "inputs": [{"text": "one"}, {"text": "two"}]}
        quoted = [customer.service.expect(customer.post("/v1/quotes/workflow", order), 201).json["quote_id"]
                  for _ in range(3)]
        runs = "/v1/workflows/embeddings-index/runs"
        alone = self.run_of(customer, "embeddings-index", {"quote_id": quoted[0]})
        self.assertEqual((alone["quote_id"], alone["item_count"]), (quoted[0], 2))
        again = self.run_of(customer, "embeddings-index", {"quote_id": quoted[1], "inputs": order["inputs"]})
        self.assertEqual(again["pricing_estimate"], alone["pricing_estimate"])
        changed = customer.post(runs, {"quote_id": quoted[2], "inputs": [{"text": "three"}]})
        self.assert_problem(changed, 422, "quote_mismatch")
        self.assert_problem(customer.post(AGENT, {"quote_id": quoted[2]}), 422, "quote_mismatch")
        self.assert_problem(customer.post(runs, {"quote_id": quoted[0]}), 409, "quote_consumed")
        self.assert_problem(customer.post(runs, {"quote_id": "qlock_1"}), 404, "quote_not_found")
        self.assert_problem(customer.post("/v1/quotes/workflow", {**order, "quote_id": "qlock_1"}), 400,
                            "unknown_field")

    def test_what_is_wrong_is_named(self):
        """Would be broken: a customer has to guess what is wrong, or is charged for it."""
        customer = Customer(self.start())
        bad_inputs = {
            "agent-main-thread": ({"messages": []}, "/inputs/1/messages"),
            "document-summary": ({"document": "x", "length": "tiny"}, "/inputs/1/length"),
            "embeddings-index": ({"text": ""}, "/inputs/1/text"),
            "evaluation-grading": ({"task": "x", "answer": "y", "rubric": [{"criterion": "z"}]},
                                   "/inputs/1/rubric/0/description"),
            "structured-extraction": ({"text": "x", "schema": {"type": "array", "properties": {"a": {}}}},
                                      "/inputs/1/schema/type"),
            "support-digest": ({"tickets": [{"id": "1", "body": 7}]}, "/inputs/1/tickets/0/body"),
            "text-classification": ({"text": "x", "labels": ["one"]}, "/inputs/1/labels"),
            "translation": ({"text": "x"}, "/inputs/1/target_language"),
        }
        self.assertEqual(sorted(bad_inputs), PRODUCTS)
        for slug, (bad, pointer) in bad_inputs.items():
            good = customer.read(f"/v1/catalog/workflow-products/{slug}")["example_inputs"][0]
            for path in ("/v1/quotes/workflow", f"/v1/workflows/{slug}/runs"):
                with self.subTest(slug, path=path):
                    answer = customer.post(path, {"workflow": slug, "inputs": [good, bad, {**good, "id": "next"}]})
                    self.assert_problem(answer, 422, "invalid_manifest")
                    self.assertEqual([fault["pointer"] for fault in answer.json["errors"]], [pointer])

        text = {"text": "x"}
        for body, status, code, place in [
            ({"input": text, "items": []}, 400, "unknown_field", "items"),
            ({"inputs": []}, 400, "invalid_request", "inputs"),
            ({}, 400, "invalid_request", "inputs"),
            ({"input": text, "workflow": "translation"}, 400, "invalid_request", "workflow"),
            ({"input": text, "sla_tier": "soon"}, 422, "invalid_manifest", "/sla_tier"),
            ({"input": text, "webhook": {"url": "ftp://x"}}, 422, "invalid_manifest", "/webhook/url"),
            ({"input": text, "model_options": ["none-such"]}, 422, "invalid_manifest", "/model_options"),
            ({"input": text, "model_options": ["a", "b"]}, 422, "invalid_manifest", "/model_options"),
            ({"inputs": [{"id": "a", **text}, {"id": "a", **text}]}, 422, "invalid_manifest", "/inputs/1/id"),
        ]:
            with self.subTest(body=body):
                answer = customer.post("/v1/workflows/embeddings-index/runs", body)
                self.assert_problem(answer, status, code)
                self.assertEqual(answer.json["error"]["param"], place)
        nothing = customer.post("/v1/quotes/workflow", {"inputs": [text]})
        self.assert_problem(nothing, 400, "invalid_request")
        self.assert_problem(customer.post("/v1/quotes/workflow", {"workflow": "none", "inputs": [text]}), 404,
                            "workflow_not_found")
        self.assertEqual(money(customer.credits()["balance"]["reserved"]), 0)

    def test_credits_that_are_missing_are_told(self):
        """Would be broken: work is done that nobody paid for, or nobody learns what is missing."""
        customer = Customer(self.start())
        dear = conversation("Think.", max_output_tokens=64000, model_options=["gpt-5.6-sol"])
        answer = customer.post(AGENT, {"inputs": [dear] * 40})
        self.assert_problem(answer, 402, "insufficient_credits")
        funding = answer.json["funding_preview"]
        self.assertGreater(money(funding["shortfall"]), 0)
        self.assertFalse(funding["can_fund"])
        self.assertEqual(customer.read(AGENT)["data"], [])
