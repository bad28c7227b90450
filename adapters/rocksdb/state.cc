#include "adapters/rocksdb/state.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/invariant.h"
#include "processors/fault_point.h"
#include "processors/state_digest.h"

namespace adapters::rocksdb {
namespace {

using ::rocksdb::Slice;
using ::rocksdb::Status;

// Handles are shared: a read that runs while its partition is wiped keeps the dropped column family until it ends.
using Family = std::shared_ptr<::rocksdb::ColumnFamilyHandle>;

Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(const Slice& slice) {
  return {slice.data(), slice.size()};
}

core::Error failure(std::string_view what, const Status& status) {
  return core::Error{
      core::ErrorCode::storage_failed,
      fmt::format("the state store {}: {}; it can be rebuilt from the journal", what, status.ToString())};
}

// Descriptors, room, rights: that says nothing of what lies there. A file that is gone does.
bool lacks_something(const Status& status) {
  return status.IsIOError() && !status.IsPathNotFound();
}

constexpr int secondary_attempts_max = 5;
constexpr std::uint64_t flush_bytes_spare = 4u << 20;  // of a flush beside its rows

// A database that has families of another row format does not open, and the journal rebuilds it.
std::string family_name(std::uint32_t partition) {
  return "format" + std::to_string(processors::row_format) + "_" + "p" + std::to_string(partition);
}

::rocksdb::DBOptions database_options(const Settings& settings) {
  ::rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.max_subcompactions = 1;
  options.write_buffer_manager = std::make_shared<::rocksdb::WriteBufferManager>(settings.write_buffer_bytes);
  options.bytes_per_sync = 1u << 20;
  options.avoid_flush_during_shutdown = false;  // without a write-ahead log, closing is what keeps the newest rows
  options.max_open_files = 256;
  options.info_log_level = ::rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 5;
  options.stats_dump_period_sec = 0;
  if (settings.environment != nullptr) options.env = settings.environment;
  return options;
}

::rocksdb::ColumnFamilyOptions family_options(const Settings& settings) {
  ::rocksdb::BlockBasedTableOptions table;
  table.block_cache = ::rocksdb::NewLRUCache(settings.block_cache_bytes);
  table.block_size = 16u << 10;
  table.format_version = 5;
  table.filter_policy.reset(::rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;

  ::rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = std::max<std::size_t>(settings.write_buffer_bytes / 4, 64u << 10);
  options.max_write_buffer_number = 2;
  options.arena_block_size = std::min<std::size_t>(options.write_buffer_size / 8, 256u << 10);
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = ::rocksdb::kLZ4Compression;
  options.bottommost_compression = ::rocksdb::kZSTD;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_whole_key_filtering = true;
  options.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

std::vector<::rocksdb::ColumnFamilyDescriptor> descriptors_of(std::uint32_t partitions,
                                                              const ::rocksdb::ColumnFamilyOptions& options) {
  std::vector<::rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(::rocksdb::kDefaultColumnFamilyName, options);
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    descriptors.emplace_back(family_name(partition), options);
  }
  return descriptors;
}

// A secondary instance must write nothing into the directory, which is not its own.
class NoLogger final : public ::rocksdb::Logger {
 public:
  using ::rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

class RocksdbState::Database {
 public:
  enum class Role { primary, secondary };

  static core::Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, std::uint32_t partitions,
                                                      const Settings& settings, Role role) {
    ::rocksdb::DBOptions database_settings = database_options(settings);
    const ::rocksdb::ColumnFamilyOptions options = family_options(settings);
    const auto descriptors = descriptors_of(partitions, options);
    std::vector<::rocksdb::ColumnFamilyHandle*> handles;
    ::rocksdb::DB* opened = nullptr;
    Status status;
    if (role == Role::primary) {
      std::error_code error;
      std::filesystem::create_directories(path, error);
      if (error) return failure("cannot be created", Status::IOError(path.string(), error.message()));
      status = ::rocksdb::DB::Open(database_settings, path.string(), descriptors, &handles, &opened);
    } else {
      database_settings.create_if_missing = false;
      database_settings.create_missing_column_families = false;
      database_settings.max_open_files = -1;  // holds on to files that the primary may remove
      database_settings.info_log = std::make_shared<NoLogger>();
      status = ::rocksdb::DB::OpenAsSecondary(database_settings, path.string(), path.string(), descriptors, &handles,
                                              &opened);
    }
    if (lacks_something(status))
      return core::Error{core::ErrorCode::unavailable, "the state store cannot be opened: " + status.ToString() +
                                                           "; nothing is known to be wrong with it"};
    if (!status.ok()) return failure("cannot be opened", status);

    auto database = std::make_unique<Database>();
    database->db_.reset(opened);
    database->options_ = options;
    database->default_ = database->own(handles.front());
    for (auto handle = handles.begin() + 1; handle != handles.end(); ++handle) {
      database->families_.push_back(database->own(*handle));
    }
    return database;
  }

  ~Database() {
    families_.clear();
    default_.reset();
    if (!db_) return;
    // Flushes, since there is no write-ahead log. What cannot be flushed the journal still has. On a full disk RocksDB
    // ends the process instead, where it is built with its assertions, as Debian's is: it is left alone then.
    if (room_to_flush())
      static_cast<void>(db_->Close());
    else
      static_cast<void>(db_.release());
  }

  bool room_to_flush() const {
    std::uint64_t unflushed = 0;
    db_->GetAggregatedIntProperty(::rocksdb::DB::Properties::kSizeAllMemTables, &unflushed);
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(db_->GetName(), error);
    return error || space.available >= unflushed + flush_bytes_spare;
  }

  ::rocksdb::DB& db() { return *db_; }

  Family family(core::Partition partition) const {
    const std::scoped_lock lock(mutex_);
    INVARIANT(partition.value() < families_.size());
    return families_[partition.value()];
  }

  std::vector<Family> families() const {
    const std::scoped_lock lock(mutex_);
    return families_;
  }

  Status replace(core::Partition partition) {
    if (Status status = db_->DropColumnFamily(family(partition).get()); !status.ok()) return status;
    ::rocksdb::ColumnFamilyHandle* created = nullptr;
    if (Status status = db_->CreateColumnFamily(options_, family_name(partition.value()), &created); !status.ok()) {
      return status;
    }
    Family fresh = own(created);
    const std::scoped_lock lock(mutex_);
    families_[partition.value()].swap(fresh);
    return Status::OK();
  }

 private:
  Family own(::rocksdb::ColumnFamilyHandle* handle) {
    return Family(handle, [db = db_.get()](::rocksdb::ColumnFamilyHandle* last) {
      static_cast<void>(db->DestroyColumnFamilyHandle(last));
    });
  }

  std::unique_ptr<::rocksdb::DB> db_;
  ::rocksdb::ColumnFamilyOptions options_;
  Family default_;
  mutable std::mutex mutex_;  // of the vector's elements
  std::vector<Family> families_;
};

core::Result<std::unique_ptr<RocksdbState>> RocksdbState::open_state(const std::filesystem::path& path,
                                                                     std::uint32_t partitions, Settings settings) {
  auto database = Database::open(path, partitions, settings, Database::Role::primary);
  if (!database) return database.error();
  return std::unique_ptr<RocksdbState>(new RocksdbState(std::move(*database)));
}

core::Result<std::unique_ptr<RocksdbState>> RocksdbState::open_secondary(const std::filesystem::path& path,
                                                                         std::uint32_t partitions, Settings settings) {
  // A file may be removed by the primary between being named and being opened.
  core::Result<std::unique_ptr<Database>> database = failure("cannot be opened", Status::Aborted());
  for (int attempt = 0; attempt < secondary_attempts_max && !database; ++attempt) {
    database = Database::open(path, partitions, settings, Database::Role::secondary);
  }
  if (!database) return database.error();
  return std::unique_ptr<RocksdbState>(new RocksdbState(std::move(*database)));
}

RocksdbState::RocksdbState(std::unique_ptr<Database> database) : database_(std::move(database)) {}

RocksdbState::~RocksdbState() = default;

core::Result<std::optional<std::string>> RocksdbState::get(core::Partition partition, std::string_view key) const {
  const Family family = database_->family(partition);
  std::string value;
  const Status status = database_->db().Get({}, family.get(), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return failure("cannot be read", status);
  return std::optional<std::string>(std::move(value));
}

core::Result<void> RocksdbState::scan(core::Partition partition, std::string_view from, std::string_view to,
                                      const Visit& visit) const {
  if (from >= to) return {};
  const Family family = database_->family(partition);
  const Slice upper = slice(to);
  ::rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<::rocksdb::Iterator> row(database_->db().NewIterator(options, family.get()));
  for (row->Seek(slice(from)); row->Valid(); row->Next()) {
    if (!visit(view(row->key()), view(row->value()))) return {};
  }
  if (!row->status().ok()) return failure("cannot be read", row->status());
  return {};
}

core::Result<void> RocksdbState::scan_reverse(core::Partition partition, std::string_view from, std::string_view to,
                                              const Visit& visit) const {
  if (from >= to) return {};
  const Family family = database_->family(partition);
  const Slice lower = slice(from);
  const Slice upper = slice(to);
  ::rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<::rocksdb::Iterator> row(database_->db().NewIterator(options, family.get()));
  for (row->SeekToLast(); row->Valid(); row->Prev()) {
    if (!visit(view(row->key()), view(row->value()))) return {};
  }
  if (!row->status().ok()) return failure("cannot be read", row->status());
  return {};
}

core::Result<void> RocksdbState::write(core::Partition partition, const std::vector<processors::RowChange>& changes) {
  const Family family = database_->family(partition);
  ::rocksdb::WriteBatch batch;
  for (const processors::RowChange& change : changes) {
    const Status status = change.value ? batch.Put(family.get(), slice(change.key), slice(*change.value))
                                       : batch.Delete(family.get(), slice(change.key));
    if (!status.ok()) return failure("cannot take a row", status);
  }
  ::rocksdb::WriteOptions options;
  options.disableWAL = true;
  FAULT_POINT(F05);
  const Status status = database_->db().Write(options, &batch);
  if (!status.ok()) return failure("cannot be written", status);
  return {};
}

core::Result<void> RocksdbState::wipe(core::Partition partition) {
  const Status status = database_->replace(partition);
  if (!status.ok()) return failure("cannot be wiped", status);
  return {};
}

core::Result<void> RocksdbState::flush() {
  if (!database_->room_to_flush())
    return core::Error{core::ErrorCode::storage_failed,
                       "the disk has no room for the newest rows of the state store; "
                       "the journal has what they are made from"};
  for (const Family& family : database_->families()) {
    const Status status = database_->db().Flush({}, family.get());
    if (!status.ok() && !status.IsColumnFamilyDropped()) return failure("cannot be flushed", status);
  }
  return {};
}

core::Result<void> destroy_state(const std::filesystem::path& path) {
  const Status status = ::rocksdb::DestroyDB(path.string(), ::rocksdb::Options());
  if (!status.ok()) return failure("cannot be removed", status);
  return {};
}

}  // namespace adapters::rocksdb
