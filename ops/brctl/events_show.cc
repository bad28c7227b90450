// brctl events show: one record or event whole, or the life of one thing as a tree.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "core/decide.h"
#include "ops/brctl/event_search.h"
#include "ops/brctl/event_tree.h"
#include "ops/brctl/event_words.h"
#include "ops/brctl/output.h"
#include "ops/brctl/progress.h"
#include "ops/brctl/run.h"
#include "ops/brctl/source.h"
#include "ops/brctl/table.h"
#include "schemas/digest.h"
#include "schemas/group_texts.h"

namespace ops::brctl {

namespace {

constexpr std::size_t events_max = 200'000;  // of one life, in memory

struct Options {
  ConfigFlags flags;
  std::string subject;
  bool json = false;
  bool progress = false;
};

core::Error nothing_at(const Source& source, const LogPlace& place) {
  return {core::ErrorCode::not_found, "there is no " + to_string(place) + " in " + source.name()};
}

void print_record(Console& console, const processors::StoredRecord& stored, const std::vector<SeenEvent>& events,
                  const LogPlace& place) {
  const processors::JournalRecord& record = stored.record;
  console.out << "record " << to_string({place.partition, place.offset}) << " of " << time_text(record.time)
              << ", epoch " << record.epoch.value() << " of " << record.instance << ", "
              << counted(events.size(), "event") << ", " << counted(record.value.size(), "byte") << "\nchain "
              << schemas::to_hex(record.chain) << '\n';
  for (const SeenEvent& event : events) {
    if (place.event && event.place.event != place.event) continue;
    console.out << '\n' << to_string(event.place) << "  " << event.type;
    if (event.event) console.out << "  " << words_of(*event.event);
    console.out << '\n' << schemas::pretty_json(event.json) << '\n';
    if (!event.event) continue;
    for (const core::Effect& effect : core::react(*event.event)) console.out << "→ " << words_of(effect) << '\n';
  }
}

void show_place(Console& console, Source& source, const LogPlace& place, const Options& options) {
  if (place.partition.value() >= source.partitions()) return fail(console, nothing_at(source, place));
  std::optional<processors::StoredRecord> record;
  const auto first = source.journal().first(place.partition);
  if (!first) return fail(console, first.error());
  if (place.offset >= *first) {
    const auto read = source.journal().read(place.partition, place.offset, [&](const processors::StoredRecord& stored) {
      record = stored;
      return false;
    });
    // A topic that ends before the offset looks damaged to who knows that it went on; whoever asks here does not.
    const bool past_the_end = source.log() == nullptr && !read && read.error().code == core::ErrorCode::log_corrupt;
    if (!read && !past_the_end) return fail(console, read.error());
  }
  if (!record) return fail(console, nothing_at(source, place));
  const auto events = events_of(place.partition, *record);
  if (!events) return fail(console, events.error());
  if (place.event && *place.event >= events->size()) return fail(console, nothing_at(source, place));
  if (!options.json) return print_record(console, *record, *events, place);
  for (const SeenEvent& event : *events) {
    if (!place.event || event.place.event == place.event) console.out << json_of(event) << '\n';
  }
}

class Life {
 public:
  Life(Console& console, Source& source, const Options& options)
      : source_(source), progress_(console.errors, progress_shown(console, options.progress), "reading", "records") {}

  core::Result<void> collect(const std::string& id) {
    Subject subject(id);
    std::unique_ptr<RecordStream> stream;
    if (id.starts_with("bat_")) {
      auto accepted = find_accepted(id);
      if (!accepted) return accepted.error();
      if (*accepted) {
        subject.add((*accepted)->quote.value());
        stream = source_.records(partition_, core::Offset(0));
      }
    }
    if (!stream) stream = source_.records();
    return read(*stream, [&](core::Partition partition, const processors::StoredRecord& stored) -> core::Result<bool> {
      auto found = events_about(subject, partition, stored);
      if (!found) return found.error();
      if (events_.size() + found->size() > events_max) {
        cut_off_ = true;
        return false;
      }
      std::move(found->begin(), found->end(), std::back_inserter(events_));
      return true;
    });
  }

  const std::vector<SeenEvent>& events() const { return events_; }
  bool cut_off() const { return cut_off_; }

