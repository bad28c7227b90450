#include "core/command.h"

namespace core {

AggregateKey aggregate_of(const OrgId& org) {
  return AggregateKey("org:" + org.value());
}
AggregateKey aggregate_of_email(const Digest& email) {
  return AggregateKey("email:" + email.value());
}

namespace {

// MurmurHash2 as Kafka's clients use it: 32 bits, little-endian reads, seed 0x9747b28c.
std::uint32_t murmur2(const std::string& text) {
  constexpr std::uint32_t multiplier = 0x5bd1e995;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  std::uint32_t hash = 0x9747b28c ^ static_cast<std::uint32_t>(text.size());
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    std::uint32_t word = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    word *= multiplier;
    word ^= word >> 24;
    word *= multiplier;
    hash = hash * multiplier ^ word;
  }
  const std::size_t rest = text.size() - i;
  if (rest >= 3) hash ^= byte(i + 2) << 16;
  if (rest >= 2) hash ^= byte(i + 1) << 8;
  if (rest >= 1) hash = (hash ^ byte(i)) * multiplier;
  hash ^= hash >> 13;
  hash *= multiplier;
  return hash ^ hash >> 15;
}

}  // namespace

Partition partition_of(const AggregateKey& aggregate, std::uint32_t partition_count) {
  return Partition((murmur2(aggregate.value()) & 0x7fffffff) % partition_count);
}

}  // namespace core
