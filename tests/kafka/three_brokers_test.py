"""If these failed: a cluster that loses one broker of three would stop the service, or have it lose what was durable."""

from support.broker import Cluster
from support.nodes import NodesTest

REPLICATED = {"kafka__replication_factor": 3, "kafka__min_insync_replicas": 2}


class ThreeBrokers(NodesTest):
    def test_one_broker_of_three_dies_under_load(self):
        with Cluster(self.directory / "kafka", nodes=3) as cluster:
            self.start("node-1", cluster.address, **REPLICATED)
            self.start("node-2", cluster.address, **REPLICATED)
            load = self.load(seconds=120)
            load.wait_for(10)
            cluster.kill9(self.random.randint(1, 3))
            load.wait_for(10)
            cluster.up()
            load.wait_for(10)
            self.finish(load, cluster.address)
