#include "processors/imports/import_reader.h"

#include <optional>
#include <utility>

#include "processors/blob_source.h"
#include "processors/imports/history_totals.h"
#include "processors/imports/manifest_writer.h"
#include "processors/imports/request_index.h"
#include "schemas/dialect/output_check.h"
#include "schemas/imports/lines.h"
#include "schemas/manifest/splitter.h"

namespace processors {

namespace {

using core::Error;
using core::ErrorCode;
using schemas::imports::Ending;
using schemas::imports::Outcome;
using schemas::imports::Provider;
using schemas::imports::Request;

constexpr std::string_view input_file = "input";
constexpr std::string_view requests_member = "requests";

// What came before is no history of these providers' batches; what lies ahead has not happened.
constexpr core::Timestamp earliest{std::chrono::sys_days(std::chrono::year(2020) / 1 / 1)};
constexpr core::Duration clock_difference_max = std::chrono::hours(24);

// {"requests": […]}, as it is sent to Anthropic, and not a line for each.
core::Result<bool> is_document(const BlobReader& input) {
  const core::Result<std::string> begin = input.read(0, 4'096);
  if (begin.has_error()) return begin.error();
  std::string plain;
  for (const char character : *begin) {
    if (std::string_view(" \t\r\n").find(character) == std::string_view::npos) plain += character;
  }
  return plain.starts_with("{\"requests\"");
}

bool finished_badly(std::string_view reason) {
  return reason == "length" || reason == "content_filter" || reason == "refusal" || reason == "pause";
}

class Reading final : public schemas::manifest::SplitSink {
 public:
  Reading(BlobStore& blobs, const core::Catalog& catalog, const std::vector<core::ConfiguredLane>& lanes,
          const ImportTerms& terms, const core::learning::Scores& scores)
      : blobs_(blobs),
        terms_(terms),
        manifest_(blobs, terms.owner, catalog),
        totals_(catalog, lanes, scores,
                {core::ProviderId(std::string(to_string(terms.provider))), terms.batch_expectation}) {}

  core::Result<ReadImport> read(const ImportFiles& files) {
    if (const auto taken = take_input(files); taken.has_error()) return taken.error();
    if (const auto taken = take_outcomes("output", files.output); taken.has_error()) return taken.error();
    if (const auto taken = take_outcomes("error", files.error); taken.has_error()) return taken.error();
    index_.for_each([&](const RequestIndex::Entry& entry) {
      if (entry.answered || !entry.requested) return;
      const RequestIndex::Kind& kind = index_.kind(entry);
      totals_.add_ended(terms_.occurred_at, kind.model, kind.operation, Ending::cancelled);
    });
    core::Result<std::vector<core::imports::DayTotals>> days = totals_.days();
    if (days.has_error()) return days.error();
    read_.days = std::move(*days);
    return std::move(read_);
  }

 private:
  void add_fault(std::string_view file, std::uint64_t place, schemas::imports::RowFault fault) {
    read_.faults.add({std::string(file), place, std::move(fault.pointer), std::move(fault.custom_id),
                      std::move(fault.code), std::move(fault.message)});
  }

  // Visits each line that is not too long.
  template <class Take>
  core::Result<void> for_each_line(std::string_view file, const BlobReader& reader, Take take) {
    BlobSource source(reader);
    schemas::imports::Lines lines(source);
    for (;;) {
      const auto line = lines.next();
      if (line.has_error()) return line.error();
      if (!*line) return {};
      if ((*line)->too_long) {
        add_fault(file, (*line)->number, {"payload_too_large", "", "", "is longer than 16 MiB"});
        continue;
      }
      if (const core::Result<void> taken = take((*line)->number, (*line)->text); taken.has_error()) return taken;
    }
  }

  core::Result<void> take_input(const ImportFiles& files) {
    if (files.input == nullptr) return {};
    const core::Result<bool> document = is_document(*files.input);
    if (document.has_error()) return document.error();
    core::Result<void> taken;
    if (terms_.provider == Provider::anthropic && *document) {
      BlobSource source(*files.input);
      taken = schemas::manifest::split_document(source, *this, requests_member);
      if (taken.has_error() && taken.error().param.empty())
        return Error{taken.error().code, taken.error().detail, "input"};
    } else {
      taken = for_each_line(input_file, *files.input,
                            [&](std::uint64_t place, std::string_view json) { return take_request(place, json); });
    }
    if (taken.has_error()) return taken;
    core::Result<core::Digest> blob = manifest_.finish();
    if (blob.has_error()) return blob.error();
    read_.manifest = std::move(*blob);
    read_.manifest_items = manifest_.item_count();
    if (read_.manifest_items == 0) return {};
    core::Result<std::unique_ptr<BlobReader>> lines = blobs_.open(terms_.owner, read_.manifest);
    if (lines.has_error()) return lines.error();
    items_ = std::move(*lines);
    return {};
  }

  // Of a document: each request is one of its elements.
  core::Result<void> on_header_member(std::string_view, std::string_view) override { return {}; }
  core::Result<void> on_items() override { return {}; }
  core::Result<void> on_broken_item(const Error& error) override { return error; }
  core::Result<void> on_item(std::string_view json) override { return take_request(++document_place_, json); }

  core::Result<void> take_request(std::uint64_t place, std::string_view json) {
    auto request = read_request(terms_.provider, json);
    if (request.has_error()) {
      add_fault(input_file, place, std::move(request.error()));
      return {};
    }
    RequestIndex::Entry& entry = index_[request->custom_id];
    if (entry.requested) {
      add_fault(input_file, place,
                {"duplicate_custom_id", "/custom_id", request->custom_id, "a request before this one has the same id"});
      return {};
    }
    if (index_.size() > ImportReader::rows_max) return too_many_rows();
    const std::optional<std::uint16_t> kind = index_.kind({request->model, request->operation});
    if (!kind) {
      add_fault(input_file, place,
                {"too_many_models", "", request->custom_id, "an import has at most 1,000 models: import it in parts"});
      return {};
    }
    entry.requested = true;
    entry.kind = *kind;
    entry.output_bound = request->input.find("\"json_") != std::string::npos;
    const std::string_view body = terms_.provider == Provider::openai ? "/body" : "/params";
    core::Result<ManifestWriter::Written> written = manifest_.add(*request, body);
    if (written.has_error()) return written.error();
    for (core::ManifestFault& fault : written->faults)
      add_fault(input_file, place,
                {std::move(fault.code), std::move(fault.pointer), request->custom_id,
                 "not in the manifest: " + fault.message});
    if (written->place) {
      entry.offset = written->place->offset;
      entry.bytes = written->place->bytes;
    }
    return {};
  }

  core::Result<void> take_outcomes(std::string_view file, const BlobReader* reader) {
    if (reader == nullptr) return {};
    return for_each_line(file, *reader, [&](std::uint64_t place, std::string_view json) -> core::Result<void> {
      auto outcome = read_outcome(terms_.provider, json);
      if (outcome.has_error()) {
        add_fault(file, place, std::move(outcome.error()));
        return {};
      }
      if (const auto taken = take_outcome(file, place, *outcome); taken.has_error()) return taken;
      return totals_.check();
    });
  }

  core::Result<void> take_outcome(std::string_view file, std::uint64_t place, Outcome& outcome) {
    const auto fault = [&](std::string_view code, std::string_view pointer, std::string message) {
      add_fault(file, place, {std::string(code), std::string(pointer), outcome.custom_id, std::move(message)});
      return core::Result<void>{};
    };
    RequestIndex::Entry& entry = index_[outcome.custom_id];
    if (entry.answered)
      return fault("duplicate_custom_id", "/custom_id",
                   "an answer before this one has the same id; this one is not counted");
    if (index_.size() > ImportReader::rows_max) return too_many_rows();
    // The request knows best; without one the answer's own shape has to do.
    const std::optional<core::Operation> operation =
        entry.requested ? std::optional(index_.kind(entry).operation) : outcome.operation;
    entry.answered = true;
    if (!operation && outcome.ending == Ending::succeeded)
      return fault("operation_not_supported", "/response/body/object",
                   "is no answer of Responses, Chat Completions or Embeddings; it is not counted");
    const core::Timestamp at = time_of(outcome, fault);
    const std::string model = model_of(outcome, entry);
    if (outcome.ending != Ending::succeeded) {
      count_code(outcome.code);
      totals_.add_ended(at, model, operation.value_or(core::Operation::responses), outcome.ending);
      return {};
    }
    const schemas::dialect::AnswerResult answer = schemas::dialect::read_answer(*operation, outcome.body);
    if (answer.has_error()) {
      count_code(answer.error().type);
      totals_.add_ended(at, model, *operation, Ending::failed);
      return {};
    }
    const core::Result<AnswerQuality> quality = quality_of(*answer, entry, *operation);
    if (quality.has_error()) return quality.error();
    totals_.add_answered(at, model, *operation, *quality, answer->usage);
    return {};
  }

  template <class AddFault>
  core::Timestamp time_of(const Outcome& outcome, const AddFault& fault) const {
    if (!outcome.occurred_at) return terms_.occurred_at;
    if (*outcome.occurred_at >= earliest && *outcome.occurred_at <= terms_.now + clock_difference_max)
      return *outcome.occurred_at;
    fault("implausible_time", "", "tells a time before 2020 or in the future; it is counted without it");
    return terms_.occurred_at;
  }

  std::string model_of(const Outcome& outcome, const RequestIndex::Entry& entry) const {
    return entry.requested ? index_.kind(entry).model : outcome.model;
  }

  // Finished as asked, with something in it, and of the shape asked for.
  core::Result<AnswerQuality> quality_of(const schemas::dialect::Answer& answer, const RequestIndex::Entry& entry,
                                         core::Operation operation) const {
    if (operation == core::Operation::embeddings) return AnswerQuality::good;
    if (finished_badly(answer.finish_reason)) return AnswerQuality::invalid;
    if (!answer.tool_calls.empty()) return AnswerQuality::good;
    if (answer.text.empty()) return AnswerQuality::invalid;
    if (!entry.output_bound || entry.bytes == 0) return AnswerQuality::good;
    const core::Result<std::string> line = items_->read(entry.offset, entry.bytes);
    if (line.has_error()) return line.error();
    const auto contract = schemas::dialect::output_contract(operation, input_of(*line));
    return contract && check_output(*contract, answer.text) ? AnswerQuality::invalid : AnswerQuality::good;
  }

  void count_code(const std::string& code) {
    const bool known = read_.codes.count(code) > 0 || read_.codes.size() < ImportReader::error_codes_max;
    ++read_.codes[known ? code : "other"];
  }

  static Error too_many_rows() {
    return {ErrorCode::import_too_large, "an import has at most 1,000,000 rows: import it in parts"};
  }

  BlobStore& blobs_;
  const ImportTerms& terms_;
  RequestIndex index_;
  ManifestWriter manifest_;
  HistoryTotals totals_;
  std::unique_ptr<BlobReader> items_;  // the manifest, once it is written
  std::uint64_t document_place_ = 0;
  ReadImport read_;
};

}  // namespace

core::Result<ReadImport> ImportReader::read(const ImportFiles& files, const ImportTerms& terms,
                                            const core::learning::Scores& scores) const {
  return Reading(blobs_, catalog_, lanes_, terms, scores).read(files);
}

}  // namespace processors
