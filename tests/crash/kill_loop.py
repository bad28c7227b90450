"""Kills the service again and again while customers work with it, and holds it to every word that they were told.

kill_loop.py [--kills N] [--seed N] [--world N]: 50 kills, unless it is told otherwise; 1,000 take about twenty minutes. Every
25 of them are a world: a data directory, four customers at once with pauses that take about half of their time, a receiver of
webhooks, a witness of what was acknowledged. Worlds take turns: the simulated lane and the local checkout, or the simulator
of the providers and a stand-in for Stripe. What it dies of is drawn from the seed (deaths.py): at each place of
processors/fault_point.h, the first time and a later one, at any moment, while it recovers from the death before, and SIGTERM
with work in flight. At the end of a world the service is left alone and everything must be so: no acknowledgement lost,
each batch ended and charged once (reservation, capture, receipt and items agree; nothing bought twice at the provider), the
same request answered with the same words, every webhook one body, `brctl audit` and `brctl replay --compare` clean.
A failure says what differed and how that world is run again, and keeps its directory.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import random
import shutil
import statistics
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import deaths
from customers import Customer
from support import auditing, brctl, streamed
from support import service as services
from support.lanes import ANTHROPIC_KEY, OPENAI_KEY
from support.provider_simulator import ProviderSimulator
from support.service import Service
from support.stripe import StripeStandIn
from support.webhook_receiver import WebhookReceiver
from support.witness import Witness

KILLS_A_WORLD = 25
CUSTOMERS = 4
GRANT = "1000.00"
PLACE_SECONDS = 5  # a place that is not reached for so long counts as a moment
START_SECONDS = 60  # for hangs
SETTINGS = {"journal.partitions": 4, "journal.segment_bytes": "1 MiB", "accounts.starter_grant_usd": GRANT,
            "http.public_url": "http://batches.invalid:8080", "http.org_requests_per_minute": 0,
            "http.address_requests_per_minute": 0, "webhooks.allow_loopback": True, "webhooks.retry_seconds": [1] * 10,
            "dispatch.items_per_unit": 3, "dispatch.items_per_batch_unit": 4, "dispatch.retry_seconds": 0}
SIMULATED = {"simulated.latency_min_ms": 5, "simulated.latency_max_ms": 80, "simulated.transient_rate": 0.1,
             "simulated.item_fault_rate": 0.03}
PROVIDERS = {"simulated.enabled": False, "dispatch.lookup_seconds": 2, "dispatch.poll_seconds_max": 1,
             "dispatch.cancel_seconds_max": 20}
SIMULATED_MODELS = (("gpt-5.4-nano", "responses"), ("gpt-5.4-mini", "chat_completions"), ("claude-haiku-4-5", "messages"))
BATCH_MODELS = (("gpt-5.4-nano", "responses"), ("gpt-5.4-nano", "responses"), ("claude-haiku-4-5", "messages"))


class Tally:
    """Of all worlds."""

    def __init__(self):
        self.kills = collections.Counter()  # by what it died of
        self.missed = collections.Counter()  # places that were not reached: it was killed at that moment
        self.stops = 0
        self.ready = []  # seconds from the start of the process after a kill
        self.facts = collections.Counter()
        self.unanswered = 0
        self.began = time.monotonic()

    @property
    def killed(self):
        return sum(self.kills.values())

    def __str__(self):
        seconds = time.monotonic() - self.began
        ready = sorted(self.ready) or [0]
        return (f"{self.killed} kills and {self.stops} stops in {seconds:.0f} s ({self.killed / seconds * 60:.0f} a minute); "
                f"ready after a kill: median {statistics.median(ready):.2f} s, 95% {ready[int(len(ready) * 0.95)]:.2f} s, "
                f"most {ready[-1]:.2f} s")


class World:
    """One data directory from its first customer to its last kill, and its end."""

    def __init__(self, number, seed, kills, directory, tally):
        self.test = unittest.TestCase()
        self.test.maxDiff = None
        self.tally = tally
        self.draw = random.Random(f"{seed}/{number}")
        self.has_providers = number % 2 == 1
        self.deaths = deaths.of_world(self.draw, kills, self.has_providers)
        self.witness = Witness(self.test, GRANT, answers_known=self.has_providers)
        self.directory = directory
        self.after_a_kill = False
        self.service = self.providers = self.stripe = self.receiver = None
        self.customers = []

    def run(self):
        with contextlib.ExitStack() as ending:
            self.receiver = ending.enter_context(WebhookReceiver(
                500 if self.draw.random() < 0.1 else 200 for _ in range(2000)))
            self._make_service(ending)
            self.service.start()
            ending.callback(self.service.kill9)
            self._make_customers()
            ending.callback(self._stop_customers)
            for number, death in enumerate(self.deaths, 1):
                self._live(death)
                self._raise_failures(f"death {number}, {death}")
            self._live_on()

    def _make_service(self, ending):
        settings, variables = {**SETTINGS, **SIMULATED}, {}
        if self.has_providers:
            self.stripe = StripeStandIn()
            ending.callback(self.stripe.stop)
            self.providers = ending.enter_context(ProviderSimulator((), {"batch_seconds": 0.3}))
            settings = {**SETTINGS, **PROVIDERS,
                        **{name.replace("__", "."): value for name, value in self.stripe.settings().items()}}
            for vendor, key in (("OPENAI", OPENAI_KEY), ("ANTHROPIC", ANTHROPIC_KEY)):
                variables[f"BATCHROUTER_{vendor}_BASE_URL"] = self.providers.base_url
                variables[f"BATCHROUTER_{vendor}_API_KEY"] = key
        self.service = Service(self.directory / "data", settings, program=services.PROGRAM.with_name("batchrouter_faults"))
        self.service.variables = variables

    def _make_customers(self):
        models = BATCH_MODELS if self.has_providers else SIMULATED_MODELS
        for number in range(CUSTOMERS):
            account = streamed.sign_up(self.service, f"customer{number}@example.com")
            self.witness.accounts.append(account)
            self.customers.append(Customer(self.test, self.service, self.witness, account, self.draw.random(), models,
                                           self.receiver, self.stripe))
        for customer in self.customers:
            customer.start()

    def _live(self, death):
        """From a start to this death."""
        if self.service.alive():
            self._end_quietly()
        if death.how == "maintenance":
            return self._maintain(death)
        if death.point:
            self.service.variables["BATCHROUTER_FAULT_POINT"] = f"{death.point}:{death.hit}"
        began = time.monotonic()
        self.service.launch()
        self.service.variables.pop("BATCHROUTER_FAULT_POINT", None)
        if death.how == "start":
            time.sleep(death.after)
            return self._killed(death.how)
        if not self.service.wait_until_ready(START_SECONDS):
            self.test.assertEqual((death.how, self.service.process.wait(START_SECONDS)), ("point", -9), "it did not start")
            return self._killed(death.point)
        if self.after_a_kill:
            self.tally.ready.append(time.monotonic() - began)
        if death.how == "point":
            return self._die_at(death)
        time.sleep(death.after)
        self._check_news()
        if death.how == "moment":
            return self._killed(death.how)
        code = self.service.stop()
        self.tally.stops += 1
        self.after_a_kill = False
        if death.point:
            self.test.assertEqual(code, -9, f"{death.point} was not reached")
            self._count(death.point)
        else:
            self.test.assertEqual(code, 0, "it did not end well")

    def _die_at(self, death):
        give_up = time.monotonic() + PLACE_SECONDS
        while self.service.alive() and time.monotonic() < give_up:
            self._raise_failures(str(death))
            time.sleep(0.01)
        if self.service.alive():
            self.tally.missed[death.point] += 1
            return self._killed("moment")
        self._killed(death.point)

    def _killed(self, what):
        self.test.assertEqual(self.service.kill9(), -9, "it died by itself")
        self._count(what)

    def _count(self, what):
        self.tally.kills[what] += 1
        self.after_a_kill = True

    def _end_quietly(self):
        """The life in which the customers came."""
        self._check_news()
        self.test.assertEqual(self.service.stop(), 0, "it did not end well")
        self.after_a_kill = False

    def _maintain(self, death):
        """brctl is killed at its work on the data of a service that is down, and then does it."""
        with brctl.variable("BATCHROUTER_FAULT_POINT", f"{death.point}:{death.hit}"):
            code = brctl.run(self.service, *deaths.OF_MAINTENANCE[death.point],
                             program=brctl.BRCTL.with_name("brctl_faults")).returncode
        if code == 0:
            self.tally.missed[death.point] += 1
            code = -9
        self.test.assertEqual(code, -9, death)
        self._count(death.point)
        brctl.told(self.service, *deaths.OF_MAINTENANCE[death.point])

    def _check_news(self):
        self.witness.check_news(self.service)

    def _live_on(self):
        """As users have it: nothing is left of the places in this program."""
        self.service.program = str(services.PROGRAM)
        if not self.service.alive():
            began = time.monotonic()
            self.service.start()
            if self.after_a_kill:
                self.tally.ready.append(time.monotonic() - began)
        self._stop_customers()
        self._raise_failures("the last start")
        self.witness.check_all(self.service)
        secrets = {account: self.service.get("/v1/sessions/current", key=account.key).json["webhook_signing_secret"]
                   for account in self.witness.accounts}
        self.witness.check_webhooks(self.receiver, secrets.__getitem__)
        if self.providers is not None:
            self._check_purchases()
        self.test.assertEqual(self.service.stop(), 0, "it did not end well")
        code, report = auditing.audit(self.service)
        self.test.assertEqual(code, 0, auditing.findings(report))
        brctl.told(self.service, "replay", "--compare")
        self.tally.facts.update(self.witness.facts())
        self.tally.unanswered += sum(customer.unanswered for customer in self.customers)

    def _check_purchases(self):
        """The provider's own word: no prompt was billed twice, and each answer that a customer has was bought."""
        billing = self.providers.billing()
        self.test.assertEqual(billing["prompts_billed_more_than_once"], {})
        for vendor in ("openai", "anthropic"):
            twice = {name: one for name, one in billing[vendor]["by_custom_id"].items() if one["executed"] > 1}
            self.test.assertEqual(twice, {}, vendor)

    def _stop_customers(self):
        for customer in self.customers:
            customer.stop()

    def _raise_failures(self, when):
        for customer in self.customers:
            if customer.failure is not None:
                raise AssertionError(f"{customer.account.address}, at {when}: {customer.failure}") from customer.failure


