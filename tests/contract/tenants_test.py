"""Every route of the code: nobody gets in without a credential, and nobody sees anything of another organization."""

import re

from support.contract import contract
from support.customer import ServiceTest
from support.owned import KINDS, Owned, example_body, filled, prefixes, unknown_ids
from support.routes import route_table

# Members of bodies that name something of an organization.
IN_BODIES = [("/v1/batches", "quote_id", "quote")]


def routes_of_orgs():
    return [route for route in route_table() if route["access"] == "org"]


def cursors_in(value):
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "next_cursor" and member is not None:
                yield member
            yield from cursors_in(member)


class Tenants(ServiceTest):
    def setUp(self):
        self.service = self.start(accounts__starter_grant_usd="100.00")
        self.owner = Owned(self.service, "owner@example.com")
        self.stranger = Owned(self.service, "stranger@example.com")
        self.before = self.owner.everything()

    def tearDown(self):
        self.assertEqual(self.owner.everything(), self.before, "a stranger has changed something")

    def ask(self, route, path, body=None, key=None, headers=None):
        body = body if body is not None else example_body(route["method"], route["path"])
        return self.service.request(route["method"], path, body, key=key, headers=headers)

    def answer(self, response, *shown):
        """Status and text, but for what is different in each answer and for the ids that were asked for."""
        text = response.body.decode().replace(response.headers["x-request-id"], "REQUEST")
        for one in shown:
            text = text.replace(one, "ID")
        self.assert_nothing_of_the_owner(text)
        return response.status, text

    def assert_nothing_of_the_owner(self, text):
        for secret in (*self.owner.ids.values(), self.owner.address, self.owner.customer.key):
            self.assertNotIn(secret, text)

    def test_nobody_gets_in_without_a_credential_that_counts(self):
        """Would be broken: a route that forgot to ask who is there."""
        for route in routes_of_orgs():
            path = filled(route["path"], self.owner.ids)
            with self.subTest(route["method"], path=path):
                self.assert_problem(self.ask(route, path), 401, "authentication_required")
                self.assert_problem(self.ask(route, path, key=self.owner.revoked), 401, "invalid_api_key")
                self.assert_problem(self.ask(route, path, key="obs_" + "0" * 69), 401, "invalid_session")

    def test_what_is_someone_elses_is_as_unknown_as_what_never_was(self):
        """Would be broken: one organization reads, changes or finds out about what another one has."""
        key, nobodys = self.stranger.customer.key, unknown_ids()
        for route in routes_of_orgs():
            for prefix in (one for one in prefixes(route["path"]) if one in KINDS):
                kind = KINDS[prefix][0]
                foreign, unknown = ({**self.stranger.ids, kind: ids[kind]} for ids in (self.owner.ids, nobodys))
                with self.subTest(route["method"], path=route["path"], foreign=kind):
                    answers = [self.answer(self.ask(route, filled(route["path"], ids), key=key), ids[kind])
                               for ids in (foreign, unknown)]
                    self.assertEqual(answers[0], answers[1])
                    self.assertEqual(answers[0][0], 404)
        for path, member, kind in IN_BODIES:
            with self.subTest(path, member=member):
                answers = [self.answer(self.stranger.customer.post(path, {member: ids[kind]}), ids[kind])
                           for ids in (self.owner.ids, nobodys)]
                self.assertEqual(answers[0], answers[1])
                self.assertEqual(answers[0][0], 404)

    def test_lists_are_of_one_organization(self):
        """Would be broken: a list, a sum or a report that is made of everybody's rows."""
        for route in routes_of_orgs():
            if route["method"] == "GET" and not prefixes(route["path"]):
                with self.subTest(path=route["path"]):
                    response = self.stranger.customer.get(route["path"])
                    self.assertLess(response.status, 500)
                    self.assert_nothing_of_the_owner(response.body.decode())

    def test_cursors_of_others_are_refused_as_invented_ones_are(self):
        """Would be broken: a cursor opens another organization's pages."""
        for operation in contract().operations:
            names = {one["name"] for one in contract().parameters(operation, "query")}
            if not {"cursor", "limit"} <= names:
                continue
            owners, strangers = (filled(operation.pattern, one.ids) for one in (self.owner, self.stranger))
            with self.subTest(path=owners):
                found = list(cursors_in(self.owner.customer.read(owners, limit=1)))
                self.assertTrue(found, "no page has a cursor here: let Owned have two of them")
                self.assertEqual(self.owner.customer.get(f"{owners}?cursor={found[0]}").status, 200)
                answers = [self.answer(self.stranger.customer.get(f"{strangers}?cursor={cursor}"))
                           for cursor in (found[0], "A" * len(found[0]))]
                self.assertEqual(answers[0], answers[1])
                self.assertEqual(answers[0][0], 400)
        last = self.owner.customer.read("/v1/api-keys", limit=1)["last_id"]
        self.answer(self.stranger.customer.get(f"/v1/api-keys?after={last}"))

    def test_links_are_for_one_file(self):
        """Would be broken: the signature of one's own file opens another organization's."""
        signature = self.stranger.file.split("?")[1]
        file = self.owner.file.split("?")[0]
        nobodys = file.replace(re.search(r"[0-9a-z]{26}", file)[0], unknown_ids()["batch"].removeprefix("bat_"))
        answers = [self.answer(self.service.get(f"{path}?{signature}"), path) for path in (file, nobodys)]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0][0], 403)
