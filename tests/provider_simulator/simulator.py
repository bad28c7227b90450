"""Both vendors behind one door: which of them is asked, which fault the call has, what the log says of it."""

import hashlib
import itertools
import json
import threading
import time

from provider_simulator import fault_answers
from provider_simulator.anthropic import Anthropic
from provider_simulator.faults import Script, ScriptError, Thing
from provider_simulator.http_types import Answer
from provider_simulator.log import Log, fingerprint
from provider_simulator.openai import OpenAI

PLENTY = 10_000  # requests a minute that the headers speak of where none are limited


class Simulator:
    """Thread-safe. Requests are carried out one at a time, so that what the log tells has an order."""

    def __init__(self, script=None, log_path=None):
        self._lock = threading.Lock()
        self._log = Log(log_path)
        self._first_script = script or []
        self._reset()

    def answer(self, request):
        if request.path.startswith("/control/"):
            return self._control(request)
        vendor = self._vendor_of(request)
        with self._lock:
            request.id = f"req_{next(self._numbers):012x}"
            work = request.work = vendor.work(request)
            fault = self._script.on_call(Thing(vendor.name, request.method, request.path, work.items, "call",
                                               _identity(request), request.body))
            answer, limited = self._within_limit(vendor, request)
            if answer is None and (fault is None or fault_answers.carried_out(fault)):
                answer = vendor.answer(request)
            if fault is not None:
                answer = fault_answers.answer_of(fault, vendor.name, request.id) or answer or Answer(200)
                if fault["kind"] not in ("status", "html", "empty", "error_in_200", "redirect", "gzip_bomb"):
                    answer.transport = fault
            answer.headers = {vendor.request_id_header: request.id, **limited, **answer.headers}
            self._write_log(vendor, request, work, fault, answer)
        return answer

    def settle(self):
        """Takes every batch as far as it has come."""
        with self._lock:
            for vendor in (self._openai, self._anthropic):
                for batch in vendor.batches.values():
                    batch.look()

    def _reset(self):
        self._script = Script(self._first_script)
        self._log.clear()
        self._numbers = itertools.count(1)
        self._allowances = {}
        self._openai, self._anthropic = OpenAI(self._script, self._log), Anthropic(self._script, self._log)

    def _vendor_of(self, request):
        spoken = request.path.startswith("/v1/messages") or "anthropic-version" in request.headers
        return self._anthropic if spoken else self._openai

    def _within_limit(self, vendor, request):
        """(a refusal or None, the rate headers): a bucket for each key that fills up again steadily."""
        limit = self._script.settings["requests_per_minute"]
        if limit is None:
            return None, vendor.rate_headers(PLENTY, PLENTY - 1, 0.006)
        now, per_second = time.monotonic(), limit / 60
        name = (vendor.name, vendor.key(request))
        left, then = self._allowances.get(name, (limit, now))
        left = min(limit, left + (now - then) * per_second)
        refused = left < 1
        left -= 0 if refused else 1
        self._allowances[name] = (left, now)
        headers = vendor.rate_headers(limit, int(left), (limit - left) / per_second)
        if not refused:
            return None, headers
        status, body = fault_answers.error_of({"name": "rate_limited"}, vendor.name, request.id)
        return Answer.of(body, status), {**headers, "retry-after": f"{(1 - left) / per_second:.3f}"}

    def _write_log(self, vendor, request, work, fault, answer):
        silent = fault is not None and fault["kind"] in ("lost_answer", "close", "reset", "refuse", "hang")
        ids = [item.custom_id for item in work.items if item.custom_id is not None]
        creation = request.method == "POST" and request.path.endswith("/batches") and answer.status == 200
        self._log.request(
            vendor=vendor.name, method=request.method, path=request.target, request_id=request.id,
            models=work.models, items=len(work.items),
            custom_ids=ids if self._script.settings["log_custom_ids"] else [], metadata=work.metadata,
            prompt=work.items[0].digest if len(work.items) == 1 else None,
            key=fingerprint(vendor.key(request)), retry=request.headers.get("x-stainless-retry-count"),
            fault=fault["kind"] if fault else None, status=0 if silent else answer.status,
            batch=_id_in(answer.body) if creation else None)

    def _control(self, request):
        try:
            if (request.method, request.path) == ("POST", "/control/script"):
                self._script.load(json.loads(request.body))
                return Answer.of({"rules": len(self._script.rules), "settings": self._script.settings})
            if (request.method, request.path) == ("POST", "/control/reset"):
                with self._lock:
                    self._reset()
                return Answer.of({"reset": True})
            if (request.method, request.path) == ("GET", "/control/requests"):
                return Answer.of({"requests": self._log.requests(int(request.query.get("after", "0")))})
            if (request.method, request.path) == ("GET", "/control/billing"):
                self.settle()
                return Answer.of(self._log.billing())
        except (ScriptError, ValueError, AttributeError, TypeError) as error:
            return Answer.of({"error": str(error)}, 400)
        return Answer.of({"error": "there are POST script and reset, GET requests and billing"}, 404)


def _identity(request):
    return f"{request.method} {request.target} {hashlib.sha256(request.body).hexdigest()}"


def _id_in(body):
    try:
        return json.loads(body).get("id")
    except (ValueError, AttributeError):  # an answer that is a fault
        return None
