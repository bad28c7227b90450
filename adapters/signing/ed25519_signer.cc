#include "adapters/signing/ed25519_signer.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include <utility>

#include "adapters/files/files.h"
#include "adapters/random/random.h"
#include "schemas/digest.h"

namespace adapters::signing {

namespace {

using core::Error;
using core::ErrorCode;
using std::filesystem::path;

constexpr std::size_t key_id_digits = 16;
constexpr std::size_t public_file_bytes_max = 256;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

path seed_file(const path& keys) {
  return keys / "signing";
}

core::Result<std::string> read_seed(const path& name) {
  const auto file = files::open(name, O_RDONLY);
  if (!file) return file.error();
  struct stat status;
  if (::fstat(file->number(), &status) != 0) return files::failure("cannot look at", name);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{ErrorCode::configuration_invalid,
                 name.string() + " may be read by others: chmod 600 it, and think about who has read it"};
  if (status.st_size != crypto_sign_SEEDBYTES)
    return Error{ErrorCode::configuration_invalid, name.string() + " must have 32 bytes: restore it from a backup"};
  return files::read_at(*file, 0, crypto_sign_SEEDBYTES, name);
}

core::Result<std::string> read_public_key(const path& name) {
  const auto file = files::open(name, O_RDONLY);
  if (!file) return file.error();
  const auto size = files::size_of(*file, name);
  if (!size) return size.error();
  core::Result<std::string> text = files::read_at(*file, 0, std::min<std::size_t>(*size, public_file_bytes_max), name);
  if (!text) return text.error();
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  std::optional<std::string> key = schemas::from_base64(*text);
  if (key && key->size() == crypto_sign_PUBLICKEYBYTES) return *std::move(key);
  return Error{ErrorCode::configuration_invalid,
               name.string() + " is no public key: it must be 32 bytes in base64, as keys/signing.pub is"};
}

}  // namespace

path public_key_file(const path& keys) {
  return keys / "signing.pub";
}

Ed25519Verifier::Ed25519Verifier(std::string public_key)
    : public_key_(std::move(public_key)), key_id_(schemas::sha256(public_key_).value().substr(0, key_id_digits)) {}

core::Result<std::unique_ptr<Ed25519Verifier>> Ed25519Verifier::read(const path& file) {
  core::Result<std::string> key = read_public_key(file);
  if (!key) return key.error();
  return std::make_unique<Ed25519Verifier>(*std::move(key));
}

bool Ed25519Verifier::verify(std::string_view text, std::string_view signature) const {
  const std::optional<std::string> bytes = schemas::from_base64(signature);
  return bytes && bytes->size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(bytes_of(std::string_view(*bytes)), bytes_of(text), text.size(),
                                     bytes_of(std::string_view(public_key_))) == 0;
}

Ed25519Signer::Ed25519Signer(std::string secret_key, std::string public_key)
    : secret_key_(std::move(secret_key)), verifier_(std::move(public_key)) {}

Ed25519Signer::~Ed25519Signer() {
  sodium_memzero(secret_key_.data(), secret_key_.size());
}

core::Result<std::unique_ptr<Ed25519Signer>> Ed25519Signer::open(const path& keys) {
  std::error_code error;
  if (!std::filesystem::exists(seed_file(keys), error) && !error) {
    if (std::filesystem::exists(public_key_file(keys), error))
      return Error{ErrorCode::configuration_invalid,
                   seed_file(keys).string() + " is missing, and its public key is there: restore it from a backup"};
    if (auto made = files::make_directories(keys); !made) return made.error();
    if (auto made = files::create_durably(seed_file(keys), random::random_bytes(crypto_sign_SEEDBYTES)); !made)
      return made.error();
  }
  core::Result<std::string> seed = read_seed(seed_file(keys));
  if (!seed) return seed.error();
  std::string secret(crypto_sign_SECRETKEYBYTES, '\0');
  std::string open_key(crypto_sign_PUBLICKEYBYTES, '\0');
  crypto_sign_seed_keypair(bytes_of(open_key), bytes_of(secret), bytes_of(std::string_view(*seed)));
  sodium_memzero(seed->data(), seed->size());
  const std::string text = schemas::to_base64(open_key) + "\n";
  if (auto made = files::create_durably(public_key_file(keys), text); !made) return made.error();
  const core::Result<std::string> written = read_public_key(public_key_file(keys));
  if (!written) return written.error();
  if (*written != open_key)
    return Error{ErrorCode::configuration_invalid, public_key_file(keys).string() + " is not the public key of " +
                                                       seed_file(keys).string() + ": restore both from one backup"};
  return std::unique_ptr<Ed25519Signer>(new Ed25519Signer(std::move(secret), std::move(open_key)));
}

core::Result<std::unique_ptr<Ed25519Signer>> Ed25519Signer::read(const path& keys) {
  std::error_code error;
  if (std::filesystem::exists(seed_file(keys), error)) return open(keys);
  return Error{ErrorCode::storage_failed,
               seed_file(keys).string() + " is not there: only the deployment itself can sign"};
}

std::string Ed25519Signer::sign(std::string_view text) const {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(bytes_of(signature), nullptr, bytes_of(text), text.size(),
                       bytes_of(std::string_view(secret_key_)));
  return schemas::to_base64(signature);
}

}  // namespace adapters::signing
