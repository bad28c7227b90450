"""The witness: every request, and what was executed and would have been billed; no prompt and no key."""

import collections
import hashlib
import json
import threading
import time


def fingerprint(key):
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:12] if key else None


class Log:
    """Thread-safe. With a path each entry is also written there, one JSON object a line, before the client gets its
    answer."""

    def __init__(self, path=None):
        self._lock = threading.Lock()
        self._stream = open(path, "a", encoding="utf-8", buffering=1) if path else None
        self.clear()

    def clear(self):
        with self._lock:
            self._sequence = 0
            self._requests = []
            self._executed = []
            self._batches = collections.Counter()

    def request(self, **entry):
        """One HTTP request, when it is known what it will be answered. status 0: nothing."""
        with self._lock:
            self._sequence += 1
            entry = {"sequence": self._sequence, "time": round(time.time(), 3), **entry}
            self._requests.append(entry)
            self._write({"entry": "request", **entry})

    def batch_created(self, vendor):
        with self._lock:
            self._batches[vendor] += 1

    def batch_ended(self, vendor, batch):
        self._write_locked({"entry": "batch_ended", "time": round(time.time(), 3), "vendor": vendor, "batch": batch.id,
                            "end": batch.end, "items": len(batch.items),
                            "executed": sum(outcome.body is not None for outcome in batch.outcomes),
                            "billed": sum(outcome.billed for outcome in batch.outcomes)})

    def executed(self, vendor, source, outcome):
        """source: the id of the batch, or of the request that was a call."""
        item = outcome.item
        entry = {"vendor": vendor, "source": source, "custom_id": item.custom_id, "model": item.model,
                 "prompt": item.digest, "status": outcome.status, "billed": outcome.billed,
                 "input_tokens": outcome.input_tokens, "output_tokens": outcome.output_tokens}
        with self._lock:
            self._executed.append(entry)
            self._write({"entry": "executed", **entry})

    def requests(self, after=0):
        with self._lock:
            return [entry for entry in self._requests if entry["sequence"] > after]

    def billing(self):
        """Per vendor, and over both the prompts that were paid for more than once."""
        with self._lock:
            executed, batches = list(self._executed), dict(self._batches)
        billed = collections.Counter(entry["prompt"] for entry in executed if entry["billed"])
        return {"openai": _account("openai", executed, batches), "anthropic": _account("anthropic", executed, batches),
                "prompts_billed_more_than_once": {prompt: times for prompt, times in billed.items() if times > 1}}

    def _write_locked(self, entry):
        with self._lock:
            self._write(entry)

    def _write(self, entry):
        if self._stream is not None:
            self._stream.write(json.dumps(entry) + "\n")


def _account(vendor, executed, batches):
    own = [entry for entry in executed if entry["vendor"] == vendor]
    billed = [entry for entry in own if entry["billed"]]
    return {"batches_created": batches.get(vendor, 0), "items_executed": len(own), "items_billed": len(billed),
            "input_tokens": sum(entry["input_tokens"] for entry in billed),
            "output_tokens": sum(entry["output_tokens"] for entry in billed),
            "by_custom_id": _times(own, "custom_id"), "by_prompt": _times(own, "prompt")}


def _times(entries, name):
    found = {}
    for entry in entries:
        if entry[name] is not None:
            one = found.setdefault(entry[name], {"executed": 0, "billed": 0, "prompts": [], "sources": []})
            one["executed"] += 1
            one["billed"] += entry["billed"]
            if entry["prompt"] not in one["prompts"]:
                one["prompts"].append(entry["prompt"])
            one["sources"].append(entry["source"])
    return found
