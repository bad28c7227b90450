"""Small things that every account can do, each by each path: the checks are those of schemas/openapi.yaml."""

from support.contract import contract
from support.customer import Customer, ServiceTest, response_item, response_items
from support.service import PASSWORD, until


class Accounts(ServiceTest):
    def test_an_address_is_proved_by_any_of_its_links(self):
        """Would be broken: a link in a mail that was opened in a browser, or a program that follows another document."""
        service = self.start()
        for number, (register, verify) in enumerate([
                ("/v1/auth/register", lambda path, token: service.post(path, {"token": token})),
                ("/v1/auth/agent-register", lambda path, token: service.get(f"{path}?token={token}"))] * 2):
            path = "/v1/auth/verify-email" + ("/confirm" if number > 1 else "")
            address = f"ann{number}@example.com"
            applicant = {"email": address, "password": PASSWORD}
            if register.endswith("agent-register"):
                applicant["agent_name"] = "ann"
            service.expect(service.post(register, applicant), 201)
            token = service.mailed_token(address)
            for link in ("/v1/auth/verify-email", "/v1/auth/verify-email/confirm"):
                service.expect(service.get(f"{link}?token={token}x"), 400)
                service.expect(service.post(link, {"token": token + "x"}), 400)
            service.expect(verify(path, token), 200)
            service.expect(verify(path, token), 400)
            wrong = {"email": address, "password": PASSWORD + "x"}
            self.assert_problem(service.post("/v1/auth/login", wrong), 401, "invalid_credentials")
            session = service.expect(service.post("/v1/auth/login", {**wrong, "password": PASSWORD}), 200).json
            current = service.expect(service.get("/v1/sessions/current", key=session["session_token"]), 200).json
            self.assertEqual(current["user"]["email"], address)
            service.expect(service.post("/v1/auth/logout", key=session["session_token"]), 204)
            self.assert_problem(service.get("/v1/sessions/current", key=session["session_token"]), 401, "invalid_session")
        self.assertIsNone(service.expect(service.get("/v1/sessions/current"), 200).json)

    def test_keys_come_and_go_by_both_paths(self):
        """Would be broken: whoever follows one of the product's two documents."""
        customer = Customer(self.start(accounts__api_keys_max=3))
        service = customer.service
        for path in ("/v1/api-keys", "/v1/auth/account/api-keys"):
            made = [customer.expect_post(path, {"label": label})["id"] for label in ("one", "two")]
            self.assert_problem(customer.post(path, {"label": "three"}), 409, "api_key_limit_reached")
            self.assertEqual([key["id"] for key in customer.read(path, limit=2)["data"]], made[::-1])
            rotated = customer.expect_post(f"{path}/{made[0]}/rotate", {"grace_period_seconds": 0})
            self.assertEqual(service.get("/v1/batches", key=rotated["api_key"]).status, 200)
            service.expect(customer.post(f"{path}/{made[1]}/revoke"), 200)
            service.expect(service.request("DELETE", f"{path}/{rotated['id']}", key=customer.key), 200)
            self.assert_problem(service.get("/v1/batches", key=rotated["api_key"]), 401, "invalid_api_key")
            self.assert_problem(service.request("DELETE", f"{path}/key_x", key=customer.key), 404, "api_key_not_found")


class Catalog(ServiceTest):
    def test_all_of_the_catalog_is_as_described(self):
        """Would be broken: a model or provider that no client can read."""
        service = self.start()
        models = service.expect(service.get("/v1/catalog/models"), 200).json["data"]
        for model in models:
            detail = service.expect(service.get(f"/v1/catalog/models/{model['slug']}"), 200).json
            self.assertEqual(detail["slug"], model["slug"])
        self.assert_problem(service.get("/v1/catalog/models/nobody-has-this"), 404, "not_found")
        providers = service.expect(service.get("/v1/catalog/providers"), 200).json["data"]
        for provider in providers:
            service.expect(service.get(f"/v1/catalog/rankings?window=30d&provider={provider['id']}"), 200)


class Batches(ServiceTest):
    def test_what_has_not_ended_has_no_files_and_no_feedback(self):
        """Would be broken: a link to a file that is still being written, a judgement of what nobody has seen."""
        customer = Customer(self.start(simulated__latency_min_ms=60_000, simulated__latency_max_ms=60_000))
        batch = f"/v1/batches/{customer.submit({'items': response_items(1)})['id']}"
        for answer in (customer.get(f"{batch}/artifact-url"), customer.get(f"{batch}/results"),
                       customer.service.request("PUT", f"{batch}/feedback", {"outcome": "accepted"}, key=customer.key),
                       customer.post(f"{batch}/retry")):
            self.assert_problem(answer, 409, "batch_not_finished")

    def test_a_retry_is_paid_like_any_batch_and_made_once(self):
        """Would be broken: a retry on credit that is not there, or two retries where one was asked for."""
        customer = Customer(self.start(simulated__item_fault_rate=1, accounts__starter_grant_usd="1.00"))
        failed = [customer.submit({"items": response_items(1)})["id"] for _ in range(2)]
        for batch in failed:
            self.assertEqual(customer.ended(batch)["status"], "failed")
        key = {"Idempotency-Key": "once"}
        made = customer.service.expect(customer.post(f"/v1/batches/{failed[0]}/retry", headers=key), 201).json
        again = customer.service.expect(customer.post(f"/v1/batches/{failed[0]}/retry", headers=key), 201)
        self.assertEqual((again.json["id"], again.headers["idempotent-replayed"]), (made["id"], "true"))
        self.assert_problem(customer.post(f"/v1/batches/{failed[1]}/retry", headers=key), 422, "idempotency_conflict")
        self.assert_problem(customer.post(f"/v1/batches/{failed[1]}/retry", headers={"Idempotency-Key": "a b"}), 400,
                            "idempotency_key_invalid")
