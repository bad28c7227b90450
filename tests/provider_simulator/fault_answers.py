"""Errors in each vendor's shape, and what a faulty HTTP call is answered."""

import email.utils
import gzip
import time

from provider_simulator.http_types import Answer

ANTHROPIC_TYPES = {400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
                   404: "not_found_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error",
                   500: "api_error", 504: "timeout_error", 529: "overloaded_error"}
OPENAI_TYPES = {401: ("invalid_request_error", "invalid_api_key"),
                403: ("request_forbidden", "unsupported_country_region_territory"),
                429: ("requests", "rate_limit_exceeded"), 500: ("server_error", None), 502: ("server_error", None),
                503: ("service_unavailable_error", "server_is_overloaded"), 504: ("server_error", None)}
QUOTA = "You exceeded your current quota, please check your plan and billing details."

# "name" of a fault of kind status or item_error
NAMED = {
    "rate_limited": {"status": 429, "headers": {"retry-after": "1"}, "message": "Rate limit reached."},
    "slow_down": {"status": 429, "type": "rate_limit_error", "code": "slow_down", "message": "Slow down."},
    "overloaded": {"status": 529, "message": "Overloaded"},
    "insufficient_quota": {"status": 429, "type": "insufficient_quota", "code": "insufficient_quota", "message": QUOTA},
    **{code: {"status": 429, "type": "insufficient_quota", "code": code, "message": QUOTA}
       for code in ("credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded",
                    "organization_usage_limit_exceeded")},
    "credit_balance_too_low": {"status": 400, "type": "invalid_request_error", "message":
                               "Your credit balance is too low to access the Anthropic API. "
                               "Please go to Plans & Billing to upgrade or purchase credits."},
    "enforced_spend_limit": {"status": 429, "type": "rate_limit_error",
                             "details": {"error_code": "enforced_spend_limit_reached"}, "message": "You have reached your specified API usage limits."},
    "context_length_exceeded": {"status": 400, "type": "invalid_request_error", "code": "context_length_exceeded",
                                "param": "messages", "message": "This model's maximum context length is exceeded."},
    "key_revoked": {"status": 401, "message": "This key has been revoked."},
}


def openai_error(status, message, type=None, code=None, param=None):
    usual_type, usual_code = OPENAI_TYPES.get(status, ("invalid_request_error", None))
    return {"error": {"message": message, "type": type or usual_type, "param": param,
                      "code": code if type or code else usual_code}}


def anthropic_error(status, message, request_id, type=None, details=None):
    error = {"type": type or ANTHROPIC_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error"),
             "message": message}
    if details is not None:
        error["details"] = details
    return {"type": "error", "error": error, "request_id": request_id}


def error_of(fault, vendor, request_id):
    """(status, body) that a fault of kind status or item_error stands for."""
    fault = {**NAMED.get(fault.get("name"), {}), **fault}
    status = fault.get("status", 500)
    message = fault.get("message", f"scripted fault {status}")
    if vendor == "anthropic":
        return status, anthropic_error(status, message, request_id, fault.get("type"), fault.get("details"))
    return status, openai_error(status, message, fault.get("type"), fault.get("code"), fault.get("param"))


def answer_of(fault, vendor, request_id):
    """The answer that a call with this fault gets instead of its own; None when its own is sent, in a faulty way."""
    kind = fault["kind"]
    headers = {**NAMED.get(fault.get("name"), {}).get("headers", {}), **fault.get("headers", {})}
    headers = {name: _header(value) for name, value in headers.items() if value is not None}
    if kind == "status":
        status, body = error_of(fault, vendor, request_id)
        if isinstance(fault.get("body"), str):
            return Answer(status, fault["body"].encode(), {"content-type": "text/plain", **headers})
        return Answer.of(fault.get("body", body), status, headers)
    if kind == "error_in_200":
        _, body = error_of({"status": 500, **fault}, vendor, request_id)
        return Answer.of(body, 200, headers)
    if kind == "html":
        page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\r\n"
        return Answer(fault.get("status", 502), page, {"content-type": "text/html", **headers})
    if kind == "empty":
        return Answer(fault.get("status", 200), b"", headers)
    if kind == "redirect":
        return Answer(fault.get("status", 307), b"", {"location": fault["location"], **headers})
    if kind == "gzip_bomb":
        body = gzip.compress(b"\0" * (fault.get("megabytes", 100) * 1_000_000), 9)
        return Answer(200, body, {"content-type": "application/json", "content-encoding": "gzip", **headers})
    if kind == "endless":
        return Answer(200, b"", {"content-type": "application/json", **headers}, fault)
    return None


def carried_out(fault):
    """Whether the vendor does what it was asked although the call has this fault."""
    return fault.get("carried_out", fault["kind"] in ("lost_answer", "reset_mid_body", "drip", "delay"))


def _header(value):
    """{"http_date_in": seconds} becomes the HTTP date that many seconds from now."""
    if isinstance(value, dict):
        return email.utils.formatdate(time.time() + value["http_date_in"], usegmt=True)
    return str(value)
