"""Reads a journal topic as an auditor would: another client (python3-kafka), and the rules of ARCHITECTURE.md anew.

A record counts when it is the first of a newer epoch than those before it, or of the newest epoch and of the instance
whose record was the first of it. What counts is chained: SHA-256 over chain before in hexadecimal, epoch, instance, time
and value, with line feeds between. The record that opens an epoch carries zeros, as its writer cannot know what it will
follow; the next one covers it.
"""

import collections
import hashlib
import json
import time
from typing import NamedTuple

NO_CHAIN = "0" * 64
READ_SECONDS = 120  # for hangs


class Record(NamedTuple):
    partition: int
    offset: int
    epoch: int
    instance: str
    time: int  # microseconds
    chain: str  # hexadecimal
    value: bytes

    def events(self):
        return json.loads(self.value)


class Audit(NamedTuple):
    records: list  # that count
    ignored: list  # of owners that had been replaced, or of the losers of an epoch
    epochs: dict  # by partition: (epoch, instance) of each owner, in order

    def events(self):
        """(record, event) of all that counts."""
        return ((record, event) for record in self.records for event in record.events())

    def of_type(self, name):
        """What the events of a type say."""
        return [event["data"] for _, event in self.events() if event["type"] == f"batchrouter.{name}.v1"]

    def balances(self):
        """What every account has, in nano-USD, from the transfers alone. No transfer may be posted twice."""
        balances, posted = collections.Counter(), collections.Counter()
        for transfer in self.of_type("ledger.transfer_posted"):
            posted[transfer["transfer"]] += 1
            balances[transfer["debit"]] -= transfer["amount"]
            balances[transfer["credit"]] += transfer["amount"]
        twice = [name for name, times in posted.items() if times > 1]
        assert not twice, f"transfers that are posted twice: {twice[:5]}"
        return balances


def read_topic(address, topic):
    """Every message of a topic that is not transactional, in order within its partition."""
    from kafka import KafkaConsumer, TopicPartition
    consumer = KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, auto_offset_reset="earliest",
                             max_partition_fetch_bytes=16 << 20, fetch_max_bytes=64 << 20)
    try:
        places = [TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        messages, deadline = [], time.monotonic() + READ_SECONDS
        while any(consumer.position(place) < ends[place] for place in places):
            if time.monotonic() > deadline:
                raise AssertionError(f"{topic} was not read to its end in {READ_SECONDS} s")
            for batch in consumer.poll(500).values():
                messages += batch
        return messages
    finally:
        consumer.close()


def read_journal(address, prefix):
    records = collections.defaultdict(list)
    for message in read_topic(address, prefix + ".journal"):
        headers = dict(message.headers)
        records[message.partition].append(Record(
            message.partition, message.offset, int(headers["epoch"]), headers["instance"].decode(),
            int(headers["time"]), headers["chain"].hex(), message.value))
    return records


def audit(address, prefix):
    """Reads the journal and checks it. Raises AssertionError where it is not what it must be."""
    found = Audit([], [], {})
    for partition, records in sorted(read_journal(address, prefix).items()):
        _audit_partition(partition, sorted(records, key=lambda record: record.offset), found)
    seen = collections.Counter((event["source"], event["id"]) for _, event in found.events())
    twice = [name for name, times in seen.items() if times > 1]
    assert not twice, f"events that count twice: {twice[:5]}"
    return found


def _audit_partition(partition, records, found):
    owner, chain, newest_time = (0, ""), NO_CHAIN, 0
    found.epochs[partition] = []
    for record in records:
        where = f"partition {partition}, offset {record.offset}"
        if record.epoch < owner[0] or (record.epoch == owner[0] and record.instance != owner[1]):
            found.ignored.append(record)
            continue
        computed = hashlib.sha256(
            f"{chain}\n{record.epoch}\n{record.instance}\n{record.time}\n".encode() + record.value).hexdigest()
        if record.epoch > owner[0]:
            opening = [event["type"] for event in record.events()]
            assert opening[:1] == ["batchrouter.partition.opened.v1"], f"{where} begins an epoch with {opening}"
            assert record.chain == NO_CHAIN, f"{where} begins an epoch with a chain, which its writer cannot know"
            owner = (record.epoch, record.instance)
            found.epochs[partition].append(owner)
        else:
            assert record.chain == computed, f"the chain is broken at {where}"
        assert record.time >= newest_time, f"time runs backwards at {where}"
        chain, newest_time = computed, record.time
        found.records.append(record)
