"""How programs are built, and of what."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from support.service import PROGRAM, ROOT

PROGRAMS = (PROGRAM, PROGRAM.with_name("brctl"))
COMMANDS = PROGRAM.parent.parent / "compile_commands.json"
ALWAYS = ("-fstack-protector-strong", "-fcf-protection", "-fPIE")
RELEASE = ("-fstack-clash-protection", "-D_FORTIFY_SOURCE=3", "-D_GLIBCXX_ASSERTIONS")


def told(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def is_release():
    return re.search(r"^CMAKE_BUILD_TYPE:STRING=Release$", (COMMANDS.parent / "CMakeCache.txt").read_text(), re.M) is not None


class SupplyChain(unittest.TestCase):
    def test_programs_are_hardened(self):
        """Would be broken: a fault in memory is easier to use than it need be."""
        for program in PROGRAMS:
            with self.subTest(program.name):
                self.assertIn("DYN (Position-Independent Executable file)", told("readelf", "-hW", program))
                segments = told("readelf", "-lW", program)
                self.assertRegex(segments, r"GNU_STACK .* RW +0x")
                self.assertIn("GNU_RELRO", segments)
                self.assertEqual(re.findall(r"LOAD .* RWE ", segments), [])
                dynamic = told("readelf", "-dW", program)
                self.assertIn("BIND_NOW", dynamic)
                self.assertNotRegex(dynamic, "RPATH|RUNPATH|TEXTREL")
                symbols = told("readelf", "--dyn-syms", "-W", program)
                self.assertIn("__stack_chk_fail", symbols)
                if is_release():
                    self.assertRegex(symbols, r"__\w+_chk@")
                    self.assertIn("__glibcxx_assert_fail", symbols)
        compiled = [one for one in json.loads(COMMANDS.read_text()) if not one["file"].endswith("_test.cc")]
        self.assertGreater(len(compiled), 100)
        for one in compiled:
            flags = one["command"].split()
            wanted = ALWAYS + (RELEASE if is_release() else ())
            self.assertEqual([flag for flag in wanted if flag not in flags and flag.replace("PIE", "PIC") not in flags], [],
                             one["file"])

    def test_programs_are_the_same_wherever_they_are_built(self):
        """Would be broken: nobody can check that a program was made of the sources that it is said to be made of."""
        for program in PROGRAMS if is_release() else ():  # others have places of sources in them, for debuggers
            self.assertNotIn(str(ROOT).encode(), program.read_bytes(), f"{program.name} has the path of this checkout in it")
        listed = subprocess.run(["git", "ls-files", "*.h", "*.cc", "*.cmake", "CMakeLists.txt"], cwd=ROOT, check=True,
                                capture_output=True, text=True).stdout.split()
        for file in listed:
            self.assertNotRegex((ROOT / file).read_text(), r"__(DATE|TIME|TIMESTAMP)__|string\(TIMESTAMP", file)

    @unittest.skipUnless(shutil.which("dpkg-query"), "not Debian")
    def test_the_bill_of_materials_has_what_is_loaded_and_compiled_in(self):
        """Would be broken: somebody who hears of a hole in a library cannot say whether it is ours."""
        bill = json.loads(told(ROOT / "scripts" / "sbom", PROGRAM))
        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        listed = {one["name"]: one for one in bill["components"]}
        for name in ("librocksdb-dev", "libboost1.81-dev", "rapidjson-dev", "libssl3", "libcurl4", "librdkafka1", "libc6"):
            self.assertEqual(listed[name]["scope"], "required")
            self.assertTrue(listed[name]["version"])
            self.assertTrue(listed[name]["purl"].startswith("pkg:deb/debian/" + name + "@"))
        self.assertEqual(listed["cmake"]["scope"], "excluded")
        self.assertEqual(bill, json.loads(told(ROOT / "scripts" / "sbom", PROGRAM)))

    def test_what_is_fetched_for_tests_is_pinned(self):
        """Would be broken: a package that was exchanged at its registry runs here."""
        folder = ROOT / "tests" / "support" / "npm"
        wanted = json.loads((folder / "package.json").read_text())["dependencies"]
        locked = json.loads((folder / "package-lock.json").read_text())["packages"]
        self.assertEqual(locked.pop("")["dependencies"], wanted)
        for name, version in wanted.items():
            self.assertRegex(version, r"^\d+\.\d+\.\d+$", name)
            self.assertEqual(locked["node_modules/" + name]["version"], version)
        for name, package in locked.items():
            self.assertTrue(package["integrity"].startswith("sha512-"), name)
        pom = (ROOT / "scripts" / "kafka_broker" / "pom.xml").read_text()
        jars = dict(reversed(line.split()) for line in (ROOT / "scripts" / "kafka_broker" / "jars.sha256").read_text().splitlines())
        for name, version in re.findall(r"<artifactId>([\w.-]+)</artifactId>\s*<version>([^<]+)</version>", pom):
            if name not in ("kafka-broker", "maven-dependency-plugin"):
                self.assertRegex(jars[f"{name}-{version}.jar"], r"^[0-9a-f]{64}$")
        # Nothing else is fetched: no other command of a package manager stands anywhere.
        tracked = subprocess.run(["git", "ls-files", "scripts", "tests", ".ci", "cmake", "CMakeLists.txt"], cwd=ROOT, check=True,
                                 capture_output=True, text=True).stdout.split()
        for file in tracked:
            path = ROOT / file
            if path.is_file() and path != pathlib.Path(__file__) and path.suffix != ".json" and os.access(path, os.R_OK):
                found = re.findall(r"\b(?:npm\"?,? \"?(?:install|i|ci)|npx|pip3? install|cargo|go get|FetchContent|ExternalProject)\b", path.read_text(errors="replace"))
                self.assertEqual(found, ['npm", "ci'] if file == "tests/support/node_modules.py" else [], file)
