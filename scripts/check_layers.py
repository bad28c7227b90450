"""Fails when an include points the wrong way, or a library's header leaves its home. ARCHITECTURE.md has the reasons.

check_layers.py [ROOT]: one line for each fault, exit code 1 when there is any.
"""

import pathlib
import re
import sys

# Each layer may include itself and those before it; tests/ may include all.
LAYERS = ["core", "schemas", "processors", "adapters", "api", "ops", "tests"]

# Library headers (a prefix of the include) and the folders they may be used in. *_test.cc and test_*.h may use any, outside core.
HOMES = {
    "rocksdb/": ["adapters/rocksdb"],
    "curl/": ["adapters/http_client", "adapters/mail", "adapters/webhooks"],
    "sodium": ["adapters/random", "adapters/passwords", "adapters/signing", "adapters/vault"],
    "prometheus/": ["adapters/prometheus"],
    "librdkafka/": ["adapters/kafka"],
    "rapidjson/": ["schemas", "adapters/simulated", "api"],
    "openssl/": ["schemas", "adapters/vault"],
    "boost/beast": ["api/http"],
    "boost/asio": ["processors", "adapters", "api", "ops"],
    "spdlog/": ["ops", "adapters/logging"],
    "CLI/": ["ops"],
    "toml++/": ["ops"],
}

# An adapter does not look into another, but for these, which are made to be used by others.
ADAPTERS_FOR_ADAPTERS = {"files", "http_client", "random"}

# Beyond the standard library; tests of core also have GoogleTest.
CORE_LIBRARIES = {"boost/system/result.hpp"}
TEST_LIBRARIES = ("gtest/", "gmock/")

# core is pure: time and randomness enter with commands, nothing waits, nothing is read from outside.
IMPURE_HEADERS = {
    "condition_variable", "filesystem", "fstream", "future", "iostream", "mutex", "semaphore", "shared_mutex", "stop_token", "thread",
}
IMPURE_CODE = re.compile(r"::now\s*\(|\brandom_device\b|\bstd::j?thread\b|\bgetenv\b|\bstd::(?:time|rand)\s*\(")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
STANDARD_HEADER = re.compile(r"[a-z0-9_]+")
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.DOTALL)


def is_in(path, folder):
    return path.startswith(folder + "/")


def own_include_fault(path, include):
    layer, target = path.split("/")[0], include.split("/")[0]
    if target not in LAYERS:
        return f'"{include}" is not named from the root of the repository'
    if LAYERS.index(target) > LAYERS.index(layer):
        return f'{layer}/ must not know {target}/ ("{include}")'
    if layer == target == "adapters":
        mine, other = path.split("/")[1], include.split("/")[1]
        if mine != other and other not in ADAPTERS_FOR_ADAPTERS:
            return f'adapters/{mine} must not look into adapters/{other} ("{include}")'
    return None


def library_include_fault(path, include):
    is_test = path.endswith("_test.cc") or path.split("/")[-1].startswith("test_")
    if is_in(path, "core"):
        if include in IMPURE_HEADERS:
            return f"core/ is pure: no <{include}>"
        allowed = STANDARD_HEADER.fullmatch(include) or include in CORE_LIBRARIES
        if not allowed and not (is_test and include.startswith(TEST_LIBRARIES)):
            return f"core/ uses the standard library only, not <{include}>"
        return None
    if is_test or is_in(path, "tests"):
        return None
    for prefix, homes in HOMES.items():
        if include.startswith(prefix) and not any(is_in(path, home) for home in homes):
            return f"<{include}> belongs into {', '.join(homes)} only"
    return None


def without_comments_and_strings(text):
    return COMMENT_OR_STRING.sub(lambda match: "\n" * match.group().count("\n"), text)


def faults_of(path, text):
    """The faults of one file, as "path:line: fault"; path is relative to the root of the repository."""
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := INCLUDE.match(line):
            own, library = match.groups()
            fault = own_include_fault(path, own) if own else library_include_fault(path, library)
            if fault:
                faults.append(f"{path}:{number}: {fault}")
    if is_in(path, "core"):
        for number, line in enumerate(without_comments_and_strings(text).splitlines(), start=1):
            if match := IMPURE_CODE.search(line):
                faults.append(f"{path}:{number}: core/ is pure: no {match.group()}")
    return faults


def main(root):
    files = [file for layer in LAYERS for ending in ("h", "cc") for file in sorted((root / layer).rglob(f"*.{ending}"))]
    faults = [fault for file in files for fault in faults_of(file.relative_to(root).as_posix(), file.read_text())]
    for fault in faults:
        print(fault)
    print(f"{len(files)} files, {len(faults)} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
