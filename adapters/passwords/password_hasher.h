#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "core/sealed.h"

namespace adapters::passwords {

constexpr std::size_t password_bytes_max = 1024;

// argon2id with 2 passes over 19 MiB (OWASP's first choice), salt and parameters in the text. Tens of milliseconds.
// Errors: invalid_request (longer than password_bytes_max), overloaded (no memory).
core::Result<std::string> hash(const core::Secret& password);

// Whether the hash is of this password. A text that is no hash is of none.
bool verify(const std::string& hash, const core::Secret& password);

// Whether the hash was made with other parameters than today's: hash again at the next login.
bool needs_rehash(const std::string& hash);

// Hashes away from the threads that serve requests: two at a time, as each takes a core and 19 MiB.
//
// Threading: any thread. `done` runs once, on a thread of the pool; on the caller's, before the call returns, when
//            refused with too_many_requests because waiting_max others wait.
// Lifetime:  the destructor waits until everything accepted is done.
class PasswordHasher {
 public:
  static constexpr std::size_t threads = 2;
  static constexpr std::size_t waiting_max = 16;

  PasswordHasher();
  ~PasswordHasher();

  void hash_async(core::Secret password, std::function<void(core::Result<std::string>)> done);

  // Without a hash, because there is no such account: false, after as long as it would have taken with one, so that
  // the answer does not tell who has an account.
  void verify_async(std::optional<std::string> hash, core::Secret password,
                    std::function<void(core::Result<bool>)> done);

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace adapters::passwords
