// If these fail, manifests are refused that are good, taken that are not, or hashed so that a quote no longer fits its
// batch.
#include "schemas/manifest/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <random>
#include <set>

#include "schemas/manifest/canonical_line.h"
#include "schemas/manifest/collected_items.h"
#include "schemas/manifest/splitter.h"
#include "schemas/rfc3339.h"

namespace schemas::manifest {
namespace {

using core::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string item(std::string_view id, std::string_view rest = "") {
  return R"({"customer_item_id":")" + std::string(id) +
         R"(","operation":"responses","model":"gpt-5.4-mini","input":{"input":"Hi"})" + std::string(rest) + "}";
}

std::string manifest(std::string_view header, std::string_view items) {
  return "{" + std::string(header) + (header.empty() ? "" : ",") + R"("items":[)" + std::string(items) + "]}";
}

core::Error error_of(std::string_view text, Format format = Format::json) {
  const Reading reading = read(text, format);
  return reading.summary ? core::Error{ErrorCode::internal, "no error"} : reading.summary.error();
}

std::string digest_of(std::string_view text, Format format = Format::json) {
  const Reading reading = read(text, format);
  EXPECT_THAT(faults_of(reading), IsEmpty()) << text;
  return reading.summary ? reading.summary->digest.value() : "";
}

TEST(ReadManifest, TakesTheDocumentedExample) {
  const Reading reading = read(R"({
    "sla_tier": "standard", "routing_mode": "sla_aware", "privacy_tier": "standard", "allowed_regions": ["global"],
    "webhook": {"url": "https://example.com/batchrouter/webhook", "secret": "whsec_replace_with_real_secret"},
    "quote_id": "qlock_replace_with_quote_id",
    "items": [{"customer_item_id": "support_rollup_001", "operation": "responses", "model": "gpt-5.4-mini",
      "model_options": ["gpt-5.4-mini", "gpt-5.4"],
      "input": {"input": [{"role": "user", "content": "Summarize yesterday's support queue into five bullets."}]}}]})");
  EXPECT_THAT(faults_of(reading), IsEmpty());
  const Summary& summary = *reading.summary;
  EXPECT_EQ(summary.item_count, 1U);
  EXPECT_EQ(summary.quote_id, "qlock_replace_with_quote_id");
  EXPECT_FALSE(summary.only_quote_id);
  EXPECT_EQ(summary.header.routing_mode, core::RoutingMode::sla_aware);
  EXPECT_EQ(summary.header.webhook->url, "https://example.com/batchrouter/webhook");
  EXPECT_EQ(summary.header.webhook->secret, "whsec_replace_with_real_secret");
  EXPECT_EQ(summary.digest.value().size(), 64U);
  EXPECT_EQ(reading.sink.items.at(0).models.size(), 2U);
}

TEST(ReadManifest, ReadsEveryHeaderField) {
  const Reading reading = read(manifest(
      R"("sla_tier":"economy","routing_mode":"quality","privacy_tier":"zero_retention","allowed_regions":["us","eu","us"],
         "webhook_url":"http://hooks.example.com:8080/x","metadata":{"a":"b"},"dedupe":true,"priority":100,
         "run_after":"2026-01-01T00:00:00Z","deadline":"2026-01-02T00:00:00+01:00")",
      item("a")));
  EXPECT_THAT(faults_of(reading), IsEmpty());
  const core::ManifestHeader& header = reading.summary->header;
  EXPECT_EQ(header.sla_tier, core::SlaTier::economy);
  EXPECT_EQ(header.privacy_tier, core::PrivacyTier::zero_retention);
  EXPECT_THAT(header.allowed_regions, ElementsAre("us", "eu"));
  EXPECT_EQ(header.webhook->url, "http://hooks.example.com:8080/x");
  EXPECT_EQ(header.metadata, R"({"a":"b"})");
  EXPECT_TRUE(header.dedupe);
  EXPECT_EQ(header.priority, 100);
  EXPECT_EQ(to_rfc3339(*header.run_after), "2026-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(*header.deadline), "2026-01-01T23:00:00Z");
}

