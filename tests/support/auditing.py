"""brctl audit, for tests."""

import json
import subprocess

from support.service import PROGRAM, environment

BRCTL = str(PROGRAM.parent / "brctl")


def brctl(*arguments):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([BRCTL, *map(str, arguments)], capture_output=True, text=True, timeout=120, env=environment(),
                          check=False)
    return done.returncode, done.stdout, done.stderr


def audit(service, *arguments):
    """(exit code, report) of a service's journal, or of a data directory."""
    flags = service.flags() if hasattr(service, "flags") else ["--data", service]
    code, out, errors = brctl("audit", "--json", *flags, *arguments)
    if code not in (0, 1):
        raise AssertionError(f"brctl audit ended with {code}: {errors}")
    return code, json.loads(out)


def findings(report):
    return "\n".join(f"{each['place']} {each['rule']}: {each['detail']}" for each in report["findings"])
