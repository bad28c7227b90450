"""The service as a process, for tests from outside."""

import collections
import email
import email.policy
import http.client
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import threading
import time
from typing import Any, NamedTuple
from urllib.parse import unquote

from support import bus, contract

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("BATCHROUTER_BIN_DIR", ROOT / "build" / "release" / "bin")) / "batchrouter"
LISTENING = re.compile(r"listening url=http://127\.0\.0\.1:(\d+)")
PASSWORD = "horse-battery-staple-42"
TERMINAL = {"completed", "failed", "cancelled", "expired"}
HANG_SECONDS = 60  # waits this long for what should take moments
LINES_KEPT = 2000


class Response(NamedTuple):
    status: int
    headers: dict  # names in lower case; the last one of a name
    json: Any  # None when the body is no JSON
    body: bytes


class Service:
    """Runs batchrouter on a data directory; start() again on the same directory recovers it.

    settings: {"section.key": value}, handed over as --set, lists and booleans as in the settings file; which bus it uses
    the test run says (support/bus.py), unless they do. A test thread may call request() at any time: each thread keeps
    its own connection alive.
    """

    def __init__(self, data, settings=None, arguments=(), program=PROGRAM):
        self.data = pathlib.Path(data)
        self.settings = dict(settings or {})
        self.arguments = list(arguments)
        self.mails = self.data  # where it or others like it put mails
        self.program = str(program)
        self.variables = {}  # of its environment, beside those of this process
        self.wrapper = []  # a command that becomes it, such as prlimit
        self.port = None
        self.process = None
        self.lines = collections.deque(maxlen=LINES_KEPT)  # newest output, for failing tests
        self._local = threading.local()
        self._reader = None
        self._ready = threading.Event()

    # The process

    def command(self):
        """What start() runs."""
        return [self.program, *self.flags(), "--port", "0", *self.arguments]

    def flags(self):
        """Its settings, as brctl takes them too."""
        settings = self.settings
        if "service.bus" not in settings:
            settings = {**bus.settings(self.data), **settings}
        return ["--data", str(self.data), *(f"--set={key}={value if isinstance(value, str) else json.dumps(value)}"
                                            for key, value in settings.items())]

    def start(self):
        if not self.launch().wait_until_ready():
            self.kill9()
            raise AssertionError("the service did not start:\n" + self.output())
        return self

    def launch(self):
        """Starts the process and waits for nothing."""
        self._ready.clear()
        self.port = None
        self.process = subprocess.Popen(
            [*self.wrapper, *self.command()], env={**environment(), **self.variables},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace")
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()
        return self

    def wait_until_ready(self, seconds=HANG_SECONDS):
        """False: it has ended before, or takes too long."""
        return self._ready.wait(seconds) and self.port is not None

    def stop(self, seconds=HANG_SECONDS):
        """Asks it to end (SIGTERM) and returns the exit code."""
        return self._end(signal.SIGTERM, seconds)

    def kill9(self):
        return self._end(signal.SIGKILL, HANG_SECONDS)

    def pause(self):
        """As if the machine had stopped for a while."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self, kill=False):
        self.kill9() if kill else self.stop()
        return self.start()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wait_for_death(self, seconds=HANG_SECONDS):
        until(lambda: not self.alive(), "the service to be killed", seconds)

    def rss_kb(self):
        return self._memory("VmRSS")

    def peak_rss_kb(self):
        return self._memory("VmHWM")

    def output(self):
        return "\n".join(list(self.lines))

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        if kind is not None:
            print("--- output of the service ---\n" + self.output())
        self.kill9() if kind is not None else self.stop()

    def _end(self, number, seconds):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the service did not stop:\n" + self.output()) from None
        self._reader.join()
        return code

    def _read_output(self):
        with self.process.stdout as stream:
            for line in stream:
                self.lines.append(line.rstrip("\n"))
                found = LISTENING.search(line)
                if found and self.port is None:
                    self.port = int(found.group(1))
                    self._ready.set()
        self._ready.set()  # it has ended: start() need not wait any longer

    def _memory(self, field):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise AssertionError(f"no {field} of the service")

    # HTTP

    def request(self, method, path, body=None, headers=None, key=None, seconds=HANG_SECONDS):
        """body: bytes or text as they are, anything else as JSON; key: an API key or session token.

        The exchange must be as schemas/openapi.yaml says. Raises OSError or http.client.HTTPException when there is no answer; never sends a request twice.
        """
        headers = dict(headers or {})
        names = {name.lower() for name in headers}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if body is not None and "content-type" not in names:
            headers["Content-Type"] = "application/json"
        if key is not None and "authorization" not in names:
            headers["Authorization"] = "Bearer " + key
        connection = self._connection()
        try:
            if connection.sock is not None:
                connection.sock.settimeout(seconds)
            else:
                connection.timeout = seconds
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        names = {name.lower(): value for name, value in answer.getheaders()}
        contract.check(method, path, headers, body, answer.status, names, content)
        try:
            parsed = json.loads(content) if content else None
        except ValueError:
            parsed = None
        return Response(answer.status, names, parsed, content)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def _connection(self):
        """This thread's own, or a new one where the server has closed it meanwhile (a quiet socket is readable then)."""
        if self.port is None:
            raise ConnectionRefusedError("the service is starting, or is not there")
        connection = getattr(self._local, "connection", None)
        if connection is not None and connection.port == self.port:
            if connection.sock is not None and select.select([connection.sock], [], [], 0)[0]:
                connection.close()
            return connection
        if connection is not None:
            connection.close()
        self._local.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        return self._local.connection

    # What every test does first and last

    def sign_up(self, address="agent@example.com", password=PASSWORD):
        """Registers an agent, verifies its address from the mail outbox, and returns (API key, session token)."""
        self.expect(self.post("/v1/auth/agent-register",
                              {"agent_name": "test-agent", "email": address, "password": password}), 201)
        verified = self.expect(self.post("/v1/auth/verify-email", {"token": self.mailed_token(address)}), 200)
        session = verified.json["session_token"]
        created = self.expect(self.post("/v1/api-keys", {"name": "test"}, key=session), 201)
        return created.json["api_key"], session

    def mailed_token(self, address):
        """The token in the newest mail to that address."""
        return until(lambda: self._newest_token(address), f"a mail with a token to {address}")

    def _newest_token(self, address):
        mails = [(path.stat().st_mtime_ns, path) for path in self.mails.rglob("*.eml")]
        for _, path in sorted(mails, reverse=True):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            part = mail.get_body(("plain", "html"))
            found = re.search(r"token=([A-Za-z0-9_.~%-]+)", part.get_content() if part else "")
            if found and address.lower() in str(mail["to"]).lower():
                return unquote(found.group(1))
        return None

    def wait_for_batch(self, batch, key, seconds=HANG_SECONDS):
        """Polls until the batch is terminal; returns it."""
        def terminal():
            found = self.expect(self.get(f"/v1/batches/{batch}", key=key), 200).json
            return found if found["status"] in TERMINAL else None
        return until(terminal, f"batch {batch} to end", seconds)

    @staticmethod
    def expect(response, *statuses):
        if response.status not in statuses:
            raise AssertionError(f"HTTP {response.status}, not {statuses}: {response.body[:2000]!r}")
        return response


def environment():
    """Of the services: what only tests look at is no setting of theirs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BATCHROUTER_TEST_")}


def until(question, what, seconds=HANG_SECONDS, every=0.02):
    """Asks until the answer is not None or False; returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(every)
