#include <fcntl.h>

#include <filesystem>
#include <ostream>
#include <utility>

#include "adapters/files/files.h"
#include "ops/brctl/batch_records.h"
#include "ops/brctl/ledger.h"
#include "ops/brctl/output.h"
#include "schemas/public_csv.h"

namespace ops::brctl {

namespace {

namespace files = adapters::files;

constexpr std::size_t written_at_once = 1u << 20;

// Where an export goes: the console, or a file that takes its name when it is whole.
class ExportSink {
 public:
  static core::Result<ExportSink> open(const std::string& output, std::ostream& console) {
    ExportSink sink(output, console);
    if (output.empty()) return sink;
    const std::filesystem::path folder = std::filesystem::absolute(output).parent_path();
    core::Result<files::Descriptor> file = files::open_temporary(folder, sink.temporary_);
    if (file.has_error()) return file.error();
    sink.file_ = std::move(*file);
    return sink;
  }

  ExportSink(ExportSink&& other) noexcept = default;
  ~ExportSink() {
    std::error_code ignored;
    if (!temporary_.empty()) std::filesystem::remove(temporary_, ignored);
  }

  core::Result<void> write(const std::string& line) {
    waiting_ += line;
    return waiting_.size() < written_at_once ? core::Result<void>{} : flush();
  }

  core::Result<void> finish() {
    if (auto flushed = flush(); flushed.has_error() || output_.empty()) return flushed;
    if (auto synced = files::sync(file_, temporary_); synced.has_error()) return synced;
    std::error_code error;
    std::filesystem::rename(temporary_, output_, error);
    if (error) return files::failure("cannot name", output_);
    temporary_.clear();
    return files::sync_directory(std::filesystem::absolute(output_).parent_path());
  }

 private:
  ExportSink(std::string output, std::ostream& console) : output_(std::move(output)), console_(&console) {}

  core::Result<void> flush() {
    const std::string bytes = std::exchange(waiting_, {});
    if (!output_.empty()) return files::write_all(file_, bytes, temporary_);
    if (console_->write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) return {};
    return core::Error{core::ErrorCode::storage_failed, "nobody reads the export any more"};
  }

  std::string output_;
  std::ostream* console_;
  std::filesystem::path temporary_;
  files::Descriptor file_;
  std::string waiting_;
};

template <class Record>
std::string line_of(ExportFormat format, const Record& record) {
  switch (format) {
    case ExportFormat::csv: return schemas::csv_line(record);
    case ExportFormat::jsonl: return schemas::encode_public(record) + "\n";
  }
  return {};
}

std::string header_of(ExportTable table) {
  switch (table) {
    case ExportTable::postings: return schemas::csv_header<schemas::PublicPosting>();
    case ExportTable::quotes: return schemas::csv_header<schemas::PublicQuote>();
    case ExportTable::batches: return schemas::csv_header<schemas::PublicBatch>();
  }
  return {};
}

// One export: each event makes the lines that it makes.
class Export {
 public:
  Export(const ExportOptions& options, Period period, ExportSink& sink)
      : options_(options), period_(period), sink_(sink) {}

  std::vector<std::string_view> types() const {
    switch (options_.table) {
      case ExportTable::postings: return {"ledger.transfer_posted"};
      case ExportTable::quotes: return {"quote."};
      case ExportTable::batches: return {"batch."};
    }
    return {};
  }

  core::Result<void> take(const processors::EventPlace& place, const core::Event& event) {
    switch (options_.table) {
      case ExportTable::postings:
        if (const auto* transfer = std::get_if<core::ledger::TransferPosted>(&event)) {
          for (const schemas::PublicPosting& posting : processors::public_postings(place, *transfer)) {
            if (auto added = add(posting, posting.time); added.has_error()) return added;
          }
        }
        return {};
      case ExportTable::quotes:
        if (const auto* locked = std::get_if<core::quote::QuoteLocked>(&event)) return add_quote(place, *locked);
        if (const auto* consumed = std::get_if<core::quote::QuoteConsumed>(&event)) return add_quote(place, *consumed);
        if (const auto* expired = std::get_if<core::quote::QuoteExpired>(&event)) return add_quote(place, *expired);
        return {};
      case ExportTable::batches: {
        const auto ended = batches_.take(place, event);
        return ended ? add(*ended, ended->created_at) : core::Result<void>{};
      }
    }
    return {};
  }

  // Batches that have not ended.
  core::Result<void> end() {
    for (const auto& [id, batch] : batches_.open()) {
      if (auto added = add(batch, batch.created_at); added.has_error()) return added;
    }
    return {};
  }

 private:
  template <class Event>
  core::Result<void> add_quote(const processors::EventPlace& place, const Event& event) {
    return add(processors::public_quote(place, event), place.time);
  }

  template <class Record>
  core::Result<void> add(const Record& record, core::Timestamp time) {
    if (!options_.ledger.org.empty() && record.org.value() != options_.ledger.org) return {};
    return period_.has(time) ? sink_.write(line_of(options_.format, record)) : core::Result<void>{};
  }

  const ExportOptions& options_;
  const Period period_;
  ExportSink& sink_;
  BatchRecords batches_;
};

core::Result<void> run_export(Console& console, const ExportOptions& options) {
  const core::Result<Period> period = period_of(options.ledger);
  if (period.has_error()) return period.error();
  core::Result<ExportSink> sink = ExportSink::open(options.output, console.out);
  if (sink.has_error()) return sink.error();
  if (options.format == ExportFormat::csv) {
    if (auto written = sink->write(header_of(options.table)); written.has_error()) return written;
  }
  Export one(options, *period, *sink);
  // A batch is exported as it is now, so its events count whenever they were.
  const auto until = options.table == ExportTable::batches ? std::nullopt : period->to;
  const auto read = read_ledger_events(
      console, options.ledger, one.types(), until,
      [&](const processors::EventPlace& place, const core::Event& event) { return one.take(place, event); });
  if (read.has_error()) return read;
  if (auto ended = one.end(); ended.has_error()) return ended;
  return sink->finish();
}

}  // namespace

void export_ledger(Console& console, const ExportOptions& options) {
  if (const auto exported = run_export(console, options); exported.has_error()) fail(console, exported.error());
}

}  // namespace ops::brctl
