"""Which bus the services of a test run use: the embedded log or, with BATCHROUTER_TEST_BUS=kafka, a Kafka.

The broker's address is in BATCHROUTER_TEST_KAFKA. Where there is none, tests are skipped, unless
BATCHROUTER_REQUIRE_KAFKA=1 says that they must not be.
"""

import atexit
import collections
import os
import secrets
import unittest

from support import journal

KAFKA = os.environ.get("BATCHROUTER_TEST_BUS", "embedded") == "kafka"
PARTITIONS = 4  # of a topic, where a test does not say: each costs the broker files and memory
SESSION_SECONDS = 6  # until a node that was killed has lost its partitions; the fewest that the service takes

_prefixes = collections.defaultdict(lambda: "test-" + secrets.token_hex(6))  # by data directory
_others = set()  # prefixes


def address():
    """host:port of the broker that all tests share."""
    found = os.environ.get("BATCHROUTER_TEST_KAFKA")
    if found:
        return found
    if os.environ.get("BATCHROUTER_REQUIRE_KAFKA") == "1":
        raise AssertionError("BATCHROUTER_REQUIRE_KAFKA=1, but BATCHROUTER_TEST_KAFKA names no broker")
    print("skipped: no broker", flush=True)
    raise unittest.SkipTest("no broker")


def settings(data):
    """What a service on this data directory is told about its bus. The topics are its own, at each start the same."""
    if not KAFKA:
        return {}
    return kafka_settings(address(), _prefixes[data.resolve()])


def kafka_settings(brokers, prefix):
    """brokers: addresses with commas between; of three, every topic is on all and two must have a write."""
    replicated = brokers.count(",") == 2
    return {"service.bus": "kafka", "kafka.bootstrap_servers": brokers, "kafka.topic_prefix": prefix,
            "journal.partitions": PARTITIONS, "kafka.session_seconds": SESSION_SECONDS,
            "kafka.replication_factor": 3 if replicated else 1, "kafka.min_insync_replicas": 2 if replicated else 1}


def remove_at_exit(prefix):
    """Topics of the shared broker that settings() does not know of."""
    _others.add(prefix)


def embedded_only(reason):
    """Marks a test that is about the embedded log itself."""
    return unittest.skipIf(KAFKA, "embedded log only: " + reason)


def everything_on(data):
    """(path, bytes) of all that the services on this data directory have written to topics, as if topics were folders."""
    if not KAFKA:
        return
    from kafka import KafkaConsumer
    consumer = KafkaConsumer(bootstrap_servers=address())
    topics = [topic for topic in consumer.topics() if _own(topic, {_prefixes[data.resolve()]})]
    consumer.close()
    for topic in topics:
        for message in journal.read_topic(address(), topic):
            parts = [message.key or b"", message.value or b"", *(value for _, value in message.headers)]
            yield f"{topic.rsplit('.', 1)[1]}/{message.partition}-{message.offset}", b"\n".join(parts)


def _own(topic, prefixes):
    return topic.rsplit(".", 1)[0] in prefixes


@atexit.register
def _remove_topics():
    """A broker that outlives this process need not keep the topics of its tests."""
    own = {*_prefixes.values(), *_others}
    if not own:
        return
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError
    try:
        admin = KafkaAdminClient(bootstrap_servers=address())
        admin.delete_topics([topic for topic in admin.list_topics() if _own(topic, own)])
        admin.close()
    except KafkaError as error:
        print(f"the topics of these tests stay: {error!r}", flush=True)
