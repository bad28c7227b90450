"""If this failed: what brctl says of the state would not be so, or state that is lost would be lost."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from support import bus, service as services, streamed
from support.service import HANG_SECONDS, Service

BRCTL = services.PROGRAM.with_name("brctl")
SETTINGS = {"dispatch.items_per_unit": 20, "dispatch.retry_seconds": 0, "simulated.latency_max_ms": 5}


class Replay(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.data = self.directory / "data"
        self.settings = {}  # of brctl

    def test_the_state_on_disk_is_what_the_journal_gives(self):
        with Service(self.data, SETTINGS) as service:
            account = streamed.sign_up(service, "replay@example.com")
            self.work(service, account, 2)
            service.restart()
            self.work(service, account, 1)
            beside = self.same(self.brctl("replay", "--compare"))
            self.assertGreater(len(beside), 0)
            service.kill9()
            self.same(self.brctl("replay", "--compare"))
            service.start()
            self.work(service, account, 1)
            service.stop()
            stopped = self.same(self.brctl("replay", "--compare"))
            self.assertGreater(max(row["next_offset"] for row in stopped), max(row["next_offset"] for row in beside))

            kept = self.directory / "kept"
            whole = self.brctl("replay", "--into", str(kept))["partitions"]
            self.assertEqual([(row["partition"], row["state_digest"]) for row in whole],
                             [(row["partition"], row["state_digest"]) for row in stopped])
            self.assertTrue(any(kept.iterdir()))
            self.assertIn("is not empty", self.brctl("replay", "--into", str(kept), expect=2))
            busy = max(whole, key=lambda row: row["next_offset"])
            place = f"{busy['partition']}/{busy['next_offset'] // 2}"
            past = self.brctl("replay", "--until", place)["partitions"]
            self.assertEqual([(row["partition"], row["next_offset"]) for row in past],
                             [(busy["partition"], busy["next_offset"] // 2 + 1)])
            self.assertNotEqual(past[0]["state_digest"], busy["state_digest"])
            early = self.brctl("replay", "--until", "2020-01-01")["partitions"]
            self.assertEqual({row["next_offset"] for row in early}, {0})
            beyond = self.brctl("replay", "--until", f"{busy['partition']}/99999999", expect=2)
            self.assertIn("no such record", beyond)
            for command in (("audit",), ("replay",), ("snapshot", "list"), ("archive", "list"), ("archive", "run")):
                nothing = self.brctl(*command, "--partition", "999", expect=2)
                self.assertIn("there is no partition 999", nothing)

    @unittest.skipUnless(shutil.which("ldb"), "rocksdb-tools is not installed")
    def test_a_row_that_was_altered_is_named_with_the_event_that_wrote_it(self):
        with Service(self.data, SETTINGS) as service:
            account = streamed.sign_up(service, "altered@example.com")
            self.work(service, account, 2)
            service.stop()
            partition, key, value = self.an_account_row()
            altered = re.sub(rb'"balance":\d+', b'"balance":7', value)
            self.ldb(partition, "put", "--hex", key, "0x" + altered.hex())
            told = self.brctl("replay", "--compare", expect=1)
            print(told, flush=True)
            answer = json.loads(told)
            self.assertEqual(answer["partition"], partition)
            self.assertTrue(answer["row"].startswith("ledger.Account "), answer["row"])
            self.assertEqual(answer["replayed"].encode(), value)
            self.assertEqual(answer["there"].encode(), altered)
            written_by = answer["written_by"]
            self.assertRegex(written_by["place"], rf"^{partition}/\d+\.\d+$")
            self.assertEqual(written_by["type"], "batchrouter.ledger.transfer_posted.v1")
            in_words = self.brctl("replay", "--compare", expect=1, as_json=False)
            print(in_words, flush=True)
            self.assertIn(f"written by {written_by['place']}", in_words)
            self.assertIn(written_by["cause"], in_words)

    def test_lost_state_is_found_again_from_snapshots(self):
        with Service(self.data, SETTINGS) as service:
            account = streamed.sign_up(service, "snapshots@example.com")
            self.work(service, account, 2)
            service.stop()
            taken = self.brctl("snapshot", "take")["snapshots"]
            self.assertGreater(len(taken), 0)
            self.assertEqual({row["verdict"] for row in self.brctl("snapshot", "verify", "--replay")["snapshots"]},
                             {"good, the journal gives the same"})
            busiest = max(taken, key=lambda row: row["next_offset"])
            self.same(self.brctl("replay", "--compare", busiest["snapshot"]))
            service.start()
            self.work(service, account, 1)
            before = streamed.ledger(service, account)
            service.kill9()

            shutil.rmtree(self.data / "state")
            service.start()
            self.assertIn(f"snapshot={busiest['snapshot']}", service.output().replace('"', "").replace(": ", "="))
            self.assertEqual(streamed.ledger(service, account), before)
            streamed.check_ledger(self, service, account)
            service.stop()
            self.same(self.brctl("replay", "--compare"))

            # One that was changed is passed over; the older one, or the journal, gives the state.
            blob = self.data / "blobs" / "sha256" / busiest["state_digest"][:2] / busiest["state_digest"]
            damaged = bytearray(blob.read_bytes())
            damaged[len(damaged) // 2] ^= 1
            blob.write_bytes(damaged)
            self.assertIn("was changed", self.brctl("snapshot", "verify", expect=1))
            shutil.rmtree(self.data / "state")
            service.start()
            self.assertIn("snapshot_passed_over", service.output())
            self.assertEqual(streamed.ledger(service, account), before)
            service.stop()
            self.same(self.brctl("replay", "--compare"))

    @bus.embedded_only("it looks at segments")
    def test_a_trimmed_journal_and_its_archive_are_one(self):
        self.settings = {"journal.segment_bytes": "1 MiB", "journal.partitions": 2}
        with Service(self.data, {**SETTINGS, **self.settings}) as service:
            account = streamed.sign_up(service, "archive@example.com")
            give_up = time.monotonic() + 4 * HANG_SECONDS
            while len(self.segments()) < 4:
                self.assertLess(time.monotonic(), give_up, "the journal does not grow")
                self.work(service, account, 5)
            before = streamed.ledger(service, account)
            refused = self.brctl("archive", "run", "--trim", expect=3)
            self.assertIn("in use", refused)
            service.stop()
            whole = self.brctl("replay")["partitions"]
            self.brctl("archive", "run", "--trim")
            self.assertEqual(len(self.segments()), 1)
            self.assertTrue((self.data / "journal" / "base").exists())
            self.assertEqual({row["verdict"] for row in self.brctl("archive", "verify")["chunks"]}, {"good"})

            self.assertEqual(self.brctl("replay")["partitions"], whole)
            self.same(self.brctl("replay", "--compare"))
            audited = self.brctl("audit")
            self.assertTrue(audited["clean"], audited)
            service.start()
            self.assertEqual(streamed.ledger(service, account), before)
            self.work(service, account, 1)
            service.kill9()
            shutil.rmtree(self.data / "state")
            service.start()  # from a snapshot, and the journal behind it
            self.assertIn("state_restored", service.output())
            streamed.check_ledger(self, service, account)
            service.stop()
            shutil.rmtree(self.data / "state")
            shutil.rmtree(self.data / "blobs" / "segments" / "snapshots")
            service.start()  # from the archive, and the journal behind it
            self.assertNotIn("partition_halted", service.output())
            streamed.check_ledger(self, service, account)
            service.stop()
            self.same(self.brctl("replay", "--compare"))

    # --- helpers

    def work(self, service, account, batches):
        for _ in range(batches):
            batch = streamed.accepted(streamed.submit(service, account, streamed.manifest(streamed.mixed_item, 60)))
            self.assertEqual(service.wait_for_batch(batch, account.key)["status"], "completed")

    def segments(self):
        return list((self.data / "journal").glob("*.log"))

    def same(self, answer):
        self.assertTrue(all(row["same"] for row in answer["partitions"]), answer)
        return answer["partitions"]

    def brctl(self, *arguments, expect=0, as_json=True):
        settings = {**bus.settings(self.data), **self.settings}
        command = [str(BRCTL), *arguments, "--data", str(self.data), *(["--json"] if as_json else []),
                   *(f"--set={key}={value if isinstance(value, str) else json.dumps(value)}"
                     for key, value in settings.items())]
        ran = subprocess.run(command, env=services.environment(), capture_output=True, text=True, timeout=HANG_SECONDS)
        said = f"{' '.join(arguments)}: exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
        self.assertEqual(ran.returncode, expect, said)
        if expect == 0 and as_json:
            return json.loads(ran.stdout)
        return ran.stdout or ran.stderr

    # The rows of the state as RocksDB's own tool sees them.

    def ldb(self, partition, *arguments):
        families = self.families()
        command = ["ldb", f"--db={self.data / 'state'}", f"--column_family={families[partition]}", *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        return ran.stdout

    def families(self):
        command = ["ldb", f"--db={self.data / 'state'}", "list_column_families"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS).stdout
        return {int(number): name for name, number in re.findall(r"(format\d+_p(\d+))", told)}

    def an_account_row(self):
        """Partition, key (hexadecimal) and value of the balance of somebody's available credits."""
        for partition in sorted(self.families()):
            for line in self.ldb(partition, "scan", "--hex").splitlines():
                found = re.match(r"(0x[0-9A-F]+) (?:: |==> )(0x[0-9A-F]+)$", line)
                if not found:
                    continue
                key, value = (bytes.fromhex(text[2:]) for text in found.groups())
                if key.startswith(b"a") and b"/available" in key and b'"balance":' in value:
                    return partition, found[1], value
        self.fail("no account has a balance")


if __name__ == "__main__":
    unittest.main()
