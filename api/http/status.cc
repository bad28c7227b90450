#include "api/http/status.h"

namespace api::http {

int http_status(core::ErrorCode code) {
  using enum core::ErrorCode;
  switch (code) {
    case invalid_request:
    case malformed_json:
    case json_too_deep:
    case unknown_field:
    case invalid_cursor:
    case idempotency_key_invalid:
    case invalid_token:
    case token_expired: return 400;
    case authentication_required:
    case invalid_credentials:
    case invalid_api_key:
    case invalid_session: return 401;
    case insufficient_credits: return 402;
    case email_not_verified:
    case csrf_rejected:
    case signature_invalid:
    case signature_expired: return 403;
    case not_found:
    case api_key_not_found:
    case quote_not_found:
    case batch_not_found:
    case checkout_not_found:
    case workflow_not_found:
    case run_not_found:
    case job_not_found:
    case import_not_found:
    case artifact_not_found: return 404;
    case method_not_allowed: return 405;
    case request_timeout: return 408;
    case api_key_limit_reached:
    case org_has_open_batches:
    case quote_expired:
    case quote_consumed:
    case batch_not_finished:
    case batch_already_finished:
    case nothing_to_retry:
    case job_not_finished:
    case job_already_started:
    case idempotency_in_flight: return 409;
    case length_required: return 411;
    case payload_too_large:
    case import_too_large: return 413;
    case unsupported_media_type: return 415;
    case range_not_satisfiable: return 416;
    case invalid_manifest:
    case quote_mismatch:
    case quote_exceeded:
    case no_eligible_lane:
    case amount_out_of_range:
    case idempotency_conflict:
    case unknown_pack:
    case payment_mismatch:
    case url_not_allowed: return 422;
    case too_many_requests: return 429;
    case header_too_large: return 431;
    case unavailable:
    case overloaded:
    case fenced:
    case network_failed:
    case storage_failed: return 503;
    case stale_report:
    case log_corrupt:
    case malformed_event:
    case blob_not_found:
    case blob_corrupt:
    case configuration_invalid:
    case internal: return 500;
    case feature_switched_off: return 501;
  }
  return 500;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Switched Off";
    case 503: return "Service Unavailable";
    default: return "";
  }
}

}  // namespace api::http
