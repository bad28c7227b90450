"""Thirty and more ways to tamper with a journal: each must be found, and the place named.

One service makes a journal. Each method changes a copy of it in the way its name says and asks brctl audit.
"""

import copy
import json
import pathlib
import shutil
import tempfile
import unittest

from support.auditing import audit, brctl, findings
from support.customer import Customer, ServiceTest, response_items
from support.frames import CHAIN, CHECKSUM, LENGTH, TIME, VALUE, decode, read_log, rechain, write_log
from support.owned import Owned
from support.service import Service, until

SETTINGS = {"service.bus": "embedded", "journal.partitions": 4, "audit.checkpoint_seconds": 1}
SEGMENTS = 3


def checkpoint_lines(data):
    return [json.loads(line) for path in sorted((data / "checkpoints").glob("*.jsonl"))
            for line in path.read_text().splitlines()]


def make_journal(data):
    """A customer with one of everything, and batches with a checkpoint between them."""
    with Service(data, SETTINGS) as service:
        owned = Owned(service, "owner@example.com")
        for number in range(4):
            seen = len(checkpoint_lines(data))
            batch = owned.customer.submit({"items": response_items(3 + number)})
            owned.customer.ended(batch["id"])
            until(lambda seen=seen: len(checkpoint_lines(data)) > seen or None, "a checkpoint")
        Customer(service, "another@example.com")


