"""Anthropic's API: messages, message batches, models."""

import datetime
import itertools
import re

from provider_simulator import fault_answers, result_files
from provider_simulator.batch import Batch
from provider_simulator.execution import Executor, item_of
from provider_simulator.faults import Thing
from provider_simulator.http_types import Answer, Work, bearer

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
DAY_SECONDS = 24 * 3600
CALL = "/v1/messages"


class Anthropic:
    """Callers hold the simulator's lock while they are in answer()."""

    name = "anthropic"
    request_id_header = "request-id"

    def __init__(self, script, log):
        self._script, self._log = script, log
        self._executor = Executor(self.name, script, log)
        self._numbers = itertools.count(1)
        self.batches = {}
        self._results = {}

    def key(self, request):
        """The vendor's own clients of 2026 send theirs as a bearer, older ones and most programs as x-api-key."""
        return request.headers.get("x-api-key") or bearer(request)

    def rate_headers(self, limit, remaining, reset_seconds):
        reset = _instant(datetime.datetime.now(datetime.timezone.utc).timestamp() + reset_seconds)
        headers = {}
        for name, most, left in (("requests", limit, remaining), ("tokens", 10_000_000, 9_999_000),
                                 ("input-tokens", 8_000_000, 7_999_000), ("output-tokens", 2_000_000, 1_999_000)):
            headers.update({f"anthropic-ratelimit-{name}-limit": str(most),
                            f"anthropic-ratelimit-{name}-remaining": str(left),
                            f"anthropic-ratelimit-{name}-reset": reset})
        return headers

    def error(self, status, message, request):
        return Answer.of(fault_answers.anthropic_error(status, message, request.id), status)

    def work(self, request):
        """What the request would have done."""
        if request.method != "POST" or request.path not in (CALL, CALL + "/batches"):
            return Work()
        body = request.json or {}
        if request.path == CALL:
            return Work([item_of(None, CALL, body)])
        requests = body.get("requests")
        return Work([item_of(one.get("custom_id"), CALL, one.get("params"))
                     for one in (requests if isinstance(requests, list) else []) if isinstance(one, dict)])

    def answer(self, request):
        key, keys = self.key(request), self._script.settings["anthropic_keys"]
        if not key:
            return self.error(401, "x-api-key header is required", request)
        if keys is not None and key not in keys:
            return self.error(401, "invalid x-api-key", request)
        if not request.headers.get("anthropic-version"):
            return self.error(400, "anthropic-version: header is required", request)
        for method, pattern, handler in self.ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                return handler(self, request, *found.groups())
        return self.error(404, "Not Found", request)

    def _call(self, request):
        if request.json is None:
            return self.error(400, "The request body is not valid JSON.", request)
        outcome = self._executor.perform(request.work.items[0], "call", request.id)
        return Answer.of(outcome.body, outcome.status)

    def _models(self, _request):
        names = self._script.settings["models"] or ["claude-haiku-4-5"]
        return Answer.of({"data": [{"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
                                   for name in names], "has_more": False, "first_id": names[0], "last_id": names[-1]})

    # Batches

    def _create(self, request):
        settings = self._script.settings
        if len(request.body) > settings["anthropic_bytes"]:
            return self.error(413, "Request exceeds the maximum size", request)
        requests = (request.json or {}).get("requests")
        if not isinstance(requests, list) or not requests:
            return self.error(400, "requests: at least one request is required", request)
        if len(requests) > settings["anthropic_requests"]:
            return self.error(413, f"requests: at most {settings['anthropic_requests']} requests in a batch", request)
        seen = set()
        for index, one in enumerate(requests):
            name = one.get("custom_id") if isinstance(one, dict) else None
            if not isinstance(name, str) or not CUSTOM_ID.fullmatch(name):
                return self.error(400, f"requests.{index}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'",
                                  request)
            if name in seen:
                return self.error(400, f"requests.{index}.custom_id: duplicate custom_id '{name}'", request)
            if not isinstance(one.get("params"), dict):
                return self.error(400, f"requests.{index}.params: Field required", request)
            seen.add(name)
        items = request.work.items
        id = f"msgbatch_{next(self._numbers):012x}"
        faults = self._script.on_batch(Thing(self.name, "POST", request.path, items, "batch", items[0].digest))
        self.batches[id] = Batch(id, items, faults, settings, lambda item: self._executor.perform(item, "batch", id),
                                 self._end)
        self._log.batch_created(self.name)
        return Answer.of(self._show(self.batches[id], request))

    def _list(self, request):
        limit = request.query.get("limit", "20")
        if not limit.isdigit() or not 1 <= int(limit) <= 1000:
            return self.error(400, "limit: Input should be from 1 to 1000", request)
        newest_first = list(self.batches)[::-1]
        if "after_id" in request.query or "before_id" in request.query:
            after = request.query.get("after_id")
            mark = after or request.query.get("before_id")
            if mark not in self.batches:
                return self.error(400, f"{mark}: no such batch", request)
            place = newest_first.index(mark)
            newest_first = newest_first[place + 1:] if after else newest_first[:place]
        page = newest_first[:int(limit)] if "before_id" not in request.query else newest_first[-int(limit):]
        return Answer.of({"data": [self._show(self.batches[id], request) for id in page],
                          "has_more": len(newest_first) > len(page), "first_id": page[0] if page else None,
                          "last_id": page[-1] if page else None})

    def _batch(self, request, id):
        return Answer.of(self._show(self.batches[id], request)) if id in self.batches else self._no_batch(id, request)

    def _cancel(self, request, id):
        if id not in self.batches:
            return self._no_batch(id, request)
        if not self.batches[id].cancel():
            return self.error(400, f"Batch {id} cannot be canceled because it has finished processing.", request)
        return Answer.of({**self._show(self.batches[id], request), "processing_status": "canceling"})

    def _delete(self, request, id):
        if id not in self.batches:
            return self._no_batch(id, request)
        self.batches[id].look()
        if self.batches[id].end is None:
            return self.error(400, f"Batch {id} cannot be deleted because it is still processing.", request)
        del self.batches[id]
        self._results.pop(id, None)
        return Answer.of({"id": id, "type": "message_batch_deleted"})

    def _result_lines(self, request, id):
        if id not in self.batches:
            return self._no_batch(id, request)
        self.batches[id].look()
        if id not in self._results:
            return self.error(404, f"Batch {id} has no available results.", request)
        return Answer(200, self._results[id], {"content-type": "application/binary"})

    def _no_batch(self, id, request):
        return self.error(404, f"No batch found with ID {id}", request)

    def _show(self, batch, request):
        stage = batch.look_from_outside()
        running = {"validating": "in_progress", "in_progress": "in_progress", "finalizing": "in_progress",
                   "cancelling": "canceling"}
        ended = stage not in running
        counts = {"processing": 0 if ended else len(batch.items), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        for outcome in batch.outcomes if ended else []:
            counts[_kind(outcome, batch)] += 1
        results_url = f"http://{request.headers.get('host')}{CALL}/batches/{batch.id}/results"
        results_url = (batch.fault("results_url") or {}).get("url", results_url)
        return {"id": batch.id, "type": "message_batch", "processing_status": running.get(stage, "ended"),
                "request_counts": counts, "created_at": _instant(batch.created),
                "expires_at": _instant(batch.created + DAY_SECONDS),
                "ended_at": _instant(batch.ended_at) if ended else None,
                "cancel_initiated_at": _instant(batch.cancelled_at) if batch.cancelled_at else None, "archived_at": None,
                "results_url": results_url if ended and not batch.fault("empty_file_id") else None}

    def _end(self, batch):
        lines = []
        for outcome in batch.outcomes:
            kind = _kind(outcome, batch)
            result = {"type": kind}
            if kind == "succeeded":
                result["message"] = outcome.body
            elif kind == "errored":
                result["error"] = outcome.body or fault_answers.anthropic_error(500, "Internal server error", batch.id)
            if outcome.item.custom_id not in batch.without_line:
                lines.append({"custom_id": outcome.item.custom_id, "result": result})
        self._results[batch.id] = result_files.render(lines, batch.faults)
        self._log.batch_ended(self.name, batch)

    ROUTES = (
        ("POST", CALL, _call),
        ("GET", "/v1/models", _models),
        ("POST", CALL + "/batches", _create),
        ("GET", CALL + "/batches", _list),
        ("GET", CALL + "/batches/([^/]+)", _batch),
        ("DELETE", CALL + "/batches/([^/]+)", _delete),
        ("POST", CALL + "/batches/([^/]+)/cancel", _cancel),
        ("GET", CALL + "/batches/([^/]+)/results", _result_lines),
    )


def _kind(outcome, batch):
    if outcome.body is None:
        return {"expired": "expired", "cancelled": "canceled"}.get(batch.end, "errored")
    return "succeeded" if outcome.succeeded else "errored"


def _instant(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
