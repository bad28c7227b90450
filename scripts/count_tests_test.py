"""If these fail, scripts/test may report success for tests that failed or never ran."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import count_tests


class CountTests(unittest.TestCase):
    def count(self, *entries):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "results.xml")
            path.write_text(f"<testsuite>{''.join(entries)}</testsuite>")
            return count_tests.count_files([path])

    def test_every_status(self):
        self.assertEqual(self.count('<testcase status="run"/>'), (1, 0, 0))
        self.assertEqual(self.count('<testcase status="fail"><failure/></testcase>'), (0, 1, 0))
        self.assertEqual(self.count('<testcase status="disabled"/>'), (0, 0, 1))
        skip = '<testcase status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>'
        self.assertEqual(self.count(skip), (0, 0, 1))

    def test_a_test_that_could_not_start_is_a_failure(self):
        entry = '<testcase status="notrun"><skipped message="Unable to find executable"/></testcase>'
        self.assertEqual(self.count(entry), (0, 1, 0))

    def test_python_entries_count_their_methods(self):
        output = "<system-out>noise\npython tests: 5 passed, {} failed, 2 skipped\n</system-out>"
        self.assertEqual(self.count(f'<testcase status="run">{output.format(0)}</testcase>'), (5, 0, 2))
        self.assertEqual(self.count(f'<testcase status="fail">{output.format(3)}</testcase>'), (5, 3, 2))

    def test_a_python_entry_that_fails_outside_its_methods_is_a_failure(self):
        output = "<system-out>python tests: 5 passed, 0 failed, 0 skipped\n</system-out>"
        self.assertEqual(self.count(f'<testcase status="fail">{output}</testcase>'), (5, 1, 0))

    def test_nothing_run_is_no_success(self):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.assertEqual(count_tests.main([]), 1)
        self.assertEqual(output.getvalue(), "0 passed, 0 failed\n")
