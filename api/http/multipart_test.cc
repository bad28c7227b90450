// If these fail, uploads are cut wrongly: bytes lost, or one part's in another.
#include "api/http/multipart.h"

#include <gtest/gtest.h>

#include <string>

namespace api::http {
namespace {

// "name:bytes;" of each part, files with a star.
struct Collected final : PartSink {
  core::Result<void> on_part(const PartHead& head) override {
    text += (text.empty() ? "" : ";") + head.name + (head.file ? "*:" : ":");
    return {};
  }
  core::Result<void> on_bytes(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

std::string read(std::string_view body, std::size_t chunk = 1 << 20) {
  Collected parts;
  MultipartReader reader("XX", parts);
  for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
    if (const auto fed = reader.feed(body.substr(0, chunk)); fed.has_error()) return "error: " + fed.error().detail;
  }
  const auto finished = reader.finish();
  return finished ? parts.text : "error: " + finished.error().detail;
}

constexpr std::string_view two_parts =
    "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n\r\n--X\r\n"
    "\r\n--XX  \r\ncontent-type: text/plain\r\ncontent-disposition: form-data; name=b; filename=\"x;\\\"y\"\r\n\r\n"
    "\r\n--XX--\r\nepilogue";

TEST(Multipart, parts_are_whole_however_they_arrive) {
  const std::string expected = "a:one\r\n\r\n--X\r\n;b*:";
  for (std::size_t chunk = 1; chunk < two_parts.size(); ++chunk) ASSERT_EQ(read(two_parts, chunk), expected) << chunk;
}

TEST(Multipart, what_is_not_of_this_form_is_refused) {
  EXPECT_TRUE(read("").starts_with("error: ")) << "an empty body";
  EXPECT_TRUE(read("no boundary at all").starts_with("error: "));
  EXPECT_TRUE(read(two_parts.substr(0, 150)).starts_with("error: ")) << "cut off";
  EXPECT_TRUE(read("--XX\r\n\r\nx\r\n--XX--").starts_with("error: ")) << "no headers";
  EXPECT_TRUE(read("--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XX--").starts_with("error: "));
  EXPECT_TRUE(read("--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--").starts_with("error: "));
  EXPECT_TRUE(read("--XXY\r\n\r\n").starts_with("error: "));
  EXPECT_TRUE(read("--XX\r\nA: " + std::string(20'000, 'a')).starts_with("error: ")) << "headers without end";
  std::string many;
  for (int i = 0; i < 40; ++i) many += "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  EXPECT_TRUE(read(many).starts_with("error: "));
}

TEST(Multipart, the_boundary_stands_in_the_content_type) {
  EXPECT_EQ(MultipartReader::boundary_of("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(MultipartReader::boundary_of("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), "a b");
  EXPECT_EQ(MultipartReader::boundary_of("multipart/form-data"), std::nullopt);
  EXPECT_EQ(MultipartReader::boundary_of("multipart/mixed; boundary=abc"), std::nullopt);
  EXPECT_EQ(MultipartReader::boundary_of("multipart/form-data; boundary=" + std::string(71, 'a')), std::nullopt);
}

}  // namespace
}  // namespace api::http
