#include "core/result.h"

namespace core {

std::string_view to_string(ErrorCode code) {
  switch (code) {
#define X(name) \
  case ErrorCode::name: return #name;
    CORE_ERROR_CODES(X)
#undef X
  }
  return "internal";
}

bool transient(ErrorCode code) {
  switch (code) {
    case ErrorCode::idempotency_in_flight:
    case ErrorCode::batch_not_finished:
    case ErrorCode::job_not_finished:
    case ErrorCode::too_many_requests:
    case ErrorCode::request_timeout:
    case ErrorCode::unavailable:
    case ErrorCode::overloaded:
    case ErrorCode::fenced:
    case ErrorCode::network_failed: return true;
    case ErrorCode::invalid_request:
    case ErrorCode::malformed_json:
    case ErrorCode::json_too_deep:
    case ErrorCode::unsupported_media_type:
    case ErrorCode::unknown_field:
    case ErrorCode::invalid_manifest:
    case ErrorCode::payload_too_large:
    case ErrorCode::header_too_large:
    case ErrorCode::invalid_cursor:
    case ErrorCode::not_found:
    case ErrorCode::method_not_allowed:
    case ErrorCode::length_required:
    case ErrorCode::range_not_satisfiable:
    case ErrorCode::authentication_required:
    case ErrorCode::invalid_credentials:
    case ErrorCode::invalid_api_key:
    case ErrorCode::invalid_session:
    case ErrorCode::email_not_verified:
    case ErrorCode::invalid_token:
    case ErrorCode::token_expired:
    case ErrorCode::csrf_rejected:
    case ErrorCode::signature_invalid:
    case ErrorCode::signature_expired:
    case ErrorCode::api_key_not_found:
    case ErrorCode::api_key_limit_reached:
    case ErrorCode::org_has_open_batches:
    case ErrorCode::quote_not_found:
    case ErrorCode::quote_expired:
    case ErrorCode::quote_consumed:
    case ErrorCode::quote_mismatch:
    case ErrorCode::quote_exceeded:
    case ErrorCode::no_eligible_lane:
    case ErrorCode::insufficient_credits:
    case ErrorCode::amount_out_of_range:
    case ErrorCode::checkout_not_found:
    case ErrorCode::unknown_pack:
    case ErrorCode::payment_mismatch:
    case ErrorCode::workflow_not_found:
    case ErrorCode::run_not_found:
    case ErrorCode::import_not_found:
    case ErrorCode::import_too_large:
    case ErrorCode::batch_not_found:
    case ErrorCode::batch_already_finished:
    case ErrorCode::nothing_to_retry:
    case ErrorCode::job_not_found:
    case ErrorCode::job_already_started:
    case ErrorCode::artifact_not_found:
    case ErrorCode::idempotency_conflict:
    case ErrorCode::idempotency_key_invalid:
    case ErrorCode::stale_report:
    case ErrorCode::storage_failed:
    case ErrorCode::log_corrupt:
    case ErrorCode::malformed_event:
    case ErrorCode::blob_not_found:
    case ErrorCode::blob_corrupt:
    case ErrorCode::url_not_allowed:
    case ErrorCode::configuration_invalid:
    case ErrorCode::feature_switched_off:
    case ErrorCode::internal: return false;
  }
  return false;
}

}  // namespace core
