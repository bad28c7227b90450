"""Strangers at the door: what register, login and forgotten passwords tell them, and what sessions are."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

from support.customer import ServiceTest
from support.service import PASSWORD

ANSWER_SECONDS = 0.1  # no answer that depends on an address comes sooner
CHANGING = {"date", "x-request-id"}
RIGHT = "ann@example.com"


class Accounts(ServiceTest):
    def setUp(self):
        self.service = self.start()
        self.key, self.session = self.service.sign_up(RIGHT)
        waiting = {"agent_name": "ben", "email": "ben@example.com", "password": PASSWORD}
        self.service.expect(self.service.post("/v1/auth/agent-register", waiting), 201)

    def answer(self, path, body):
        """(status, fields, text) without the address; no sooner than any other."""
        started = time.monotonic()
        response = self.service.post(path, body)
        self.assertGreaterEqual(time.monotonic() - started, ANSWER_SECONDS)
        text = response.body.decode().replace(response.headers["x-request-id"], "REQUEST").replace(body["email"], "ADDRESS")
        return response.status, {name: value for name, value in response.headers.items() if name not in CHANGING}, text

    def test_no_answer_tells_who_has_an_account(self):
        """Would be broken: strangers learn which addresses are customers', from words, fields or time, also under load."""
        for path, more in (("/v1/auth/login", {"password": "not this one, surely"}),
                           ("/v1/auth/agent-register", {"password": "a long enough one", "agent_name": "eve"}),
                           ("/v1/auth/register", {"password": "a long enough one", "name": "Eve"}),
                           ("/v1/auth/password/forgot", {}), ("/v1/auth/verify-email/resend", {})):
            for at_once in (1, 4):  # so that passwords wait for their turn
                with self.subTest(path, at_once=at_once), ThreadPoolExecutor(at_once) as pool:
                    addresses = [RIGHT, "ben@example.com", f"eve{at_once}@example.com", RIGHT.upper()][:3 if at_once == 1 else 4]
                    answers = list(pool.map(lambda address: self.answer(path, {"email": address, **more}), addresses))
                    for other in answers[1:]:
                        self.assertEqual((other[0], other[2].lower()), (answers[0][0], answers[0][2].lower()))
                        self.assertEqual(other[1].keys(), answers[0][1].keys())

    def test_every_login_is_another_session(self):
        """Would be broken: a session that somebody planted, or had before, is taken over by who logs in."""
        planted = self.session
        tokens = {planted}
        for _ in range(3):
            login = self.service.post("/v1/auth/login", {"email": RIGHT, "password": PASSWORD},
                                      headers={"Cookie": f"batchrouter_session={planted}"})
            token = self.service.expect(login, 200).json["session_token"]
            self.assertRegex(token, r"^obs_[0-9a-z]{26}[0-9A-Za-z]{43}$")  # 256 random bits behind the org
            cookie = login.headers["set-cookie"]
            self.assertEqual(re.match(r"[a-z_]+=([^;]+);", cookie)[1], token)
            for word in ("HttpOnly", "SameSite=Lax", "Path=/"):
                self.assertIn(word, cookie)
            self.assertNotIn("Domain", cookie)
            self.assertEqual(login.headers["cache-control"], "no-store")
            tokens.add(token)
        self.assertEqual(len(tokens), 4)
        self.assertEqual(len({token[-43:] for token in tokens}), 4)

    def test_a_flood_of_logins_is_turned_away(self):
        """Would be broken: hashes of passwords take all cores and memory, and nobody gets any answer."""
        def log_in(number):
            return self.service.post("/v1/auth/login", {"email": f"nobody{number}@example.com", "password": "x" * 100}).status
        with ThreadPoolExecutor(64) as pool:
            statuses = list(pool.map(log_in, range(128)))
        self.assertEqual(set(statuses), {401, 429})
        self.assertGreaterEqual(statuses.count(401), 16)
        self.assert_peak_below(self.service, 400)
        self.assertEqual(self.service.get("/v1/billing/credits", key=self.key).status, 200)

    def test_long_passwords_count_to_their_last_letter(self):
        """Would be broken: a password that is cut off: what stands behind the cut need not be known."""
        password = "a passphrase with 64 characters and more of them, " * 20  # 1,000 bytes
        self.service.sign_up("cid@example.com", password)
        for shown, status in ((password, 200), (password[:-1], 401), (password[:72], 401), (password + " ", 401)):
            self.assertEqual(self.service.post("/v1/auth/login", {"email": "cid@example.com", "password": shown}).status, status)
        common = {"agent_name": "dan", "email": "dan@example.com"}
        for shown in ("password", "PASSWORD1", "12345678", "short", "        ", "aaaaaaaaaaaa"):
            refused = self.service.post("/v1/auth/agent-register", {**common, "password": shown})
            self.assert_problem(refused, 400, "invalid_request")
            self.assertEqual(refused.json["error"]["param"], "password")
