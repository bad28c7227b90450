"""New prices, by an operator: what was quoted before is billed as quoted, what is quoted after costs the new price."""

import json
import subprocess

from support import service as services
from support.customer import Customer, ServiceTest, charged, money, response_items

MODEL = "gpt-5.4-mini"
BRCTL = services.PROGRAM.with_name("brctl")


def without_simulated(version):
    return version.removesuffix("+simulated")


class CatalogImport(ServiceTest):
    def test_a_quote_keeps_its_prices_and_a_new_one_has_the_new(self):
        """Would be broken: a customer is billed more than was quoted, or an import changes no price."""
        service = self.start()
        customer = Customer(service)
        manifest = {"items": response_items(3), "routing_mode": "cheapest"}
        quoted = customer.quote(manifest)
        same_as_quoted = customer.quote(manifest)
        cheap = customer.ended(customer.submit({**manifest, "quote_id": same_as_quoted["quote_id"]})["id"])

        service.stop()
        imported = self.brctl(service, "import", self.tripled_prices(service), "--json")
        self.assertEqual(imported["base"], without_simulated(self.version_of(quoted)))
        service.start()
        self.assertIn(f"version={imported['version']}", service.output())

        ended = customer.ended(customer.submit({**manifest, "quote_id": quoted["quote_id"]})["id"])
        bill = charged(customer.results(ended["id"]))
        self.assertEqual(money(ended["billing_receipt"]["captured_total"]), bill)
        self.assertEqual(bill, charged(customer.results(cheap["id"])))
        self.assertLessEqual(bill, money(quoted["pricing_estimate"]["total"]))

        dearer = customer.quote(manifest)
        self.assertEqual(without_simulated(self.version_of(dearer)), imported["version"])
        self.assertEqual(money(dearer["pricing_estimate"]["total"]), 3 * money(quoted["pricing_estimate"]["total"]))

        service.stop()
        self.brctl(service, "use", imported["base"], "--json")
        service.start()
        self.assertEqual(self.version_of(customer.quote(manifest)), self.version_of(quoted))

    def test_a_damaged_catalog_is_named_at_the_start(self):
        """Would be broken: a service sells by a price book that nobody wrote."""
        service = self.start()
        service.stop()
        version = self.brctl(service, "import", self.tripled_prices(service), "--json")["version"]
        path = service.data / "catalog" / f"{version}.json"
        whole = path.read_text()
        path.write_text(whole[:-20])
        ended = subprocess.run(service.command(), env=services.environment(), capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, 1)
        self.assertIn(str(path), ended.stderr)
        self.assertIn("brctl catalog use", ended.stderr)
        path.write_text(whole)
        service.start()

    @staticmethod
    def version_of(quote):
        return quote["pricing_estimate"]["price_book_version"]

    @staticmethod
    def brctl(service, *arguments):
        ran = subprocess.run([BRCTL, "catalog", *arguments, "--data", str(service.data)], env=services.environment(),
                             capture_output=True, text=True, timeout=60)
        if ran.returncode != 0:
            raise AssertionError(f"brctl {arguments}: exit code {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return json.loads(ran.stdout)

    def tripled_prices(self, service):
        """A list in Portkey's format: cents a token, in both modes."""
        shown = subprocess.run([BRCTL, "catalog", "show", "--json", "--data", str(service.data)], check=True,
                               env=services.environment(), capture_output=True, text=True, timeout=60)
        model = next(model for model in json.loads(shown.stdout)["models"] if model["slug"] == MODEL)
        sync, batch = (next(offering for offering in model["offerings"] if offering["mode"] == mode)
                       for mode in ("sync", "batch"))
        path = service.data.parent / "openai.json"
        path.write_text(json.dumps({MODEL: {"pricing_config": {"pay_as_you_go": self.rates(sync),
                                                               "batch_config": self.rates(batch)}}}))
        return str(path)

    @staticmethod
    def rates(offering):
        names = {"input": "request_token", "cached_input": "cache_read_input_token", "output": "response_token"}
        return {listed: {"price": 3 * float(offering[name]) / 10_000} for name, listed in names.items()}
