"""Every route of the code: nobody gets in without a credential, and nobody sees anything of another organization."""

import re

from support.contract import contract
from support.customer import ServiceTest
from support.owned import KINDS, Owned, content_of, filled, prefixes, target_of, unknown_ids
from support.routes import route_table

# Members of bodies that name something of an organization.
IN_BODIES = [("/v1/batches", "quote_id", "quote"), ("/api/v1/batch/internal/poll", "batch_id", "flushed")]


def routes_of_orgs():
    """As described."""
    of_orgs = {(route["method"], route["path"]) for route in route_table() if route["access"] == "org"}
    return [one for one in contract().operations if (one.method, one.pattern) in of_orgs]


def changed(token):
    return token[:-10] + ("a" if token[-10] != "a" else "b") + token[-9:]


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

    def ask(self, operation, ids, headers=None, **more):
        kind, body = content_of(operation)
        headers = {**(headers or {}), **({"Content-Type": kind} if kind else {})}
        return self.service.request(operation.method, target_of(operation, ids), body, headers=headers, **more)

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
        """Would be broken: a route that forgot to ask who is there, or takes a credential that was revoked or mangled."""
        key, session = self.owner.customer.key, self.owner.customer.session
        wrong = [(None, "authentication_required"), ("Bearer ", "invalid_api_key"), ("Bearer x", "invalid_api_key"),
                 (f"Bearer {key}x", "invalid_api_key"), (f"Bearer {key[:-1]}", "invalid_api_key"),
                 (f"Bearer {changed(key)}", "invalid_api_key"), (f"Bearer {key} {key}", "invalid_api_key"),
                 (f"Basic {key}", "invalid_api_key"), (key, "invalid_api_key"),
                 (f"Bearer {self.owner.revoked}", "invalid_api_key"),
                 (f"Bearer {changed(session)}", "invalid_session"), (f"Bearer {session}x", "invalid_session"),
                 ("Bearer obs_", "invalid_session"), ("Bearer " + "a" * 5000, "invalid_api_key"),
                 ("Bearer ob_live_\x80\xff", "invalid_api_key")]
        for operation in routes_of_orgs():
            for authorization, code in wrong:
                with self.subTest(str(operation), authorization=authorization):
                    headers = {} if authorization is None else {"Authorization": authorization}
                    self.assert_problem(self.ask(operation, self.owner.ids, headers), 401, code)

    def test_what_is_someone_elses_is_as_unknown_as_what_never_was(self):
        """Would be broken: one organization reads, changes or finds out about what another one has."""
        key, nobodys = self.stranger.customer.key, unknown_ids()
        for operation in routes_of_orgs():
            for prefix in (one for one in prefixes(operation.pattern) if one in KINDS):
                kind = KINDS[prefix][0]
                foreign, unknown = ({**self.stranger.ids, kind: ids[kind]} for ids in (self.owner.ids, nobodys))
                with self.subTest(str(operation), foreign=kind):
                    answers = [self.answer(self.ask(operation, ids, key=key), ids[kind]) for ids in (foreign, unknown)]
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
        for operation in routes_of_orgs():
            if operation.method == "GET" and not set(prefixes(operation.pattern)) & set(KINDS):
                with self.subTest(str(operation)):
                    response = self.service.expect(self.ask(operation, {}, key=self.stranger.customer.key), 200)
                    self.assert_nothing_of_the_owner(response.body.decode())

    def test_cursors_of_others_and_invented_ones_are_refused(self):
        """Would be broken: a cursor opens another organization's pages or another list, or crashes who reads it."""
        lists = [one for one in contract().operations
                 if {"cursor", "limit"} <= {parameter["name"] for parameter in contract().parameters(one, "query")}]
        paths = {filled(one.pattern, self.owner.ids): filled(one.pattern, self.stranger.ids) for one in lists}
        cursors = {path: next(cursors_in(self.owner.customer.read(path, limit=1)), None) for path in paths}
        for path, cursor in cursors.items():
            with self.subTest(path):
                self.assertIsNotNone(cursor, "no page of one has a cursor here: let Owned have two of them")
                self.assertEqual(self.owner.customer.get(f"{path}?cursor={cursor}").status, 200)
                others = [other for other in cursors.values() if other and other != cursor]
                place = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
                mac = ("A" if cursor[0] != "A" else "B") + cursor[1:]
                for wrong in (*others, place, mac, cursor[:-4], cursor * 2, "", "x", "%20", "%C3%BC", "A" * 3000):
                    self.assert_problem(self.owner.customer.get(f"{path}?cursor={wrong}"), 400, "invalid_cursor")
                answers = [self.answer(self.stranger.customer.get(f"{paths[path]}?cursor={one}"))
                           for one in (cursor, "A" * len(cursor))]
                self.assertEqual(answers[0], answers[1])
                self.assertEqual(answers[0][0], 400)
        last = self.owner.customer.read("/v1/api-keys", limit=1)["last_id"]
        self.answer(self.stranger.customer.get(f"/v1/api-keys?after={last}"))

    def test_links_cannot_be_made_or_changed(self):
        """Would be broken: files can be read without a link, after its time, or by a link for another file."""
        self.assertEqual(self.service.get(self.owner.file).status, 200)
        path, expires, signature = re.fullmatch(r"(.*)\?expires=(\d+)&signature=(.*)", self.owner.file).groups()
        foreign, signed = self.stranger.file.split("?")
        wrong = [path, f"{path}?expires={expires}", f"{path}?signature={signature}",
                 f"{path}?expires={int(expires) + 60}&signature={signature}",
                 f"{path}?expires=1&signature={signature}", f"{path}?expires=99999999999999999999&signature={signature}",
                 f"{path}?expires=-1&signature={signature}", f"{path}?expires={expires}&signature={signature[:-1]}",
                 f"{path}?expires={expires}&signature={'0' * 64}",
                 f"{path.replace('_output', '_raw')}?expires={expires}&signature={signature}",
                 f"{foreign}?expires={expires}&signature={signature}",
                 f"/v1/files/../secret?expires={expires}&signature={signature}"]
        for one in wrong:
            with self.subTest(one):
                refused = self.service.get(one)
                if "/../" in one:
                    self.assertIn(refused.status, (400, 403, 404))
                else:
                    self.assertEqual(refused.status, 403, refused.body)
                    self.assertIn(self.code_of(refused), ("signature_invalid", "signature_expired"))
        nobodys = path.replace(re.search(r"[0-9a-z]{26}", path)[0], unknown_ids()["batch"].removeprefix("bat_"))
        answers = [self.answer(self.service.get(f"{one}?{signed}"), one) for one in (path, nobodys)]
        self.assertEqual(answers[0], answers[1])
