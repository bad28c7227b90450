"""poll_flow.py BATCH_ID: waits for a batch with growing pauses, then reads its results page by page.

Prints {"batch": …, "results": […]}.
"""

import json
import os
import sys
import time
import urllib.parse
import urllib.request

BASE_URL = os.environ["BASE_URL"]
TERMINAL = {"completed", "failed", "cancelled", "expired"}


def get(path):
    request = urllib.request.Request(
        BASE_URL + path, headers={"Authorization": f"Bearer {os.environ['BATCHROUTER_API_KEY']}"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def wait_for_batch(batch_id, max_delay=60):
    delay = float(os.environ.get("POLL_SECONDS", 5))
    while True:
        batch = get(f"/v1/batches/{batch_id}")
        if batch["status"] in TERMINAL:
            return batch
        time.sleep(delay)
        delay = min(delay * 2, max_delay)


def all_results(batch_id, limit=100):
    cursor = None
    while True:
        query = {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}
        page = get(f"/v1/batches/{batch_id}/results?{urllib.parse.urlencode(query)}")
        yield from page["results"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


if __name__ == "__main__":
    finished = wait_for_batch(sys.argv[1])
    rows = list(all_results(finished["id"])) if finished["status"] == "completed" else []
    json.dump({"batch": finished, "results": rows}, sys.stdout)
    print()