 private:
  // Its quote came before it, and has to be looked for by its own name.
  core::Result<std::optional<core::batch::BatchAccepted>> find_accepted(const std::string& id) {
    std::optional<core::batch::BatchAccepted> accepted;
    Subject batch(id);
    const auto stream = source_.records();
    const auto found =
        read(*stream, [&](core::Partition partition, const processors::StoredRecord& stored) -> core::Result<bool> {
          const auto events = events_about(batch, partition, stored);
          if (!events) return events.error();
          for (const SeenEvent& event : *events) {
            const auto* one = event.event ? std::get_if<core::batch::BatchAccepted>(&*event.event) : nullptr;
            if (one == nullptr || one->batch.value() != id) continue;
            accepted = *one;
            partition_ = partition;
            return false;
          }
          return true;
        });
    if (!found) return found.error();
    return accepted;
  }

  template <class Visit>
  core::Result<void> read(RecordStream& stream, Visit visit) {
    core::Result<void> failed;
    const auto done = stream.read_on([&](core::Partition partition, const processors::StoredRecord& stored) {
      progress_.update(++records_, stream.fraction());
      const core::Result<bool> wants_more = visit(partition, stored);
      if (!wants_more) failed = wants_more.error();
      return wants_more && *wants_more;
    });
    progress_.clear();
    return failed ? done : failed;
  }

  Source& source_;
  Progress progress_;
  std::uint64_t records_ = 0;
  core::Partition partition_{};
  std::vector<SeenEvent> events_;
  bool cut_off_ = false;
};

// "bat_… of org_…: completed" and what it came to.
std::string batch_heading(const std::vector<SeenEvent>& events, const std::string& id) {
  const core::batch::BatchAccepted* accepted = nullptr;
  const core::batch::BatchEnded* ended = nullptr;
  core::Timestamp ended_at;
  for (const SeenEvent& event : events) {
    if (!event.event) continue;
    const auto* begin = std::get_if<core::batch::BatchAccepted>(&*event.event);
    if (begin != nullptr && begin->batch.value() == id) accepted = begin;
    const auto* end = std::get_if<core::batch::BatchEnded>(&*event.event);
    if (end == nullptr || end->batch.value() != id) continue;
    ended = end;
    ended_at = event.time;
  }
  if (accepted == nullptr) return {};
  std::string text = id + " of " + accepted->org.value() + ": ";
  text += ended == nullptr ? "not ended" : std::string(core::batch::to_string(ended->phase));
  text += "\n" + (ended == nullptr ? counted(accepted->plan.item_count, "item") : tally_words(ended->tally)) + "; in " +
          counted(accepted->plan.unit_count, "unit") + ", quoted at most " + usd(accepted->plan.total);
  if (ended != nullptr)
    text +=
        "; captured " + usd(ended->captured) + ", released " + usd(ended->released) + "; ended " + time_text(ended_at);
  return text + "\n";
}

void show_life(Console& console, Source& source, const Options& options) {
  Life life(console, source, options);
  if (const auto collected = life.collect(options.subject); !collected) return fail(console, collected.error());
  const std::vector<SeenEvent>& events = life.events();
  if (events.empty()) return fail(console, answer_is_bad, "no event names " + options.subject + " in " + source.name());
  if (options.json) {
    for (const SeenEvent& event : events) console.out << json_of(event) << '\n';
  } else {
    std::string heading = batch_heading(events, options.subject);
    if (heading.empty()) heading = options.subject + "\n";
    console.out << heading << counted(events.size(), "event") << " from " << time_text(events.front().time) << " to "
                << time_text(events.back().time) << "\n\n"
                << render_tree(build_tree(events));
  }
  if (life.cut_off())
    console.errors << "only the first " << grouped(events.size()) << " events; see all with: brctl events grep "
                   << options.subject << '\n';
}

}  // namespace

void add_events_show(CLI::App& events, Console& console) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *events.add_subcommand("show", "A record or event whole, or the life of a batch, org, quote, …");
  command.add_option("SUBJECT", options->subject, "A place such as 3/1234 or 3/1234.0, or an id")
      ->required()
      ->type_name("");
  add_json_flag(command, options->json);
  add_progress_flag(command, options->progress);
  add_config_flags(command, options->flags);
  command.footer(
      "A life is a tree: a command, the events that it led to, the effects (→) that those ask for, and what came of\n"
      "these. What repeats is folded into one line. Exit code 1 when nothing is there.\n\n"
      "Examples:\n"
      "  brctl events show 3/1234.0\n"
      "  brctl events show bat_01ks5zr9c4m2xw8q6v3n7d0hjt\n"
      "  brctl events show qlock_01ks5zr9c4m2xw8q6v3n7d0hjt --json");
  command.callback([&console, options] {
    const auto config = config_of(console, options->flags);
    if (!config) return;
    const auto source = Source::open(*config);
    if (!source) return fail(console, source.error());
    if (const auto place = parse_place(options->subject)) return show_place(console, **source, *place, *options);
    show_life(console, **source, *options);
  });
}

}  // namespace ops::brctl
