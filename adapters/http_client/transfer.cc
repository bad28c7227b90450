#include "adapters/http_client/transfer.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstring>

namespace adapters::http_client {

namespace {

constexpr std::size_t header_bytes_max = 64 << 10;
constexpr const char* user_agent = "batchrouter";

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct ShareDeleter {
  void operator()(CURLSH* share) const { curl_share_cleanup(share); }
};

using List = std::unique_ptr<curl_slist, ListDeleter>;

void append(List& list, const std::string& line) {
  if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
    static_cast<void>(list.release());
    list.reset(longer);
  }
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char letter) { return lower(letter); });
  return result;
}

// RFC 9110 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return (letter >= '0' && letter <= '9') || (lower(letter) >= 'a' && lower(letter) <= 'z') ||
           (letter != '\0' && std::strchr("!#$%&'*+-.^_`|~", letter) != nullptr);
  });
}

bool is_field_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

boost::asio::ip::address address_of(const curl_sockaddr& target) {
  if (target.family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &target.addr, sizeof v4);
    return boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  boost::asio::ip::address_v6::bytes_type bytes{};
  if (target.family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &target.addr, std::min<std::size_t>(sizeof v6, target.addrlen));
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  }
  return boost::asio::ip::address_v6(bytes);
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string result(text);
  curl_free(text);
  return result;
}

}  // namespace

struct Transfer::Parts {
  enum class Cut { no, body_too_long, headers_too_long, enough };

  HttpRequest request;
  std::vector<boost::asio::ip::address> pinned;
  std::string body;
  std::size_t body_bytes = 0;
  std::size_t header_bytes = 0;
  Cut cut = Cut::no;
  std::array<char, CURL_ERROR_SIZE> error_text{};

  // The easy handle uses all of the above and these lists, so it comes last and goes first.
  List headers;
  List resolve;
  std::unique_ptr<CURLSH, ShareDeleter> private_names;
  std::unique_ptr<CURL, EasyDeleter> easy;

  template <class Value>
  void set(CURLoption option, Value value) {
    if (setting == CURLE_OK) setting = curl_easy_setopt(easy.get(), option, value);
  }
  CURLcode setting = CURLE_OK;

  core::Result<void> set_headers();
  core::Result<void> set_method();
  core::Result<void> pin();
  void set_rest(const std::string& ca_file);

  static std::size_t on_header(char* text, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* text, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* target);
};

core::Result<void> Transfer::Parts::set_headers() {
  bool has_content_type = false;
  bool has_user_agent = false;
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_field_value(value)) {
      return core::Error{core::ErrorCode::invalid_request, "an HTTP header has characters that cannot be sent", name};
    }
    has_content_type |= lower(name) == "content-type";
    has_user_agent |= lower(name) == "user-agent";
    // libcurl reads "name:" as an order to leave the header out, "name;" as an empty one.
    append(headers, value.empty() ? name + ";" : name + ": " + value);
  }
  // Not what libcurl would add of its own: a form's type, and a round trip to ask before a large body.
  if (!has_content_type) append(headers, "Content-Type:");
  append(headers, "Expect:");
  if (!has_user_agent) set(CURLOPT_USERAGENT, user_agent);
  set(CURLOPT_HTTPHEADER, headers.get());
  return {};
}

core::Result<void> Transfer::Parts::set_method() {
  if (!is_token(request.method)) {
    return core::Error{core::ErrorCode::invalid_request, "an HTTP method must be a word such as GET or POST"};
  }
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return {};
  }
  const bool always_has_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (always_has_body || !request.body.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  }
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  return {};
}

// Two locks. A name cache of the request's own, filled with the pinned addresses, tells libcurl where to go without
// touching what other requests see. Whatever libcurl makes of the URL, on_open() refuses every other address.
core::Result<void> Transfer::Parts::pin() {
  std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), 0) != CURLUE_OK) {
    return core::Error{core::ErrorCode::invalid_request, "the URL cannot be read"};
  }
  std::string addresses;
  for (const std::string& text : *request.pinned_addresses) {
    boost::system::error_code failure;
    const auto address = boost::asio::ip::make_address(text, failure);
    if (failure) return core::Error{core::ErrorCode::invalid_request, "a pinned address is no IP address: " + text};
    pinned.push_back(address);
    addresses += (addresses.empty() ? "" : ",") + (address.is_v6() ? "[" + text + "]" : text);
  }
  const std::string host = part(url.get(), CURLUPART_HOST);
  boost::system::error_code is_name;
  boost::asio::ip::make_address(host, is_name);
  const bool is_v6 = host.starts_with('[');
  if (is_name && !is_v6 && !pinned.empty()) {
    append(resolve, host + ":" + part(url.get(), CURLUPART_PORT) + ":" + addresses);
  }

  private_names.reset(curl_share_init());
  curl_share_setopt(private_names.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  set(CURLOPT_SHARE, private_names.get());
  set(CURLOPT_RESOLVE, resolve.get());
  set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  return {};
}

