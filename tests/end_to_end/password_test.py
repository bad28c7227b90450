"""Forgotten passwords and lost mails, as people meet them."""

import urllib.parse

from support.customer import ServiceTest
from support.service import until

ADDRESS = "ann@example.com"
FIRST, SECOND = "the first long password", "the second long password"


class Passwords(ServiceTest):
    def log_in(self, service, password, status=200):
        return service.expect(service.post("/v1/auth/login", {"email": ADDRESS, "password": password}), status).json

    def forgot(self, service, address=ADDRESS):
        return service.expect(service.post("/v1/auth/password/forgot", {"email": address}), 202)

    def test_a_reset_ends_sessions_also_after_a_crash(self):
        """Would be broken: whoever has the old password, or a session made with it, keeps the account."""
        service = self.start()
        key, session = service.sign_up(ADDRESS, FIRST)
        self.forgot(service)
        token = service.mailed_token(ADDRESS)
        service.restart(kill=True)
        reset = {"token": token, "password": SECOND}
        self.assertEqual(service.post("/v1/auth/password/reset", {**reset, "password": "12345678"}).status, 400)
        service.expect(service.post("/v1/auth/password/reset", reset), 200)
        service.restart(kill=True)
        service.expect(service.get("/v1/billing/credits", key=session), 401)
        service.expect(service.get("/v1/billing/credits", key=key), 200)
        self.log_in(service, FIRST, 401)
        renewed = self.log_in(service, SECOND)["session_token"]
        service.expect(service.get("/v1/billing/credits", key=renewed), 200)
        self.assertEqual(service.expect(service.post("/v1/auth/password/reset", reset), 400).json["error"]["code"],
                         "invalid_token")

    def test_the_link_in_the_mail_works_in_a_browser_without_scripts(self):
        """Would be broken: people cannot choose a new password by clicking."""
        service = self.start()
        service.sign_up(ADDRESS, FIRST)
        self.forgot(service)
        path = "/v1/auth/password/reset?token=" + urllib.parse.quote(service.mailed_token(ADDRESS))
        page = service.expect(service.get(path), 200)
        self.assertIn(b'<form method="post">', page.body)
        self.assertIn("form-action 'self'", page.headers["content-security-policy"])
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = service.post(path, urllib.parse.urlencode({"password": SECOND}), headers=form)
        self.assertIn(b"changed", service.expect(answer, 200).body)
        self.assertTrue(answer.headers["content-type"].startswith("text/html"))
        self.log_in(service, SECOND)

    def test_nothing_tells_who_has_an_account(self):
        """Would be broken: strangers learn which addresses are customers'."""
        service = self.start()
        service.sign_up(ADDRESS, FIRST)
        for path in ("/v1/auth/password/forgot", "/v1/auth/verify-email/resend"):
            known, unknown = (service.expect(service.post(path, {"email": address}), 202)
                              for address in (ADDRESS, "nobody@example.com"))
            self.assertEqual(known.body, unknown.body)
            self.assertEqual(service.expect(service.post(path, {"email": "no address"}), 400).json["error"]["param"],
                             "email")
            service.expect(service.post(path, {}), 400)
            service.expect(service.post(path, {"email": ADDRESS, "org": "x"}), 400)

    def test_a_lost_verification_mail_is_sent_again(self):
        """Would be broken: who lost the mail cannot get in, or gets in with a stranger's password."""
        service = self.start()
        sign_up = {"agent_name": "ann", "email": ADDRESS, "password": FIRST}
        service.expect(service.post("/v1/auth/agent-register", sign_up), 201)
        first = service.mailed_token(ADDRESS)
        service.expect(service.post("/v1/auth/verify-email/resend", {"email": ADDRESS}), 202)
        second = self.other_token(service, first)
        service.expect(service.post("/v1/auth/verify-email", {"token": second}), 200)
        service.expect(service.post("/v1/auth/verify-email", {"token": first}), 400)
        self.log_in(service, FIRST)

    def other_token(self, service, first):
        return until(lambda: (token := service.mailed_token(ADDRESS)) != first and token, "another mail")
