#include "api/resources/resources.h"

#include "api/answer_fields.h"
#include "api/forwarding.h"
#include "api/rate_limits.h"

namespace api::resources {

void add_all(http::Router& router, const App& app) {
  add_auth(router, app);
  add_passwords(router, app);
  add_sessions(router, app);
  add_api_keys(router, app);
  add_quotes(router, app);
  add_batches(router, app);
  add_results(router, app);
  add_batch_events(router, app);
  add_feedback(router, app);
  add_route_receipt(router, app);
  add_files(router, app);
  add_billing(router, app);
  add_checkout(router, app);
  add_local_checkout(router, app);
  add_stripe_webhook(router, app);
  add_catalog(router, app);
  add_catalog_providers(router, app);
  add_catalog_rankings(router, app);
  add_imports(router, app);
  add_optimization_report(router, app);
  add_workflow_products(router, app);
  add_workflow_runs(router, app);
  add_job_queue(router, app);
  add_job_queue_internal(router, app);
  add_service(router, app);
  add_docs(router, app);
  add_operator(router, app);
  add_answer_fields(router, app);
  limit_rates(router, app);
  forward_to_owners(router, app);
}

}  // namespace api::resources
