"""run_tests.py FILE…: runs unittest files, prints how many test methods passed, failed and were skipped.

The last line is read by scripts/count_tests.py. Modules beside FILE and `support.…` can be imported.
"""

import importlib
import pathlib
import sys
import unittest


class CountingResult(unittest.TextTestResult):
    """One outcome for each method, however many of its subtests failed."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = set()
        self.failed = set()
        self.skipped_methods = set()

    @staticmethod
    def method(test):
        return getattr(test, "test_case", test).id()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed.add(self.method(test))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.passed.add(self.method(test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed.add(self.method(test))

    def addError(self, test, err):
        super().addError(test, err)
        self.failed.add(self.method(test))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.failed.add(self.method(test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.failed.add(self.method(test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skipped_methods.add(self.method(test))


def main(paths):
    print("CTEST_FULL_OUTPUT", flush=True)  # ctest cuts long output before the count, unless it sees this word
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
    suite = unittest.TestSuite()
    for path in map(pathlib.Path, paths):
        sys.path.insert(0, str(path.resolve().parent))
        suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(path.stem)))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=CountingResult).run(suite)
    passed = result.passed - result.failed
    skipped = result.skipped_methods - result.failed - passed
    print(f"python tests: {len(passed)} passed, {len(result.failed)} failed, {len(skipped)} skipped", flush=True)
    return 1 if result.failed or not (passed or skipped) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
