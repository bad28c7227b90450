"""Real lanes over the provider simulator, and what must be true of them. Python 3 standard library only."""

import contextlib
import pathlib
import re
import tempfile
from decimal import Decimal

from support import service as services
from support.batches import BatchTest
from support.customer import charged, chat_item, message_item, response_item
from support.provider_simulator import ProviderSimulator
from support.service import Service

OPENAI_KEY = "sk-proj-the-key-of-openai"
ANTHROPIC_KEY = "sk-ant-the-key-of-anthropic"
CALLS = ("/v1/responses", "/v1/chat/completions", "/v1/messages", "/v1/embeddings")
BATCH_CREATIONS = {"openai": "/v1/batches", "anthropic": "/v1/messages/batches"}
ITEMS = {"responses": response_item, "chat_completions": chat_item, "messages": message_item}
MILLION = Decimal(1_000_000)


class LaneService(Service):
    """One whose lanes are those of the environment's variables: the settings that an operator cannot do without."""

    def __init__(self, data, settings, variables, program=services.PROGRAM):
        super().__init__(data, {"simulated.enabled": False, "dispatch.lookup_seconds": 2, **settings}, program=program)
        self.variables = variables


class LanesTest(BatchTest):
    """Each test has simulators of its own, which must still run when the test has ended."""

    @contextlib.contextmanager
    def case(self, **parameters):
        """A subtest; what was started so far has ended when it has."""
        with self.subTest(**parameters):
            try:
                yield
            finally:
                self.doCleanups()

    def providers(self, rules=(), **settings):
        providers = ProviderSimulator(rules, settings).start()
        self.addCleanup(providers.stop)
        return providers

    def lane_service(self, openai=None, anthropic=None, program=services.PROGRAM, **settings):
        """Not started yet. openai, anthropic: simulators; settings: section__key=value."""
        directory = tempfile.TemporaryDirectory(prefix="batchrouter-test-")
        self.addCleanup(directory.cleanup)
        variables = {}
        for name, providers, key in (("OPENAI", openai, OPENAI_KEY), ("ANTHROPIC", anthropic, ANTHROPIC_KEY)):
            if providers is not None:
                variables[f"BATCHROUTER_{name}_BASE_URL"] = providers.base_url
                variables[f"BATCHROUTER_{name}_API_KEY"] = key
        named = {name.replace("__", "."): value for name, value in settings.items()}
        service = LaneService(pathlib.Path(directory.name) / "data", named, variables, program)
        self.addCleanup(self._stop, service)
        return service

    def start_lanes(self, openai=None, anthropic=None, **more):
        return self.lane_service(openai, anthropic, **more).start()

    # What is true of every batch

    def assert_answers(self, customer, batch, expected):
        """expected: {name: text}: all of them answered, each once and with its own text. Returns the rows."""
        rows = customer.artifact(batch["id"], "output")
        self.assertEqual({row["customer_item_id"]: text_of(row) for row in rows}, expected)
        self.assertEqual(len(rows), len(expected))
        self.assertEqual(customer.artifact(batch["id"], "error"), [])
        return rows

    def assert_nothing_twice(self, *simulators):
        for providers in simulators:
            billing = providers.billing()
            self.assertEqual(billing["prompts_billed_more_than_once"], {})
            for vendor in BATCH_CREATIONS:
                more = {name: one for name, one in billing[vendor]["by_custom_id"].items() if one["executed"] > 1}
                self.assertEqual(more, {})

    def assert_priced(self, customer, batch, rows):
        """Each row costs its tokens at the prices of its quote, whoever has answered it."""
        receipt = route_receipt(customer, batch)
        best = [route["lanes"][0] for route in receipt["routes"]]
        for row in rows:
            quoted = best[0] if len(best) == 1 else next(lane for lane in best if lane["model"] == row["model"])
            self.assertEqual(charged([row]), price(quoted["prices"], row["usage"]), row)
        self.assertEqual(charged(receipt["totals"], "charged"), charged(rows))


def price(prices, usage):
    """Nothing of it cached."""
    return (Decimal(prices["input_usd_per_million"]) * usage["input_tokens"] +
            Decimal(prices["output_usd_per_million"]) * usage["output_tokens"]) / MILLION


def asked_item(name, model, operation="responses", text="Read this.", **more):
    """An item whose answer is known: (the item, its answer). model: one, or several as options."""
    answer = f"answer-of-{name}"
    item = ITEMS[operation](name, f"{text}\nReply with exactly: {answer}", **more)
    if isinstance(model, str):
        item["model"] = model
    else:
        del item["model"]
        item["model_options"] = list(model)
    return item, answer


def asked_items(count, model, operation="responses", prefix="item"):
    """(the items, {name: answer})"""
    items, expected = [], {}
    for number in range(count):
        item, answer = asked_item(f"{prefix}-{number}", model, operation)
        items.append(item)
        expected[item["customer_item_id"]] = answer
    return items, expected


def text_of(row):
    return "".join(message["content"] for message in row["output"]["messages"])


def route_receipt(customer, batch):
    return customer.read(f"/v1/batches/{batch['id']}/route-receipt")


def attempts_of(receipt):
    return [attempt for unit in receipt["work_units"] for attempt in unit["attempts"]]


def calls(providers, vendor=None):
    """Synchronous calls, answered or not."""
    return [request for request in providers.requests() if request["method"] == "POST" and request["path"] in CALLS
            and vendor in (None, request["vendor"])]


def batches_created(providers, vendor):
    return providers.billing()[vendor]["batches_created"]


def provider(service, name):
    """What the catalog says of a provider."""
    listed = service.expect(service.get("/v1/catalog/providers"), 200).json["data"]
    return next(one for one in listed if one["id"] == name)


def closures(service, name):
    """[(mode, state, reason)]"""
    return [(lane["mode"], closure["state"], closure["reason"])
            for lane in provider(service, name)["lanes"] for closure in lane["closures"]]


def counter(service, name):
    """The sum of a metric over its labels."""
    text = service.expect(service.get("/metrics"), 200).body.decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE))
