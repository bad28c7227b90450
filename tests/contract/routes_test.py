"""The routes of the code, the product's documents and the API's description say the same."""

import html
import json
import pathlib
import re
import unittest

from support.contract import FILE, ROOT, Draft202012Validator, contract
from support.customer import ServiceTest
from support.operators import ACCESS
from support.routes import route_table


def product_paths():
    """[(method, path, documents)]"""
    lines = (pathlib.Path(__file__).parent / "product_paths.txt").read_text().splitlines()
    return [line.split(maxsplit=2) for line in lines if line and not line.startswith("#")]


# Words of the documents that are values of a parameter. All others are words of the routes as well.
EXAMPLES = {"agent-main-thread"}


def answers(route, method, path):
    """A parameter of the route stands for one of the document's path, whatever its name, or for an example."""
    steps, asked = route["path"].split("/"), path.split("/")
    return route["method"] == method and len(steps) == len(asked) and all(
        step == word or step.startswith("{") and (word.startswith("{") or word in EXAMPLES) for step, word in zip(steps, asked))


class Routes(unittest.TestCase):
    def test_no_path_of_the_product_is_missing(self):
        """Would be broken: someone reads the product's documents and gets a 404."""
        routes, missing, found = route_table(), [], set()
        print(f"\n{'the product says':<58}{'where':<12}the code has")
        for method, path, documents in product_paths():
            route = max((one for one in routes if answers(one, method, path)), default=None,
                        key=lambda one: one["path"].count("/") - one["path"].count("{"))
            shown = f"{route['method']} {route['path']} ({route['access']})" if route else "NOTHING"
            print(f"{method + ' ' + path:<58}{documents:<12}{shown}")
            found.add((route["method"], route["path"])) if route else missing.append(f"{method} {path}")
        for route in routes:
            if (route["method"], route["path"]) not in found:
                print(f"{'':<58}{'':<12}{route['method']} {route['path']} ({route['access']})")
        self.assertEqual(missing, [])

    def test_the_description_has_the_routes_of_the_code(self):
        """Would be broken: a route that nobody knows of, or one that is described and is not there."""
        routes = {(one["method"], one["path"]): one for one in route_table()}
        described = {(one.method, one.pattern): one for one in contract().operations}
        self.assertEqual(sorted(routes.keys() - described.keys()), [], "routes that are not described")
        self.assertEqual(sorted(described.keys() - routes.keys()), [], "described, but no routes")
        for key, route in routes.items():
            with self.subTest(key):
                self.assertEqual(contract().is_open(described[key]), route["access"] not in {"org", *ACCESS})
                self.assertEqual(contract().request_body(described[key]) is not None, route["body"] != "none")

    def test_the_description_is_sound(self):
        """Would be broken: whoever makes a client or reads the page from it."""
        api = contract()
        document = api.document
        for pointer in re.findall(r'"\$ref": "([^"]*)"', json.dumps(document)):
            api.resolve({"$ref": pointer})
        for name, schema in document["components"]["schemas"].items():
            with self.subTest(name):
                Draft202012Validator.check_schema(schema)
        identities = [one.description["operationId"] for one in api.operations]
        self.assertEqual(len(identities), len(set(identities)), "an operationId stands twice")
        tags = {tag["name"] for tag in document["tags"]}
        for one in api.operations:
            with self.subTest(str(one)):
                self.assertIn(one.description["tags"][0], tags)
                self.assertTrue(one.description["summary"])
                self.assertEqual([parameter["name"] for parameter in api.parameters(one, "path")], list(one.names))
                self.assertIn("default", one.description["responses"])
                body = api.request_body(one)
                media = body["content"].get("application/json", {}) if body else {}
                if "example" in media:
                    self.assertIsNone(api.fault(media["schema"], media["example"]))
        codes = re.search(r"define CORE_ERROR_CODES(.*?)clang-format on", (ROOT / "core" / "result.h").read_text(), re.S)
        self.assertEqual(api.codes, set(re.findall(r"X\((\w+)\)", codes[1])) - {"code"})


class Served(ServiceTest):
    def test_the_service_hands_out_its_description(self):
        """Would be broken: clients made from what the service says of itself, and people who look for its page."""
        service = self.start()
        base = f"http://127.0.0.1:{service.port}"
        text = json.dumps(contract().document).replace("https://batchrouter.example", base)
        self.assertEqual(service.expect(service.get("/v1/openapi.json"), 200).json, json.loads(text))

        page = service.expect(service.get("/docs"), 200)
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        content = page.body.decode()
        for one in contract().operations:
            self.assertIn(f'id="{one.description["operationId"]}"', content)
            self.assertIn(html.escape(one.pattern), content)
        anchors = set(re.findall(r' id="([^"]+)"', content))
        self.assertEqual(set(re.findall(r'href="#([^"]+)"', content)) - anchors, set(), "links to nowhere")
        self.assertEqual(re.findall(r'(?:src|href)="(?!#|/)[^"]*"', content), [], "something from elsewhere")
        self.assertNotIn("batchrouter.example", content)
        moved = service.expect(service.get("/"), 302)
        self.assertEqual(moved.headers["location"], "/docs")
