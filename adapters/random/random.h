// Ids and tokens out of the kernel's generator. The grammar is in schemas/tokens.h.
#pragma once

#include <string>

#include "core/ids.h"
#include "core/sealed.h"
#include "core/time.h"

// Threading: any thread.
namespace adapters::random {

std::string random_bytes(std::size_t count);

// Each digit is equally likely.
std::string random_base62(std::size_t digits);

// 26 digits: `now` in milliseconds, then 80 random bits. Not ordered within a millisecond.
std::string make_ulid(core::Timestamp now);

// `org` must be "org_" and a ULID.
core::Secret make_api_key(const core::OrgId& org);
core::Secret make_session_token(const core::OrgId& org);
core::Secret make_one_time_token(const core::OrgId& org);

}  // namespace adapters::random
