"""docs/threat_model.md names tests that there are."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = re.compile(r"`([\w/]+\.(?:cc|py))::([\w.]+)`")
LINES = 18


class ThreatModel(unittest.TestCase):
    def setUp(self):
        self.page = (ROOT / "docs" / "threat_model.md").read_text()

    def test_every_test_that_it_names_exists(self):
        """Would be broken: a defence is said to be tested, and the test was renamed or removed."""
        references = REFERENCE.findall(self.page)
        self.assertEqual(len(references), self.page.count("::") - 1)  # one explains the form
        for file, test in references:
            with self.subTest(file, test=test):
                text = (ROOT / file).read_text()
                if file.endswith(".py"):
                    self.assertIn(f"    def {test}(self", text)
                else:
                    suite, name = test.split(".")
                    self.assertRegex(text, rf"TEST(_F|_P)?\({suite}, {name}\)")

    def test_no_line_is_without_one(self):
        """Would be broken: a line of the list that nothing holds, or a test of this folder that the page forgets."""
        rows = [line.split("|")[1:-1] for line in self.page.splitlines() if re.match(r"\| \d+ \|", line)]
        self.assertEqual([int(row[0]) for row in rows], list(range(1, LINES + 1)))
        for row in rows:
            self.assertTrue(REFERENCE.search(row[2]), row[1])
        named = {f"{file}::{test}" for file, test in REFERENCE.findall(self.page)}
        for path in sorted(pathlib.Path(__file__).parent.glob("*_test.py")):
            for test in re.findall(r"    def (test_\w+)\(", path.read_text()):
                if path != pathlib.Path(__file__):
                    self.assertIn(f"tests/security/{path.name}::{test}", named)