TEST(ReadManifest, ListsEveryFaultAtItsPlaceAndInOrder) {
  struct Case {
    const char* json;
    std::vector<std::string> faults;  // pointers relative to the manifest or to the item
  };
  const std::string long_text(600, 'x');
  const std::string long_metadata = R"("metadata":{"k":")" + long_text + R"("})";
  const Case header[] = {
      {R"("sla_tir":"standard")", {"unknown_field /sla_tir"}},
      {R"("sla_tier":"fast")", {"invalid_value /sla_tier"}},
      {R"("sla_tier":"economy")", {"duplicate_field /sla_tier"}},
      {R"("routing_mode":7)", {"invalid_type /routing_mode"}},
      {R"("privacy_tier":"no-training")", {"invalid_value /privacy_tier"}},
      {R"("allowed_regions":["us","mars"])", {"unknown_region /allowed_regions/1"}},
      {R"("webhook":{"url":"example.com","secret":"","retries":3})",
       {"invalid_url /webhook/url", "invalid_secret /webhook/secret", "unknown_field /webhook/retries"}},
      {R"("webhook_url":"https://example.com/")", {"conflicting_fields /webhook_url"}},
      {long_metadata.c_str(), {"too_long /metadata/k"}},
      {R"("dedupe":"yes")", {"invalid_type /dedupe"}},
      {R"("priority":101)", {"out_of_range /priority"}},
      {R"("run_after":"tomorrow")", {"invalid_timestamp /run_after"}},
      {R"("quote_id":"")", {"invalid_value /quote_id"}},
  };
  const char* rest = R"("operation":"responses","model":"m","input":{"input":"Hi"})";
  const std::string many_models =
      R"("customer_item_id":"i5","operation":"responses","model_options":["a","a","a","a","a","a",
      "a","a","a","a","a","a","a","a","a","a","a"],"input":{"input":"Hi"})";
  const std::string long_id = R"("customer_item_id":")" + std::string(129, 'i') + "\"," + rest;
  const Case items[] = {
      {R"()",
       {"missing_field /customer_item_id", "missing_field /operation", "missing_field /model", "missing_field /input"}},
      {R"("customer_item_id":"i1","operation":"complete","model":"m","input":{"model":"m"})",
       {"invalid_value /operation", "field_not_allowed /input/model"}},
      {R"("customer_item_id":"i2","operation":"responses","model":"m","input":{"stream":true,"background":true,
          "service_tier":"flex","previous_response_id":"resp_1","conversation":"c","max_output_tokens":0})",
       {"field_not_allowed /input/stream", "field_not_allowed /input/background",
        "field_not_allowed /input/service_tier", "field_not_allowed /input/previous_response_id",
        "field_not_allowed /input/conversation", "missing_field /input/input",
        "out_of_range /input/max_output_tokens"}},
      {R"("customer_item_id":"i3","operation":"chat_completions","model":"m","input":{"messages":[7,{"role":"user"},
          {"content":"x"},{"role":7,"content":7}],"max_tokens":"ten"})",
       {"invalid_type /input/messages/0", "missing_field /input/messages/1/content",
        "missing_field /input/messages/2/role", "invalid_type /input/messages/3/role",
        "invalid_type /input/messages/3/content", "out_of_range /input/max_tokens"}},
      {R"("customer_item_id":"i4","operation":"messages","model":"","input":{"messages":[]},"max_cost":{"amount":"-1","currency":"eur"})",
       {"empty_value /model", "empty_value /input/messages", "invalid_amount /max_cost/amount",
        "invalid_value /max_cost/currency"}},
      {many_models.c_str(), {"too_many /model_options"}},
      {R"("customer_item_id":"i6","operation":"embeddings","model":"m","input":{"input":["a","",7,[1,"b"]]})",
       {"empty_value /input/input/1", "invalid_type /input/input/2", "invalid_type /input/input/3/1"}},
      {R"("customer_item_id":"i7","operation":"responses","model":"m","input":"Hi")", {"invalid_type /input"}},
      {R"("customer_item_id":"i7","operation":"responses","model":"m","input":{"input":"a","input":"b"})",
       {"duplicate_field /input/input", "duplicate_customer_item_id /customer_item_id"}},
      {R"("customer_item_id":7,"operation":"responses","model":"m","input":{"input":""},"tempo/rature":1)",
       {"invalid_type /customer_item_id", "empty_value /input/input", "unknown_field /tempo~1rature"}},
      {long_id.c_str(), {"too_long /customer_item_id"}},
      {R"("customer_item_id":"a\nb","operation":"responses","model":"m","input":{"input":"Hi"},"metadata":{"k":1})",
       {"invalid_value /customer_item_id", "invalid_type /metadata/k"}},
      {R"("customer_item_id":"same","operation":"responses","model":"m","input":{"input":"Hi"})", {}},
      {R"("customer_item_id":"same","operation":"responses","model":"m","input":{"input":"Hi"})",
       {"duplicate_customer_item_id /customer_item_id"}},
  };

  std::string text = "{";
  std::vector<std::string> expected;
  for (const Case& part : header) {
    text += std::string(part.json) + ",";
    expected.insert(expected.end(), part.faults.begin(), part.faults.end());
  }
  text += R"("items":[)";
  std::size_t number = 0;
  for (const Case& part : items) {
    text += (number == 0 ? "{" : ",{") + std::string(part.json) + "}";
    for (const std::string& fault : part.faults) {
      const std::size_t space = fault.find(' ');
      expected.push_back(fault.substr(0, space) + " /items/" + std::to_string(number) + fault.substr(space + 1));
    }
    ++number;
  }
  text += R"(,"text"],"deadline":5})";
  expected.push_back("invalid_type /items/" + std::to_string(number));
  expected.push_back("invalid_type /deadline");
  ASSERT_GT(expected.size(), 30U);

  const Reading reading = read(text);
  EXPECT_EQ(faults_of(reading), expected);
  EXPECT_EQ(reading.summary->fault_count, expected.size());
  EXPECT_EQ(reading.sink.items.size(), 1U);
  for (const core::ManifestFault& fault : reading.summary->faults) EXPECT_FALSE(fault.message.empty()) << fault.pointer;
}