class Tampering(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="batchrouter-test-")
        cls.addClassCleanup(cls.folder.cleanup)
        made = pathlib.Path(cls.folder.name) / "made"
        make_journal(made)
        cls.made = made
        cls.frames = read_log(made / "journal")
        cls.checkpoints = checkpoint_lines(made)
        by_partition = {}
        for frame in cls.frames:
            by_partition.setdefault(frame.partition, []).append(frame)
        cls.partition = max(by_partition, key=lambda partition: len(by_partition[partition]))
        cls.other = min(by_partition, key=lambda partition: len(by_partition[partition]))
        cls.length = {partition: len(frames) for partition, frames in by_partition.items()}

    def setUp(self):
        self.data = pathlib.Path(self.folder.name) / self.id().rsplit(".", 1)[-1]
        for name in ("journal", "keys", "checkpoints"):
            shutil.copytree(self.made / name, self.data / name)
        shutil.copy(self.made / "journal_identity", self.data)
        self.log = copy.deepcopy(self.frames)
        self.addCleanup(shutil.rmtree, self.data)

    # What is changed

    def of(self, partition):
        return [frame for frame in self.log if frame.partition == partition]

    def record(self, offset, partition=None):
        return self.of(self.partition if partition is None else partition)[offset]

    def middle(self):
        """Of a record amid the partition, not one that opens an epoch."""
        offset = self.length[self.partition] // 2
        while self.record(offset).opens() or self.record(offset + 1).opens():
            offset += 1
        return offset

    def find(self, event_type, last=True, **said):
        """(frame, event's place in it, events) of the last such event, or the first."""
        places = [(frame, index, events) for frame in self.of(self.partition) for events in [frame.events()]
                  for index, event in enumerate(events)
                  if event["type"] == f"batchrouter.{event_type}.v1"
                  and all(event["data"].get(name) == value for name, value in said.items())]
        self.assertTrue(places, f"there is no {event_type} {said}")
        return places[-1 if last else 0]

    def rewrite(self, event_type, change, last=True, **said):
        """Changes an event's data, and the whole tail's chain and checksums; the place of the event."""
        frame, index, events = self.find(event_type, last, **said)
        change(events[index]["data"])
        frame.says(events)
        rechain(self.log, self.partition)
        return f"{self.partition}/{frame.offset}.{index}"

    def add_event(self, event_type, data, last=True, **beside):
        """An event more, behind the last of the record that has such an event; the tail's chain is made anew."""
        frame, index, events = self.find(event_type, last, **beside)
        added = copy.deepcopy(events[index])
        added.update(id=f"{added['causationid']}.{len(events)}", type=f"batchrouter.{data.pop('type')}.v1")
        added["data"].update(data)
        while len(events) > index + 1 and events[-1]["causationid"] != added["causationid"]:
            index += 1
            break
        events.append(added)
        frame.says(events)
        rechain(self.log, self.partition)
        return f"{self.partition}/{frame.offset}.{len(events) - 1}"

    def damage(self, offset, at, bits=0x01):
        """Flips bits of the bytes as they lie on the disk."""
        frame = self.record(offset)
        raw = bytearray(frame.encode())
        raw[at] ^= bits
        frame.raw = bytes(raw)

    def drop(self, frame):
        self.log = [each for each in self.log if each is not frame]

    def between_checkpoints(self, offset):
        """The place that a rewritten record is named by: what was witnessed last, and what no longer holds."""
        known = sorted(line["next"] for line in self.checkpoints if line["partition"] == self.partition)
        good = max([next for next in known if next <= offset], default=0)
        bad = min(next for next in known if next > offset)
        return f"{self.partition}/{good}" + (f"-{bad - 1}" if bad - 1 != good else "")

    def save(self):
        size = -(-len(self.log) // SEGMENTS)
        write_log(self.data / "journal", [self.log[at:at + size] for at in range(0, len(self.log), size)])

    # What must be found

    def assert_found(self, *expected, save=True):
        """expected: (rule, place) each."""
        if save:
            self.save()
        code, report = audit(self.data)
        found = {(each["rule"], each["place"]) for each in report["findings"]}
        for one in expected:
            self.assertIn(one, found, findings(report))
        self.assertEqual((code, report["clean"]), (1, False))
        return report

    def assert_rewritten(self, place, *rules):
        """Besides the rules that it breaks, if any, the next checkpoint does not match."""
        offset = int(place.split("/")[1].split(".")[0])
        self.assert_found(("checkpoint_mismatch", self.between_checkpoints(offset)), *((rule, place) for rule in rules))

    # Nothing

    def test_an_untouched_log_is_clean(self):
        """Would be broken: everything that follows, if a good log had findings."""
        for report in (audit(self.made), (self.save(), audit(self.data))[1]):
            self.assertEqual((report[0], findings(report[1])), (0, ""))
            self.assertGreater(report[1]["events"], 100)
            ours = next(each for each in report[1]["partitions"] if each["partition"] == self.partition)
            self.assertEqual(ours["witnessed"], self.length[self.partition])
            self.assertEqual(sum(each["balance"] for each in report[1]["balances"]), 0)

    # Bytes, with checksums that do not hold

    def test_a_byte_of_a_header(self):
        self.damage(self.middle(), TIME)
        self.assert_found(("damaged_bytes", f"{self.partition}/{self.middle()}"))

    def test_a_byte_of_a_value(self):
        self.damage(self.middle(), VALUE + 200)
        self.assert_found(("damaged_bytes", f"{self.partition}/{self.middle()}"))

    def test_a_byte_of_a_chain(self):
        self.damage(self.middle(), CHAIN + 5)
        self.assert_found(("damaged_bytes", f"{self.partition}/{self.middle()}"))

    def test_a_byte_of_a_checksum(self):
        self.damage(self.middle(), CHECKSUM)
        self.assert_found(("damaged_bytes", f"{self.partition}/{self.middle()}"))

    def test_a_byte_of_a_length(self):
        self.damage(self.middle(), LENGTH, 0x10)
        self.assert_found(("missing_records", f"{self.partition}/{self.middle()}"))

    def test_a_byte_of_a_magic(self):
        self.damage(self.middle(), 0)
        self.assert_found(("missing_records", f"{self.partition}/{self.middle()}"))

    # One record, with a checksum that holds

    def test_a_value_changed(self):
        frame = self.record(self.middle())
        frame.value = frame.value.replace(b'"time":"20', b'"time":"21', 1)
        self.assert_found(("chain_broken", f"{self.partition}/{self.middle()}"))

    def test_a_chain_changed(self):
        frame = self.record(self.middle())
        frame.chain = bytes([frame.chain[0] ^ 1]) + frame.chain[1:]
        self.assert_found(("chain_broken", f"{self.partition}/{self.middle()}"))

    def test_the_opening_record_changed(self):
        """It carries no chain: the record behind it tells."""
        self.record(0).time += 1
        self.assert_found(("chain_broken", f"{self.partition}/0-1"))

    def test_a_time_changed(self):
        self.record(self.middle()).time += 1
        self.assert_found(("chain_broken", f"{self.partition}/{self.middle()}"))

    def test_an_instance_changed(self):
        self.record(self.middle()).instance = b"node_of_somebody"
        self.assert_found(("owner_replaced", f"{self.partition}/{self.middle()}"))

    def test_an_epoch_stolen(self):
        self.record(self.middle()).epoch += 1
        self.assert_found(("epoch_without_owner", f"{self.partition}/{self.middle()}"))

    def test_an_epoch_of_the_past(self):
        self.record(self.middle()).epoch -= 1
        self.assert_found(("owner_replaced", f"{self.partition}/{self.middle()}"))

    # Records removed, moved, put in

    def test_the_first_record_dropped(self):
        self.drop(self.record(0))
        self.assert_found(("missing_records", f"{self.partition}/0"))

    def test_a_middle_record_dropped(self):
        offset = self.middle()
        self.drop(self.record(offset))
        self.assert_found(("missing_records", f"{self.partition}/{offset}"))

    def test_the_last_record_dropped(self):
        last = self.length[self.partition] - 1
        self.drop(self.record(last))
        self.assert_found(("log_truncated", f"{self.partition}/{last}"))

    def test_a_record_dropped_and_the_rest_renumbered(self):
        offset = self.middle()
        self.drop(self.record(offset))
        for number, frame in enumerate(self.of(self.partition)):
            frame.offset = number
        self.assert_found(("chain_broken", f"{self.partition}/{offset}"))

    def swap(self, offset):
        a, b = self.record(offset), self.record(offset + 1)
        at, behind = (next(i for i, each in enumerate(self.log) if each is frame) for frame in (a, b))
        self.log[at], self.log[behind] = b, a
        return a, b

    def test_neighbours_swapped(self):
        offset = self.middle()
        self.swap(offset)
        self.assert_found(("missing_records", f"{self.partition}/{offset}"),
                          ("repeated_record", f"{self.partition}/{offset}"))

    def test_neighbours_swapped_and_renumbered(self):
        offset = self.middle()
        a, b = self.swap(offset)
        a.offset, b.offset = b.offset, a.offset
        self.assert_found(("chain_broken", f"{self.partition}/{offset}"))

    def test_a_record_twice(self):
        frame = self.record(self.middle())
        at = next(i for i, each in enumerate(self.log) if each is frame)
        self.log.insert(at + 1, copy.deepcopy(frame))
        self.assert_found(("repeated_record", f"{self.partition}/{frame.offset}"))

    def append_forgery(self, change):
        """A record more at the end: a grant as the last one was, but for what `change` does."""
        frame, index, events = self.find("ledger.transfer_posted", kind="grant")
        event = events[index]
        forged = copy.deepcopy(self.record(self.length[self.partition] - 1))
        forged.offset += 1
        event.update(id="forged.0", causationid="forged", time=forged.events()[0]["time"])
        change(event["data"])
        forged.says([event])
        self.log.append(forged)
        return forged.offset

    def test_a_record_forged_without_a_chain(self):
        offset = self.append_forgery(lambda data: data.update(transfer=data["transfer"] + "2"))
        self.assert_found(("chain_broken", f"{self.partition}/{offset}"))

    def test_a_top_up_forged_with_a_chain(self):
        def top_up(data):
            data.update(transfer="top_up/chk_forged", kind="top_up", debit="platform/funding")
        offset = self.append_forgery(top_up)
        rechain(self.log, self.partition)
        self.assert_found(("transfer_unexplained", f"{self.partition}/{offset}.0"))

    def test_a_record_moved_to_another_partition(self):
        offset = self.middle()
        frame = self.record(offset)
        self.drop(frame)
        frame.partition, frame.offset = self.other, self.length[self.other]
        frame.epoch, frame.instance = self.of(self.other)[-1].epoch, self.of(self.other)[-1].instance
        self.log.append(frame)
        rechain(self.log, self.other)
        self.assert_found(("missing_records", f"{self.partition}/{offset}"),
                          ("wrong_partition", f"{self.other}/{frame.offset}.0"))

    def test_a_partition_number_changed(self):
        offset = self.middle()
        self.record(offset).partition = self.other
        self.assert_found(("missing_records", f"{self.partition}/{offset}"))

    # The tail rewritten, chain and checksums and all

    def test_an_amount_raised(self):
        place = self.rewrite("ledger.transfer_posted", lambda data: data.update(amount=data["amount"] * 2), kind="grant")
        self.assert_rewritten(place)

    def test_an_amount_made_negative(self):
        place = self.rewrite("ledger.transfer_posted", lambda data: data.update(amount=-5), kind="grant")
        self.assert_rewritten(place, "transfer_malformed")

    def test_an_org_changed(self):
        place = self.rewrite("ledger.transfer_posted", lambda data: data.update(org="org_of_somebody"), kind="capture")
        self.assert_rewritten(place, "wrong_org", "transfer_misplaced")

    def test_an_account_changed(self):
        place = self.rewrite("ledger.transfer_posted", lambda data: data.update(credit="platform/funding"), kind="capture")
        self.assert_rewritten(place, "transfer_misplaced")

    def test_a_capture_above_the_quote(self):
        def more(data):
            data["captured"] += 10**12
        self.assert_rewritten(self.rewrite("batch.ended", more), "charge_above_quote", "settlement_mismatch")

    def test_a_units_charge_raised(self):
        def more(data):
            data["progress"]["charged"] += 10**12
        self.assert_rewritten(self.rewrite("batch.unit_closed", more), "charge_above_quote")

    def test_an_item_lost(self):
        def lose(data):
            data["progress"]["tally"]["succeeded"] -= 1
        self.assert_rewritten(self.rewrite("batch.unit_closed", lose), "items_lost")

    def test_a_quotes_plan_changed(self):
        def cheaper(data):
            data["plan"]["total"] -= 1
        self.assert_rewritten(self.rewrite("batch.accepted", cheaper), "quote_changed")

    def test_an_event_removed(self):
        frame, index, events = self.find("batch.ended")
        del events[index]
        for number, event in enumerate(events):
            event["id"] = f"{event['causationid']}.{number}"
        frame.says(events)
        rechain(self.log, self.partition)
        closed = next(i for i, event in enumerate(events) if event["type"] == "batchrouter.batch.unit_closed.v1")
        self.assert_rewritten(f"{self.partition}/{frame.offset}.{closed}", "batch_torn")

    def test_a_release_twice(self):
        frame, index, events = self.find("ledger.transfer_posted", kind="release")
        data = copy.deepcopy(events[index]["data"])
        place = self.add_event("ledger.transfer_posted", {**data, "type": "ledger.transfer_posted"}, kind="release")
        self.assert_rewritten(place, "transfer_repeated")

    def test_an_adjustment_added_that_nobody_ordered(self):
        org = self.find("batch.ended")[2][0]["data"]["org"]
        place = self.add_event("ledger.transfer_posted", {
            "type": "ledger.transfer_posted", "kind": "adjustment", "transfer": f"adjustment/{org}/credit/gift",
            "debit": "platform/adjustments", "credit": f"customer/{org}/available", "amount": 5, "batch": ""}, kind="release")
        self.assert_rewritten(place, "adjustment_unsigned")

    def test_a_batch_ended_twice(self):
        data = copy.deepcopy(self.find("batch.ended")[2][self.find("batch.ended")[1]]["data"])
        self.assert_rewritten(self.add_event("batch.ended", {**data, "type": "batch.ended"}), "batch_over")

    def test_a_time_run_back(self):
        frame = self.record(self.middle())
        frame.time -= 3_600_000_000
        rechain(self.log, self.partition)
        self.assert_found(("time_ran_back", f"{self.partition}/{frame.offset}"),
                          ("checkpoint_mismatch", self.between_checkpoints(frame.offset)))

    def test_all_records_of_an_owner_given_to_another(self):
        for frame in self.of(self.partition):
            frame.instance = b"node_of_somebody"
            if frame.opens():
                events = frame.events()
                events[0]["data"]["instance"] = "node_of_somebody"
                frame.says(events)
        rechain(self.log, self.partition)
        self.assert_found(("checkpoint_mismatch", self.between_checkpoints(0)))

    def test_an_event_of_a_type_that_there_is_not(self):
        frame, index, events = self.find("batch.ended")
        events[index]["type"] = "batchrouter.batch.forgiven.v1"
        frame.says(events)
        rechain(self.log, self.partition)
        self.assert_rewritten(f"{self.partition}/{frame.offset}.{index}", "unknown_event")

    def test_a_value_that_is_no_json(self):
        frame = self.record(self.middle())
        frame.value = frame.value[:-1]
        rechain(self.log, self.partition)
        self.assert_found(("unreadable_record", f"{self.partition}/{frame.offset}"))

    # Files

    def last_segment(self):
        return sorted((self.data / "journal").glob("*.log"))[-1]

    def cut(self, extra):
        """Cuts the last segment off at its last record of the partition, or `extra` bytes into it; its offset."""
        self.save()
        path = self.last_segment()
        data, at, last = path.read_bytes(), 0, None
        while (frame := decode(data, at)) is not None:
            if frame.partition == self.partition:
                last = (at, frame.offset)
            at += len(frame.encode())
        path.write_bytes(data[:last[0] + extra])
        return last[1]

    def test_the_log_cut_off_between_records(self):
        self.assert_found(("log_truncated", f"{self.partition}/{self.cut(0)}"), save=False)

    def test_the_log_cut_off_within_a_record(self):
        self.assert_found(("log_truncated", f"{self.partition}/{self.cut(90)}"), save=False)

    def first_in_segment(self, number):
        size = -(-len(self.log) // SEGMENTS)
        return next(frame.offset for frame in self.log[number * size:] if frame.partition == self.partition)

    def remove_segment(self, number):
        self.save()
        sorted((self.data / "journal").glob("*.log"))[number].unlink()

    def test_the_first_segment_removed(self):
        self.remove_segment(0)
        self.assert_found(("missing_records", f"{self.partition}/0-{self.first_in_segment(1) - 1}"), save=False)

    def test_a_middle_segment_removed(self):
        self.remove_segment(1)
        first, behind = self.first_in_segment(1), self.first_in_segment(2)
        self.assert_found(("missing_records", f"{self.partition}/{first}-{behind - 1}"), save=False)

    def test_the_last_segment_removed(self):
        self.remove_segment(2)
        first, last = self.first_in_segment(2), self.length[self.partition] - 1
        self.assert_found(("log_truncated", f"{self.partition}/{first}-{last}"), save=False)

    def test_segments_swapped(self):
        self.save()
        _, a, b = sorted((self.data / "journal").glob("*.log"))
        a.rename(self.data / "aside")
        b.rename(a)
        (self.data / "aside").rename(b)
        first, behind = self.first_in_segment(1), self.first_in_segment(2)
        self.assert_found(("missing_records", f"{self.partition}/{first}-{behind - 1}"), save=False)

    # Checkpoints

    def change_checkpoints(self, change):
        """change(lines) of the newest file. Its path."""
        path = sorted((self.data / "checkpoints").glob("*.jsonl"))[-1]
        lines = path.read_text().splitlines()
        change(lines)
        path.write_text("".join(line + "\n" for line in lines))
        return path

    def assert_checkpoint_found(self, rule, line):
        path = sorted((self.data / "checkpoints").glob("*.jsonl"))[-1]
        report = self.assert_found((rule, ""))
        self.assertIn(f"{path}, line {line}: ", next(each["detail"] for each in report["findings"] if each["rule"] == rule))

    def test_a_checkpoint_edited(self):
        def edit(lines):
            lines[2] = lines[2].replace('"next":', '"next":1', 1)
        self.change_checkpoints(edit)
        self.assert_checkpoint_found("checkpoint_forged", 3)

    def test_a_checkpoint_removed(self):
        self.change_checkpoints(lambda lines: lines.pop(1))
        self.assert_checkpoint_found("checkpoint_removed", 2)

    def test_a_signature_forged(self):
        def sign(lines):
            line = json.loads(lines[1])
            line["signature"] = "A" * 86 + "=="
            lines[1] = json.dumps(line, separators=(",", ":"))
        self.change_checkpoints(sign)
        self.assert_checkpoint_found("checkpoint_forged", 2)

    def test_the_checkpoints_of_another_key(self):
        key = self.data / "keys" / "signing.pub"
        key.write_text("A" * 43 + "=\n")
        self.assert_checkpoint_found("checkpoint_forged", 1)

    def test_all_checkpoints_removed(self):
        shutil.rmtree(self.data / "checkpoints")
        self.assert_found(("checkpoints_missing", ""))


class Reports(ServiceTest):
    def test_a_report_is_signed_and_a_changed_one_refused(self):
        """Would be broken: the word of an auditor."""
        service = self.start(service__bus="embedded")
        Customer(service)
        service.kill9()  # the log is clean right after
        report = service.data / "report.json"
        code, _ = audit(service.data, "--report", report)
        self.assertEqual(code, 0)
        key = service.data / "keys" / "signing.pub"
        code, shown, _ = brctl("audit", "verify", report, "--key", key)
        self.assertEqual((code, "The signature holds" in shown), (0, True))
        report.write_text(report.read_text().replace('"clean":true', '"clean":false', 1))
        self.assertEqual(brctl("audit", "verify", report, "--key", key)[0], 1)
        service.start()
        self.assertEqual(audit(service.data)[0], 0)  # beside the service
        service.stop()
        self.assertEqual(audit(service.data)[0], 0)
        service.start()

    def test_what_cannot_be_read_is_said_so(self):
        self.assertEqual(brctl("audit", "--data", "/nowhere")[0], 3)
        self.assertEqual(brctl("audit", "--until", "tomorrow", "--data", "/nowhere")[0] in (2, 3), True)
