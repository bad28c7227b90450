"""A Kafka of a test's own, for tests that kill it (scripts/kafka), and what foreign programs read from one."""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from support import node_modules

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "kafka"
START_SECONDS = 300  # the first start may have to fetch the jars
READ_SECONDS = 120
NO_BROKER = 3


class Cluster:
    """Nodes on free loopback ports, their data in a directory; up() again brings back what was killed."""

    def __init__(self, data, nodes=1, advertise=None):
        self.data = pathlib.Path(data)
        self.address = None
        self._options = ["--data", str(self.data), "--nodes", str(nodes)]
        if advertise is not None:
            self._options += ["--advertise", str(advertise)]

    def up(self):
        ended = subprocess.run([SCRIPT, "up", *self._options], stdout=subprocess.PIPE, text=True, timeout=START_SECONDS)
        if ended.returncode == NO_BROKER and os.environ.get("BATCHROUTER_REQUIRE_KAFKA") != "1":
            print("skipped: no broker", flush=True)
            raise unittest.SkipTest("no broker")
        if ended.returncode != 0:
            raise AssertionError(f"scripts/kafka up ended with {ended.returncode}")
        self.address = ended.stdout.strip()
        return self

    def down(self):
        subprocess.run([SCRIPT, "down", "--remove", "--data", str(self.data)], check=True, timeout=60)

    def endpoint(self):
        """(host, port) of a single node, whatever it advertises."""
        host, port = self.address.split(":")
        return host, int(port)

    def kill9(self, node=1):
        self._signal(node, signal.SIGKILL)

    def pause(self, node=1):
        self._signal(node, signal.SIGSTOP)

    def resume(self, node=1):
        self._signal(node, signal.SIGCONT)

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.down()

    def _signal(self, node, number):
        os.kill(int((self.data / f"node-{node}" / "pid").read_text()), number)


def read_with_kcat(address, topic):
    """Values of a topic as a transaction made them visible, parsed."""
    command = ["kcat", "-C", "-b", address, "-t", topic, "-o", "beginning", "-e", "-q",
               "-X", "isolation.level=read_committed"]
    return _lines(command)


def read_with_console_consumer(address, topic):
    """The same by Kafka's own program; it cannot tell where a topic ends, so it waits some time for more."""
    jars = sorted((ROOT / "build" / "kafka_jars").glob("*/kafka-tools-*.jar"), key=lambda path: path.stat().st_mtime)
    command = ["java", "-cp", f"{jars[-1].parent}/*", "org.apache.kafka.tools.consumer.ConsoleConsumer",
               "--bootstrap-server", address, "--topic", topic, "--from-beginning",
               "--isolation-level", "read_committed", "--timeout-ms", "3000"]
    return _lines(command)


def read_with_kafkajs(address, topic):
    """The same by the client that JavaScript programs use, where npm is there to fetch it."""
    modules = node_modules.fetched()
    return _lines(["node", ROOT / "tests" / "kafka" / "kafkajs_reader.mjs", modules, address, topic])


def _lines(command):
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=READ_SECONDS)
    if ended.returncode != 0:
        raise AssertionError(f"{command} ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
    return [json.loads(line) for line in ended.stdout.splitlines() if line]
