"""kill -9 at each place around dispatch: no batch is bought twice, no item paid twice."""

from support.crashes import CrashTest
from support.lanes import BATCH_CREATIONS

# The first time, and in the midst of the work.
FAULT_POINTS = ("F09", "F09:2", "F10", "F10:3", "F11", "F11:2", "F12", "F12:3", "F13", "F13:13", "F14", "F14:2")


class DispatchCrash(CrashTest):
    def test_killed_at_each_place_with_openai(self):
        """Would be broken: a crash buys a batch twice, bills twice, or loses answers that were paid for."""
        self.kill_everywhere("openai")

    def test_killed_at_each_place_with_anthropic(self):
        """Would be broken: the same, where a lost batch can only be told by its time and its number of items."""
        self.kill_everywhere("anthropic")

    def kill_everywhere(self, vendor):
        for point in FAULT_POINTS:
            with self.case(vendor=vendor, point=point):
                self.work(vendor, point=point)

    def test_a_lost_answer_and_then_a_crash(self):
        """Would be broken: the two together defeat what each alone does not."""
        for vendor, path in BATCH_CREATIONS.items():
            lost = {"match": {"vendor": vendor, "method": "POST", "path_regex": f"^{path}$", "nth": 2},
                    "fault": {"kind": "lost_answer"}}
            with self.case(vendor=vendor):
                self.work(vendor, [lost], point="F11:2")
