"""record.py NAME: keeps a history for upgrade_test.py, in tests/upgrade/NAME.tar.xz. By hand, at each release.

Lives it on the program that is built: an organization that has one of everything, and another one with a batch that runs
when the process is killed. Beside the data directory stands history.json: the settings, what the first one could read, and
the keys.
"""

import json
import pathlib
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from support.customer import Customer, response_items  # noqa: E402
from support.owned import Owned  # noqa: E402
from support.service import Service, until  # noqa: E402

SETTINGS = {"dispatch.items_per_unit": 3, "journal.partitions": 2}
SLOW = {"simulated.latency_min_ms": 400, "simulated.latency_max_ms": 600, "simulated.concurrency": 1}


def main(name):
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        with Service(data, {**SETTINGS, **SLOW}) as service:
            owned = Owned(service, "ann@example.com")
            busy = Customer(service, "ben@example.com")
            paths = [path for path in owned.readable().values() if not path.startswith("/v1/quotes/")]  # which expire
            history = {"settings": SETTINGS, "key": owned.customer.key, "busy_key": busy.key,
                       "answers": {path: owned.customer.read(path) for path in paths},
                       "running": busy.submit({"items": response_items(30)})["id"]}
            until(lambda: busy.batch(history["running"])["request_counts"]["completed"], "the first results", every=0.2)
            service.kill9()
        (data.parent / "history.json").write_text(json.dumps(history, indent=1))
        with tarfile.open(HERE / f"{name}.tar.xz", "w:xz") as archive:
            for part in ("data", "history.json"):
                archive.add(data.parent / part, part)


if __name__ == "__main__":
    main(sys.argv[1])
