"""A TCP proxy in front of a broker that delays or cuts single requests, chosen by their kind.

A request is a length in 4 bytes, then api key and version in 2 bytes each and a correlation id in 4; an answer is a
length and the correlation id of its request. The broker must advertise the proxy's port (scripts/kafka --advertise).
"""

import contextlib
import socket
import struct
import threading
import time
from typing import NamedTuple

PRODUCE, FETCH, OFFSET_COMMIT, HEARTBEAT, END_TXN = 0, 1, 8, 12, 26


class Rule(NamedTuple):
    api: int
    seconds: float  # that a request waits before it goes on
    cut: str  # "": nothing; "request": it never arrives; "answer": it arrives, but its answer does not


class Proxy:
    """Every connection has a thread for each direction. Rules may be changed at any time and hold for what comes then."""

    def __init__(self):
        self.target = None  # (host, port) of the broker
        self.counts = {}  # requests that a rule was applied to, by api key
        self._lock = threading.Lock()
        self._rules = {}  # by api key: (rule, how many requests more)
        self._sockets = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    # What happens to requests

    def delay(self, api, seconds, times=1_000_000):
        self._set(Rule(api, seconds, ""), times)

    def cut_request(self, api, times=1):
        self._set(Rule(api, 0, "request"), times)

    def cut_answer(self, api, times=1, seconds=0):
        self._set(Rule(api, seconds, "answer"), times)

    def used_up(self, api):
        """Whether as many requests as a rule is for have met it."""
        with self._lock:
            return self._rules[api][1] == 0

    def calm(self):
        """No rule any more. Requests that wait go on when their time has come."""
        with self._lock:
            self._rules.clear()

    def drop_connections(self):
        with self._lock:
            sockets = list(self._sockets)
        for one in sockets:
            self._close(one)

    def close(self):
        self._listener.close()
        self.drop_connections()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _set(self, rule, times):
        with self._lock:
            self._rules[rule.api] = [rule, times]

    def _take(self, api):
        with self._lock:
            entry = self._rules.get(api)
            if entry is None or entry[1] == 0:
                return None
            entry[1] -= 1
            self.counts[api] = self.counts.get(api, 0) + 1
            return entry[0]

    # Connections

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(self.target, 5)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            cut = set()  # correlation ids of requests whose answer is to be cut
            with self._lock:
                self._sockets |= {client, broker}
            threading.Thread(target=self._requests, args=(client, broker, cut), daemon=True).start()
            threading.Thread(target=self._answers, args=(broker, client, cut), daemon=True).start()

    def _requests(self, client, broker, cut):
        with self._closing(client, broker):
            while frame := read_frame(client):
                api, _, correlation = struct.unpack_from(">hhi", frame, 4)
                rule = self._take(api)
                if rule is not None:
                    time.sleep(rule.seconds)
                    if rule.cut == "request":
                        return
                    if rule.cut == "answer":
                        cut.add(correlation)
                broker.sendall(frame)

    def _answers(self, broker, client, cut):
        with self._closing(client, broker):
            while frame := read_frame(broker):
                if struct.unpack_from(">i", frame, 4)[0] in cut:
                    return
                client.sendall(frame)

    @contextlib.contextmanager
    def _closing(self, *sockets):
        """Either direction ends both; the sockets are shut down, so that the other thread hears of it."""
        with contextlib.suppress(OSError):
            yield
        for one in sockets:
            self._close(one)

    def _close(self, one):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._sockets.discard(one)
        one.close()


def read_frame(source):
    """A frame with its length; nothing at the end of the stream."""
    head = read_exactly(source, 4)
    if len(head) < 4:
        return b""
    body = read_exactly(source, struct.unpack(">i", head)[0])
    return head + body


def read_exactly(source, count):
    parts, missing = [], count
    while missing > 0:
        part = source.recv(min(missing, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
