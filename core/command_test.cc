#include "core/command.h"

#include <gtest/gtest.h>

namespace core {
namespace {

// Broken: keyed records of other Kafka clients, and our own after an upgrade, would land in another partition.
TEST(Partitioner, gives_what_kafkas_default_partitioner_gives) {
  const struct {
    const char* key;
    std::int32_t murmur2;  // as in the tests of Kafka's own clients
  } vectors[] = {{"21", -973932308},
                 {"foobar", -790332482},
                 {"a-little-bit-long-string", -985981536},
                 {"a-little-bit-longer-string", -1486304829},
                 {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
                 {"abc", 479470107}};
  for (const auto& [key, murmur2] : vectors) {
    const std::uint32_t positive = static_cast<std::uint32_t>(murmur2) & 0x7fffffff;
    EXPECT_EQ(partition_of(AggregateKey(key), 0x80000000).value(), positive) << key;
    EXPECT_EQ(partition_of(AggregateKey(key), 16).value(), positive % 16) << key;
  }
}

}  // namespace
}  // namespace core
