"""A batch at its deadline. Slow, as no batch is planned with less than a minute to its deadline."""

from support.batches import StoppedBatchTest


class Expiry(StoppedBatchTest):
    def test_the_deadline_expires_a_batch(self):
        """Would be broken: a batch runs past its deadline, or expiry loses or gives away finished work."""
        customer, created = self.submit_slow(latency_ms=3000, routing_mode="sla_aware", deadline_seconds=62)
        self.assert_stopped(customer, created, "expired", "expired", seconds=90)
