// Strong identifiers: explicit in, explicit out, never interchangeable.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace core {

template <class Tag, class Rep>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(Rep value) : value_(std::move(value)) {}
  const Rep& value() const { return value_; }
  friend bool operator==(const StrongId&, const StrongId&) = default;
  friend auto operator<=>(const StrongId&, const StrongId&) = default;

 private:
  Rep value_{};
};

// Texts with a prefix and 26 lower-case Crockford base-32 digits (a ULID): sortable by the time they were made.
using OrgId = StrongId<struct OrgTag, std::string>;            // org_…
using UserId = StrongId<struct UserTag, std::string>;          // usr_…
using SessionId = StrongId<struct SessionTag, std::string>;    // ses_…
using ApiKeyId = StrongId<struct ApiKeyTag, std::string>;      // key_…
using QuoteId = StrongId<struct QuoteTag, std::string>;        // qlock_…
using BatchId = StrongId<struct BatchTag, std::string>;        // bat_…
using DeliveryId = StrongId<struct DeliveryTag, std::string>;  // msg_…
using JobId = StrongId<struct JobTag, std::string>;            // job_…
using MailId = StrongId<struct MailTag, std::string>;          // mail_…
using CheckoutId = StrongId<struct CheckoutTag, std::string>;  // chk_…
using ImportId = StrongId<struct ImportTag, std::string>;      // imp_…

// Deterministic texts, made from what caused them.
using CommandId = StrongId<struct CommandTag, std::string>;
using TransferId = StrongId<struct TransferTag, std::string>;
using AccountId = StrongId<struct AccountTag, std::string>;

// Names out of the catalog.
using ModelSlug = StrongId<struct ModelTag, std::string>;      // gpt-5.4-mini
using ProviderId = StrongId<struct ProviderTag, std::string>;  // openai

// Digests as 64 lower-case hexadecimal digits (SHA-256 or HMAC-SHA-256).
using Digest = StrongId<struct DigestTag, std::string>;

// The payment provider's own name for one payment.
using PaymentId = StrongId<struct PaymentTag, std::string>;  // pi_…

// Which stream of the journal an aggregate lives in: "org:<org id>" or "email:<digest>".
using AggregateKey = StrongId<struct AggregateTag, std::string>;

using Partition = StrongId<struct PartitionTag, std::uint32_t>;
using Offset = StrongId<struct OffsetTag, std::int64_t>;  // of a record in its partition, from 0, without gaps
using Epoch = StrongId<struct EpochTag, std::int64_t>;    // of a partition's owner, from 1, rising

using UnitIndex = StrongId<struct UnitTag, std::uint32_t>;         // of a work unit in its batch, from 0
using AttemptNumber = StrongId<struct AttemptTag, std::uint32_t>;  // of a unit or a delivery, from 1

}  // namespace core
