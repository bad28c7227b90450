"""Every route of the code: nobody gets in without a credential, and nobody sees anything of another organization."""

import json
import re

from support.contract import contract
from support.customer import ServiceTest
from support.owned import KINDS, Owned, content_of, filled, prefixes, target_of, unknown_ids
from support.routes import route_table

# Members of bodies and parameters of queries that sound as if they named something, and the kind of thing; None: of nobody,
# and why. One that is not here fails the tests until somebody has said what it is.
NAMING = re.compile(r"^(after|before)$|(^|_)(id|ids|cursor|session|checkout|org|user|batch|quote|job|run|import|key)$")
BODIES = {  # with the status of the answer for a foreign one, and for one that never was
    ("POST /v1/batches", "quote_id"): ("quote", 404),
    ("POST /v1/quotes/model", "quote_id"): ("quote", 422),  # a quote is asked for: no other is looked at
    ("POST /v1/quotes/workflow", "quote_id"): ("quote", 400),
    ("POST /v1/workflows/{slug}/runs", "quote_id"): ("quote", 404),
    ("POST /api/v1/batch/internal/poll", "batch_id"): ("flushed", 404),
    ("POST /api/v1/batch/enqueue", "idempotency_key"): None,  # the org's own word
    ("POST /v1/imports", "batch"): None,  # a file of the provider's
}
QUERIES = {
    "cursor": None,  # a test of their own
    "after": None,  # the same
    "last_event_id": None,  # a number of the batch in the path
}
# How each word that a route has for who may call it is tested, here or where the comment says.
TESTED = {"org", "signed", "local_page"} | {
    "visitor", "anyone", "probe",  # show nothing of anybody: what they answer without a credential is asked for below
    "email_holder", "mail_reader",  # api/resources/identity_test.cc
    "stripe_event",  # tests/end_to_end/billing_test.py
    "operator", "operator_org", "operator_partition"}  # tests/end_to_end/operator_test.py
CHANGING = {"date", "x-request-id", "ratelimit", "ratelimit-remaining", "ratelimit-reset"}  # fields of each answer


def routes_of_orgs():
    """As described."""
    of_orgs = {(route["method"], route["path"]) for route in route_table() if route["access"] == "org"}
    return [one for one in contract().operations if (one.method, one.pattern) in of_orgs]


def members_of(operation):
    """Names in the JSON or form that it takes."""
    body = contract().request_body(operation) or {"content": {}}
    schemas = [contract().resolve(media.get("schema", {})) for media in body["content"].values()]
    for schema in schemas:
        schemas += [contract().resolve(one) for word in ("oneOf", "anyOf", "allOf") for one in schema.get(word, ())]
    return {name for schema in schemas for name in schema.get("properties", {})}


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
        """Status, fields and text, but for what is different in each answer and for the ids that were asked for."""
        fields = {name: value for name, value in response.headers.items() if name not in CHANGING}
        text = json.dumps(fields) + response.body.decode().replace(response.headers["x-request-id"], "REQUEST")
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
        for operation in routes_of_orgs():
            for member in filter(NAMING.search, members_of(operation)):
                if BODIES[str(operation), member] is None:
                    continue
                kind, status = BODIES[str(operation), member]
                with self.subTest(str(operation), member=member):
                    path = filled(operation.pattern, self.stranger.ids)
                    answers = [self.answer(self.stranger.customer.post(path, {member: ids[kind]}), ids[kind])
                               for ids in (self.owner.ids, nobodys)]
                    self.assertEqual(answers[0], answers[1])
                    self.assertEqual(answers[0][0], status)

    def test_no_way_to_name_something_is_forgotten(self):
        """Would be broken: a new route, or a new member of a body, that nobody has asked for another organization's things."""
        self.assertEqual({route["access"] for route in route_table()} - TESTED, set())
        named = {(str(one), member) for one in routes_of_orgs() for member in members_of(one) if NAMING.search(member)}
        self.assertEqual(sorted(named), sorted(BODIES))
        asked = {parameter["name"] for one in routes_of_orgs() for parameter in contract().parameters(one, "query")}
        self.assertEqual(sorted(filter(NAMING.search, asked)), sorted(QUERIES))

    def test_who_shows_nothing_is_shown_nothing(self):
        """Would be broken: a page that is open to all tells of a customer."""
        open_to_all = {(route["method"], route["path"]) for route in route_table()
                       if route["access"] in ("visitor", "anyone", "probe")}
        for operation in contract().operations:
            if (operation.method, operation.pattern) in open_to_all and not operation.pattern.endswith("logout"):
                with self.subTest(str(operation)):
                    answer = self.service.expect(self.ask(operation, self.owner.ids), 200, 302)
                    self.assert_nothing_of_the_owner(answer.body.decode())

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
        for whose in (self.owner, self.stranger):  # neither the page of another's checkout nor one's own by another's link
            mine, other = whose.page, (self.stranger if whose is self.owner else self.owner).page
            for wrong in (other[0] + "?" + mine[1], mine[0].replace(*(page[0].split("/")[-1] for page in (mine, other))) + "?" + mine[1]):
                for action in ("", "/pay", "/cancel"):
                    asked = wrong.replace("?", action + "?")
                    refused = self.service.request("POST" if action else "GET", asked)
                    self.assert_problem(refused, 403, "signature_invalid")
        nobodys = path.replace(re.search(r"[0-9a-z]{26}", path)[0], unknown_ids()["batch"].removeprefix("bat_"))
        answers = [self.answer(self.service.get(f"{one}?{signed}"), one) for one in (path, nobodys)]
        self.assertEqual(answers[0], answers[1])
