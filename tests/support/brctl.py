"""brctl beside a service: on its data directory and with its settings. Python 3 standard library only."""

import contextlib
import json
import os
import subprocess
from unittest import mock

from support import service as services

BRCTL = services.PROGRAM.with_name("brctl")
OPERATOR = {"BATCHROUTER_OPERATOR": "ann"}


def run(service, *arguments, online=False, seconds=60, program=BRCTL):
    """subprocess.CompletedProcess with texts. online: with where the service listens."""
    settings = service.command()[1:]  # --data … --port 0 --set=…
    command = [str(program), *map(str, arguments), *settings]
    if online:
        command += ["--url", f"http://127.0.0.1:{service.port}"]
    return subprocess.run(command, env={**services.environment(), **OPERATOR}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds)


def told(service, *arguments, code=0, **more):
    """The output of a run that ends with this exit code."""
    ran = run(service, *arguments, **more)
    if ran.returncode != code:
        raise AssertionError(f"brctl {arguments}: exit code {ran.returncode}, not {code}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def told_json(service, *arguments, **more):
    return json.loads(told(service, *arguments, "--json", **more))


@contextlib.contextmanager
def variable(name, value):
    """Set for what is started within."""
    with mock.patch.dict(os.environ, {name: value}):
        yield
