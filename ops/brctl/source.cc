#include "ops/brctl/source.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <utility>

#include "adapters/blobs/local_blobs.h"
#include "adapters/embedded_log/log_reader.h"
#include "adapters/kafka/journal.h"
#include "adapters/kafka/topics.h"
#include "adapters/signing/ed25519_signer.h"
#include "ops/kafka_bus.h"

namespace ops::brctl {

namespace {

namespace kafka = adapters::kafka;
using adapters::embedded_log::LogReader;
using adapters::embedded_log::LogScan;

// What goes wrong is said by the errors; a command line has nobody for the rest.
class QuietLog final : public processors::Log {
 public:
  void write(Level, std::string_view, processors::Fields) override {}
};

class QuietMetrics final : public processors::Metrics {
 public:
  void count(std::string_view, processors::Labels, double) override {}
  void set(std::string_view, processors::Labels, double) override {}
  void observe_seconds(std::string_view, processors::Labels, double) override {}
};

core::Error wrong_bus(const std::filesystem::path& data, std::string_view made_for, std::string_view named) {
  return core::Error{core::ErrorCode::configuration_invalid,
                     "the data directory " + data.string() + " was made for the journal \"" + std::string(made_for) +
                         "\", and the configuration names the bus \"" + std::string(named) +
                         "\"; give the settings of the service (--config FILE, or --set service.bus=…)"};
}

// "embedded 16", as check_identity() wrote it; empty: nobody did.
std::string identity_in(const std::filesystem::path& data) {
  std::string line;
  if (std::ifstream in(data / "journal_identity"); in) std::getline(in, line);
  return line;
}

std::optional<std::uint32_t> partitions_of(std::string_view identity) {
  const std::string_view digits = identity.substr(identity.find_last_of(' ') + 1);
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size() || count == 0) return std::nullopt;
  return count;
}

std::filesystem::path key_file(const Config& config) {
  return adapters::signing::public_key_file(key_directory_of(config));
}

class LogStream final : public RecordStream {
 public:
  LogStream(LogScan scan, std::uint64_t bytes) : scan_(std::move(scan)), bytes_(bytes) {}

  core::Result<void> read_on(const Visit& visit) override { return scan_.read_on(visit); }
  std::optional<double> fraction() const override {
    if (bytes_ == 0) return std::nullopt;
    return std::min(1.0, static_cast<double>(scan_.bytes_read()) / static_cast<double>(bytes_));
  }

 private:
  LogScan scan_;
  const std::uint64_t bytes_;
};

// Of an error that came before there was a stream.
class FailedStream final : public RecordStream {
 public:
  explicit FailedStream(core::Error error) : error_(std::move(error)) {}
  core::Result<void> read_on(const Visit&) override { return error_; }

 private:
  const core::Error error_;
};

class PartitionStream final : public RecordStream {
 public:
  PartitionStream(processors::JournalReader& journal, std::map<core::Partition, core::Offset> next)
      : journal_(journal), next_(std::move(next)) {}

  core::Result<void> read_on(const Visit& visit) override {
    bool wants_more = true;
    for (auto& [partition, next] : next_) {
      if (!began_) {
        const auto first = journal_.first(partition);
        if (!first) return first.error();
        next = std::max(next, *first);
      }
      auto end = journal_.read(partition, next, [&, of = partition](const processors::StoredRecord& stored) {
        return wants_more = visit(of, stored);
      });
      if (!end) return end.error();
      next = *end;
      if (!wants_more) return {};
    }
    began_ = true;
    return {};
  }

 private:
  processors::JournalReader& journal_;
  std::map<core::Partition, core::Offset> next_;
  bool began_ = false;  // all were read once: what is kept may shrink behind us
};

// What the journal has no more.
class TrimmedStream final : public RecordStream {
 public:
  struct Range {
    core::Offset next;
    core::Offset end;
  };

  TrimmedStream(processors::JournalReader& history, std::map<core::Partition, Range> ranges)
      : history_(history), ranges_(std::move(ranges)) {}

  core::Result<void> read_on(const Visit& visit) override {
    for (auto& [partition, range] : ranges_) {
      if (range.next >= range.end) continue;
      bool wants_more = true;
      const auto read =
          history_.read(partition, range.next, [&, of = partition](const processors::StoredRecord& stored) {
            range.next = core::Offset(stored.offset.value() + 1);
            wants_more = visit(of, stored);
            return wants_more && range.next < range.end;
          });
      if (!read) return read.error();
      if (!wants_more) return {};
    }
    return {};
  }

