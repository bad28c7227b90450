// Refusals are values. Every code is part of the public contract: never reused, never renamed.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace core {

// clang-format off
#define CORE_ERROR_CODES(X)                                                                    \
  /* the request */                                                                            \
  X(invalid_request) X(malformed_json) X(json_too_deep) X(unsupported_media_type)              \
  X(unknown_field) X(invalid_manifest) X(payload_too_large) X(header_too_large)                \
  X(request_timeout) X(invalid_cursor) X(not_found) X(method_not_allowed) X(length_required)   \
  X(range_not_satisfiable)                                                                     \
  /* who asks */                                                                               \
  X(authentication_required) X(invalid_credentials) X(invalid_api_key) X(invalid_session)      \
  X(email_not_verified) X(invalid_token) X(token_expired) X(csrf_rejected) X(too_many_requests)\
  X(signature_invalid) X(signature_expired)                                                    \
  X(api_key_not_found) X(api_key_limit_reached) X(org_has_open_batches)                        \
  /* quotes */                                                                                 \
  X(quote_not_found) X(quote_expired) X(quote_consumed) X(quote_mismatch) X(quote_exceeded)    \
  X(no_eligible_lane)                                                                          \
  /* money */                                                                                  \
  X(insufficient_credits) X(amount_out_of_range) X(checkout_not_found) X(unknown_pack)         \
  X(payment_mismatch)                                                                          \
  /* batches */                                                                                \
  X(batch_not_found) X(batch_not_finished) X(batch_already_finished) X(nothing_to_retry)       \
  X(artifact_not_found)                                                                        \
  X(idempotency_conflict) X(idempotency_in_flight) X(idempotency_key_invalid)                  \
  X(workflow_not_found) X(run_not_found) X(job_not_found) X(job_not_finished)                  \
  X(job_already_started)                                                                       \
  /* imports */                                                                                \
  X(import_not_found) X(import_too_large)                                                      \
  /* effects reporting late: recorded nowhere, harmless */                                     \
  X(stale_report)                                                                              \
  /* the service */                                                                            \
  X(unavailable) X(overloaded) X(storage_failed) X(log_corrupt) X(malformed_event)             \
  X(fenced) X(blob_not_found) X(blob_corrupt) X(url_not_allowed) X(network_failed)             \
  X(configuration_invalid) X(feature_switched_off) X(internal)
// clang-format on

enum class ErrorCode {
#define X(code) code,
  CORE_ERROR_CODES(X)
#undef X
};

std::string_view to_string(ErrorCode code);

// Whether the same request may succeed later, unchanged.
bool transient(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string detail;      // what is wrong and what to do next, for a person
  std::string param = {};  // where: a field name or JSON pointer; empty when it is the whole request
};

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace core
