"""If this failed: who installs this version over an earlier one would lose work, or be told something else of it."""

import json
import pathlib
import shutil
import tarfile
import tempfile

from support.customer import ZERO, Customer, ServiceTest, money, response_items, without_what_differs
from support.service import Service

HERE = pathlib.Path(__file__).resolve().parent


class Upgrade(ServiceTest):
    """Histories that record.py has kept, each of the version whose name it bears."""

    def test_what_an_earlier_version_has_left_goes_on(self):
        self.assert_each_goes_on(lambda data: None)

    def test_the_state_is_folded_from_an_earlier_versions_log(self):
        self.assert_each_goes_on(lambda data: shutil.rmtree(data / "state"))

    def assert_each_goes_on(self, prepare):
        archives = sorted(HERE.glob("*.tar.xz"))
        self.assertTrue(archives)
        for archive in archives:
            with self.subTest(archive.name), tempfile.TemporaryDirectory() as folder:
                with tarfile.open(archive) as kept:
                    kept.extractall(folder)
                history = json.loads((pathlib.Path(folder) / "history.json").read_text())
                data = pathlib.Path(folder) / "data"
                prepare(data)
                self.assert_goes_on(data, history)

    def assert_goes_on(self, data, history):
        with Service(data, history["settings"]) as service:
            for path, told in history["answers"].items():
                with self.subTest(path):
                    now = service.expect(service.get(path, key=history["key"]), 200).json
                    self.assert_told(without_what_differs(told), without_what_differs(now), path)
            busy = Customer.with_key(service, history["busy_key"])
            running = busy.ended(history["running"])
            self.assertIn(running["status"], ("completed", "expired"))  # the test may run long after the history
            self.assertEqual(busy.ended(busy.submit({"items": response_items(4)})["id"])["status"], "completed")
            self.assertEqual(money(busy.credits()["balance"]["reserved"]), ZERO)
            self.assert_books_good(service)

    def assert_told(self, told, now, place):
        """Whatever was told is told; there may be more."""
        if isinstance(told, dict):
            for name, value in told.items():
                self.assertIn(name, now, place)
                self.assert_told(value, now[name], f"{place} {name}")
        elif isinstance(told, list):
            self.assertEqual(len(told), len(now), place)
            for number, value in enumerate(told):
                self.assert_told(value, now[number], f"{place} {number}")
        else:
            self.assertEqual(told, now, place)
