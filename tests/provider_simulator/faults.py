"""The script of faults: which rule meets which request, item or batch. FAULTS.md lists the kinds and what they take.

A rule is {"match": {…}, "share": 0..1, "sticky": bool, "fault": {"kind": …}}. Where a fault is committed follows from its
kind: on an HTTP call (the first rule that meets it), on the answer to an item, on the life of a batch, on a file of
results (there all rules that meet it, in order).
"""

import collections
import hashlib
import re
import threading

CALL = {"status", "html", "empty", "error_in_200", "redirect", "reset", "reset_mid_body", "close", "lost_answer", "hang",
        "drip", "delay", "refuse", "endless", "gzip_bomb"}
ITEM = {"item_error", "failed_response", "usage", "empty_output", "refusal", "content_filter", "truncated", "pause",
        "tool_call", "text", "wrong_model"}
BATCH = {"stuck", "batch_failed", "batch_expired", "batch_cancelled", "empty_file_id", "flap", "slow_cancel",
         "batch_delay", "results_url"}
RESULTS = {"truncated_last_line", "blank_lines", "crlf", "bom", "invalid_utf8", "nan", "huge_number", "duplicate_keys",
           "deep_nesting", "long_line", "missing_ids", "unknown_ids", "duplicate_ids", "shuffled_ids", "in_order"}
MATCHES = {"vendor", "method", "path", "path_regex", "model", "custom_id", "text", "via", "nth", "from", "count"}

SETTINGS = {
    "batch_seconds": 0.2,  # from the creation of a batch to its end
    "cancel_seconds": 0.05,  # from the wish to cancel to the end
    "shuffle": True,  # results in another order than the requests
    "models": None,  # a list: every other model is unknown
    "openai_keys": None,  # lists: every other key is refused
    "anthropic_keys": None,
    "requests_per_minute": None,  # a number: more are refused with 429, and the headers count down
    "openai_requests": 50_000,  # the vendors' limits of a batch
    "openai_bytes": 200_000_000,
    "anthropic_requests": 100_000,
    "anthropic_bytes": 256_000_000,
    "log_custom_ids": True,  # false: the log names no custom ids of batches
}


class ScriptError(Exception):
    pass


class Script:
    """Rules and settings. Thread-safe: each counter moves once for each thing that its rule meets."""

    def __init__(self, script=None):
        self._lock = threading.Lock()
        self.rules = []
        self.settings = dict(SETTINGS)
        self.load(script or [])

    def load(self, script):
        """A list of rules, or {"rules": […], "settings": {…}}: the rules instead of those before, the settings changed."""
        rules, settings = (script.get("rules"), script.get("settings", {})) if isinstance(script, dict) else (script, {})
        unknown = set(settings) - set(SETTINGS)
        if unknown:
            raise ScriptError(f"no such settings: {sorted(unknown)}; there are {sorted(SETTINGS)}")
        made = None if rules is None else [Rule(index, rule) for index, rule in enumerate(rules)]
        with self._lock:
            self.settings.update(settings)
            if made is not None:
                self.rules = made

    def on_call(self, thing):
        """The one fault of a call, or None."""
        with self._lock:
            for rule in self.rules:
                if rule.fault["kind"] in CALL and rule.meets(thing):
                    return rule.fault
        return None

    def on_item(self, thing):
        return self._all(ITEM, thing)

    def on_batch(self, thing):
        return self._all(BATCH | RESULTS, thing)

    def _all(self, kinds, thing):
        with self._lock:
            return [rule.fault for rule in self.rules if rule.fault["kind"] in kinds and rule.meets(thing)]


class Thing:
    """What rules are held against: a call, or one item. `identity` is what a share is drawn by."""

    def __init__(self, vendor, method, path, items, via, identity, body=b""):
        self.vendor, self.method, self.path, self.via = vendor, method, path, via
        self.items = items
        self.identity = identity
        self.body = body


class Rule:
    def __init__(self, index, rule):
        if not isinstance(rule, dict) or set(rule) - {"match", "share", "sticky", "fault"}:
            raise ScriptError(f"rule {index} is not {{match, share, sticky, fault}}: {rule}")
        self.fault = rule.get("fault")
        self.match = rule.get("match", {})
        self.share = rule.get("share", 1)
        self.sticky = rule.get("sticky", False)
        if not isinstance(self.fault, dict) or self.fault.get("kind") not in CALL | ITEM | BATCH | RESULTS:
            raise ScriptError(f"rule {index} has no known kind of fault: {self.fault}")
        if set(self.match) - MATCHES:
            raise ScriptError(f"rule {index} matches by {sorted(set(self.match) - MATCHES)}; known are {sorted(MATCHES)}")
        self._index = index
        self._met = 0
        self._seen = collections.Counter()

    def meets(self, thing):
        if not self._fits(thing) or not self._drawn(thing):
            return False
        self._met += 1
        first = self.match.get("nth", self.match.get("from", 1))
        count = 1 if "nth" in self.match else self.match.get("count")
        return first <= self._met and (count is None or self._met < first + count)

    def _fits(self, thing):
        match = self.match
        for name in ("vendor", "method", "via"):
            if name in match and match[name] != getattr(thing, name):
                return False
        if "path" in match and not thing.path.startswith(match["path"]):
            return False
        if "path_regex" in match and not re.search(match["path_regex"], thing.path):
            return False
        if "model" in match and not any(item.model == match["model"] for item in thing.items):
            return False
        if "custom_id" in match and not any(re.search(match["custom_id"], item.custom_id or "") for item in thing.items):
            return False
        if "text" in match:
            return match["text"].encode() in thing.body or any(match["text"] in item.text for item in thing.items)
        return True

    def _drawn(self, thing):
        """By hash of the thing and how often it came, so that a retry is drawn anew; sticky: always the same."""
        if self.share >= 1:
            return True
        times = 0
        if not self.sticky:
            times = self._seen[thing.identity]
            self._seen[thing.identity] += 1
        digest = hashlib.sha256(f"{self._index} {thing.identity} {times}".encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48 < self.share
