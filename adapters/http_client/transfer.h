// One request as libcurl sees it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/http_client/http_client.h"
#include "core/result.h"

namespace adapters::http_client {

// Holds the easy handle and everything it points to. The owner adds the handle to its multi handle, removes it before
// it destroys the transfer, and calls nothing from two threads at once.
class Transfer {
 public:
  // invalid_request when a method, header or URL cannot be sent as it is.
  static core::Result<std::unique_ptr<Transfer>> prepare(HttpRequest request, const std::string& ca_file);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void* easy() const;  // CURL*

  // What became of it, given libcurl's code for the end of the transfer.
  core::Result<HttpResponse> result(int curl_code);

 private:
  struct Parts;
  explicit Transfer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace adapters::http_client
