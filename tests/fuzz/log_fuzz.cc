// Fuzzes the files of the embedded log. The input says how they were made: frames that hold, frames that were damaged
// or cut off, zeros, any bytes, new segments, a file that says where the log begins. Whatever lies there, the log is
// opened or refused with the file's name. What is opened reads the same from inside and outside and once more, and goes
// on. Single frames are decoded too.
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "adapters/embedded_log/embedded_log.h"
#include "adapters/embedded_log/log_reader.h"
#include "adapters/files/temporary_directory.h"
#include "processors/crc32c.h"
#include "processors/record_frame.h"
#include "tests/fuzz/input.h"

namespace {

using namespace adapters::embedded_log;
using fuzz::require;
using processors::JournalRecord;
using processors::StoredRecord;

void check_frame(std::string_view bytes) {
  processors::claim_of(bytes);
  if (const auto head = processors::decode_head(bytes))
    require(head->frame_bytes >= processors::frame_fixed_bytes && head->frame_bytes <= processors::frame_bytes_max);
  const auto frame = processors::decode_frame(bytes);
  if (!frame) return;
  StoredRecord stored;
  processors::copy(*frame, stored);
  std::string again;
  processors::encode_frame(again, frame->partition, frame->offset, frame->synced, stored.record);
  require(again == bytes.substr(0, frame->bytes()));
}

// Segment files out of the input.
class Files {
 public:
  Files(const std::filesystem::path& directory, fuzz::Input& input) : directory_(directory), input_(input) {}

  void make() {
    for (int steps = 0; steps < 24 && !input_.done(); ++steps) step();
    write_segment();
  }

 private:
  void step() {
    switch (input_.choice(10)) {
      default: add_frame(); break;
      case 4: synced_ = segment_.size(); break;  // a write has become durable
      case 5: segment_ += input_.take(input_.byte()); break;
      case 6: segment_.append(input_.byte(), '\0'); break;
      case 7:
        if (!segment_.empty()) segment_[input_.byte() % segment_.size()] ^= static_cast<char>(1 + input_.choice(255));
        break;
      case 8: write_segment(); break;
      case 9: write_base(); break;
    }
  }

  void add_frame() {
    const std::uint32_t partition = input_.choice(2) == 0 ? 0 : input_.byte();
    JournalRecord record{.epoch = core::Epoch(epoch_ += input_.choice(8) == 0 ? 1 : 0),
                         .instance = "node",
                         .time = core::Timestamp(core::Duration(1'000 + input_.byte())),
                         .chain = std::string(processors::chain_bytes, 'c'),
                         .value = std::string(input_.take(input_.byte()))};
    std::int64_t& next = next_[partition];
    if (input_.choice(16) == 0) next += input_.choice(3);
    std::string frame;
    encode_frame(frame, core::Partition(partition), core::Offset(next++), static_cast<std::uint32_t>(synced_), record);
    if (input_.choice(16) == 0) frame.resize(input_.byte() % frame.size());
    check_frame(frame);
    segment_ += frame;
    ++frames_;
  }

  void write_segment() {
    // The name says how many records there are before it.
    std::ofstream(segment_path(directory_, first_), std::ios::binary) << segment_;
    first_ = frames_ + (input_.choice(16) == 0 ? input_.choice(3) : 0);
    segment_.clear();
    synced_ = 0;
  }

  void write_base() {
    std::string text = "batchrouter-log-base 1\n";
    if (input_.choice(4) == 0)
      text += input_.until('\n');
    else
      text += "segment " + std::to_string(frames_) + "\npartition 0 first " + std::to_string(next_[0]) + " epoch " +
              std::to_string(epoch_) + "\n";
    char checksum[9];
    std::snprintf(checksum, sizeof checksum, "%08x", processors::crc32c(text));
    std::ofstream(directory_ / "base", std::ios::binary) << text << "crc32c " << checksum << "\n";
  }

  const std::filesystem::path& directory_;
  fuzz::Input& input_;
  std::string segment_;
  std::size_t synced_ = 0;
  FirstSequence first_ = 0;
  std::uint64_t frames_ = 0;
  std::int64_t epoch_ = 0;
  std::map<std::uint32_t, std::int64_t> next_;
};

using Records = std::map<core::Partition, std::vector<std::string>>;

// What can be read from outside; `damages` counts what cannot.
Records scanned(const std::filesystem::path& directory, std::size_t& damages) {
  Records records;
  const auto reader = LogReader::open(directory);
  require(reader.has_value());
  LogScan scan = (*reader)->scan();
  const auto read = scan.read_on(
      [&](core::Partition partition, const StoredRecord& stored) {
        records[partition].push_back(stored.record.value);
        return true;
      },
      [&](const Damage&) { require(++damages < 100'000); });
  damages += read.has_error() ? 1 : 0;
  return records;
}

Records read_from_inside(EmbeddedLog& log, const Records& partitions) {
  Records records;
  for (const auto& named : partitions) {
    const core::Partition partition = named.first;  // no structured binding: Clang 14 captures none
    const auto first = log.first(partition);
    require(first.has_value());
    core::Offset expected = *first;
    const auto end = log.read(partition, *first, [&](const StoredRecord& stored) {
      require(stored.offset == expected);
      expected = core::Offset(expected.value() + 1);
      records[partition].push_back(stored.record.value);
      return true;
    });
    require(end.has_value() && *end == expected);
  }
  return records;
}

void check_log(const std::filesystem::path& directory) {
  std::size_t damages = 0;
  const Records outside = scanned(directory, damages);
  Settings settings;
  settings.directory = directory;
  settings.segment_bytes = 4096;
  auto log = EmbeddedLog::open_log(settings);
  if (log.has_error()) {
    require(log.error().code == core::ErrorCode::log_corrupt);
    require(log.error().detail.find(directory.string()) != std::string::npos);
    return require(damages > 0);
  }
  require(damages == 0);
  require(read_from_inside(**log, outside) == outside);

  const core::Partition partition(0);
  const auto end = (*log)->open(partition, [](const core::Error&) {});
  require(end.has_value());
  bool confirmed = false;
  JournalRecord record{core::Epoch(1'000), "node", {}, std::string(processors::chain_bytes, 'c'), "[]"};
  (*log)->append(partition, record, [&](core::Result<core::Offset> offset) { confirmed = offset.has_value(); });
  (*log)->stop();
  require(confirmed);
  log->reset();

  auto again = EmbeddedLog::open_log(settings);
  require(again.has_value() && (*again)->torn_tail_bytes() == 0);
  Records expected = outside;
  expected[partition].push_back(record.value);
  require(read_from_inside(**again, expected) == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  if (input.choice(4) == 0) {
    check_frame(input.rest());
    return 0;
  }
  const adapters::files::TemporaryDirectory directory;
  Files(directory.path(), input).make();
  check_log(directory.path());
  return 0;
}
