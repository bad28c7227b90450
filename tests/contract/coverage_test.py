"""After all other tests: each documented answer has been seen, or there is a reason why not."""

import os
import pathlib
import unittest

from support.contract import contract, seen
from support.service import PROGRAM

REASONS = pathlib.Path(__file__).parent / "not_exercised.txt"


def reasons():
    """{(operation, status): why no test comes to it}"""
    found = {}
    for line in REASONS.read_text().splitlines():
        if line and not line.startswith("#"):
            method, path, status, reason = line.split(maxsplit=3)
            found[(f"{method} {path}", int(status))] = reason
    return found


class Coverage(unittest.TestCase):
    def test_every_documented_answer_has_been_seen(self):
        """Would be broken: an answer that is described and does not exist, or that no test has ever looked at."""
        documented, excused = contract().documented(), reasons()
        pairs = seen(os.environ["BATCHROUTER_TEST_CONTRACT"], since=PROGRAM.stat().st_mtime)
        print(f"\n{len(pairs & documented)} of {len(documented)} documented answers were seen, {len(excused)} are excused")
        self.assertEqual(sorted(documented - pairs - set(excused)), [], "never seen")
        self.assertEqual(sorted(set(excused) - documented), [], "excused, but not documented")
        print("excused, and seen this time:", sorted(set(excused) & pairs))  # such as 503 while a service starts