 private:
  processors::JournalReader& history_;
  std::map<core::Partition, Range> ranges_;
};

// One after the other.
class Streams final : public RecordStream {
 public:
  Streams(std::unique_ptr<RecordStream> first, std::unique_ptr<RecordStream> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  core::Result<void> read_on(const Visit& visit) override {
    bool wants_more = true;
    const auto watched = [&](core::Partition partition, const processors::StoredRecord& stored) {
      return wants_more = visit(partition, stored);
    };
    if (auto read = first_->read_on(watched); !read || !wants_more) return read;
    return second_->read_on(visit);
  }
  std::optional<double> fraction() const override { return second_->fraction(); }

 private:
  std::unique_ptr<RecordStream> first_;
  std::unique_ptr<RecordStream> second_;
};

}  // namespace

Source::~Source() = default;

core::Result<std::unique_ptr<Source>> Source::open(const Config& config) {
  std::unique_ptr<Source> source(new Source(config));
  core::Result<void> opened;
  switch (config.service.bus) {
    case BusKind::embedded: opened = source->open_log(); break;
    case BusKind::kafka: opened = source->open_kafka(); break;
  }
  if (opened) opened = source->open_archive();
  if (!opened) return opened.error();
  return source;
}

core::Result<void> Source::open_archive() {
  history_ = journal_.get();
  std::error_code error;
  if (!std::filesystem::exists(key_file(config_), error) || !std::filesystem::exists(blob_directory_of(config_), error))
    return {};
  const auto verifier = key();
  if (!verifier) return verifier.error();
  const auto found = blobs();
  if (!found) return found.error();
  archived_ = std::make_unique<processors::ArchivedJournal>(*journal_, **found, **verifier);
  history_ = archived_.get();
  return {};
}

core::Result<void> Source::open_log() {
  const std::filesystem::path data = config_.data.directory;
  std::error_code error;
  if (!std::filesystem::is_directory(data, error)) {
    return core::Error{core::ErrorCode::storage_failed,
                       "there is no data directory " + data.string() + "; name that of the service with --data DIR"};
  }
  const std::string identity = identity_in(data);
  if (!identity.empty() && !identity.starts_with("embedded ")) return wrong_bus(data, identity, "embedded");
  const auto count = partitions_of(identity);
  auto log = LogReader::open(data / "journal");
  if (!log || !count) {
    return core::Error{core::ErrorCode::storage_failed,
                       "no service was ever started on " + data.string() +
                           ": it has no journal; name the service's data directory with --data DIR"};
  }
  partitions_ = *count;
  name_ = "the log in " + (data / "journal").string();
  log_ = log->get();
  journal_ = std::move(*log);
  return {};
}

core::Result<void> Source::open_kafka() {
  const std::filesystem::path data = config_.data.directory;
  if (const std::string identity = identity_in(data); !identity.empty() && !identity.starts_with("kafka "))
    return wrong_bus(data, identity, "kafka");
  auto settings = kafka_settings(config_, "brctl");
  if (!settings) return settings.error();
  settings->create_topics = false;
  quiet_log_ = std::make_unique<QuietLog>();
  quiet_metrics_ = std::make_unique<QuietMetrics>();
  const auto cluster = kafka::prepare_topics(*settings, *quiet_log_, *quiet_metrics_);
  if (!cluster) {
    return core::Error{cluster.error().code,
                       cluster.error().detail + " (kafka.bootstrap_servers is " + settings->bootstrap_servers + ")"};
  }
  auto journal = kafka::KafkaJournal::create(*settings, *quiet_log_, *quiet_metrics_);
  if (!journal) return journal.error();
  partitions_ = settings->partitions;
  name_ = "the topic " + kafka::topic_name(*settings, "journal") + " at " + settings->bootstrap_servers;
  journal_ = std::move(*journal);
  return {};
}

core::Result<processors::BlobStore*> Source::blobs() {
  if (!blobs_) {
    auto opened = adapters::blobs::LocalBlobs::open_existing(blob_directory_of(config_));
    if (!opened) return opened.error();
    blobs_ = std::move(*opened);
  }
  return blobs_.get();
}

core::Result<const processors::Verifier*> Source::key() {
  if (!key_) {
    auto read = adapters::signing::Ed25519Verifier::read(key_file(config_));
    if (!read) return read.error();
    key_ = std::move(*read);
  }
  return key_.get();
}

std::unique_ptr<RecordStream> Source::records() {
  if (log_ != nullptr) {
    const auto bytes = log_->bytes();
    return std::make_unique<Streams>(archived_records(), std::make_unique<LogStream>(log_->scan(), bytes ? *bytes : 0));
  }
  std::map<core::Partition, core::Offset> next;
  for (std::uint32_t partition = 0; partition < partitions_; ++partition) next[core::Partition(partition)];
  return std::make_unique<PartitionStream>(*history_, std::move(next));
}

std::unique_ptr<RecordStream> Source::archived_records() {
  std::map<core::Partition, TrimmedStream::Range> ranges;
  for (std::uint32_t number = 0; number < partitions_ && archived_; ++number) {
    const core::Partition partition(number);
    const auto kept = journal_->first(partition);
    if (!kept) return std::make_unique<FailedStream>(kept.error());
    if (*kept == core::Offset(0)) continue;
    const auto first = archived_->first(partition);
    if (!first) return std::make_unique<FailedStream>(first.error());
    ranges[partition] = {*first, *kept};
  }
  return std::make_unique<TrimmedStream>(*history_, std::move(ranges));
}

std::unique_ptr<RecordStream> Source::records(core::Partition partition, core::Offset from) {
  return std::make_unique<PartitionStream>(*history_, std::map<core::Partition, core::Offset>{{partition, from}});
}

std::unique_ptr<RecordStream> Source::last_records(std::size_t segments) {
  if (log_ == nullptr) return records();
  auto scan = log_->scan_end(segments);
  if (!scan) return std::make_unique<FailedStream>(scan.error());
  return std::make_unique<LogStream>(std::move(*scan), 0);
}

std::size_t Source::segments() const {
  return log_ == nullptr ? 1 : log_->segments();
}

}  // namespace ops::brctl
