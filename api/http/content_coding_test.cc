// Broken if it fails: clients get bytes they cannot read, take stale answers for fresh ones, or fetch what they have.
#include "api/http/content_coding.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "adapters/compression/decoder.h"
#include "api/http/entity_tag.h"
#include "api/http/test_server.h"

namespace api::http {
namespace {

using adapters::compression::Encoding;

Request request_with(std::string_view name, std::string_view value, Method method = Method::get) {
  Request request;
  request.method = method;
  request.headers.add(name, value);
  return request;
}

awaitable<Response> finish(boost::asio::any_io_executor executor, const Request& request, Response response) {
  response = co_await tagged(executor, request, std::move(response));
  response = co_await encoded(executor, request, std::move(response));
  while (response.stream && request.method != Method::head) {
    const core::Result<std::string> piece = co_await response.stream->next(1'000);
    if (piece.has_error() || piece->empty()) break;
    response.body += *piece;
  }
  co_return response;
}

awaitable<void> keep(awaitable<Response> answering, Response& kept) {
  kept = co_await std::move(answering);
}

Response answer(const Request& request, Response response) {
  boost::asio::io_context context;
  Response kept(0);
  auto done = boost::asio::co_spawn(context, keep(finish(context.get_executor(), request, std::move(response)), kept),
                                    boost::asio::use_future);
  context.run();
  done.get();
  return kept;
}

std::string header(const Response& response, std::string_view name) {
  return std::string(response.headers.get(name).value_or(""));
}

std::string decode(Encoding encoding, std::string_view coded) {
  adapters::compression::Decoder decoder(encoding, ~0ull);
  std::string plain;
  EXPECT_TRUE(decoder.feed(coded, [&](std::string_view piece) -> core::Result<void> {
    plain += piece;
    return {};
  }));
  EXPECT_TRUE(decoder.finish());
  return plain;
}

Response stream(std::uint64_t bytes, std::optional<std::uint64_t> announced, std::uint64_t fail_after = ~0ull) {
  return streamed(200, "application/x-ndjson", std::make_unique<TestSource>(bytes, announced, fail_after));
}

TEST(ContentCoding, TakesWhatTheClientLikesBest) {
  const std::vector<std::tuple<std::string, Encoding, bool>> cases = {
      {"", Encoding::identity, true},
      {"gzip", Encoding::gzip, true},
      {"gzip, deflate, br, zstd", Encoding::zstd, true},
      {"gzip;q=1.0, zstd;q=0.5", Encoding::gzip, true},
      {"GZIP ; Q=0.3 , br", Encoding::gzip, true},
      {"br, deflate", Encoding::identity, true},
      {"identity;q=1, gzip;q=0.5", Encoding::identity, true},
      {"gzip;q=0", Encoding::identity, true},
      {"*", Encoding::zstd, true},
      {"*, zstd;q=0", Encoding::gzip, true},
      {"*;q=0", Encoding::identity, false},
      {"identity;q=0, gzip", Encoding::gzip, false},
      {"identity;q=0.000", Encoding::identity, false},
      {"gzip;q=2, zstd;q=-1", Encoding::identity, true},
      {"gzip;q=, zstd;q=0.5555", Encoding::identity, true},
      {",;,gzip;level=3,;q=1", Encoding::identity, true},
  };
  for (const auto& [field, preferred, identity] : cases) {
    const AcceptedCodings accepted = accepted_codings(request_with("Accept-Encoding", field).headers);
    EXPECT_EQ(accepted.preferred, preferred) << field;
    EXPECT_EQ(accepted.identity, identity) << field;
  }
  Request two = request_with("Accept-Encoding", "br");
  two.headers.add("Accept-Encoding", "gzip");
  EXPECT_EQ(accepted_codings(two.headers).preferred, Encoding::gzip);
}

TEST(ContentCoding, WholeBodiesSayTheSameInEachCoding) {
  for (const std::size_t bytes : {2'000u, 300'000u}) {
    const std::string text(bytes, 'a');
    for (const auto& [name, encoding] : {std::pair("gzip", Encoding::gzip), std::pair("zstd", Encoding::zstd)}) {
      const Response coded = answer(request_with("Accept-Encoding", name), json(200, text));
      EXPECT_EQ(header(coded, "Content-Encoding"), name);
      EXPECT_EQ(header(coded, "Vary"), "Accept-Encoding");
      EXPECT_EQ(header(coded, "ETag"), "W/" + entity_tag(text));
      EXPECT_EQ(decode(encoding, coded.body), text);
    }
    const Response plain = answer(request_with("Accept-Encoding", "br"), json(200, text));
    EXPECT_EQ(header(plain, "ETag"), entity_tag(text));
    EXPECT_EQ(header(plain, "Vary"), "Accept-Encoding");
    EXPECT_EQ(plain.body, text);
  }
}

TEST(ContentCoding, StreamsSayTheSame) {
  for (const std::uint64_t bytes : {1'024u, 65'536u, 200'000u}) {
    for (const bool announced : {true, false}) {
      const auto length = announced ? std::optional<std::uint64_t>(bytes) : std::nullopt;
      const Response coded = answer(request_with("Accept-Encoding", "zstd"), stream(bytes, length));
      EXPECT_EQ(decode(Encoding::zstd, coded.body), std::string(bytes, 'x'));
    }
  }
  const Response failed = answer(request_with("Accept-Encoding", "gzip"), stream(200'000, 200'000, 0));
  EXPECT_EQ(failed.status, 503);  // while there is nothing sent yet, it can still be said
  EXPECT_EQ(header(failed, "Content-Encoding"), "");
  const Response head = answer(request_with("Accept-Encoding", "gzip", Method::head), stream(200'000, 200'000, 0));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(header(head, "Content-Encoding"), "gzip");
  EXPECT_FALSE(head.stream->length());
}

TEST(ContentCoding, LeavesAloneWhatGainsNothing) {
  const Request gzip = request_with("Accept-Encoding", "gzip");
  EXPECT_EQ(answer(gzip, json(200, "{}")).body, "{}");
  EXPECT_EQ(answer(gzip, no_content()).status, 204);

  Response range = stream(100'000, 100'000);
  range.status = 206;
  EXPECT_EQ(header(answer(gzip, std::move(range)), "Content-Encoding"), "");
  Response events = streamed(200, "text/event-stream", std::make_unique<TestSource>(100'000, std::nullopt));
  EXPECT_EQ(header(answer(gzip, std::move(events)), "Content-Encoding"), "");
  Response octets = stream(100'000, 100'000);
  octets.headers.set("Content-Type", "application/octet-stream");
  EXPECT_EQ(header(answer(gzip, std::move(octets)), "Content-Encoding"), "");

  const Response small = answer(request_with("Accept-Encoding", "identity;q=0, gzip"), json(200, "{}"));
  EXPECT_EQ(decode(Encoding::gzip, small.body), "{}");
}

TEST(EntityTag, TellsAClientThatHasTheAnswerAlready) {
  const std::string tag = entity_tag("[1]");
  for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    for (const Method method : {Method::get, Method::head}) {
      Response response = json(200, "[1]");
      response.headers.set("Cache-Control", "private, no-cache");
      const Response unchanged = answer(request_with("If-None-Match", known, method), std::move(response));
      EXPECT_EQ(unchanged.status, 304) << known;
      EXPECT_EQ(unchanged.body, "");
      EXPECT_EQ(header(unchanged, "ETag"), tag);
      EXPECT_EQ(header(unchanged, "Content-Type"), "");
      EXPECT_EQ(header(unchanged, "Cache-Control"), "private, no-cache");
      EXPECT_EQ(header(unchanged, "Vary"), "Accept-Encoding");
    }
  }
  const Response changed = answer(request_with("If-None-Match", tag), json(200, "[2]"));
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body, "[2]");
  EXPECT_EQ(answer(request_with("If-None-Match", "*", Method::post), json(200, "[1]")).status, 200);
  EXPECT_EQ(answer(request_with("If-None-Match", "*"), json(404, "[1]")).status, 404);
}

}  // namespace
}  // namespace api::http
