"""The HTTP server: reads requests whole, sends answers, and commits the faults that are of the connection."""

import http.server
import select
import socket
import socketserver
import struct
import sys
import time
import traceback
import urllib.parse

from provider_simulator.http_types import Answer, Request

BODY_BYTES = 600_000_000
HANG_SECONDS = 3600
ENDLESS_BYTES = 4_000_000_000


class Server(http.server.ThreadingHTTPServer):
    """On 127.0.0.1. refuse() closes the door for some time; the port stays ours through a second socket that is bound
    to it and never listens."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port, simulator):
        self._holder = socket.socket()
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", port))
        super().__init__(self._holder.getsockname(), _Handler)
        self.simulator = simulator
        self._refused_until = 0.0

    def run(self):
        """Serves until the process ends."""
        while True:
            self.serve_forever(0.02)  # until refuse() ends it
            self.socket.close()
            time.sleep(max(0.0, self._refused_until - time.monotonic()))
            self.socket = socket.socket()
            self.server_bind()
            self.server_activate()

    def refuse(self, seconds):
        self._refused_until = time.monotonic() + seconds
        self.shutdown()

    def shutdown_request(self, request):
        self.close_request(request)  # no FIN before it: what is to be reset is reset

    server_bind = socketserver.TCPServer.server_bind  # not HTTPServer's, which asks DNS for a name

    def refusing(self):
        return time.monotonic() < self._refused_until

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # that is a client that hung up
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "provider-simulator"
    rbufsize = 1 << 20

    def answer(self):
        body = self._body()
        if self.server.refusing():
            self._close_or_reset({"reset": True})
            return
        if body is None:
            self._send(Answer.of({"error": {"message": "unreadable body", "type": "invalid_request_error"}}, 400))
            self.close_connection = True
            return
        url = urllib.parse.urlsplit(self.path)
        request = Request(self.command, url.path, dict(urllib.parse.parse_qsl(url.query)),
                          {name.lower(): value for name, value in self.headers.items()}, body)
        try:
            answer = self.server.simulator.answer(request)
        except Exception as error:  # our own fault, not one by script
            traceback.print_exc()
            answer = Answer.of({"error": {"message": f"the simulator failed: {error!r}", "type": "simulator"}}, 500)
        if answer.transport is None:
            self._send(answer)
        else:
            getattr(self, "_" + answer.transport["kind"])(answer, answer.transport)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = answer

    def log_message(self, *_):
        pass

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunked_body()
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > BODY_BYTES:
            return None
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else None

    def _chunked_body(self):
        parts, total = [], 0
        while True:
            try:
                size = int(self.rfile.readline(100).split(b";")[0], 16)
            except ValueError:
                return None
            total += size
            if total > BODY_BYTES:
                return None
            if size == 0:
                while self.rfile.readline(10_000).strip():
                    pass
                return b"".join(parts)
            parts.append(self.rfile.read(size))
            self.rfile.readline(10)

    def _head(self, answer, length):
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        head = b"".join(self._headers_buffer) + b"\r\n"
        self._headers_buffer = []
        return head

    def _send(self, answer):
        self.wfile.write(self._head(answer, len(answer.body)) + answer.body)

    # Faults of the connection

    def _delay(self, answer, fault):
        self._pause(fault.get("seconds", 1))
        self._send(answer)

    def _lost_answer(self, _answer, fault):
        self._close_or_reset(fault)

    def _close(self, _answer, fault):
        self._close_or_reset(fault)

    def _reset(self, _answer, _fault):
        self._close_or_reset({"reset": True})

    def _refuse(self, _answer, fault):
        self._close_or_reset({"reset": True})
        self.server.refuse(fault.get("seconds", 1))

    def _hang(self, _answer, fault):
        self._pause(fault.get("seconds", HANG_SECONDS))
        self._close_or_reset(fault)

    def _reset_mid_body(self, answer, fault):
        self.wfile.write(self._head(answer, len(answer.body)) + answer.body[:len(answer.body) // 2])
        self._close_or_reset({"reset": fault.get("reset", True)})

    def _drip(self, answer, fault):
        self.wfile.write(self._head(answer, len(answer.body)))
        pause = 1 / fault.get("bytes_per_second", 1)
        for place in range(len(answer.body)):
            if self._pause(pause):
                return
            self.wfile.write(answer.body[place:place + 1])

    def _endless(self, answer, fault):
        self.close_connection = True
        self.wfile.write(self._head(answer, None))
        for _ in range(fault.get("bytes", ENDLESS_BYTES) // 65536):
            self.wfile.write(b" " * 65536)

    def _close_or_reset(self, fault):
        """Closing with a reset (RST), where the fault says so, instead of an orderly end (FIN)."""
        self.close_connection = True
        if fault.get("reset", False):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _pause(self, seconds):
        """True when the client went away meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.connection], [], [], min(left, 0.05))[0]:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    self.close_connection = True
                    return True
                time.sleep(min(left, 0.05))
        return False
