#include "api/html_page.h"

namespace api {

http::Response unstored(http::Response response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response html_page(int status, std::string_view title, std::string_view body) {
  http::Response response = unstored(http::Response(status));
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'");
  response.body = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  response.body += title;
  response.body +=
      "</title><meta name=\"viewport\" content=\"width=device-width\"><style>body{font:1.1rem/1.5 sans-serif;"
      "max-width:34rem;margin:15vh auto;padding:0 1rem}input,button{font:inherit;padding:.4rem .8rem}</style></head>"
      "<body><h1>";
  response.body += title;
  response.body += "</h1><p>";
  response.body += body;
  response.body += "</p></body></html>\n";
  return response;
}

}  // namespace api
