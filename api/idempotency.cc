#include "api/idempotency.h"

#include <algorithm>

#include "schemas/digest.h"

namespace api {

namespace {
constexpr std::size_t key_bytes_max = 255;
}

core::Result<std::optional<std::string>> idempotency_key(const http::Request& request) {
  const auto header = request.headers.get("idempotency-key");
  if (!header) return std::optional<std::string>{};
  std::string_view key = *header;
  if (key.size() >= 2 && key.starts_with('"') && key.ends_with('"')) key = key.substr(1, key.size() - 2);
  const bool visible = std::all_of(key.begin(), key.end(), [](char letter) { return letter > ' ' && letter < 0x7f; });
  if (key.empty() || key.size() > key_bytes_max || !visible || request.headers.count("idempotency-key") > 1)
    return core::Error{core::ErrorCode::idempotency_key_invalid,
                       "send one Idempotency-Key of 1 to 255 visible ASCII characters", "Idempotency-Key"};
  return std::optional(std::string(key));
}

core::Digest idempotency_digest(const std::string& route, const std::string& key) {
  return schemas::sha256(route + "\n" + key);
}

KeysInFlight::Hold::~Hold() {
  const std::lock_guard lock(keys_.mutex_);
  keys_.held_.erase(key_);
}

std::unique_ptr<KeysInFlight::Hold> KeysInFlight::try_hold(const core::OrgId& org, const core::Digest& key) {
  std::string name = org.value() + "/" + key.value();
  const std::lock_guard lock(mutex_);
  if (!held_.insert(name).second) return nullptr;
  return std::make_unique<Hold>(*this, std::move(name));
}

}  // namespace api
