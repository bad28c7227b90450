"""What a customer does with batches, and what must be true of one that has ended. Standard library only."""

import collections
import http.client
import json
import re
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote, urlsplit

PASSWORD = "correct horse battery staple"
ROWS_PER_PAGE = 1000
WORDS = ("parcel invoice refund ledger quarter customer delivery report summary address payment order review note "
         "station window garden signal").split()


class Account(NamedTuple):
    address: str
    key: str  # an API key
    session: str


def sign_up(service, address):
    body = {"agent_name": address.split("@")[0], "email": address, "password": PASSWORD}
    service.expect(service.post("/v1/auth/agent-register", body), 201)
    verified = service.expect(service.post("/v1/auth/verify-email", {"token": service.mailed_token(address)}), 200)
    session = verified.json["session_token"]
    created = service.expect(service.post("/v1/api-keys", {"label": "test"}, key=session), 201)
    return Account(address, created.json["api_key"], session)


# Manifests: written piece by piece, and the same bytes each time they are written

def short_item(number):
    """About 600 bytes of JSON."""
    text = " ".join(WORDS[(number * 7 + i * i) % len(WORDS)] for i in range(60))
    return {"customer_item_id": f"row-{number:07d}", "operation": "responses", "model": "gpt-5.4-nano",
            "input": {"input": f"Summarize note {number}: {text}", "max_output_tokens": 64}}


def mixed_item(number):
    """Each operation, some models, ids and texts beyond ASCII, long and short ones."""
    text = " ".join(WORDS[(number + i) % len(WORDS)] for i in range(number % 80 + 1)) + f" № {number} 漢字"
    messages = [{"role": "user", "content": text}]
    kinds = (
        ("responses", "gpt-5.4-nano", {"input": text, "max_output_tokens": 40}),
        ("chat_completions", "mistral-small-2603", {"messages": messages, "max_completion_tokens": 40}),
        ("messages", "gpt-5.4-nano", {"messages": messages, "max_tokens": 40}),
        ("embeddings", "text-embedding-3-small", {"input": text}),
    )
    operation, model, body = kinds[number % len(kinds)]
    item = {"customer_item_id": f"é {number} /\"x\"", "operation": operation, "model": model, "input": body}
    if number % 5 == 0:
        item["metadata"] = {"row": str(number)}
    return item


def manifest(item, count, **header):
    """Yields a JSON manifest of item(0) … item(count - 1), some 64 KiB at a time."""
    piece = [json.dumps(header)[:-1], ", " if header else "", '"items": [']
    size = 0
    for number in range(count):
        text = ("," if number else "") + json.dumps(item(number), ensure_ascii=False)
        piece.append(text)
        size += len(text)
        if size > 65536:
            yield "".join(piece).encode()
            piece, size = [], 0
    yield ("".join(piece) + "]}").encode()


