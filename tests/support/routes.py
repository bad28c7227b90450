"""The routes of the code, as its own router has them."""

import functools
import json
import subprocess

from support.service import PROGRAM


@functools.lru_cache(maxsize=None)
def route_table():
    """[{method, path, access, body, body_bytes_max}]; access: the words of api/resources/resources.h."""
    return json.loads(subprocess.run([PROGRAM.parent / "route_table"], check=True, capture_output=True, text=True).stdout)
