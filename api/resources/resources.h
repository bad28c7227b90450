// Every resource adds its routes. `app` outlives the router.
#pragma once

#include "api/app.h"
#include "api/http/router.h"

namespace api::resources {

// Who may call a route; kept with it for the tests that go through the table.
inline constexpr const char* anyone = "anyone";
inline constexpr const char* org = "org";             // an API key or a session
inline constexpr const char* signed_link = "signed";  // a signature in the URL

void add_auth(http::Router& router, const App& app);      // register, verify, login, logout
void add_sessions(http::Router& router, const App& app);  // sessions/current
void add_api_keys(http::Router& router, const App& app);
void add_quotes(http::Router& router, const App& app);
void add_batches(http::Router& router, const App& app);  // create, list, get, cancel, retry
void add_results(http::Router& router, const App& app);  // results, artifact-url
void add_files(http::Router& router, const App& app);
void add_billing(http::Router& router, const App& app);
void add_catalog(http::Router& router, const App& app);
void add_service(http::Router& router, const App& app);  // runtime, healthz, readyz, metrics

void add_switched_off(http::Router& router);  // what the product has and this version has not

void add_all(http::Router& router, const App& app);

}  // namespace api::resources