def run_world(number, options, kills, tally):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="batchrouter-crash-"))
    world = World(number, options.seed, kills, directory, tally)
    before = tally.killed
    try:
        world.run()
    except BaseException:
        print(f"--- output of the service ---\n{world.service.output() if world.service else ''}\n---", flush=True)
        print(f"FAILED in world {number}: its directory is {directory}\n"
              f"again: python3 tests/crash/kill_loop.py --seed {options.seed} --kills {options.kills} --world {number}\n"
              f"deaths: {', '.join(map(str, world.deaths))}", flush=True)
        raise
    shutil.rmtree(directory)
    kind = "providers" if world.has_providers else "simulated"
    print(f"world {number} ({kind}): {tally.killed - before} kills; {json.dumps(world.witness.facts())}; so far {tally}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--world", type=int, help="only this one of them")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    tally = Tally()
    for number in range((options.kills + KILLS_A_WORLD - 1) // KILLS_A_WORLD):
        if options.world in (None, number):
            run_world(number, options, min(KILLS_A_WORLD, options.kills - number * KILLS_A_WORLD), tally)
    print(f"killed at: {dict(sorted(tally.kills.items()))}\nnot reached in time: {dict(sorted(tally.missed.items()))}\n"
          f"held to: {dict(tally.facts)}, with {tally.unanswered} requests that were not answered\n{tally}", flush=True)


if __name__ == "__main__":
    main()
