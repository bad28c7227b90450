"""What brctl does, done without it: requests of operators, signed with the keys in a data directory. Python 3 standard library only."""

import hashlib
import hmac
import json
import secrets
import time

BASE = "/internal/operator/v1/"
ACCESS = {"operator", "operator_org", "operator_partition"}  # the words of such routes in api/resources/resources.h


def authorization(data, method, target, body=b"", at=None, nonce=None):
    """The value of the header. data: the service's data directory; at: seconds since 1970."""
    master = (data / "keys" / "master").read_bytes()
    key = hmac.new(master, b"mac/operator", hashlib.sha256).digest()
    seconds, nonce = int(time.time()) if at is None else at, nonce or secrets.token_urlsafe(24)
    text = "\n".join((str(seconds), nonce, method, target, hashlib.sha256(body).hexdigest()))
    return f"Operator {seconds}.{nonce}.{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}"


def is_of_operators(operation):
    return operation.pattern.startswith(BASE)


def ask(service, method, path, body=None):
    """The answer of a route, its path without BASE."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"Authorization": authorization(service.data, method, BASE + path, content)}
    if content:
        headers["Content-Type"] = "application/json"
    return service.request(method, BASE + path, content or None, headers=headers)
