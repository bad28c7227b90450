"""OpenAI's files, and what makes one unfit as the input of a batch."""

import functools
import json
import time

from provider_simulator.execution import item_of

ERRORS_SHOWN = 20
MESSAGES = {
    "file_too_large": "The batch input file is larger than the maximum.",
    "empty_file": "The batch input file is empty.",
    "too_many_tasks": "The batch input file has too many requests.",
    "invalid_json_line": "This line is not parseable as valid JSON.",
    "missing_required_parameter": "A required parameter is missing.",
    "duplicate_custom_id": "The custom_id for this request is a duplicate of another request. The custom_id parameter must "
                           "be unique for each request in a batch.",
    "invalid_method": "The method must be POST.",
    "url_mismatch": "The URL of this request is not the endpoint of the batch.",
    "model_mismatch": "The batch input file has requests to several models.",
    "model_not_found": "The model does not exist or you do not have access to it.",
}


class File:
    def __init__(self, id, name, purpose, content, expires_at):
        self.id, self.name, self.purpose, self.content = id, name, purpose, content
        self.created, self.expires_at = int(time.time()), expires_at

    def shown(self):
        return {"id": self.id, "object": "file", "bytes": len(self.content), "created_at": self.created,
                "expires_at": self.expires_at, "filename": self.name, "purpose": self.purpose, "status": "processed",
                "status_details": None}

    @functools.cached_property
    def lines(self):
        """Each line that is not blank: (its number, the object or None)."""
        found = []
        for number, line in enumerate(self.content.split(b"\n"), 1):
            if line.strip():
                try:
                    value = json.loads(line)
                except (ValueError, RecursionError):
                    value = None
                found.append((number, value if isinstance(value, dict) else None))
        return found

    @functools.cached_property
    def items(self):
        return [item_of(line.get("custom_id"), line.get("url"), line.get("body")) for _, line in self.lines if line]


def input_errors(file, endpoint, settings):
    """What errors.data of a batch that failed with this input shows; empty when it is as it should be."""
    if len(file.content) > settings["openai_bytes"]:
        return [_error("file_too_large")]
    if not file.lines:
        return [_error("empty_file")]
    if len(file.lines) > settings["openai_requests"]:
        return [_error("too_many_tasks")]
    errors, seen, model = [], set(), None
    for number, line in file.lines:
        if line is None:
            errors.append(_error("invalid_json_line", number))
            continue
        name, body = line.get("custom_id"), line.get("body")
        if not isinstance(name, str) or not name:
            errors.append(_error("missing_required_parameter", number, "custom_id"))
            continue
        if not isinstance(body, dict):
            errors.append(_error("missing_required_parameter", number, "body"))
            continue
        if name in seen:
            errors.append(_error("duplicate_custom_id", number, "custom_id"))
        seen.add(name)
        if line.get("method") != "POST":
            errors.append(_error("invalid_method", number, "method"))
        if line.get("url") != endpoint:
            errors.append(_error("url_mismatch", number, "url"))
        model = body.get("model") if model is None else model
        if body.get("model") != model:
            errors.append(_error("model_mismatch", number, "body.model"))
    if not errors and settings["models"] is not None and model not in settings["models"]:
        errors.append(_error("model_not_found", 1, "body.model"))
    return errors[:ERRORS_SHOWN]


def _error(code, line=None, param=None):
    return {"code": code, "message": MESSAGES[code], "line": line, "param": param}
