#include "adapters/mail/local_outbox.h"

#include <array>
#include <cerrno>
#include <ctime>

#include "adapters/files/files.h"
#include "adapters/mail/message.h"

namespace adapters::mail {
namespace {

// 20260101T000000Z: sorts by time and is a file name everywhere.
std::string file_time(core::Timestamp time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

std::string ending_of(const core::MailId& id) {
  return "_" + id.value() + ".eml";
}

}  // namespace

LocalOutbox::LocalOutbox(std::filesystem::path directory, std::string from, OnWritten on_written)
    : directory_(std::move(directory)), from_(std::move(from)), on_written_(std::move(on_written)) {}

core::Result<std::unique_ptr<LocalOutbox>> LocalOutbox::open(std::filesystem::path directory, std::string from,
                                                             OnWritten on_written) {
  if (auto made = files::make_directories(directory); !made) return made.error();
  if (auto removed = files::remove_temporary_files(directory); !removed) return removed.error();
  return std::unique_ptr<LocalOutbox>(new LocalOutbox(std::move(directory), std::move(from), std::move(on_written)));
}

void LocalOutbox::send(processors::MailMessage message, std::function<void(core::Result<void>)> done) {
  done(write(message));
}

core::Result<void> LocalOutbox::write(const processors::MailMessage& message) {
  const auto now = std::chrono::floor<core::Duration>(std::chrono::system_clock::now());
  const auto text = render(from_, message, now);
  if (!text) return text.error();
  const std::filesystem::path path = directory_ / (file_time(now) + ending_of(message.id));
  {
    const std::lock_guard lock(mutex_);
    const auto held = holds(message.id);
    if (!held) return held.error();
    if (*held) return {};
    if (auto written = files::write_durably(path, *text); !written) return written;
  }
  if (on_written_) on_written_(path.string());
  return {};
}

core::Result<bool> LocalOutbox::holds(const core::MailId& id) const {
  // After the time, which holds no underscore, so that an id that ends like another is not taken for it.
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(directory_, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.find('_') != std::string::npos && name.substr(name.find('_')) == ending_of(id)) return true;
  }
  if (!error) return false;
  errno = error.value();
  return files::failure("cannot list", directory_);
}

}  // namespace adapters::mail