TEST(ReadManifest, GuessesWhichFieldWasMeant) {
  const Reading reading = read(
      manifest(R"("sla_teir":"standard","allowed_regions":["ue"],"wholly_other":1)", item("a", R"(,"modell":"x")")));
  ASSERT_EQ(reading.summary->faults.size(), 4U);
  EXPECT_THAT(reading.summary->faults[0].message, HasSubstr("did you mean \"sla_tier\""));
  EXPECT_EQ(reading.summary->faults[1].code, "unknown_region");
  EXPECT_EQ(reading.summary->faults[2].message.find("did you mean"), std::string::npos);
  EXPECT_THAT(reading.summary->faults[3].message, HasSubstr("did you mean \"model\""));
  EXPECT_EQ(reading.summary->faults[3].customer_item_id, "a");
}

TEST(ReadManifest, WantsItems) {
  EXPECT_THAT(faults_of(read("{}")), ElementsAre("items_required /items"));
  EXPECT_THAT(faults_of(read(R"({"items":[]})")), ElementsAre("items_required /items"));
  EXPECT_THAT(faults_of(read(R"({"items":7})")), ElementsAre("invalid_type /items", "items_required /items"));
  EXPECT_THAT(faults_of(read("{\"items\":[" + item("a") + "],\"items\":[]}")), ElementsAre("duplicate_field /items"));
  const Reading quoted = read(R"({"quote_id":"qlock_1"})");
  EXPECT_TRUE(quoted.summary->only_quote_id);
  EXPECT_EQ(quoted.summary->fault_count, 1U);
}

TEST(ReadManifest, CountsFaultsBeyondThoseItLists) {
  std::string items;
  for (int i = 0; i < 500; ++i) items += i == 0 ? "1" : ",1";
  const Reading reading = read(manifest("", items));
  EXPECT_EQ(reading.summary->faults.size(), core::manifest_faults_max);
  EXPECT_EQ(reading.summary->fault_count, 500U);
  EXPECT_EQ(reading.summary->item_count, 500U);
}

