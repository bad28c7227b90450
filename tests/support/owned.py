"""An organization that has one of everything, for tests of who may see what."""

import json

from support.contract import contract
from support.customer import Customer, response_item, response_items
from support.routes import route_table

ULID_OF_NOBODY = "01arz3ndektsv4rrffq69g5fav"
WORKFLOW = "agent-main-thread"
RUN = {"input": {"messages": [{"role": "user", "content": "Plan my week."}]}}


class Owned:
    """ids: {kind: id}, what every path parameter of KINDS may stand for."""

    def __init__(self, service, address):
        self.address = address
        self.customer = Customer(service, address)
        two = {"items": response_items(2), "metadata": {"whose": address}}
        self.customer.submit(two)
        self.ids = {
            "batch": self.customer.submit(two)["id"],
            "quote": self.customer.quote({"items": [response_item("one", f"Of {address}.")]})["quote_id"],
            "key": self.customer.read("/v1/api-keys")["data"][0]["id"],
            "checkout": [self.buy_credit() for _ in range(2)][-1],
            "job": self.customer.expect_post("/api/v1/batch/enqueue", {"job_type": "risk_report", "payload": {"of": address}})["job"]["id"],
        }
        self.ids["flushed"] = self.customer.expect_post("/api/v1/batch/internal/flush")["batch_id"]
        self.customer.ended(self.ids["flushed"])
        self.ids["run"] = [self.customer.expect_post(f"/v1/workflows/{WORKFLOW}/runs", RUN) for _ in range(2)][-1]["id"]
        self.customer.ended("bat_" + self.ids["run"].removeprefix("run_"))
        self.ids["import"] = [self.import_history(number) for number in range(2)][-1]
        self.customer.ended(self.ids["batch"])
        self.file = self.customer.link(self.ids["batch"], "output")
        revoked = service.expect(self.customer.post("/v1/api-keys", {"label": "old"}), 201).json
        service.expect(self.customer.post(f"/v1/api-keys/{revoked['id']}/revoke"), 200)
        self.revoked = revoked["api_key"]

    def buy_credit(self):
        """A checkout that was paid on the local page."""
        session = self.customer.expect_post("/v1/billing/checkout-sessions", {"pack_code": "credit_10"})
        self.page = path, query = ("/" + session["url"].split("/", 3)[3]).split("?")
        self.customer.service.expect(self.customer.service.post(f"{path}/pay?{query}"), 200)
        return session["id"]

    def import_history(self, number):
        """One request that was made elsewhere."""
        body = {"model": "gpt-5.4-mini", "input": f"Number {number} of {self.address}."}
        row = json.dumps({"custom_id": "one", "method": "POST", "url": "/v1/responses", "body": body})
        form = f'--b\r\nContent-Disposition: form-data; name="input"; filename="i"\r\n\r\n{row}\r\n--b--\r\n'
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        sent = self.customer.post("/v1/imports?provider=openai", form, headers=headers)
        return self.customer.service.expect(sent, 201).json["id"]

    def readable(self):
        """{operation: path} of all that can be read and does not change by itself."""
        of_orgs = {route["path"] for route in route_table() if route["method"] == "GET" and route["access"] == "org"}
        return {str(one): target_of(one, self.ids) for one in contract().operations
                if one.method == "GET" and one.pattern in of_orgs and not changes_by_itself(one.pattern)}

    def everything(self):
        """What stands there."""
        return json.dumps({name: self.customer.get(path).json for name, path in self.readable().items()}, sort_keys=True)


# What a path parameter stands for: the path up to it, the kind of id, and how such ids begin. A route with a parameter that
# is not here fails the tests until somebody has said what it is, and how Owned comes to one.
KINDS = {
    "/v1/batches/{id}": ("batch", "bat_"),
    "/v1/quotes/{id}": ("quote", "qlock_"),
    "/v1/api-keys/{id}": ("key", "key_"),
    "/v1/auth/account/api-keys/{id}": ("key", "key_"),
    "/v1/billing/checkout-sessions/{session}": ("checkout", "chk_"),
    "/v1/workflows/{slug}/runs/{run}": ("run", "run_"),
    "/v1/imports/{id}": ("import", "imp_"),
    "/api/v1/batch/jobs/{job_id}": ("job", "job_"),
}
# Parameters that say nothing of an organization, and a word for each.
WORDS = {
    "/v1/files/{id}": "file",
    "/v1/catalog/models/{slug}": "gpt-5.4-mini",
    "/v1/catalog/workflow-products/{slug}": WORKFLOW,
    "/v1/workflows/{slug}": WORKFLOW,
    "/v1/billing/local-checkout/{org}": "org_" + ULID_OF_NOBODY,
    "/v1/billing/local-checkout/{org}/{checkout}": "chk_" + ULID_OF_NOBODY,
    "/internal/operator/v1/lanes/{provider}": "simulated",
    "/internal/operator/v1/orgs/{org}": "org_" + ULID_OF_NOBODY,
    "/internal/operator/v1/orgs/{org}/deliveries/{id}": "msg_" + ULID_OF_NOBODY,
    "/internal/operator/v1/parked/{partition}": "0",
}


def prefixes(path):
    """The path up to each of its parameters."""
    steps = path.split("/")
    return ["/".join(steps[:count]) for count in range(1, len(steps) + 1) if steps[count - 1].startswith("{")]


def filled(path, ids):
    """A path with its parameters in place. ids: {kind: id}."""
    known = set(KINDS) | set(WORDS)
    unknown = [prefix for prefix in prefixes(path) if prefix not in known]
    if unknown:
        raise AssertionError(f"nobody has said what the last parameter of {unknown} stands for: support/owned.py")
    for prefix in reversed(prefixes(path)):
        value = WORDS[prefix] if prefix in WORDS else ids[KINDS[prefix][0]]
        path = prefix[:prefix.rindex("/") + 1] + value + path[len(prefix):]
    return path


def unknown_ids():
    """Well formed, and nobody's."""
    return {**{kind: begin + ULID_OF_NOBODY for kind, begin in KINDS.values()}, "flushed": "bat_" + ULID_OF_NOBODY}


def changes_by_itself(path):
    """Links, streams and times of asking are new each time."""
    return path.endswith(("/artifact-url", "/events", "/optimization-report"))


def content_of(operation):
    """(content type, a body that the route takes) out of its description; (None, None) where it takes none."""
    documented = contract().request_body(operation)
    if documented is None:
        return None, None
    kind, media = next(iter(documented["content"].items()))
    if kind == "multipart/form-data":
        return "multipart/form-data; boundary=b", b"--b--\r\n"
    return kind, json.dumps(media.get("example", {})).encode()


def target_of(operation, ids):
    """The path, and of the query what it cannot do without."""
    query = [f"{one['name']}={contract().resolve(one['schema']).get('enum', ['x'])[0]}"
             for one in contract().parameters(operation, "query") if one.get("required")]
    return filled(operation.pattern, ids) + ("?" + "&".join(query) if query else "")
