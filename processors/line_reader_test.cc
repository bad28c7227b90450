#include "processors/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace processors {
namespace {

using ::testing::ElementsAre;

// Answers at most `chunk` bytes at a time.
class SlowReader final : public BlobReader {
 public:
  SlowReader(std::string text, std::size_t chunk) : text_(std::move(text)), chunk_(chunk) {}
  std::uint64_t size() const override { return text_.size(); }
  core::Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    if (offset == fails_at) return core::Error{core::ErrorCode::storage_failed, "the disk is gone"};
    return text_.substr(std::min<std::size_t>(offset, text_.size()), std::min(length, chunk_));
  }

  std::uint64_t fails_at = ~std::uint64_t{0};

 private:
  const std::string text_;
  const std::size_t chunk_;
};

std::vector<std::string> lines_of(LineReader& lines) {
  std::vector<std::string> all;
  for (;;) {
    const auto line = lines.next();
    EXPECT_TRUE(line.has_value());
    if (line.has_error() || !*line) return all;
    all.emplace_back(**line);
  }
}

// If this failed, recovery would lose rows or take a torn one for whole.
TEST(LineReader, ReadsWholeLinesHoweverTheyArrive) {
  const std::string text = "one\n\nthree, longer\n" + std::string(200, 'x') + "\ntorn";
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) {
    const SlowReader reader(text, chunk);
    LineReader lines(reader);
    EXPECT_THAT(lines_of(lines), ElementsAre("one", "", "three, longer", std::string(200, 'x'))) << chunk;
    EXPECT_EQ(lines.offset(), text.size() - 4);
    EXPECT_THAT(lines_of(lines), ElementsAre()) << "the end stays the end";
  }
}

TEST(LineReader, ReadsWithinBounds) {
  const SlowReader reader("one\ntwo\nthree\n", 1'000);
  LineReader middle(reader, 4, 8);
  EXPECT_THAT(lines_of(middle), ElementsAre("two"));
  EXPECT_EQ(middle.offset(), 8u);
  LineReader cut(reader, 4, 10);
  EXPECT_THAT(lines_of(cut), ElementsAre("two"));
  LineReader rest(reader, 8, 1'000);
  EXPECT_THAT(lines_of(rest), ElementsAre("three"));
  LineReader beyond(reader, 100, 200);
  EXPECT_THAT(lines_of(beyond), ElementsAre());
  LineReader none(reader, 4, 4);
  EXPECT_THAT(lines_of(none), ElementsAre());
}

TEST(LineReader, LinesLargerThanItsChunks) {
  const std::string large(1 << 20, 'y');
  const SlowReader reader(large + "\n" + large + "\nend\n", 1 << 30);
  LineReader lines(reader);
  EXPECT_THAT(lines_of(lines), ElementsAre(large, large, "end"));
}

TEST(LineReader, FailsWithItsSource) {
  SlowReader reader("one\ntwo\n", 4);
  reader.fails_at = 4;
  LineReader lines(reader);
  EXPECT_EQ(**lines.next(), "one");
  EXPECT_EQ(lines.next().error().code, core::ErrorCode::storage_failed);
}

}  // namespace
}  // namespace processors
