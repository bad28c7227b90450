#include "ops/checkpoints.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "adapters/files/files.h"
#include "processors/audit/checkpoints.h"
#include "schemas/checkpoint_codec.h"
#include "schemas/position_codec.h"
#include "schemas/rfc3339.h"

namespace ops {

namespace {

namespace files = adapters::files;

constexpr std::string_view extension = ".jsonl";
constexpr std::size_t date_letters = 10;

std::string name_of_day(core::Timestamp time) {
  return schemas::to_rfc3339(time).substr(0, date_letters) + std::string(extension);
}

core::Result<std::vector<std::string>> list_files(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  if (!std::filesystem::exists(directory, error) && !error) return names;
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() == date_letters + extension.size() && name.ends_with(extension)) names.push_back(name);
  }
  if (error)
    return core::Error{core::ErrorCode::storage_failed, directory.string() + ": cannot be listed: " + error.message()};
  std::sort(names.begin(), names.end());
  return names;
}

// The file has these bytes, which it begins with, and nothing behind them, durably. They are written once more, since
// the sync that should have brought them to the disk may have failed or not have come.
core::Result<void> settle(const std::filesystem::path& path, std::string_view bytes) {
  const auto file = files::open(path, O_WRONLY);
  if (file.has_error()) return file.error();
  if (const auto all = files::write_all(*file, bytes, path); all.has_error()) return all;
  if (::ftruncate(file->number(), static_cast<off_t>(bytes.size())) != 0)
    return files::failure("cannot cut off what a crash left of", path);
  return files::sync(*file, path);
}

}  // namespace

core::Result<void> Checkpoints::prepare(const std::filesystem::path& directory, core::Timestamp now) {
  if (auto made = files::make_directories(directory); made.has_error()) return made;
  const auto names = list_files(directory);
  if (names.has_error()) return names.error();
  if (!names->empty()) return {};
  return files::create_durably(directory / name_of_day(now), "");
}

Checkpoints::Checkpoints(std::filesystem::path directory, const processors::Signer& signer,
                         const processors::StateStore& store, std::uint32_t partitions,
                         std::function<core::Timestamp()> now)
    : directory_(std::move(directory)), signer_(signer), store_(store), partitions_(partitions), now_(std::move(now)) {}

// The last line, in the newest file that has one. What a crash left of a line behind it is cut off.
core::Result<void> Checkpoints::find_end() {
  const auto names = list_files(directory_);
  if (names.has_error()) return names.error();
  before_ = processors::audit::no_line_before;
  number_ = 0;
  newest_ = names->empty() ? std::string() : names->back();
  for (auto name = names->rbegin(); name != names->rend(); ++name) {
    core::Result<std::string> text = files::read_whole(directory_ / *name);
    if (text.has_error()) return text.error();
    const std::size_t end = text->rfind('\n') + 1;  // 0 when there is none
    text->resize(end);
    if (const auto settled = settle(directory_ / *name, *text); settled.has_error()) return settled;
    if (text->empty()) continue;
    text->pop_back();
    const std::string line = text->substr(text->rfind('\n') + 1);
    const core::Result<schemas::Checkpoint> last = schemas::decode_checkpoint(line);
    if (last.has_error())
      return core::Error{last.error().code, (directory_ / *name).string() + ": " + last.error().detail +
                                                "; restore it, or move the folder away and begin anew"};
    number_ = last->number;
    before_ = processors::audit::digest_of_line(line);
    break;
  }
  found_ = true;
  return files::sync_directory(directory_);
}

core::Result<std::string> Checkpoints::lines(core::Timestamp now, std::map<core::Partition, core::Offset>& written) {
  std::string text;
  for (std::uint32_t number = 0; number < partitions_; ++number) {
    const core::Partition partition(number);
    const auto row = store_.get(partition, schemas::position_key);
    if (row.has_error()) return row.error();
    if (!*row) continue;
    core::Result<schemas::Position> position = schemas::decode_position(**row);
    if (position.has_error()) return position.error();
    const auto last = written_.find(partition);
    if (position->next == core::Offset(0) || (last != written_.end() && last->second == position->next)) continue;
    schemas::Checkpoint checkpoint;
    checkpoint.number = ++number_;
    checkpoint.at = now;
    checkpoint.partition = partition;
    checkpoint.next = position->next;
    checkpoint.epoch = position->epoch;
    checkpoint.instance = std::move(position->instance);
    checkpoint.time = position->time;
    checkpoint.chain = std::move(position->chain);
    checkpoint.before = before_;
    checkpoint.key = signer_.key_id();
    checkpoint.signature = signer_.sign(schemas::checkpoint_text(checkpoint));
    const std::string line = schemas::encode_checkpoint(checkpoint);
    before_ = processors::audit::digest_of_line(line);
    text += line + "\n";
    written[partition] = checkpoint.next;
  }
  return text;
}

core::Result<void> Checkpoints::append(const std::string& text, core::Timestamp now) {
  const std::string name = std::max(newest_, name_of_day(now));  // also when the clock was set back
  const bool fresh = name != newest_;
  const auto file = files::open(directory_ / name, O_WRONLY | O_APPEND | O_CREAT);
  if (file.has_error()) return file.error();
  if (const auto all = files::write_all(*file, text, directory_ / name); all.has_error()) return all;
  if (const auto synced = files::sync(*file, directory_ / name); synced.has_error()) return synced;
  newest_ = name;
  return fresh ? files::sync_directory(directory_) : core::Result<void>();
}

core::Result<std::size_t> Checkpoints::write() {
  if (!found_) {
    if (const auto found = find_end(); found.has_error()) return found.error();
  }
  const core::Timestamp now = now_();
  std::map<core::Partition, core::Offset> written;
  const core::Result<std::string> text = lines(now, written);
  core::Result<void> done;
  if (text.has_error()) done = text.error();
  if (done.has_value() && !text->empty()) done = append(*text, now);
  if (done.has_error()) {
    found_ = false;  // a part may have been written
    return done.error();
  }
  for (const auto& [partition, next] : written) written_[partition] = next;
  return written.size();
}

core::Result<std::vector<CheckpointFile>> read_checkpoint_files(const std::filesystem::path& directory) {
  const auto names = list_files(directory);
  if (names.has_error()) return names.error();
  std::vector<CheckpointFile> all;
  for (const std::string& name : *names) {
    core::Result<std::string> text = files::read_whole(directory / name);
    if (text.has_error()) return text.error();
    all.push_back({name, *std::move(text)});
  }
  return all;
}

}  // namespace ops
