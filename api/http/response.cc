#include "api/http/response.h"

namespace api::http {

Response json(int status, std::string body) {
  Response response(status);
  response.headers.set("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

Response text(int status, std::string body) {
  Response response(status);
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(body);
  return response;
}

Response streamed(int status, std::string_view content_type, std::unique_ptr<BodySource> source) {
  Response response(status);
  response.headers.set("Content-Type", content_type);
  response.stream = std::move(source);
  return response;
}

Response no_content() {
  return Response(204);
}

}  // namespace api::http
