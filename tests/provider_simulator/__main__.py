"""python3 tests/provider_simulator [--port N] [--script FILE] [--log FILE] [--until-stdin-closes]"""

import argparse
import json
import os
import pathlib
import signal
import sys
import threading

sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

from provider_simulator.faults import ScriptError  # noqa: E402
from provider_simulator.server import Server  # noqa: E402
from provider_simulator.simulator import Simulator  # noqa: E402


def main():
    parser = argparse.ArgumentParser(prog="provider_simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--script", help="rules and settings to start with, JSON")
    parser.add_argument("--log", help="a file that gets a line for each request and each item executed")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the process that holds the other end")
    options = parser.parse_args()
    try:
        script = json.loads(pathlib.Path(options.script).read_text()) if options.script else []
        simulator = Simulator(script, options.log)
        server = Server(options.port, simulator)
    except (OSError, ValueError, ScriptError) as error:
        sys.exit(f"provider_simulator: {error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if options.until_stdin_closes:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), end()), daemon=True).start()
    threading.Thread(target=server.run, daemon=True).start()
    print(f"listening http://127.0.0.1:{server.server_address[1]}", flush=True)
    while True:
        signal.pause()


def end(*_):
    # At once, whatever connections hang by script; the log is written line by line. No lock may be taken here, where a
    # signal may come in the middle of anything.
    os._exit(0)


if __name__ == "__main__":
    main()
