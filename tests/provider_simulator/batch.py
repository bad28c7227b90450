"""The life of a provider batch, the same for both vendors; each gives the stages its own names.

Nothing runs in the background: whoever looks finds the batch as far as it has come by then.
"""

import dataclasses
import random
import time

from provider_simulator import result_files

ENDS = ("completed", "failed", "expired", "cancelled")


@dataclasses.dataclass
class Item:
    """One request of a batch, or the one of a call."""

    custom_id: str | None
    path: str
    body: dict
    model: str | None
    text: str
    digest: str


@dataclasses.dataclass
class Outcome:
    """What became of an item. body None: it was not executed."""

    item: Item
    status: int
    body: dict | None
    billed: bool
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def succeeded(self):
        return self.body is not None and 200 <= self.status < 300


class Batch:
    """Stages: validating, in_progress, finalizing, cancelling, then one of ENDS. Callers hold the simulator's lock.

    perform(item) → Outcome is called once for each item that gets executed, when the batch ends; on_end(batch) after
    that.
    """

    def __init__(self, id, items, faults, settings, perform, on_end, errors=()):
        self.id = id
        self.items = items
        self.faults = faults
        self.errors = list(errors)  # of the whole input; any of them: the batch fails
        self.created = time.time()
        self.began = self.cancelled_at = self.ended_at = None
        self.end = None
        self.outcomes = []
        self.without_line = set()  # custom ids that the results leave out
        self._perform, self._on_end = perform, on_end
        self._shuffle = settings["shuffle"] and self.fault("in_order") is None
        self._seconds = (self.fault("batch_delay") or {}).get("seconds", settings["batch_seconds"])
        self._cancel_seconds = (self.fault("slow_cancel") or {}).get("seconds", settings["cancel_seconds"])
        self._done_at_cancel = 0.0
        self._looks_after_end = 0
        failure = self.fault("batch_failed")
        if failure is not None and not self.errors:
            code = failure.get("code", "token_limit_exceeded")
            self.errors.append({"code": code, "line": None, "param": None, "message": failure.get(
                "message", "Enqueued token limit reached for model in organization org-simulated. Limit: 90,000 enqueued "
                           "tokens. Please try again once some in_progress batches have been completed.")})

    def fault(self, kind):
        return next((fault for fault in self.faults if fault["kind"] == kind), None)

    def look(self):
        """The stage now."""
        if self.end is not None:
            return self.end
        age = time.time() - self.created
        stuck = self.fault("stuck")
        if self.cancelled_at is not None:
            if time.time() < self.cancelled_at + self._cancel_seconds:
                return "cancelling"
            return self._finish("cancelled", self._done_at_cancel)
        if stuck is not None:
            return stuck.get("state", "in_progress")
        if self.errors and age >= self._seconds / 10:
            return self._finish("failed", 0)
        if age < self._seconds / 10:
            return "validating"
        self.began = self.began or time.time()
        if age >= self._seconds:
            for end in ("expired", "cancelled"):
                early = self.fault("batch_" + end)
                if early is not None:
                    return self._finish(end, early.get("done", 0.5))
            return self._finish("completed", 1)
        return "finalizing" if age >= self._seconds * 0.9 else "in_progress"

    def look_from_outside(self):
        """The stage as the vendor says it: one that flaps takes its end back for some looks."""
        stage = self.look()
        flap = self.fault("flap")
        if flap is None or self.end is None:
            return stage
        self._looks_after_end += 1
        return "in_progress" if 2 <= self._looks_after_end < 2 + flap.get("times", 1) else stage

    def progress(self):
        """How many items are done by now."""
        if self.end is not None:
            return sum(outcome.body is not None for outcome in self.outcomes)
        stuck = self.fault("stuck")
        if stuck is not None:
            share = stuck.get("done", 0.0)
        elif self.errors:
            share = 0.0
        elif self.cancelled_at is not None:
            share = self._done_at_cancel
        else:
            share = min(1.0, (time.time() - self.created) / self._seconds) if self._seconds > 0 else 1.0
        return int(len(self.items) * share)

    def cancel(self):
        """False when it has ended already."""
        if self.look() in ENDS:
            return False
        if self.cancelled_at is None:
            slow = self.fault("slow_cancel") or {}
            self._done_at_cancel = slow.get("done", self.progress() / max(1, len(self.items)))
            self.cancelled_at = time.time()
        return True

    def _finish(self, end, done):
        """done: the share of the items that were executed before the end."""
        order = list(self.items)
        if self._shuffle:
            random.Random(self.id).shuffle(order)
        count = int(len(order) * done)
        absent, absent_executed = result_files.missing([item.custom_id for item in order], self.faults)
        self.without_line = absent | absent_executed
        self.outcomes = [self._perform(item) if place < count and item.custom_id not in absent
                         else Outcome(item, 0, None, False) for place, item in enumerate(order)]
        self.end, self.ended_at = end, time.time()
        self._on_end(self)
        return end
