#include "api/http/parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "core/invariant.h"

namespace api::http {

namespace {

namespace beast = boost::beast;

core::Error refusal(std::string detail) {
  return core::Error{core::ErrorCode::invalid_request, std::move(detail)};
}

core::Error too_large(std::size_t header_bytes_max) {
  return core::Error{core::ErrorCode::header_too_large,
                     "The request line and headers are larger than " + std::to_string(header_bytes_max) + " bytes."};
}

// The old form of a value that goes on in the next line: some read it as one field, others as two.
bool has_folded_line(std::string_view header) {
  return header.find("\r\n ") != std::string_view::npos || header.find("\r\n\t") != std::string_view::npos;
}

}  // namespace

class Parser::Implementation final : public beast::http::basic_parser<true> {
 public:
  explicit Implementation(std::size_t header_bytes_max) : header_bytes_max_(header_bytes_max) {
    header_limit(static_cast<std::uint32_t>(header_bytes_max));
    body_limit(boost::none);  // the route's limit is only known once the header is read
  }

  // Beast counts the request line and the fields apart, so their sum is counted here.
  core::Result<std::size_t> feed_header(std::string_view bytes) {
    beast::error_code error;
    const std::size_t consumed = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    header_bytes_ += consumed;
    if (error == beast::http::error::header_limit) return too_large(header_bytes_max_);
    if (error && error != beast::http::error::need_more)
      return refusal("The request is not HTTP: " + error.message() + ".");
    const std::size_t pending = is_header_done() ? 0 : bytes.size() - consumed;
    if (header_bytes_ + pending > header_bytes_max_) return too_large(header_bytes_max_);
    // Beast takes the fields in one piece, so no fold is cut in two here.
    if (has_folded_line(bytes.substr(0, consumed))) return refusal("A header must stand in one line.");
    if (is_header_done()) {
      if (auto checked = check(); !checked) return checked.error();
    }
    return consumed;
  }

  core::Result<std::size_t> feed_body(std::string_view bytes, std::size_t room, std::string& body) {
    body_ = &body;
    room_ = room;
    beast::error_code error;
    const std::size_t consumed = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (error && error != beast::http::error::need_more) {
      return refusal("The body's chunked framing is broken: " + error.message() + ".");
    }
    return consumed;
  }

  const std::string& method() const { return method_; }
  const std::string& target() const { return target_; }
  Headers& headers() { return headers_; }
  bool is_http_1_0() const { return version_ == 10; }
  std::uint64_t body_bytes() const { return body_bytes_; }
  bool expects_continue() const {
    return !is_http_1_0() && equal_ignoring_case(headers_.get("Expect").value_or(""), "100-continue");
  }

 private:
  core::Result<void> check() const {
    const std::size_t hosts = headers_.count("Host");
    if (hosts > 1 || (hosts == 0 && !is_http_1_0())) return refusal("Exactly one Host header is required.");
    if (const auto coding = headers_.get("Transfer-Encoding")) {
      if (is_http_1_0()) return refusal("Transfer-Encoding needs HTTP/1.1.");
      if (!equal_ignoring_case(*coding, "chunked")) return refusal("The only Transfer-Encoding understood is chunked.");
    }
    return {};
  }

  std::size_t take(beast::string_view bytes) {
    const std::size_t length = std::min(bytes.size(), room_);
    body_->append(bytes.data(), length);
    room_ -= length;
    body_bytes_ += length;
    return length;
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       beast::error_code&) override {
    method_.assign(method.data(), method.size());
    target_.assign(target.data(), target.size());
    version_ = version;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    // Trailers are dropped: nobody may slip in a header behind the checks.
    if (is_header_done()) return;
    headers_.add(std::string_view(name.data(), name.size()), std::string_view(value.data(), value.size()));
  }
  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override { return take(body); }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code&) override {
    return take(body);
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}

  const std::size_t header_bytes_max_;
  std::size_t header_bytes_ = 0;
  std::string method_;
  std::string target_;
  int version_ = 11;
  Headers headers_;
  std::string* body_ = nullptr;  // during feed_body()
  std::size_t room_ = 0;
  std::uint64_t body_bytes_ = 0;  // given out so far
};

Parser::Parser(std::size_t header_bytes_max) : implementation_(std::make_unique<Implementation>(header_bytes_max)) {}
Parser::~Parser() = default;

core::Result<std::size_t> Parser::parse_header(std::string_view bytes) {
  return implementation_->feed_header(bytes);
}
bool Parser::header_done() const {
  return implementation_->is_header_done();
}

core::Result<std::size_t> Parser::parse_body(std::string_view bytes, std::size_t room, std::string& body) {
  INVARIANT(header_done());
  INVARIANT(!done());
  INVARIANT(!bytes.empty());
  INVARIANT(room > 0);
  return implementation_->feed_body(bytes, room, body);
}
bool Parser::done() const {
  return implementation_->is_done();
}

const std::string& Parser::method() const {
  return implementation_->method();
}
const std::string& Parser::target() const {
  return implementation_->target();
}
Headers& Parser::headers() {
  return implementation_->headers();
}
bool Parser::is_http_1_0() const {
  return implementation_->is_http_1_0();
}
bool Parser::keep_alive() const {
  return implementation_->keep_alive();
}
bool Parser::expects_continue() const {
  return implementation_->expects_continue();
}

std::optional<std::uint64_t> Parser::content_length() const {
  const auto length = implementation_->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

std::optional<std::uint64_t> Parser::remaining() const {
  if (done()) return 0;
  const auto length = content_length();
  return length ? std::optional(*length - implementation_->body_bytes()) : std::nullopt;
}

}  // namespace api::http