void Transfer::Parts::set_rest(const std::string& ca_file) {
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  if (request.fresh_connection) set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  // Zero would mean libcurl's own limits: minutes, or none.
  set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, static_cast<long>(request.connect_timeout.count())));
  set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(request.total_timeout.count())));
  set(CURLOPT_ERRORBUFFER, error_text.data());
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, this);
}

std::size_t Transfer::Parts::on_header(char*, std::size_t size, std::size_t count, void* self) {
  auto& parts = *static_cast<Parts*>(self);
  parts.header_bytes += size * count;
  if (parts.header_bytes <= header_bytes_max) return size * count;
  parts.cut = Cut::headers_too_long;
  return 0;
}

std::size_t Transfer::Parts::on_body(char* text, std::size_t size, std::size_t count, void* self) {
  auto& parts = *static_cast<Parts*>(self);
  const std::string_view chunk(text, size * count);
  parts.body_bytes += chunk.size();
  if (parts.body_bytes > parts.request.response_bytes_max) {
    parts.cut = Cut::body_too_long;
    return 0;
  }
  if (!parts.request.on_body_chunk) {
    parts.body.append(chunk);
    return chunk.size();
  }
  long status = 0;
  curl_easy_getinfo(parts.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (parts.request.on_body_chunk(static_cast<int>(status), chunk) == BodyFlow::more) return chunk.size();
  parts.cut = Cut::enough;
  return 0;
}

curl_socket_t Transfer::Parts::on_open(void* self, curlsocktype, curl_sockaddr* target) {
  const auto& pinned = static_cast<Parts*>(self)->pinned;
  if (std::find(pinned.begin(), pinned.end(), address_of(*target)) == pinned.end()) return CURL_SOCKET_BAD;
  return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

Transfer::Transfer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Transfer::~Transfer() = default;

core::Result<std::unique_ptr<Transfer>> Transfer::prepare(HttpRequest request, const std::string& ca_file) {
  auto parts = std::make_unique<Parts>();
  parts->request = std::move(request);
  parts->easy.reset(curl_easy_init());
  if (!parts->easy) return core::Error{core::ErrorCode::overloaded, "no memory for an HTTP request"};

  if (auto done = parts->set_headers(); !done) return done.error();
  if (auto done = parts->set_method(); !done) return done.error();
  if (parts->request.pinned_addresses) {
    if (auto done = parts->pin(); !done) return done.error();
  }
  parts->set_rest(ca_file);
  if (parts->setting != CURLE_OK) {
    return core::Error{core::ErrorCode::internal,
                       std::string("libcurl refuses an option: ") + curl_easy_strerror(parts->setting)};
  }
  return std::unique_ptr<Transfer>(new Transfer(std::move(parts)));
}

void* Transfer::easy() const {
  return parts_->easy.get();
}

core::Result<HttpResponse> Transfer::result(int curl_code) {
  CURL* easy = parts_->easy.get();
  switch (parts_->cut) {
    case Parts::Cut::no: break;
    case Parts::Cut::enough: curl_code = CURLE_OK; break;
    case Parts::Cut::body_too_long:
      return core::Error{
          core::ErrorCode::payload_too_large,
          "the response is longer than " + std::to_string(parts_->request.response_bytes_max) + " bytes"};
    case Parts::Cut::headers_too_long:
      return core::Error{core::ErrorCode::payload_too_large,
                         "the response headers are longer than " + std::to_string(header_bytes_max) + " bytes"};
  }
  if (curl_code != CURLE_OK) {
    const std::string why = parts_->error_text[0] != '\0' ? parts_->error_text.data()
                                                          : curl_easy_strerror(static_cast<CURLcode>(curl_code));
    const bool bad_url =
        curl_code == CURLE_URL_MALFORMAT || curl_code == CURLE_UNSUPPORTED_PROTOCOL || curl_code == CURLE_LOGIN_DENIED;
    if (bad_url) return core::Error{core::ErrorCode::invalid_request, "the HTTP request failed: " + why};
    long sent_bytes = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
    return core::Error{sent_bytes == 0 ? core::ErrorCode::unavailable : core::ErrorCode::network_failed,
                       "the HTTP request failed: " + why};
  }

  HttpResponse response;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  for (curl_header* header = nullptr; (header = curl_easy_nextheader(easy, CURLH_HEADER, -1, header)) != nullptr;) {
    response.headers.emplace_back(lower(header->name), header->value);
  }
  response.body = std::move(parts_->body);

  curl_off_t connected = 0;
  curl_off_t first_byte = 0;
  curl_off_t total = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
  curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
  curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total);
  response.times = {std::chrono::microseconds(connected), std::chrono::microseconds(first_byte),
                    std::chrono::microseconds(total)};
  return response;
}

}  // namespace adapters::http_client
