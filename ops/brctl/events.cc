// brctl events tail | grep: lines of events, as they pass.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <ostream>
#include <thread>
#include <tuple>

#include "ops/brctl/event_search.h"
#include "ops/brctl/event_words.h"
#include "ops/brctl/output.h"
#include "ops/brctl/progress.h"
#include "ops/brctl/run.h"
#include "ops/brctl/source.h"
#include "ops/clock.h"

namespace ops::brctl {

namespace {

constexpr std::chrono::milliseconds follow_interval(200);
constexpr std::size_t tail_lines_max = 100'000;

struct Options {
  ConfigFlags flags;
  EventFilter filter;
  std::string from;
  std::string to;
  std::optional<std::uint32_t> partition;
  std::optional<std::int64_t> from_offset;
  std::size_t limit = 0;  // 0: none
  std::size_t lines = 10;
  bool follow = false;
  bool json = false;
  bool progress = false;
};

core::Result<EventFilter> filter_of(const Options& options) {
  EventFilter filter = options.filter;
  for (const auto& [text, time] : {std::pair(&options.from, &filter.from), std::pair(&options.to, &filter.to)}) {
    if (text->empty()) continue;
    const auto parsed = parse_time(*text, now());
    if (!parsed) return parsed.error();
    *time = *parsed;
  }
  return filter;
}

core::Result<void> check_partition(const Source& source, const Options& options) {
  if (!options.partition || *options.partition < source.partitions()) return {};
  return core::Error{core::ErrorCode::invalid_request,
                     fmt::format("there is no partition {}: {} has {}, from 0", *options.partition, source.name(),
                                 source.partitions())};
}

std::unique_ptr<RecordStream> stream_of(Source& source, const Options& options) {
  if (!options.partition) return source.records();
  return source.records(core::Partition(*options.partition), core::Offset(options.from_offset.value_or(0)));
}

// Prints what matches, up to a limit.
class Printer {
 public:
  Printer(Console& console, const Options& options) : console_(console), options_(options) {}

  void print(const SeenEvent& event) {
    ++printed_;
    console_.out << (options_.json ? json_of(event) : line_of(event)) << '\n';
  }
  bool full() const { return options_.limit > 0 && printed_ >= options_.limit; }
  std::size_t printed() const { return printed_; }

 private:
  static std::string line_of(const SeenEvent& event) {
    const std::string words = event.event ? words_of(*event.event) : "(of another version of this program)";
    return fmt::format("{}  {:<12}  {:<27}  {}{}", time_text(event.time), to_string(event.place), event.type,
                       event.aggregate.value(), words.empty() ? "" : "  " + words);
  }

  Console& console_;
  const Options& options_;
  std::size_t printed_ = 0;
};

// Reads on, and hands what matches to `found` until that has enough.
template <class Found>
core::Result<void> search(RecordStream& stream, EventSearch& search, Found found) {
  core::Result<void> failed;
  const auto read = stream.read_on([&](core::Partition partition, const processors::StoredRecord& stored) {
    const auto events = search.matches(partition, stored);
    if (!events) {
      failed = events.error();
      return false;
    }
    return std::all_of(events->begin(), events->end(), found);
  });
  return failed ? read : failed;
}

void grep(Console& console, Source& source, const Options& options, EventFilter filter) {
  const auto stream = stream_of(source, options);
  EventSearch events(std::move(filter));
  Printer printer(console, options);
  Progress progress(console.errors, progress_shown(console, options.progress), "searching", "records");
  std::uint64_t records = 0;
  core::Result<void> failed;
  const auto read = stream->read_on([&](core::Partition partition, const processors::StoredRecord& stored) {
    progress.update(++records, stream->fraction());
    const auto found = events.matches(partition, stored);
    if (!found) {
      failed = found.error();
      return false;
    }
    if (!found->empty()) progress.clear();
    for (const SeenEvent& event : *found) {
      printer.print(event);
      if (printer.full()) return false;
    }
    return true;
  });
  progress.clear();
  if (!failed) return fail(console, failed.error());
  if (!read) return fail(console, read.error());
  if (printer.printed() == 0) fail(console, answer_is_bad, "no event matches in " + source.name());
}

// The newest that match, by time. On an embedded log only as many files are read as are needed to find them.
class Newest {
 public:
  explicit Newest(std::size_t count) : count_(count) {}

  void add(const SeenEvent& event) {
    if (count_ == 0) return;
    events_.insert_or_assign({event.time, event.place.partition, event.place.offset, event.place.event}, event);
    if (events_.size() > count_) events_.erase(events_.begin());
  }
  bool full() const { return events_.size() == count_; }
  const auto& events() const { return events_; }

