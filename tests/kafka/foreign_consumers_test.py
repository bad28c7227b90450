"""If these failed: readers of the public topics who have nothing of ours but the topics would arrive at other balances."""

import collections

from support import bus
from support.broker import read_with_console_consumer, read_with_kafkajs, read_with_kcat
from support.nodes import NodesTest
from support.service import until


class ForeignConsumers(NodesTest):
    def test_the_ledger_topic_alone_gives_every_balance(self):
        service = self.start()
        load = self.load(customers=5, batches=8, pause=0.05)
        load.wait_for(12)
        service.restart(kill=True)  # what had been published must not be published again
        load.wait()
        load.check()
        truth = load.balances()

        def published():
            found = balances(read_with_kcat(bus.address(), self.prefix + ".ledger"))
            return found if all(found.get(account, 0) == amount for account, amount in truth.items()) else None
        by_kcat = until(published, "the topic to say what the API says", every=0.5)
        self.assertEqual(sum(by_kcat.values()), 0)
        for read in (read_with_console_consumer, read_with_kafkajs):
            with self.subTest(read.__name__):
                self.assertEqual(balances(read(bus.address(), self.prefix + ".ledger")), by_kcat)


def balances(postings):
    """The whole consumer: what each account has, in nano-USD."""
    names = [posting["posting"] for posting in postings]
    assert len(names) == len(set(names)), "a posting is there twice"
    found = collections.Counter()
    for posting in postings:
        found[posting["account"]] += posting["amount"]
    return found