TEST(ReadManifest, StopsAfterAMillionItems) {
  std::string text = R"({"items":[)";
  for (std::uint32_t i = 0; i <= core::manifest_items_max; ++i) text += "1,";
  const Reading reading = read(text + "and what comes then is not read");
  ASSERT_TRUE(reading.summary);
  EXPECT_EQ(reading.summary->item_count, core::manifest_items_max);
  EXPECT_EQ(reading.summary->fault_count, core::manifest_items_max + 1U);
}

TEST(ReadManifest, SameContentSameDigest) {
  const std::string one = digest_of(manifest(
      R"("sla_tier":"economy","allowed_regions":["us","eu"],"quote_id":"qlock_1","metadata":{"a":"b"},"webhook_url":"https://a.example/")",
      R"({"customer_item_id":"a","operation":"responses","model":"m","input":{"input":"Hi","temperature":1.0}},)" +
          item("b")));
  const std::string moved = digest_of(
      R"( {"items" : [ {"input": {"input":"\u0048i", "temperature" :1.0}, "model":"m", "operation":"responses", "customer_item_id":"a"},)" +
      item("b") + R"(], "allowed_regions":["eu","us"], "sla_tier":"economy", "routing_mode":"cheapest"} )");
  EXPECT_EQ(one, moved);
  const std::string lines =
      R"({"sla_tier":"economy","allowed_regions":["us","eu"]})"
      "\r\n\r\n"
      R"({"customer_item_id":"a","operation":"responses","model":"m","input":{"input":"Hi","temperature":1.0}})"
      "\n  \n" +
      item("b");
  EXPECT_EQ(one, digest_of(lines, Format::ndjson));
}

TEST(ReadManifest, OtherContentOtherDigest) {
  std::set<std::string> digests;
  for (const std::string& text : {
           manifest("", item("a")),
           manifest("", item("b")),
           manifest("", item("a") + "," + item("b")),
           manifest("", item("b") + "," + item("a")),
           manifest(R"("sla_tier":"economy")", item("a")),
           manifest(R"("dedupe":true)", item("a")),
           manifest(R"("priority":51)", item("a")),
           manifest(R"("deadline":"2030-01-01T00:00:00Z")", item("a")),
           manifest(R"("run_after":"2030-01-01T00:00:00Z")", item("a")),
           manifest(R"("allowed_regions":["us"])", item("a")),
           manifest("", item("a", R"(,"max_cost":"1")")),
           manifest("", item("a", R"(,"metadata":{"k":"v"})")),
           manifest("", item("a", R"(,"model_options":["x"])")),
       }) {
    EXPECT_TRUE(digests.insert(digest_of(text)).second) << text;
  }
}

TEST(ReadManifest, TheDigestIsThisOne) {
  // Quotes keep digests: a change here makes every open quote refuse its own manifest.
  EXPECT_EQ(digest_of(manifest("", item("a"))), "a4e514cdf6a26e66bd75b89a9bfc970ef76277632a27de69b9869150731fd731");
}

TEST(ReadManifest, ChunksDoNotMatter) {
  const std::string text = manifest(R"("metadata":{"grüße":"日本 😀 \ud83d\ude00"})", item("äöü") + "," + item("b"));
  const Reading whole = read(text);
  EXPECT_THAT(faults_of(whole), IsEmpty());
  for (std::size_t chunk_bytes = 1; chunk_bytes < 40; ++chunk_bytes) {
    const Reading pieces = read(text, Format::json, chunk_bytes);
    ASSERT_TRUE(pieces.summary) << chunk_bytes << pieces.summary.error().detail;
    EXPECT_EQ(pieces.summary->digest, whole.summary->digest);
    EXPECT_EQ(pieces.sink.lines, whole.sink.lines);
  }
  const std::string lines = "{}\r\n" + item("a") + "\r\n\n" + item("b") + "\n";
  for (std::size_t chunk_bytes = 1; chunk_bytes < 40; ++chunk_bytes)
    EXPECT_EQ(read(lines, Format::ndjson, chunk_bytes).summary->item_count, 2U) << chunk_bytes;
}

