"""If these failed: a broker that dies, or a network that is slow or cuts connections, would lose or double work or money."""

import time

from support.broker import Cluster
from support.kafka_proxy import END_TXN, FETCH, HEARTBEAT, PRODUCE, Proxy
from support.nodes import NodesTest
from support.service import until


class BrokerFaults(NodesTest):
    def test_the_broker_is_killed_and_comes_back(self):
        with Cluster(self.directory / "kafka") as broker:
            service = self.start(broker=broker.address)
            load = self.load(seconds=120)
            for _ in range(2):
                load.wait_for(10)
                self.a_moment()
                broker.kill9()
                time.sleep(2)
                answer = service.post("/v1/quotes/model", {"models": ["gpt-5.4-nano"], "estimated_items": 1},
                                      key=load.accounts[0].key)
                print(f"while the broker is away: HTTP {answer.status}", flush=True)
                self.assertIn(answer.status, (201, 503))
                if answer.status == 503:
                    self.assertIn("retry-after", answer.headers)
                self.assertEqual(service.get("/v1/billing/credits", key=load.accounts[0].key).status, 200)
                broker.up()
            load.wait_for(10)
            self.finish(load, broker.address)

    def test_requests_that_are_late_or_cut(self):
        """Late: by so much that the service does not know any more what has become of what it wrote."""
        with Proxy() as proxy, Cluster(self.directory / "kafka", advertise=proxy.port) as broker:
            proxy.target = broker.endpoint()
            self.start(broker=proxy.address, kafka__append_seconds=1)
            load = self.load(seconds=120)
            load.wait_for(5)
            for api in (PRODUCE, FETCH, HEARTBEAT, END_TXN):
                proxy.delay(api, self.random.uniform(1.5, 3), times=2)
                self.under_load(load, proxy, api)
            for api in (PRODUCE, FETCH, END_TXN):
                proxy.cut_answer(api, times=2)
                self.under_load(load, proxy, api)
                proxy.cut_request(api, times=2)
                self.under_load(load, proxy, api)
            proxy.drop_connections()
            load.wait_for(5)
            print("requests delayed or cut, by api key:", proxy.counts, flush=True)
            self.finish(load, proxy.address)

    def under_load(self, load, proxy, api):
        """Until requests have met the rule that was just made, and work goes on."""
        until(lambda: proxy.used_up(api), f"requests of kind {api}", every=0.05)
        load.wait_for(5)
