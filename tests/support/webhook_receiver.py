"""A receiver of webhooks on loopback, for tests. Python 3 standard library only."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
from typing import Any, NamedTuple

TOLERANCE_SECONDS = 300


class Delivery(NamedTuple):
    path: str
    headers: dict  # names in lower case
    body: bytes
    status: int  # answered
    received_at: float

    @property
    def id(self):
        return self.headers.get("webhook-id", "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class SignatureError(Exception):
    pass


def sign(secret, message_id, timestamp, body):
    """Standard Webhooks 1.0.0, symmetric. secret: whsec_ + base64."""
    if not secret.startswith("whsec_"):
        raise SignatureError("a secret starts with whsec_")
    key = base64.b64decode(secret[len("whsec_"):], validate=True)
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def verify(secret, headers, body, now=None):
    """Raises SignatureError unless one of the signatures is right and the time is near. headers: lower-case names."""
    try:
        message_id, timestamp = headers["webhook-id"], int(headers["webhook-timestamp"])
        signatures = headers["webhook-signature"].split(" ")
    except (KeyError, ValueError) as missing:
        raise SignatureError(f"missing or malformed header: {missing}") from None
    if not message_id or "." in message_id:
        raise SignatureError("webhook-id is empty or has a dot")
    if abs((time.time() if now is None else now) - timestamp) > TOLERANCE_SECONDS:
        raise SignatureError("webhook-timestamp is too far from now")
    right = sign(secret, message_id, timestamp, body)
    if not any(hmac.compare_digest(right.encode(), given.encode()) for given in signatures):
        raise SignatureError("no signature matches")


class WebhookReceiver:
    """Records every request. script: the statuses to answer in turn, then `status` for ever.

    An entry of the script may be a status, (status, {header: value}), or a callable that gets the request handler and
    answers by itself (to hang, to break off); `delay` seconds pass before each answer.
    """

    def __init__(self, script=(), status=200, delay=0.0):
        self.status = status
        self.delay = delay
        self._script = list(script)
        self._deliveries = []
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _handler_for(self))
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def answer_next(self, *entries):
        with self._changed:
            self._script.extend(entries)

    def deliveries(self):
        with self._changed:
            return list(self._deliveries)

    def wait_for(self, count, seconds=60):
        """The deliveries, once there are that many."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._deliveries) >= count, seconds):
                raise AssertionError(f"{len(self._deliveries)} webhooks in {seconds} s, not {count}")
            return list(self._deliveries)

    def verify_all(self, secret):
        for delivery in self.deliveries():
            verify(secret, delivery.headers, delivery.body, delivery.received_at)

    def _next_answer(self):
        with self._changed:
            return self._script.pop(0) if self._script else self.status

    def _record(self, delivery):
        with self._changed:
            self._deliveries.append(delivery)
            self._changed.notify_all()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a sender that hangs up, often because a test had it killed


def _handler_for(receiver):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:
                return  # its sender was killed
            answer = receiver._next_answer()
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            # Recorded before it is answered: when the sender knows, the test can see it.
            receiver._record(Delivery(self.path, {name.lower(): value for name, value in self.headers.items()}, body,
                                      0 if callable(status) else status, time.time()))
            if receiver.delay:
                time.sleep(receiver.delay)
            if callable(status):
                status(self)
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Handler
