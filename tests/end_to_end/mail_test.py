"""Mail through a mail server: what it brings opens the account, and a server that is away for a while loses none."""

import email
import email.policy
import re
import socketserver
import threading

from support.customer import ServiceTest
from support.service import PASSWORD, until


class MailServer:
    """Takes mail on loopback. refusals: what to answer to RCPT in turn, before it agrees."""

    def __init__(self, refusals=()):
        self.refusals = list(refusals)
        self.mails = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self.url = f"smtp://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def _handler_for(mail_server):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 mail.test")
            while line := self.rfile.readline():
                command = line.split()[0].upper()
                if command == b"EHLO":
                    self.say("250 mail.test")
                elif command == b"RCPT" and mail_server.refusals:
                    self.say(mail_server.refusals.pop(0))
                elif command == b"DATA":
                    self.say("354 go on")
                    lines = []
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(line[1:] if line.startswith(b"..") else line)
                    mail_server.mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
                    self.say("250 taken")
                else:
                    self.say("221 bye" if command == b"QUIT" else "250 fine")

        def say(self, line):
            self.wfile.write(line.encode() + b"\r\n")

    return Handler


class Mail(ServiceTest):
    def start_with_mail(self, **server):
        self.mail_server = MailServer(**server)
        self.addCleanup(self.mail_server.stop)
        return self.start(mail__kind="smtp", mail__smtp_url=self.mail_server.url,
                          mail__from="Router <no-reply@router.test>")

    def register(self, service, address):
        body = {"agent_name": "test", "email": address, "password": PASSWORD}
        service.expect(service.post("/v1/auth/agent-register", body), 201)

    def test_a_sign_up_is_opened_by_its_mail(self):
        """Would be broken: with a real mail server nobody could sign up."""
        service = self.start_with_mail(refusals=["451 come back later"] * 2)
        self.assertEqual(service.get("/v1/runtime").json["features"]["email"], "smtp")
        self.register(service, "ada@example.com")
        mail, = until(lambda: self.mail_server.mails or None, "a mail")
        self.assertEqual((mail["to"], mail["from"]), ("ada@example.com", "Router <no-reply@router.test>"))
        text, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
        token = re.search(r"verify-email\?token=(\w+)", text).group(1)
        self.assertIn(f"verify-email?token={token}", html)
        service.expect(service.post("/v1/auth/verify-email", {"token": token}), 200)
        self.assertEqual(len(self.mail_server.mails), 1)
        self.assertFalse((service.data / "outbox").exists())

    def test_a_mail_that_is_refused_for_good_is_given_up(self):
        """Would be broken: an address that does not exist is written to for ever."""
        service = self.start_with_mail(refusals=["550 no such user nobody@example.com"])
        self.register(service, "nobody@example.com")
        until(lambda: b'batchrouter_mails_total{outcome="dropped"} 1' in service.get("/metrics").body, "the refusal")
        self.assertNotIn("nobody@example.com", service.output())
        self.register(service, "nobody@example.com")  # again, and now it exists
        until(lambda: self.mail_server.mails or None, "a mail")
