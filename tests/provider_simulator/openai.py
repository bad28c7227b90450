"""OpenAI's API: files, batches, chat completions, responses, embeddings, models."""

import itertools
import re
import time

from provider_simulator import fault_answers, result_files
from provider_simulator.batch import ENDS, Batch
from provider_simulator.execution import Executor, item_of
from provider_simulator.faults import Thing
from provider_simulator.http_types import Answer, Work, bearer, multipart_fields
from provider_simulator.openai_files import File, input_errors
from provider_simulator.validation import OPENAI_PARAMETERS

MONTH_SECONDS = 30 * 24 * 3600
DAY_SECONDS = 24 * 3600
UPLOAD_BYTES = 512_000_000


NOT_EXECUTED = {
    "expired": {"code": "batch_expired",
                "message": "This request could not be executed before the completion window expired."},
    "cancelled": {"code": "batch_cancelled", "message": "This request was not executed: the batch was cancelled."},
}


class OpenAI:
    """Callers hold the simulator's lock while they are in answer()."""

    name = "openai"
    request_id_header = "x-request-id"

    def __init__(self, script, log):
        self._script, self._log = script, log
        self._executor = Executor(self.name, script, log)
        self._numbers = itertools.count(1)
        self._files, self.batches, self._batch_shown = {}, {}, {}

    def key(self, request):
        return bearer(request)

    def rate_headers(self, limit, remaining, reset_seconds):
        return {"x-ratelimit-limit-requests": str(limit), "x-ratelimit-remaining-requests": str(remaining),
                "x-ratelimit-reset-requests": _duration(reset_seconds),
                "x-ratelimit-limit-tokens": "30000000", "x-ratelimit-remaining-tokens": "29999000",
                "x-ratelimit-reset-tokens": "2ms"}

    def error(self, status, message, code=None, param=None):
        type = "invalid_request_error" if status < 500 and status != 429 else None
        return Answer.of(fault_answers.openai_error(status, message, type, code, param), status)

    def work(self, request):
        """What the request would have done."""
        if request.method != "POST" or request.path == "/v1/files" or request.json is None:
            return Work()
        body = request.json
        if request.path == "/v1/batches":
            file = self._files.get(str(body.get("input_file_id")))
            metadata = body.get("metadata")
            return Work(file.items if file else [], metadata if isinstance(metadata, dict) else None)
        return Work([item_of(None, request.path, body)] if request.path in OPENAI_PARAMETERS else [])

    def answer(self, request):
        key, keys = self.key(request), self._script.settings["openai_keys"]
        if not key:
            return self.error(401, "You didn't provide an API key.")
        if keys is not None and key not in keys:
            return self.error(401, "Incorrect API key provided.", "invalid_api_key")
        for method, pattern, handler in self.ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                return handler(self, request, *found.groups())
        return self.error(404, f"Invalid URL ({request.method} {request.path})")

    # Calls

    def _call(self, request, _name):
        if request.json is None:
            return self.error(400, "We could not parse the JSON body of your request.")
        outcome = self._executor.perform(request.work.items[0], "call", request.id)
        return Answer.of(outcome.body, outcome.status)

    def _models(self, _request):
        names = self._script.settings["models"] or ["gpt-5.4-mini", "text-embedding-3-small"]
        return Answer.of({"object": "list", "data": [
            {"id": name, "object": "model", "created": 1767225600, "owned_by": "system"} for name in names]})

    # Files

    def _upload(self, request):
        if len(request.body) > UPLOAD_BYTES:
            return self.error(413, "The file is too large.")
        fields = multipart_fields(request.headers.get("content-type"), request.body)
        if fields is None:
            return self.error(400, "The body is not multipart/form-data.")
        name, content = fields.get("file", (None, b""))
        if name is None:
            return self.error(400, "'file' is a required property", param="file")
        if fields.get("purpose", (None, b""))[1] != b"batch":
            return self.error(400, "This simulator takes files of purpose batch.", "invalid_value", "purpose")
        if not name.endswith(".jsonl"):
            return self.error(400, "Invalid file format for Batch API. Must be .jsonl")
        seconds = fields.get("expires_after[seconds]", (None, str(MONTH_SECONDS).encode()))[1]
        anchor = fields.get("expires_after[anchor]", (None, b"created_at"))[1]
        if anchor != b"created_at" or not seconds.isdigit() or not 3600 <= int(seconds) <= MONTH_SECONDS:
            return self.error(400, "Invalid 'expires_after'.", "invalid_value", "expires_after")
        return Answer.of(self._keep(name, "batch", content, int(time.time()) + int(seconds)).shown())

    def _list_files(self, request):
        files = [file for file in self._files.values() if request.query.get("purpose", file.purpose) == file.purpose]
        return self._page(request, [file.shown() for file in files], 10_000, 10_000)

    def _file(self, _request, id):
        return Answer.of(self._files[id].shown()) if id in self._files else self._no_file(id)

    def _content(self, _request, id):
        if id not in self._files:
            return self._no_file(id)
        return Answer(200, self._files[id].content, {"content-type": "application/octet-stream"})

    def _delete_file(self, _request, id):
        if self._files.pop(id, None) is None:
            return self._no_file(id)
        return Answer.of({"id": id, "object": "file", "deleted": True})

    def _no_file(self, id):
        return self.error(404, f"No such File object: {id}", param="id")

    def _keep(self, name, purpose, content, expires_at):
        file = File(f"file-{next(self._numbers):012x}", name, purpose, content, expires_at)
        self._files[file.id] = file
        return file

    # Batches

    def _create(self, request):
        body = request.json
        if body is None:
            return self.error(400, "We could not parse the JSON body of your request.")
        if str(body.get("endpoint")) not in OPENAI_PARAMETERS:
            return self.error(400, "Invalid value for 'endpoint'.", "invalid_value", "endpoint")
        if body.get("completion_window") != "24h":
            return self.error(400, "Invalid value for 'completion_window': only '24h' is there.",
                              "invalid_value", "completion_window")
        metadata = body.get("metadata")
        if metadata is not None and not _is_metadata(metadata):
            return self.error(400, "Invalid 'metadata': up to 16 pairs of strings, 64 and 512 characters.",
                              "invalid_value", "metadata")
        file = self._files.get(str(body.get("input_file_id")))
        if file is None or file.purpose != "batch":
            return self.error(400, "Invalid 'input_file_id': there is no such file of purpose batch.",
                              "invalid_value", "input_file_id")
        errors = input_errors(file, body["endpoint"], self._script.settings)
        items = [] if errors else file.items
        faults = self._script.on_batch(Thing(self.name, "POST", request.path, items, "batch", file.id))
        id = f"batch_{next(self._numbers):012x}"
        self.batches[id] = batch = Batch(id, items, faults, self._script.settings,
                                         lambda item: self._executor.perform(item, "batch", id), self._end, errors)
        self._batch_shown[id] = {
            "id": id, "object": "batch", "endpoint": body["endpoint"], "model": items[0].model if items else None,
            "errors": None, "input_file_id": file.id, "completion_window": "24h", "status": "validating",
            "output_file_id": None, "error_file_id": None, "created_at": int(batch.created), "in_progress_at": None,
            "expires_at": int(batch.created) + DAY_SECONDS, "finalizing_at": None, "completed_at": None, "failed_at": None,
            "expired_at": None, "cancelling_at": None, "cancelled_at": None,
            "request_counts": {"total": 0, "completed": 0, "failed": 0}, "usage": None, "metadata": metadata}
        self._log.batch_created(self.name)
        return Answer.of(self._batch_shown[id])

    def _list_batches(self, request):
        return self._page(request, [self._show(batch) for batch in self.batches.values()], 20, 100)

    def _batch(self, _request, id):
        return Answer.of(self._show(self.batches[id])) if id in self.batches else self._no_batch(id)

    def _cancel(self, _request, id):
        if id not in self.batches:
            return self._no_batch(id)
        batch = self.batches[id]
        if not batch.cancel():
            return self.error(409, f"Cannot cancel a batch with status '{batch.end}'.")
        return Answer.of({**self._show(batch), "status": "cancelling"})

    def _no_batch(self, id):
        return self.error(404, f"No batch found with id '{id}'.")

    def _show(self, batch):
        stage = batch.look_from_outside()
        shown = {**self._batch_shown[batch.id], "status": stage}
        for name, moment in (("in_progress_at", batch.began), ("cancelling_at", batch.cancelled_at)):
            shown[name] = int(moment) if moment else None
        if batch.end is None:
            if stage != "validating":
                shown["request_counts"] = {"total": len(batch.items), "completed": batch.progress(), "failed": 0}
        elif stage not in ENDS:
            shown.update(output_file_id=None, error_file_id=None, usage=None)
        return shown

    def _end(self, batch):
        """Writes the files and the figures of a batch that has ended."""
        now = int(batch.ended_at)
        shown = self._batch_shown[batch.id]
        shown[f"{batch.end}_at"] = now
        if batch.end == "failed":
            shown["errors"] = {"object": "list", "data": batch.errors}
        else:
            if batch.end == "completed":
                shown["finalizing_at"] = now
            good, bad = _lines(batch)
            for field, lines in (("output_file_id", good), ("error_file_id", bad)):
                shown[field] = "" if batch.fault("empty_file_id") else None
                if lines:
                    content = result_files.render(lines, batch.faults)
                    name = f"{batch.id}_{field.removesuffix('_file_id')}.jsonl"
                    shown[field] = self._keep(name, "batch_output", content, now + MONTH_SECONDS).id
            done = [outcome for outcome in batch.outcomes if outcome.body is not None]
            completed = sum(outcome.succeeded for outcome in done)
            shown["request_counts"] = {"total": len(batch.items), "completed": completed, "failed": len(done) - completed}
            taken, given = sum(one.input_tokens for one in done), sum(one.output_tokens for one in done)
            shown["usage"] = {"input_tokens": taken, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": given,
                              "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": taken + given}
        self._log.batch_ended(self.name, batch)

    def _page(self, request, shown, default, most):
        limit = request.query.get("limit", str(default))
        if not limit.isdigit() or not 1 <= int(limit) <= most:
            return self.error(400, f"Invalid 'limit': expected 1 to {most}.", "invalid_value", "limit")
        if request.query.get("order", "desc") == "desc":
            shown = shown[::-1]
        after = request.query.get("after")
        if after:
            places = [place for place, one in enumerate(shown) if one["id"] == after]
            if not places:
                return self.error(400, f"Invalid 'after': {after}.", "invalid_value", "after")
            shown = shown[places[0] + 1:]
        page = shown[:int(limit)]
        return Answer.of({"object": "list", "data": page, "first_id": page[0]["id"] if page else None,
                          "last_id": page[-1]["id"] if page else None, "has_more": len(shown) > len(page)})

    ROUTES = (
        ("POST", r"/v1/(chat/completions|responses|embeddings)", _call),
        ("GET", r"/v1/models", _models),
        ("POST", r"/v1/files", _upload),
        ("GET", r"/v1/files", _list_files),
        ("GET", r"/v1/files/([^/]+)", _file),
        ("DELETE", r"/v1/files/([^/]+)", _delete_file),
        ("GET", r"/v1/files/([^/]+)/content", _content),
        ("POST", r"/v1/batches", _create),
        ("GET", r"/v1/batches", _list_batches),
        ("GET", r"/v1/batches/([^/]+)", _batch),
        ("POST", r"/v1/batches/([^/]+)/cancel", _cancel),
    )


def _lines(batch):
    """(of the output file, of the error file)"""
    good, bad = [], []
    for number, outcome in enumerate(batch.outcomes, 1):
        name = outcome.item.custom_id
        line = {"id": f"batch_req_{batch.id[6:]}_{number}", "custom_id": name, "response": None, "error": None}
        if name in batch.without_line:
            continue
        if outcome.body is None:
            line["error"] = NOT_EXECUTED[batch.end]
        else:
            line["response"] = {"status_code": outcome.status, "request_id": f"req_{number:012x}", "body": outcome.body}
        (good if outcome.succeeded else bad).append(line)
    return good, bad


def _duration(seconds):
    """As the vendor writes one: 20ms, 7.25s, 6m0s."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    return f"{seconds:.2f}s" if seconds < 60 else f"{int(seconds // 60)}m{int(seconds % 60)}s"


def _is_metadata(value):
    return isinstance(value, dict) and len(value) <= 16 and all(
        len(name) <= 64 and isinstance(text, str) and len(text) <= 512 for name, text in value.items())
