"""If these fail, code may cross layers unseen: each bad example must be found, each good one must pass."""

import contextlib
import io
import pathlib
import tempfile
import unittest

from check_layers import faults_of, main

BAD = [
    ("core/money.cc", '#include "schemas/event_json.h"'),
    ("schemas/event_json.cc", '#include "processors/ports/journal.h"'),
    ("processors/loop.cc", '#include "adapters/rocksdb/state_store.h"'),
    ("processors/loop_test.cc", '#include "adapters/rocksdb/state_store.h"'),
    ("adapters/openai/lane.cc", '#include "api/http/server.h"'),
    ("api/batches.cc", '#include "ops/config.h"'),
    ("ops/config.cc", '#include "tests/support/clock.h"'),
    ("api/batches.cc", '#include "render.h"'),
    ("api/batches.cc", '#include "../core/money.h"'),
    ("adapters/openai/lane.cc", '#include "adapters/anthropic/lane.h"'),
    ("processors/loop.cc", "#include <rocksdb/db.h>"),
    ("adapters/blobs/store.cc", "#include <rocksdb/db.h>"),
    ("adapters/openai/lane.cc", "#include <curl/curl.h>"),
    ("api/auth.cc", "#include <sodium.h>"),
    ("api/metrics.cc", "#include <prometheus/registry.h>"),
    ("processors/loop.cc", "#include <rapidjson/document.h>"),
    ("api/batches.cc", "  #  include <boost/beast/http.hpp>"),
    ("schemas/digest.cc", "#include <boost/asio.hpp>"),
    ("api/files.cc", "#include <openssl/hmac.h>"),
    ("adapters/openai/lane.cc", "#include <spdlog/spdlog.h>"),
    ("api/batches.cc", "#include <CLI/CLI.hpp>"),
    ("core/money.cc", "#include <boost/url.hpp>"),
    ("core/money.cc", "#include <unistd.h>"),
    ("core/money.cc", "#include <gtest/gtest.h>"),
    ("core/money.cc", "#include <mutex>"),
    ("core/money.cc", "auto t = std::chrono::system_clock::now();"),
    ("core/money.cc", "std::random_device device;"),
    ("core/money_test.cc", "std::thread thread;"),
    ("core/money.cc", 'auto* home = std::getenv("HOME");'),
]

GOOD = [
    ("core/money.cc", '#include "core/money.h"'),
    ("core/result.h", "#include <boost/system/result.hpp>"),
    ("core/time.h", "#include <chrono>"),
    ("core/money.cc", '// Never std::thread, never ::now().\nauto text = "std::thread";'),
    ("core/money.cc", "/* std::thread\n   getenv */ int x;"),
    ("core/money_test.cc", "#include <gmock/gmock.h>"),
    ("processors/loop.cc", '#include "schemas/event_json.h"\n#include <boost/asio/awaitable.hpp>'),
    ("adapters/rocksdb/state_store.cc", "#include <rocksdb/db.h>"),
    ("adapters/http_client/client_test.cc", "#include <boost/beast/http.hpp>"),
    ("adapters/openai/lane.cc", '#include "adapters/http_client/client.h"\n#include "adapters/openai/wire.h"'),
    ("ops/wiring.cc", '#include "adapters/openai/lane.h"\n#include "api/server.h"'),
    ("tests/simulation/run.cc", '#include "ops/wiring.h"\n#include <rocksdb/db.h>'),
]


class CheckLayers(unittest.TestCase):
    def test_bad_examples_are_found(self):
        for path, text in BAD:
            with self.subTest(path=path, text=text):
                self.assertEqual(len(faults_of(path, text)), 1)

    def test_good_examples_pass(self):
        for path, text in GOOD:
            with self.subTest(path=path, text=text):
                self.assertEqual(faults_of(path, text), [])

    def test_a_fault_names_its_line(self):
        [fault] = faults_of("core/money.cc", "/* a\n b */\n#include <mutex>\n")
        self.assertTrue(fault.startswith("core/money.cc:3: "), fault)

    def test_the_program_fails_on_a_fault_and_on_an_empty_tree(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as output:
            root = pathlib.Path(folder)
            self.assertEqual(main(root), 1)
            (root / "core").mkdir()
            (root / "core" / "money.h").write_text("#include <cstdint>\n")
            self.assertEqual(main(root), 0)
            (root / "core" / "clock.h").write_text("#include <mutex>\n")
            self.assertEqual(main(root), 1)
        self.assertIn("core/clock.h:1: ", output.getvalue())
