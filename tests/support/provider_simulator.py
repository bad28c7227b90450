"""The provider simulator (tests/provider_simulator) as a process, for tests. Python 3 standard library only."""

import json
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "provider_simulator"
HANG_SECONDS = 60


class ProviderSimulator:
    """with ProviderSimulator(rules) as providers: … providers.base_url …

    rules, settings: tests/provider_simulator/README.md. It ends with the block, or with this process.
    """

    def __init__(self, rules=(), settings=None, log=None, port=0):
        self._command = [sys.executable, str(PROGRAM), "--port", str(port), "--until-stdin-closes"]
        if log is not None:
            self._command += ["--log", str(log)]
        self._first = (list(rules), dict(settings or {}))
        self._process = None
        self.base_url = None  # of both vendors, without /v1

    def start(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        if not line.startswith("listening "):
            self.stop()
            raise AssertionError("the provider simulator did not start")
        self.base_url = line.split()[1]
        rules, settings = self._first
        if rules or settings:
            self.script(rules, **settings)
        return self

    def stop(self):
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(HANG_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def script(self, rules=None, **settings):
        """These rules instead of those before (None: those stay), these settings changed."""
        body = {"settings": settings}
        if rules is not None:
            body["rules"] = list(rules)
        return self._control("POST", "script", body)

    def reset(self):
        """No rules, files, batches and log any more; the settings are the usual ones."""
        return self._control("POST", "reset")

    def requests(self, after=0):
        """What was asked, in order; after: only what came after that sequence number."""
        return self._control("GET", f"requests?after={after}")["requests"]

    def billing(self):
        return self._control("GET", "billing")

    def _control(self, method, name, body=None):
        request = urllib.request.Request(f"{self.base_url}/control/{name}", method=method,
                                         data=None if body is None else json.dumps(body).encode())
        deadline = time.monotonic() + HANG_SECONDS
        while True:
            try:
                with urllib.request.urlopen(request, timeout=HANG_SECONDS) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                raise AssertionError(f"/control/{name}: {error.read().decode()}") from None
            except OSError:  # the fault `refuse` is of all connections
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
