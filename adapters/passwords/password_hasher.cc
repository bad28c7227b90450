#include "adapters/passwords/password_hasher.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "core/invariant.h"

namespace adapters::passwords {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = 19u << 20;

using Text = std::array<char, crypto_pwhash_STRBYTES>;

// As libsodium wants it: zeros to the end. Nothing for a text that cannot be a hash.
std::optional<Text> padded(const std::string& hash) {
  Text text{};
  if (hash.size() >= text.size()) return std::nullopt;
  std::copy(hash.begin(), hash.end(), text.begin());
  return text;
}

void make_library_ready() {
  INVARIANT(sodium_init() >= 0);
}

}  // namespace

core::Result<std::string> hash(const core::Secret& password) {
  make_library_ready();
  const std::string& plain = password.reveal();
  if (plain.size() > password_bytes_max) {
    return core::Error{core::ErrorCode::invalid_request, "a password has at most 1024 bytes", "password"};
  }
  Text text{};
  if (crypto_pwhash_str_alg(text.data(), plain.data(), plain.size(), passes, memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return core::Error{core::ErrorCode::overloaded, "there is not enough memory to hash a password: try again"};
  }
  return std::string(text.data());
}

bool verify(const std::string& hash, const core::Secret& password) {
  make_library_ready();
  const std::string& plain = password.reveal();
  const auto text = padded(hash);
  return text && plain.size() <= password_bytes_max &&
         crypto_pwhash_str_verify(text->data(), plain.data(), plain.size()) == 0;
}

bool needs_rehash(const std::string& hash) {
  make_library_ready();
  const auto text = padded(hash);
  return !text || crypto_pwhash_str_needs_rehash(text->data(), passes, memory_bytes) != 0;
}

struct PasswordHasher::Pool {
  // Runs the work unless too many wait. Refused: false.
  template <class Work>
  bool run(Work work) {
    if (accepted.fetch_add(1) >= threads + waiting_max) {
      accepted.fetch_sub(1);
      return false;
    }
    boost::asio::post(pool, [this, work = std::move(work)]() mutable {
      work();
      accepted.fetch_sub(1);
    });
    return true;
  }

  std::string hash_of_nobody;
  std::atomic<std::size_t> accepted = 0;  // running or waiting
  boost::asio::thread_pool pool{threads};
};

namespace {

core::Error refusal() {
  return {core::ErrorCode::too_many_requests, "too many logins at once: try again in a second"};
}

}  // namespace

PasswordHasher::PasswordHasher() : pool_(std::make_unique<Pool>()) {
  auto hashed = hash(core::Secret("nobody's"));
  INVARIANT(hashed.has_value());
  pool_->hash_of_nobody = *std::move(hashed);
}

PasswordHasher::~PasswordHasher() {
  pool_->pool.join();
}

void PasswordHasher::hash_async(core::Secret password, std::function<void(core::Result<std::string>)> done) {
  const bool accepted = pool_->run([password = std::move(password), done] { done(hash(password)); });
  if (!accepted) done(refusal());
}

void PasswordHasher::verify_async(std::optional<std::string> hash, core::Secret password,
                                  std::function<void(core::Result<bool>)> done) {
  const bool exists = hash.has_value();
  const bool accepted = pool_->run([exists, text = exists ? *std::move(hash) : pool_->hash_of_nobody,
                                    password = std::move(password), done] { done(verify(text, password) && exists); });
  if (!accepted) done(refusal());
}

}  // namespace adapters::passwords
