"""The embedded log's files and the journal's chain once more, from their descriptions in adapters/embedded_log/frame.h and
processors/chain.h: reads a log, and writes one with whatever was changed, checksums and all.
"""

import dataclasses
import hashlib
import json
import pathlib
import struct

MAGIC = b"\xf5\x42\x52\xf6"
FIXED = 80
NO_CHAIN = "0" * 64
UNKNOWN_CHAIN = bytes(32)

# Where in a frame.
LENGTH, CHECKSUM, TIME, CHAIN, VALUE = 4, 8, 36, 44, FIXED


def _crc_table():
    table = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return table


_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@dataclasses.dataclass
class Frame:
    partition: int
    synced: int
    offset: int
    epoch: int
    time: int
    chain: bytes
    instance: bytes
    value: bytes
    raw: bytes = b""  # set: stands there as it is

    def encode(self):
        if self.raw:
            return self.raw
        checked = struct.pack("<IIqqq32sI", self.partition, self.synced, self.offset, self.epoch, self.time, self.chain,
                              len(self.instance)) + self.instance + self.value
        return MAGIC + struct.pack("<II", len(checked), crc32c(checked)) + checked

    def events(self):
        return json.loads(self.value)

    def says(self, events):
        self.value = json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode()

    def opens(self):
        return self.chain == UNKNOWN_CHAIN

    def chained_behind(self, before):
        text = f"{before}\n{self.epoch}\n".encode() + self.instance + f"\n{self.time}\n".encode() + self.value
        return hashlib.sha256(text)


def decode(data, at):
    """The frame at a place, or None where no whole one begins."""
    if data[at:at + 4] != MAGIC or len(data) - at < FIXED:
        return None
    length, checksum = struct.unpack_from("<II", data, at + 4)
    checked = data[at + 12:at + 12 + length]
    if len(checked) < length or crc32c(checked) != checksum:
        return None
    *fields, instance_length = struct.unpack_from("<IIqqq32sI", checked)
    texts = checked[FIXED - 12:]
    return Frame(*fields, texts[:instance_length], texts[instance_length:])


def read_log(directory):
    """All frames, in order."""
    frames = []
    for path in sorted(pathlib.Path(directory).glob("*.log")):
        data, at = path.read_bytes(), 0
        while (frame := decode(data, at)) is not None:
            frames.append(frame)
            at += len(frame.encode())
    return frames


def write_log(directory, segments):
    """segments: lists of frames. Each frame says that all before it in its segment was durable."""
    directory = pathlib.Path(directory)
    for path in directory.glob("*.log"):
        path.unlink()
    records = 0
    for frames in segments:
        data = bytearray()
        for frame in frames:
            frame.synced = len(data)
            data += frame.encode()
        (directory / f"{records:020}.log").write_bytes(bytes(data) + bytes(4096))
        records += len(frames)


def rechain(frames, partition):
    """Chains all records of a partition anew, as its owners would have."""
    before = NO_CHAIN
    for frame in frames:
        if frame.partition != partition:
            continue
        digest = frame.chained_behind(before)
        if not frame.opens():
            frame.chain = digest.digest()
        before = digest.hexdigest()
