"""brctl events beside a running service, on whichever bus it uses."""

import json
import os
import queue
import signal
import subprocess
import threading
import time

from support import bus
from support import service as services
from support.customer import Customer, ServiceTest, response_items

BRCTL = services.PROGRAM.with_name("brctl")
FOLLOWED_WITHIN = 5 if bus.KAFKA else 1  # seconds, from the answer of the service
UNITS = 10


def command(service, *arguments):
    """With the settings of the service, as an operator gives them."""
    return [str(BRCTL), "events", *arguments, *service.command()[1:]]


def brctl(service, *arguments, code=0):
    """What it prints, with this exit code."""
    ran = subprocess.run(command(service, *arguments), env=services.environment(), capture_output=True, text=True,
                         timeout=services.HANG_SECONDS)
    if ran.returncode != code:
        raise AssertionError(f"brctl events {arguments}: exit code {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout if code == 0 else ran.stderr


class Follower:
    """brctl events tail -f, its lines as they come with their times."""

    def __init__(self, service, *arguments):
        self.process = subprocess.Popen(command(service, "tail", "-f", *arguments), env=services.environment(),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put((time.monotonic(), line))

    def next(self):
        return self.lines.get(timeout=services.HANG_SECONDS)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(services.HANG_SECONDS)
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()


class Events(ServiceTest):
    def run_batch(self):
        service = self.start(dispatch__items_per_unit=100, dispatch__items_per_batch_unit=100)
        customer = Customer(service)
        quote = customer.quote({"items": response_items(100 * UNITS)})
        batch = customer.submit({"items": response_items(100 * UNITS), "quote_id": quote["quote_id"]})
        customer.ended(batch["id"])
        return service, customer, quote["quote_id"], batch["id"]

    def test_the_life_of_a_batch_is_on_one_screen_whatever_the_service_does(self):
        """Would be broken: nobody can tell what became of a batch and why, or only while the service is down."""
        service, customer, quote, batch = self.run_batch()
        life = brctl(service, "show", batch)
        self.assertLessEqual(len(life.splitlines()), 60, life)
        for part in (f"{batch} of org_", ": completed", f"quote.locked  {quote}", "ledger.transfer_posted  reserve",
                     "→ plan its units", "→ run unit ", "batch.unit_closed", "ledger.transfer_posted  capture",
                     f"batch.ended  {batch} completed, 1,000 items: 1,000 succeeded"):
            self.assertIn(part, life)
        self.assertNotIn("nothing came of it yet", life)
        self.assertIn(batch, brctl(service, "show", quote))

        closed = brctl(service, "grep", "", "--batch", batch, "--type", "batch.unit_*", "--json")
        events = [json.loads(line) for line in closed.splitlines()]
        self.assertEqual(sum(e["event"]["type"] == "batchrouter.batch.unit_closed.v1" for e in events), UNITS)
        place = "{partition}/{offset}.{index}".format(**events[0])
        self.assertIn(events[0]["event"]["id"], brctl(service, "show", place))

        service.kill9()
        self.assertEqual(brctl(service, "show", batch), life)
        service.start()
        services.until(lambda: customer.get("/v1/batches").status == 200, "the service to serve again")
        self.assertEqual(brctl(service, "show", batch), life)

    def test_a_follower_sees_each_event_soon_and_across_a_crash(self):
        """Would be broken: who watches misses events, or sees them when it is too late."""
        service = self.start()
        customer = Customer(service)
        follower = Follower(service, "-n", "0", "--type", "identity.api_key_created", "--json")
        self.addCleanup(follower.stop)
        first = services.until(lambda: self.followed(customer, follower), "the follower to begin")
        soon = customer.service.expect(customer.service.post("/v1/api-keys", {"name": "soon"}, key=customer.session), 201)
        answered = time.monotonic()
        seen, line = follower.next()
        self.assertLess(seen - answered, FOLLOWED_WITHIN)
        self.assertEqual(json.loads(line)["event"]["data"]["key"]["id"], soon.json["id"])

        service.restart(kill=True)
        services.until(lambda: customer.get("/v1/batches").status == 200, "the service to serve again")
        after = customer.service.expect(customer.service.post("/v1/api-keys", {"name": "after"}, key=customer.session), 201)
        later = json.loads(follower.next()[1])
        self.assertEqual(later["event"]["data"]["key"]["id"], after.json["id"])
        self.assertGreater(later["epoch"], json.loads(first)["epoch"])

    def followed(self, customer, follower):
        """The line of an event that was made for it; nothing while the follower has not begun."""
        customer.service.expect(customer.service.post("/v1/api-keys", {"name": "first"}, key=customer.session), 201)
        line = None
        try:
            while True:
                line = follower.lines.get(timeout=2 if line is None else 0.5)[1]
        except queue.Empty:
            return line

    def test_what_is_not_there_and_what_cannot_be_are_told_apart(self):
        """Would be broken: a script takes a mistake for an answer."""
        service = self.start()
        for unknown in ("bat_01ks5zr9c4m2xw8q6v3n7d0hjt", "0/999999", "999/0"):
            self.assertIn(unknown, brctl(service, "show", unknown, code=1))
        brctl(service, "grep", "nobody wrote this", code=1)
        for wrong in (("tail", "--from", "yesterday"), ("tail", "--partition", "999"), ("show",), ("nothing",)):
            self.assertTrue(brctl(service, *wrong, code=2))
        nowhere = service.data.parent / "nowhere"
        ran = subprocess.run([str(BRCTL), "events", "tail", "--data", str(nowhere)], env=services.environment(),
                             capture_output=True, text=True, timeout=services.HANG_SECONDS)
        self.assertEqual((ran.returncode, ran.stdout), (3, ""))
        self.assertIn(str(nowhere), ran.stderr)
        self.assertFalse(os.path.exists(nowhere))