def submit(service, account, pieces, idempotency_key=None, seconds=300):
    """POST /v1/batches, the body streamed. Returns (status, headers with lower-case names, parsed body).

    Raises OSError or http.client.HTTPException when there is no whole answer.
    """
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + account.key}
    if idempotency_key is not None:
        headers["Idempotency-Key"] = idempotency_key
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=seconds)
    try:
        connection.request("POST", "/v1/batches", pieces, headers, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(answer.read())
    finally:
        connection.close()


def accepted(answer):
    status, _, body = answer
    if status != 201:
        raise AssertionError(f"HTTP {status}, not 201: {json.dumps(body)[:2000]}")
    return body["id"]


# Results

def artifact(service, account, batch, kind):
    """The lines of an artifact, by a signed link."""
    link = service.expect(service.get(f"/v1/batches/{batch}/artifact-url?kind={kind}", key=account.key), 200).json
    parts = urlsplit(link["url"])
    content = service.expect(service.get(f"{parts.path}?{parts.query}", seconds=300), 200).body
    if len(content) != link["bytes"]:
        raise AssertionError(f"{kind} has {len(content)} bytes, not {link['bytes']}")
    return content.splitlines(keepends=False)


def pages(service, account, batch, partial=False):
    """Rows of the result pages, as the bytes in which they stood there."""
    rows, cursor = [], None
    while True:
        path = f"/v1/batches/{batch}/results?limit={ROWS_PER_PAGE}" + ("&partial=true" if partial else "")
        if cursor is not None:
            path += "&cursor=" + quote(cursor, safe="")
        page = service.expect(service.get(path, key=account.key, seconds=300), 200)
        rows += rows_of(page.body)
        cursor = page.json["next_cursor"]
        if not page.json["has_more"]:
            return rows


def rows_of(page):
    text = page.decode()
    place = text.index('"results":[') + len('"results":[')
    decoder = json.JSONDecoder()
    rows = []
    while text[place] != "]":
        _, end = decoder.raw_decode(text, place)
        rows.append(text[place:end].encode())
        place = end + (text[end] == ",")
    return rows


def money(amount):
    if amount["currency"] != "usd":
        raise AssertionError(f"not USD: {amount}")
    return Decimal(amount["amount"])


def ledger(service, account):
    """(balance, all entries from the first to the last)."""
    entries, cursor, balance = [], None, None
    while True:
        path = "/v1/billing/credits?limit=100" + (f"&cursor={quote(cursor, safe='')}" if cursor else "")
        page = service.expect(service.get(path, key=account.key), 200).json
        balance = balance or page["balance"]
        entries += page["ledger_entries"]["data"]
        cursor = page["ledger_entries"]["next_cursor"]
        if cursor is None:
            return balance, entries[::-1]


class Ended(NamedTuple):
    batch: dict
    rows: list  # of output, then of error, as bytes
    output_count: int
    error_count: int


def check_ended(test, service, account, batch, ids, status="completed"):
    """Each id once in output or error, and all sums of money and counts as they must be; returns the rows."""
    shown = service.expect(service.get(f"/v1/batches/{batch}?include_billing_receipt=true", key=account.key), 200).json
    test.assertEqual(shown["status"], status)
    output, error = (artifact(service, account, batch, kind) for kind in ("output", "error"))
    parsed = [json.loads(row) for row in output + error]
    seen = collections.Counter(row["customer_item_id"] for row in parsed)
    test.assertEqual([item for item, times in seen.items() if times > 1][:5], [], "ids with more than one row")
    test.assertEqual(seen.keys() ^ set(ids), set(), "ids without a row, or rows of no id")
    test.assertTrue(all(row["status"] == "completed" and row["error"] is None for row in parsed[:len(output)]))
    test.assertTrue(all(row["status"] == "failed" and row["output"] is None for row in parsed[len(output):]))
    counts = shown["request_counts"]
    test.assertEqual((counts["total"], counts["completed"], counts["remaining"]), (len(seen), len(output), 0))
    test.assertEqual(counts["failed"] + counts["cancelled"] + counts["expired"], len(error))

    receipts = [json.loads(line) for line in artifact(service, account, batch, "receipt")]
    charged = {line["customer_item_id"]: money(line["cost"]) for line in receipts}
    test.assertEqual(len(charged), len(receipts), "an id has two lines in the receipt")
    test.assertEqual(charged, {row["customer_item_id"]: money(row["cost"]) for row in parsed if money(row["cost"]) > 0})
    settlement = shown["settlement"]
    quoted, captured, released = (money(settlement[name]) for name in
                                  ("quoted_total", "captured_total", "released_total"))
    test.assertEqual(settlement["status"], "settled")
    test.assertEqual(sum(charged.values()), captured)
    test.assertEqual(captured + released, quoted)
    test.assertEqual(money(shown["billing_receipt"]["captured_total"]), captured)
    test.assertLessEqual(captured, quoted)
    transfers = collections.Counter(
        (entry["type"], money(entry["amount"])) for entry in ledger(service, account)[1] if entry["batch_id"] == batch)
    expected = [("reserve", quoted), ("capture", captured), ("release", released)]
    test.assertEqual(transfers, collections.Counter(transfer for transfer in expected if transfer[1] > 0))
    return Ended(shown, output + error, len(output), len(error))


def check_ledger(test, service, account):
    """The balance is what its entries add up to, and none before was negative."""
    balance, entries = ledger(service, account)
    available = reserved = captured = granted = Decimal(0)
    for number, entry in enumerate(entries, 1):
        amount = money(entry["amount"])
        test.assertEqual(entry["sequence"], number)
        if entry["type"] in ("grant", "top_up", "refund"):
            available += amount
            granted += amount
        elif entry["type"] == "reserve":
            available, reserved = available - amount, reserved + amount
        elif entry["type"] == "release":
            available, reserved = available + amount, reserved - amount
        elif entry["type"] == "capture":
            reserved, captured = reserved - amount, captured + amount
        else:
            test.fail(f"unknown entry {entry}")
        test.assertEqual((money(entry["available_after"]), money(entry["reserved_after"])), (available, reserved))
        test.assertGreaterEqual(min(available, reserved), 0)
    test.assertEqual((money(balance["available"]), money(balance["reserved"])), (available, reserved))
    test.assertEqual(money(balance["captured_total"]), captured)
    test.assertEqual(available + reserved + captured, granted)


# What an operator sees

def metric(service, name):
    """The sum of a counter over its labels; 0 before it was counted first."""
    text = service.expect(service.get("/metrics"), 200).body.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if re.match(re.escape(name) + r"[ {]", line))


def kept_rows(service, batch):
    """Items with whole rows on the disk of a service that does not run; `raw` is written last, so its rows are whole in
    all. Each start of the service goes on in a copy: of a unit's files <unit>.e<epoch>.raw the fullest counts."""
    rows = collections.Counter()
    for path in (service.data / "blobs" / "segments" / batch).glob("*.raw"):
        unit = path.name.split(".")[0]
        rows[unit] = max(rows[unit], path.read_bytes().count(b"\n"))
    return rows.total()
