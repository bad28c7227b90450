"""If these failed: commands that other systems put on the bus would be lost, carried out twice, or stop what is behind
them."""

import json
import subprocess

from support import bus, journal, streamed
from support.load import NANOS, answering, sign_up
from support.nodes import NodesTest
from support.service import until


class Commands(NodesTest):
    def test_each_is_taken_once_whatever_happens_to_the_service(self):
        service = self.start()
        account = sign_up(self.services, "bus@example.com")
        org = service.expect(service.get("/v1/sessions/current", key=account.key), 200).json["org"]["id"]
        before = self.available(service, account)
        grants = 60
        for number in range(grants):
            self.produce(org, self.grant(org, f"bonus-{number}", 1_000_000))
            if number == 20:
                self.produce(org, self.grant(org, "bonus-20", 1_000_000))  # sent twice by who could not be sure
                self.produce(org, "not JSON")
                self.produce(org, self.grant(org, "bonus-0", 7))  # the same grant with another amount
            if number == 30:
                service.restart(kill=True)
        until(lambda: self.available(service, account) == before + grants * 1_000_000, "all grants to be there")
        service.restart(kill=True)
        self.assertEqual(self.available(service, account), before + grants * 1_000_000)

        taken = journal.audit(bus.address(), self.prefix).of_type("bus.command_taken")
        self.assertEqual(len(taken), grants + 3)
        self.assertEqual(len({one["offset"] for one in taken}), grants + 3)
        self.assertEqual([one["refusal"] for one in taken if one["refusal"]],
                         ["malformed_json", "idempotency_conflict"])

    @staticmethod
    def grant(org, name, amount):
        return json.dumps({"specversion": "1.0", "id": name, "source": "/finance", "subject": "org:" + org,
                           "type": "batchrouter.ledger.grant_credits.v1",
                           "data": {"org": org, "grant": name, "amount": amount}})

    def produce(self, org, value):
        """As any client of Kafka does: the key finds the partition."""
        subprocess.run(["kcat", "-P", "-b", bus.address(), "-t", self.prefix + ".commands", "-k", "org:" + org,
                        "-X", "partitioner=murmur2_random"], input=value, text=True, check=True, timeout=60)

    @staticmethod
    def available(service, account):
        """In nano-USD."""
        answering([service])
        balance, _ = streamed.ledger(service, account)
        return int(streamed.money(balance["available"]) * NANOS)