 private:
  using Key = std::tuple<core::Timestamp, core::Partition, core::Offset, std::optional<std::uint32_t>>;
  const std::size_t count_;
  std::map<Key, SeenEvent> events_;
};

void tail(Console& console, Source& source, const Options& options, const EventFilter& filter) {
  std::unique_ptr<RecordStream> stream;
  std::optional<EventSearch> events;
  std::optional<Newest> newest;
  for (std::size_t segments = 1;; segments *= 4) {
    const std::size_t all = source.segments();
    stream = options.partition ? stream_of(source, options) : source.last_records(segments);
    events.emplace(filter);
    newest.emplace(options.lines);
    const auto read = search(*stream, *events, [&](const SeenEvent& event) {
      newest->add(event);
      return true;
    });
    if (!read) return fail(console, read.error());
    if (newest->full() || options.partition || segments >= all) break;
  }
  Printer printer(console, options);
  for (const auto& [key, event] : newest->events()) {
    if (!printer.full()) printer.print(event);
  }
  console.out << std::flush;
  while (options.follow && !printer.full() && console.out.good()) {
    std::this_thread::sleep_for(follow_interval);
    const auto read = search(*stream, *events, [&](const SeenEvent& event) {
      printer.print(event);
      return !printer.full();
    });
    if (!read) return fail(console, read.error());
    console.out << std::flush;
  }
}

void add_filters(CLI::App& command, Options& options) {
  command.add_option("--org", options.filter.org, "Of this organization")->type_name("ORG");
  command.add_option("--batch", options.filter.batch, "Of this batch and its webhook deliveries")->type_name("BATCH");
  command.add_option("--type", options.filter.types, "Of this type, such as batch.ended or 'ledger.*'; several: any")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command.add_option("--from", options.from, "From this time on: 2026-11-22T18:40:00Z, 2026-11-22, or 2h (ago)")
      ->type_name("TIME");
  command.add_option("--to", options.to, "Before this time")->type_name("TIME");
  CLI::Option* partition =
      command.add_option("--partition", options.partition, "Of this partition of the journal")->type_name("N");
  command.add_option("--from-offset", options.from_offset, "From this record of the partition on")
      ->type_name("N")
      ->needs(partition)
      ->check(CLI::NonNegativeNumber);
  command.add_option("--limit", options.limit, "At most so many events")->type_name("N");
  add_json_flag(command, options.json);
  add_config_flags(command, options.flags);
}

// A subcommand that reads the journal.
template <class Action>
void on_call(CLI::App& command, Console& console, const std::shared_ptr<Options>& options, Action action) {
  command.callback([&console, options, action] {
    const auto config = config_of(console, options->flags);
    if (!config) return;
    auto filter = filter_of(*options);
    if (!filter) return fail(console, filter.error());
    const auto source = Source::open(*config);
    if (!source) return fail(console, source.error());
    if (const auto checked = check_partition(**source, *options); !checked) return fail(console, checked.error());
    action(console, **source, *options, std::move(*filter));
  });
}

}  // namespace

void add_events(CLI::App& app, Console& console) {
  CLI::App& events = *app.add_subcommand("events", "What is in the journal: every event, and what led to what");
  events.require_subcommand(1);
  events.footer(
      "Reads the journal itself, beside a running service or without one, and changes nothing. Takes the settings of\n"
      "the service (--config, --data, --set), so it reads a Kafka cluster where the service does. An event's place is\n"
      "partition/offset.index, such as 3/1234.0.");

  const auto of_tail = std::make_shared<Options>();
  CLI::App& tail_command = *events.add_subcommand("tail", "The newest events, and with -f those that come");
  tail_command.add_option("-n,--lines", of_tail->lines, "So many of the newest (10)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{0}, tail_lines_max));
  tail_command.add_flag("-f,--follow", of_tail->follow, "Go on with new ones as they come");
  add_filters(tail_command, *of_tail);
  tail_command.footer(
      "Examples:\n"
      "  brctl events tail -f\n"
      "  brctl events tail -n 100 --type 'batch.*' --type webhook.delivery_failed\n"
      "  brctl events tail -f --org org_01ks5zr9c4m2xw8q6v3n7d0hjt --json | jq .event.type");
  on_call(tail_command, console, of_tail, tail);

  const auto of_grep = std::make_shared<Options>();
  CLI::App& grep_command = *events.add_subcommand("grep", "All events whose JSON has a text");
  grep_command.add_option("TEXT", of_grep->filter.text, "As it stands in the JSON; '' for every event")
      ->required()
      ->type_name("");
  add_filters(grep_command, *of_grep);
  add_progress_flag(grep_command, of_grep->progress);
  grep_command.footer(
      "Exit code 1 when nothing matches.\n\n"
      "Examples:\n"
      "  brctl events grep '\"kind\":\"refund\"' --from 7d\n"
      "  brctl events grep '' --type 'ledger.*' --org org_01ks5zr9c4m2xw8q6v3n7d0hjt --json > ledger.jsonl\n"
      "  brctl events grep rate_limited --partition 3 --from-offset 120000 --limit 20");
  on_call(grep_command, console, of_grep, grep);

  add_events_show(events, console);
}

}  // namespace ops::brctl
