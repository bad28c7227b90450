"""If this failed: a cluster that loses one broker of three would stop the service, or have it lose what was durable."""

import os
import subprocess
import sys

from support.broker import ROOT, Cluster
from support.nodes import NodesTest


class ThreeBrokers(NodesTest):
    def test_one_broker_of_three_dies_under_load(self):
        with Cluster(self.directory / "kafka", nodes=3) as cluster:
            self.start("node-1", broker=cluster.address)
            self.start("node-2", broker=cluster.address)
            load = self.load(seconds=120)
            load.wait_for(10)
            cluster.kill9(self.random.randint(1, 3))
            load.wait_for(10)
            self.run_smoke_test(cluster.address)  # what has not been there before works with two as well
            cluster.up()
            load.wait_for(10)
            self.finish(load, cluster.address)

    def run_smoke_test(self, address):
        environment = {**os.environ, "BATCHROUTER_TEST_KAFKA": address}
        command = [sys.executable, ROOT / "tests/support/run_tests.py", ROOT / "tests/end_to_end/smoke_test.py"]
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=300)
        self.assertEqual(ended.returncode, 0, ended.stdout[-5000:])
