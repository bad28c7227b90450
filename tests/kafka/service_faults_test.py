"""If these failed: when a node dies, stops for a while or fights for its partitions, work or money would be lost or doubled."""

from support import bus, streamed
from support.crashes import WITH_FAULTS
from support.nodes import NodesTest
from support.service import until


class ServiceFaults(NodesTest):
    def test_a_service_that_is_killed_under_load_goes_on(self):
        service = self.start()
        load = self.load()
        for _ in range(3):
            load.wait_for(5)
            self.a_moment()
            service.restart(kill=True)
        load.wait_for(5)
        found = self.finish(load)
        for owners in found.epochs.values():
            self.assertEqual(len({instance for _, instance in owners}), 4)

    def test_a_service_that_stops_for_a_while_is_replaced_and_its_late_writes_count_for_nobody(self):
        first, second = self.start("node-1"), self.start("node-2")
        load = self.load()
        load.wait_for(10)
        first.pause()
        until(lambda: self.owns_all(second), "the other node to own every partition", 15 * bus.SESSION_SECONDS)
        load.wait_for(10)
        first.resume()
        load.wait_for(20)
        found = self.finish(load)
        self.assertTrue(any(len(owners) > 1 for owners in found.epochs.values()))
        # Both, asked for everything, say the same: neither serves an old state.
        for service in self.services:
            for account in load.accounts:
                streamed.check_ledger(self, service, account)

    def test_a_service_that_dies_of_finding_itself_replaced(self):
        """F26: what it has in flight is on the journal, counts for nobody, and is carried out by who came after it."""
        first, second = self.start("node-1", WITH_FAULTS, "F26"), self.start("node-2")
        load = self.load(seconds=120, batches=3_000, customers=6, pause=0.02)
        for _ in range(8):  # it may have nothing in flight
            until(lambda: streamed.metric(first, "batchrouter_partitions_served") > 0, "the first node to serve something")
            load.wait_for(20)
            first.pause()
            until(lambda: self.owns_all(second), "the other node to own every partition", 15 * bus.SESSION_SECONDS)
            first.resume()
            until(lambda: not first.alive() or not self.owns_all(second), "the first node to die or to be back",
                  15 * bus.SESSION_SECONDS)
            if not first.alive():
                break
        first.wait_for_death()
        self.assertEqual(first.kill9(), -9)
        first.variables.clear()
        first.start()
        load.wait_for(20)
        self.finish(load)

    def test_two_nodes_that_come_and_go_share_the_work(self):
        self.start("node-1"), self.start("node-2")
        load = self.load(seconds=90)
        for turn in range(6):
            load.wait_for(4)
            self.a_moment()
            self.services[turn % 2].restart(kill=turn % 3 != 2)
        load.wait_for(5)
        found = self.finish(load)
        print("owners:", {partition: len(owners) for partition, owners in found.epochs.items()}, flush=True)

    def test_a_tiny_producer_queue_slows_down_and_loses_nothing(self):
        properties = self.directory / "client.properties"
        properties.write_text("queue.buffering.max.messages=2\n")
        self.start(kafka__properties_file=str(properties))
        load = self.load(customers=6, pause=0)
        load.wait_for(60)
        self.finish(load)

    @staticmethod
    def owns_all(service):
        return streamed.metric(service, "batchrouter_partitions_served") == bus.PARTITIONS
