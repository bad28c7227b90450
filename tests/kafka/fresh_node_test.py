"""If this failed: a node could not be replaced by an empty one; the journal would not be all that is needed."""

import time

from support import bus, journal
from support.load import answering
from support.nodes import NodesTest
from support.service import until


class FreshNode(NodesTest):
    def test_a_node_with_an_empty_disk_is_ready_from_the_journal_alone(self):
        first = self.start("node-1")
        load = self.load(customers=8, pause=0, seconds=20, items=6)
        load.wait_for(150)
        load.stop()
        load.check()
        truth = load.balances()
        first.stop()
        events = sum(1 for _ in journal.audit(bus.address(), self.prefix).events())

        began = time.monotonic()
        second = self.start("node-2")
        self.services[:] = [second]
        answering([second])
        until(lambda: all(second.get("/v1/billing/credits", key=account.key).status == 200
                          for account in load.accounts), "every partition to be served", every=0.01)
        seconds = time.monotonic() - began
        print(f"an empty node serves everything after {seconds:.2f} s: {events} events, {events / seconds:.0f} events/s",
              flush=True)
        self.assertEqual(load.balances(), truth)
        load.check()
