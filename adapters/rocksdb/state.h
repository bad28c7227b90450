// The fold of each partition in RocksDB: one database, one column family per partition, no write-ahead log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processors/ports/state_store.h"

namespace rocksdb {
class Env;
}

namespace adapters::rocksdb {

struct Settings {
  std::size_t block_cache_bytes = 64u << 20;   // blocks, indexes and filters, of all partitions together
  std::size_t write_buffer_bytes = 64u << 20;  // rows not flushed yet, of all partitions together
  ::rocksdb::Env* environment = nullptr;       // tests have a disk of their own; it outlives the state
};

// Threading:  reads from any thread at any time; write and wipe of one partition from one thread at a time; flush from
// any.
//             Reads that began before a wipe end with the rows from before it.
// Durability: rows live in memory until their column family is flushed: when the write buffers are full, at flush() and
//             at destruction. A crash loses what was not; each partition keeps a prefix of its own writes, and a write
//             is kept whole or not at all.
// Errors:     storage_failed from every member; RocksDB's own text says why.
class RocksdbState final : public processors::StateStore {
 public:
  // Opens or creates. After storage_failed: destroy_state() and rebuild from the journal. That refuses to touch a
  // directory which another process has open. Errors: also unavailable, when the system lacks what it takes to look.
  static core::Result<std::unique_ptr<RocksdbState>> open_state(const std::filesystem::path& path,
                                                                std::uint32_t partitions, Settings settings);

  // Reads the state of another process, running or not, and harms it in no way: rows as they were last flushed, of one
  // moment. write, wipe and flush fail. Errors: storage_failed, also when there is no state, or one of another row
  // format or number of partitions.
  static core::Result<std::unique_ptr<RocksdbState>> open_secondary(const std::filesystem::path& path,
                                                                    std::uint32_t partitions, Settings settings);

  ~RocksdbState() override;

  core::Result<std::optional<std::string>> get(core::Partition partition, std::string_view key) const override;
  core::Result<void> scan(core::Partition partition, std::string_view from, std::string_view to,
                          const Visit& visit) const override;
  core::Result<void> scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                                  const Visit& visit) const override;
  core::Result<void> write(core::Partition partition, const std::vector<processors::RowChange>& changes) override;
  core::Result<void> wipe(core::Partition partition) override;
  core::Result<void> flush() override;

 private:
  class Database;

  explicit RocksdbState(std::unique_ptr<Database> database);

  std::unique_ptr<Database> database_;
};

// Removes a state that is not open. Nothing there is no error.
core::Result<void> destroy_state(const std::filesystem::path& path);

}  // namespace adapters::rocksdb
