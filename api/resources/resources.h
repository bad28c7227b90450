// Every resource adds its routes. `app` outlives the router.
#pragma once

#include <memory>

#include "api/app.h"
#include "api/http/router.h"

namespace api {
class OperatorAccess;
}

namespace api::resources {

// Who may call a route. By that api/forwarding.cc finds the partition a request needs: each word has its rule there.
inline constexpr const char* anyone = "anyone";              // and nothing that belongs to an org is looked at
inline constexpr const char* probe = "probe";                // anyone, as often as they like: monitors
inline constexpr const char* visitor = "visitor";            // anyone; an API key or a session is looked at
inline constexpr const char* org = "org";                    // an API key or a session
inline constexpr const char* signed_link = "signed";         // a signature in the URL
inline constexpr const char* email_holder = "email_holder";  // anyone, with an e-mail address in the body
inline constexpr const char* mail_reader = "mail_reader";    // the token out of a mail, in the body or the query
inline constexpr const char* local_page = "local_page";      // a signature in the URL of a local checkout
inline constexpr const char* stripe_event = "stripe_event";  // Stripe's signature in a header
// Operators (api/operator_access.h):
inline constexpr const char* operator_node = "operator";                 // about the node that is asked
inline constexpr const char* operator_org = "operator_org";              // about the path's {org}
inline constexpr const char* operator_partition = "operator_partition";  // about the path's {partition}

void add_auth(http::Router& router, const App& app);       // register, verify, login, logout
void add_passwords(http::Router& router, const App& app);  // forgot, reset; verification mail again
void add_sessions(http::Router& router, const App& app);   // sessions/current
void add_api_keys(http::Router& router, const App& app);
void add_quotes(http::Router& router, const App& app);
void add_batches(http::Router& router, const App& app);  // create, list, get, cancel, retry
void add_results(http::Router& router, const App& app);  // results, artifact-url
void add_batch_events(http::Router& router, const App& app);
void add_feedback(http::Router& router, const App& app);
void add_route_receipt(http::Router& router, const App& app);
void add_files(http::Router& router, const App& app);
void add_billing(http::Router& router, const App& app);         // credits, entries, reservations, top-ups, profile
void add_checkout(http::Router& router, const App& app);        // checkout-sessions, the page behind them
void add_local_checkout(http::Router& router, const App& app);  // the page that stands in for a payment provider
void add_stripe_webhook(http::Router& router, const App& app);
void add_catalog(http::Router& router, const App& app);  // models
void add_catalog_providers(http::Router& router, const App& app);
void add_catalog_rankings(http::Router& router, const App& app);
void add_imports(http::Router& router, const App& app);
void add_optimization_report(http::Router& router, const App& app);
void add_workflow_products(http::Router& router, const App& app);
void add_workflow_runs(http::Router& router, const App& app);       // and quotes/workflow
void add_job_queue(http::Router& router, const App& app);           // the AI Batch queue
void add_job_queue_internal(http::Router& router, const App& app);  // flush, poll
void add_service(http::Router& router, const App& app);             // runtime, healthz, readyz, metrics
void add_docs(http::Router& router, const App& app);                // openapi.json, docs

void add_operator(http::Router& router, const App& app);  // status, lanes, and what follows
void add_operator_orgs(http::Router& router, const App& app, const std::shared_ptr<OperatorAccess>& access);
void add_operator_parked(http::Router& router, const App& app, const std::shared_ptr<OperatorAccess>& access);

void add_all(http::Router& router, const App& app);

}  // namespace api::resources
