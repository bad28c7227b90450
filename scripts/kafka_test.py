"""If these failed: scripts/kafka would leave callers guessing whether there is a broker, or end what is not its own."""

import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent


class Kafka(unittest.TestCase):
    """Without a broker; tests/kafka starts, kills and ends real ones."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.data = self.directory / "cluster"

    def run_kafka(self, *arguments, **environment):
        return subprocess.run([SCRIPTS / "kafka", *arguments], env={**os.environ, **environment}, capture_output=True,
                              text=True, timeout=60)

    def test_usage(self):
        self.assertIn("scripts/kafka up|down|status", self.run_kafka("--help").stdout)
        for wrong in ([], ["sideways"], ["up", "--nodes", "2"], ["up", "--port", "x"], ["up", "--data"],
                      ["up", "--nodes", "3", "--advertise", "9"]):
            with self.subTest(wrong):
                ended = self.run_kafka(*wrong)
                self.assertEqual(ended.returncode, 2, ended.stderr)
                self.assertIn("scripts/kafka", ended.stderr)

    def test_no_cluster(self):
        status = self.run_kafka("status", "--data", self.data)
        self.assertEqual((status.returncode, status.stdout), (1, f"no cluster in {self.data}\n"))
        self.assertEqual(self.run_kafka("down", "--data", self.data).returncode, 0)
        self.assertFalse(self.data.exists())

    def up_with_maven(self, script):
        """In a copy of the scripts, so that no jars are there yet. script: what mvn does."""
        copy = self.directory / "copy"
        (copy / "scripts").mkdir(parents=True, exist_ok=True)
        for name in ("lib.sh", "kafka", "kafka_broker"):
            subprocess.run(["cp", "-r", SCRIPTS / name, copy / "scripts"], check=True)
        programs = self.directory / "programs"
        programs.mkdir(exist_ok=True)
        for path, text in ((copy / "scripts" / "setup", "exit 0"), (programs / "mvn", script)):
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        return subprocess.run([copy / "scripts" / "kafka", "up", "--data", self.data], env=environment,
                              capture_output=True, text=True, timeout=60)

    def test_where_jars_cannot_be_fetched_there_is_no_broker(self):
        ended = self.up_with_maven("exit 1")
        self.assertEqual((ended.returncode, ended.stdout), (3, ""))
        self.assertRegex(ended.stderr.splitlines()[-1], "^no broker: ")
        self.assertFalse((self.data / "address").exists())

    def test_jars_that_are_not_those_of_the_list_are_never_run(self):
        jar = 'for word; do case $word in -DoutputDirectory=*) out=${word#*=};; esac; done; mkdir -p "$out"; '
        names = [line.split()[1] for line in (SCRIPTS / "kafka_broker" / "jars.sha256").read_text().splitlines()]
        for made in (f'touch "$out/{names[0]}"', "; ".join(f'touch "$out/{name}"' for name in names), 'touch "$out/other.jar"'):
            with self.subTest(made[:60]):
                ended = self.up_with_maven(jar + made)
                self.assertEqual(ended.returncode, 1, ended.stderr)
                self.assertIn("jars.sha256", ended.stderr.splitlines()[-1])
                self.assertFalse((self.data / "address").exists())

    def test_a_process_that_only_has_the_number_of_a_node_is_left_alone(self):
        node = self.data / "node-1"
        node.mkdir(parents=True)
        (node / "server.properties").write_text("listeners=CLIENTS://127.0.0.1:1,BROKERS://127.0.0.1:2\n")
        with subprocess.Popen(["sleep", "60"]) as stranger:
            self.addCleanup(stranger.kill)
            (node / "pid").write_text(f"{stranger.pid}\n")
            status = self.run_kafka("status", "--data", self.data)
            self.assertEqual(status.returncode, 1)
            self.assertIn("node 1 does not run", status.stdout)
            self.assertEqual(self.run_kafka("down", "--data", self.data).returncode, 0)
            self.assertIsNone(stranger.poll())
            stranger.kill()

    def test_only_a_cluster_of_its_own_is_removed(self):
        self.data.mkdir()
        (self.data / "mine").write_text("x")
        self.assertEqual(self.run_kafka("down", "--remove", "--data", self.data).returncode, 0)
        self.assertTrue((self.data / "mine").exists())


if __name__ == "__main__":
    unittest.main()