TEST(ReadManifest, SaysWhereTextIsNotJson) {
  struct Case {
    std::string text;
    ErrorCode code;
    const char* detail;
  };
  for (const Case& broken : {
           Case{"", ErrorCode::malformed_json, "empty"},
           Case{"  \n ", ErrorCode::malformed_json, "empty"},
           Case{"[]", ErrorCode::invalid_manifest, "object"},
           Case{"7", ErrorCode::invalid_manifest, "object"},
           Case{R"({"items":[)" + item("a"), ErrorCode::malformed_json, "byte 104"},
           Case{R"({"items":[)" + item("a") + "]} x", ErrorCode::malformed_json, "byte 107"},
           Case{R"({"items":[)" + item("a") + "]}" + std::string("\0{}", 3), ErrorCode::malformed_json, "NUL"},
           Case{std::string("{\"a\":\"\0\"}", 9), ErrorCode::malformed_json, "NUL"},
           Case{R"({"priority":NaN})", ErrorCode::malformed_json, "byte 12"},
           Case{R"({"priority":-Infinity})", ErrorCode::malformed_json, "byte 13"},
           Case{R"({"priority":01})", ErrorCode::malformed_json, "byte 13"},
           Case{R"({"priority":1e999})", ErrorCode::malformed_json, "Number too big"},
           Case{R"({"priority":1,})", ErrorCode::malformed_json, "byte 14"},
           Case{R"({'priority':1})", ErrorCode::malformed_json, "byte 1"},
           Case{R"({"a":"\ud800"})", ErrorCode::malformed_json, "surrogate"},
           Case{R"({"a":"\udc00"})", ErrorCode::malformed_json, "surrogate"},
           Case{R"({"\udc00":1})", ErrorCode::malformed_json, "surrogate"},
           Case{"{\"a\":\"\xFF\"}", ErrorCode::malformed_json, "invalid UTF-8 at byte 6"},
           Case{"{\"a\":\"\xC3", ErrorCode::malformed_json, "inside a UTF-8 character"},
           Case{"{\"a\":\"x\ny\"}", ErrorCode::malformed_json, "byte 7"},
           Case{"\xEF\xBB\xBF{}", ErrorCode::malformed_json, "byte order mark"},
           Case{std::string("\xFF\xFE{\0}\0", 6), ErrorCode::malformed_json, "invalid UTF-8 at byte 0"},
       }) {
    const core::Error error = error_of(broken.text);
    EXPECT_EQ(error.code, broken.code) << broken.text << ": " << error.detail;
    EXPECT_THAT(error.detail, HasSubstr(broken.detail)) << broken.text;
  }
}

