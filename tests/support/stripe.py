"""A stand-in for Stripe on loopback: makes checkout sessions as its API does, and signs the events it would post.

Python 3 standard library only.
"""

import hashlib
import hmac
import http.server
import itertools
import json
import threading
import time
from urllib.parse import parse_qs

SECRET_KEY = "sk_test_stand_in"
WEBHOOK_SECRET = "whsec_stand_in"
DAY_SECONDS = 86_400


class StripeStandIn:
    """failures: statuses to answer in turn before it works; 0 closes the connection after the session was made."""

    def __init__(self):
        self.failures = []
        self.sessions = {}  # by Idempotency-Key
        self.requests = []  # (headers, form)
        self.lookups = []  # ids of payments that were asked for
        self._numbers = itertools.count(1)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a service that hangs up, often because a test had it killed
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def settings(self):
        return {"stripe__secret_key": SECRET_KEY, "stripe__webhook_secret": WEBHOOK_SECRET,
                "stripe__base_url": self.url}

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def make_session(self, key, form):
        number = next(self._numbers)
        session = {
            "id": f"cs_test_{number}", "object": "checkout.session", "url": f"https://checkout.stripe.test/c/{number}",
            "status": "open", "payment_status": "unpaid", "mode": form["mode"],
            "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
            "currency": form["line_items[0][price_data][currency]"], "payment_intent": None,
            "client_reference_id": form["client_reference_id"], "customer_email": form.get("customer_email"),
            "metadata": {name[9:-1]: value for name, value in form.items() if name.startswith("metadata[")},
            "expires_at": int(time.time()) + DAY_SECONDS, "form": form}
        return self.sessions.setdefault(key, session)

    # Events, as bodies to be signed

    def completed(self, checkout, paid=True, kind="completed", **changes):
        session = self.sessions[checkout]
        number = session["id"].rsplit("_", 1)[1]
        done = {**session, "status": "complete", "payment_status": "paid" if paid else "unpaid", "url": None,
                "payment_intent": f"pi_{number}", **changes}
        done.pop("form")
        return self._event("checkout.session." + kind, done)

    def expired(self, checkout):
        session = {**self.sessions[checkout], "status": "expired", "url": None}
        session.pop("form")
        return self._event("checkout.session.expired", session)

    def refunded(self, checkout, cents):
        session = self.sessions[checkout]
        return self._event("charge.refunded", {
            "id": "ch_" + checkout, "object": "charge", "amount": session["amount_total"], "amount_refunded": cents,
            "currency": "usd", "payment_intent": self._payment(checkout), "metadata": self._payment_metadata(session)})

    def refund_failed(self, checkout):
        return self._event("refund.failed", {"id": "re_" + checkout, "object": "refund", "status": "failed",
                                             "payment_intent": self._payment(checkout), "metadata": {}})

    def dispute(self, checkout, kind, cents, **changes):
        return self._event("charge.dispute." + kind, {
            "id": "dp_" + checkout, "object": "dispute", "amount": cents, "currency": "usd",
            "payment_intent": self._payment(checkout), "metadata": {}, **changes})

    def other(self, kind="customer.created"):
        return self._event(kind, {"id": "cus_1", "object": "customer"})

    @staticmethod
    def _payment_metadata(session):
        return {name[len("payment_intent_data[metadata]["):-1]: value for name, value in session["form"].items()
                if name.startswith("payment_intent_data[metadata][")}

    def _payment(self, checkout):
        return "pi_" + self.sessions[checkout]["id"].rsplit("_", 1)[1]

    def _event(self, kind, thing):
        return json.dumps({"id": f"evt_{next(self._numbers)}", "object": "event", "api_version": "2026-06-24.dahlia",
                           "created": int(time.time()), "livemode": False, "pending_webhooks": 1, "type": kind,
                           "data": {"object": thing}}).encode()

    def answer(self, headers, form):
        """(status, body); None to close the connection."""
        self.requests.append((headers, form))
        failure = self.failures.pop(0) if self.failures else None
        if failure not in (None, 0):
            return failure, {"error": {"type": "api_error", "message": "made to fail"}}
        if headers.get("authorization") != "Bearer " + SECRET_KEY:
            return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}
        known = self.sessions.get(headers.get("idempotency-key"))
        if known is not None and known["form"] != form:
            return 400, {"error": {"type": "idempotency_error", "message": "other parameters"}}
        session = self.make_session(headers["idempotency-key"], form)
        if failure == 0:
            return None
        return 200, {name: value for name, value in session.items() if name != "form"}


    def find_payment(self, headers, payment):
        """(status, body); None to close the connection."""
        self.lookups.append(payment)
        failure = self.failures.pop(0) if self.failures else None
        if failure == 0:
            return None
        if failure is not None:
            return failure, {"error": {"type": "api_error", "message": "made to fail"}}
        if headers.get("authorization") != "Bearer " + SECRET_KEY:
            return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}
        if payment == "pi_of_a_shop":
            return 200, {"id": payment, "object": "payment_intent", "metadata": {"order": "7"}}
        for checkout, session in list(self.sessions.items()):
            if payment == self._payment(checkout):
                return 200, {"id": payment, "object": "payment_intent", "metadata": self._payment_metadata(session)}
        return 404, {"error": {"type": "invalid_request_error", "code": "resource_missing", "param": "intent"}}


def signed(body, secret=WEBHOOK_SECRET, at=None):
    """Headers for an event."""
    at = int(time.time()) if at is None else int(at)
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={mac}", "Content-Type": "application/json; charset=utf-8"}


def _handler_for(stand_in):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(content, strict_parsing=True).items()}
            known = self.path == "/v1/checkout/sessions"
            self.reply(stand_in.answer(self.lower_headers(), form) if known else (404, {"error": {}}))

        def do_GET(self):
            folder, _, payment = self.path.rpartition("/")
            known = folder == "/v1/payment_intents"
            self.reply(stand_in.find_payment(self.lower_headers(), payment) if known else (404, {"error": {}}))

        def lower_headers(self):
            return {name.lower(): value for name, value in self.headers.items()}

        def reply(self, answer):
            if answer is None:
                self.close_connection = True
                return
            body = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
