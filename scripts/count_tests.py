"""Adds up ctest's JUnit files and prints `N passed, N failed`, with `, N skipped` when there are any.

A ctest entry of Python tests counts as the test methods in it. Exits with 1 when a test failed or none ran.
"""

import re
import sys
import xml.etree.ElementTree

# The last line of tests/support/run_tests.py.
PYTHON_TESTS = re.compile(r"^python tests: (\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)


def count_entry(entry):
    """(passed, failed, skipped) of one <testcase>."""
    methods = PYTHON_TESTS.search(entry.findtext("system-out") or "")
    status = entry.get("status")
    if status == "run":
        return tuple(map(int, methods.groups())) if methods else (1, 0, 0)
    if status == "disabled":
        return (0, 0, 1)
    skipped = entry.find("skipped")
    if status == "notrun" and skipped is not None and skipped.get("message", "").startswith("SKIP_"):
        return (0, 0, 1)
    # Failed, crashed, hung, or ctest could not start it.
    passed, failed, skips = map(int, methods.groups()) if methods else (0, 0, 0)
    return (passed, max(failed, 1), skips)


def count_files(paths):
    totals = (0, 0, 0)
    for path in paths:
        for entry in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            totals = tuple(map(sum, zip(totals, count_entry(entry))))
    return totals


def main(paths):
    passed, failed, skipped = count_files(paths)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