TEST(ReadManifest, BoundsDepthAndSize) {
  for (const char* bracket : {"[", "{\"a\":"}) {
    std::string deep = R"({"items":[{"input":)";
    for (int i = 0; i < 100'000; ++i) deep += bracket;
    const core::Error error = error_of(deep);
    EXPECT_EQ(error.code, ErrorCode::json_too_deep) << error.detail;
    EXPECT_EQ(error.param, "/items/0");
  }
  EXPECT_EQ(error_of(std::string(100'000, '[')).code, ErrorCode::invalid_manifest);
  const std::string nested = std::string(60, '[') + std::string(60, ']');
  const std::string input =
      R"({"customer_item_id":"a","operation":"responses","model":"m","input":{"input":"x","deep":)";
  EXPECT_THAT(faults_of(read(manifest("", input + nested + "}}"))), IsEmpty());
  EXPECT_EQ(error_of(manifest("", input + "[" + nested + "]}}")).code, ErrorCode::json_too_deep);

  const std::string large((std::size_t{16} << 20) + 70'000, 'x');
  EXPECT_EQ(error_of(R"({"items":[{"a":")" + large).code, ErrorCode::payload_too_large);
  EXPECT_EQ(error_of(R"({")" + large).code, ErrorCode::payload_too_large);
  EXPECT_EQ(error_of("{}\n" + large, Format::ndjson).code, ErrorCode::payload_too_large);
  std::string many = R"({"items":[[1)";
  for (std::uint32_t i = 0; i < item_values_max; ++i) many += ",1";
  EXPECT_EQ(error_of(many).code, ErrorCode::payload_too_large);
}

TEST(ReadManifest, ManyUnknownFieldsAreOnlyCounted) {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += "\"key" + std::to_string(i) + "\":1,";
  const Reading reading = read(text + R"("items":[]})");
  EXPECT_EQ(reading.summary->fault_count, 50'001U);
}

TEST(ReadLines, GoOnBehindALineThatIsNotJson) {
  const std::string text = "{\"dedupe\":true}\n" + item("a") + "\n{\"customer_item_id\":\n" + item("b") + " 7\n\n" +
                           std::string(100'000, '[') + "\n{\"a\":\"\\udc00\"}\n" + item("c") + "\n" + item("a") +
                           "\nnull";
  const Reading reading = read(text, Format::ndjson);
  EXPECT_THAT(faults_of(reading),
              ElementsAre("malformed_json /items/1", "malformed_json /items/2", "json_too_deep /items/3",
                          "malformed_json /items/4", "duplicate_customer_item_id /items/6/customer_item_id",
                          "invalid_type /items/7"));
  EXPECT_THAT(reading.summary->faults[0].message, HasSubstr("line 3"));
  EXPECT_THAT(reading.summary->faults[2].message, HasSubstr("line 6"));
  EXPECT_EQ(reading.summary->item_count, 8U);
  EXPECT_EQ(reading.sink.items.size(), 2U);
  EXPECT_TRUE(reading.summary->header.dedupe);
}

TEST(ReadLines, WantTheHeaderOnTheFirstLine) {
  EXPECT_THAT(faults_of(read("{\"items\":[]}\n" + item("a"), Format::ndjson)), ElementsAre("field_not_allowed /items"));
  EXPECT_THAT(error_of("{\n\"dedupe\":true}", Format::ndjson).detail, HasSubstr("line 1"));
  EXPECT_THAT(error_of("\xEF\xBB\xBF{}\n", Format::ndjson).detail, HasSubstr("byte order mark"));
  EXPECT_THAT(error_of("{}\n" + item("a") + "\n\xFF\n", Format::ndjson).detail, HasSubstr("line 3: invalid UTF-8"));
  EXPECT_EQ(error_of("\n\n", Format::ndjson).code, ErrorCode::malformed_json);
  EXPECT_THAT(faults_of(read("\n{}\n", Format::ndjson)), ElementsAre("items_required /items"));
}

class FailingSource final : public ByteSource {
 public:
  core::Result<std::string_view> read() override {
    if (std::exchange(read_, true)) return core::Error{ErrorCode::storage_failed, "the disk is gone"};
    return std::string_view(R"({"items":[)");
  }

 private:
  bool read_ = false;
};

class FailingSink final : public ItemSink {
 public:
  core::Result<void> on_item(const core::ManifestItem&, std::string_view) override {
    return core::Error{ErrorCode::storage_failed, "the disk is full"};
  }
};

TEST(ReadManifest, PassesOnWhatSourceAndSinkAnswer) {
  for (const Format format : {Format::json, Format::ndjson}) {
    FailingSource source;
    CollectedItems sink;
    EXPECT_EQ(read_manifest(source, format, sink).error().code, ErrorCode::storage_failed);
  }
  for (const auto& [text, format] :
       {std::pair{manifest("", item("a")), Format::json}, std::pair{"{}\n" + item("a"), Format::ndjson}}) {
    TextSource source(text);
    FailingSink sink;
    EXPECT_EQ(read_manifest(source, format, sink).error().code, ErrorCode::storage_failed);
  }
}

// Makes items while they are read, so that only the reader's own memory counts.
class GeneratedManifest final : public ByteSource {
 public:
  explicit GeneratedManifest(std::uint32_t items) : items_(items) {}

  core::Result<std::string_view> read() override {
    chunk_.clear();
    if (next_ == 0) chunk_ = R"({"sla_tier":"economy","items":[)";
    while (chunk_.size() < 65'536 && next_ < items_) {
      if (next_ > 0) chunk_ += ',';
      chunk_ += item("item-" + std::to_string(next_), ",\"metadata\":{\"text\":\"" + text_ + "\"}");
      if (++next_ == items_) chunk_ += "]}";
    }
    bytes += chunk_.size();
    return std::string_view(chunk_);
  }

  std::uint64_t bytes = 0;

 private:
  const std::uint32_t items_;
  const std::string text_ = std::string(480, 'x');
  std::uint32_t next_ = 0;
  std::string chunk_;
};

class CountingSink final : public ItemSink {
 public:
  core::Result<void> on_item(const core::ManifestItem&, std::string_view) override {
    ++items;
    return {};
  }
  std::uint32_t items = 0;
};

TEST(ReadManifest, HoldsLittleMemoryWhateverTheSize) {
  const auto peak_kilobytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  constexpr std::uint32_t items = 25'000;
  [[maybe_unused]] const long before = peak_kilobytes();
  std::set<std::string> digests;
  for (int round = 0; round < 2; ++round) {
    GeneratedManifest source(items);
    CountingSink sink;
    const core::Result<Summary> summary = read_manifest(source, Format::json, sink);
    ASSERT_TRUE(summary) << summary.error().detail;
    EXPECT_EQ(summary->fault_count, 0U);
    EXPECT_EQ(summary->item_count, items);
    EXPECT_EQ(sink.items, items);
    EXPECT_GT(source.bytes, items * 600U);
    digests.insert(summary->digest.value());
  }
  EXPECT_EQ(digests.size(), 1U);
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed for a while
  EXPECT_LT(peak_kilobytes() - before, 64 * 1024);
#endif
}

TEST(ReadManifest, SurvivesWhateverIsSent) {
  const std::string seed_json = manifest(
      R"("sla_tier":"economy","metadata":{"a":"é😀"},"webhook":{"url":"https://a.example/","secret":"s"},"priority":3)",
      item("a", R"(,"max_cost":{"amount":"0.5","currency":"usd"},"metadata":{"k":"v"})") + "," +
          R"({"customer_item_id":"b","operation":"chat_completions","model_options":["m"],"input":{"messages":
                      [{"role":"user","content":[{"type":"text","text":"x\"\\\u00e9"}]}],"max_tokens":5,"tools":[{"a":[1.5e3]}]}})");
  const std::string seed_lines = "{\"dedupe\":true}\n" + item("a") + "\r\n" + item("b") + "\n";
  const std::string_view pieces[] = {"{",    "}",   "[",  "]",           "\"",         "\\",
                                     ",",    ":",   "\n", "null",        "\\u0000",    "\\udc00",
                                     "\xC3", "1e5", "-",  "\"items\":[", "\"model\":", "\0"};
  std::mt19937 random(20260101);  // NOLINT: the same histories each time
  for (int round = 0; round < 4'000; ++round) {
    const Format format = round % 2 == 0 ? Format::json : Format::ndjson;
    std::string text = format == Format::json ? seed_json : seed_lines;
    for (std::uint64_t change = random() % 6; change > 0; --change) {
      const std::size_t position = random() % (text.size() + 1);
      switch (random() % 4) {
        case 0: text.insert(position, pieces[random() % std::size(pieces)]); break;
        case 1: text.erase(position, random() % 20); break;
        case 2: text.insert(position, text.substr(random() % (text.size() + 1), random() % 50)); break;
        default: text.insert(position, 1, static_cast<char>(random())); break;
      }
    }
    const Reading reading = read(text, format, 1 + random() % 100);
    if (!reading.summary) {
      EXPECT_FALSE(reading.summary.error().detail.empty());
      continue;
    }
    EXPECT_EQ(reading.summary->faults.size(), std::min<std::uint64_t>(reading.summary->fault_count, 100));
    for (const std::string& line : reading.sink.lines) {
      std::string again;
      write_canonical_line(*parse_canonical_line(line), again);
      EXPECT_EQ(again, line);
    }
  }
}

}  // namespace
}  // namespace schemas::manifest
