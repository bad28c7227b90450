#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "processors/ports/outbound.h"

namespace adapters::mail {

// Mail for a first run without a mail server: each message is a file `<utc time>_<mail id>.eml` in a directory that
// people open by hand. Not for volume: every send looks through the directory.
//
// Threading: any thread; one message is written at a time. `done` and `on_written` run on the caller's thread.
// Delivery:  a message is durable before `done`; the same id again writes nothing and succeeds.
class LocalOutbox final : public processors::MailSender {
 public:
  using OnWritten = std::function<void(std::string path)>;

  // Makes the directory when missing. `on_written` learns where a new message lies, not what it says.
  static core::Result<std::unique_ptr<LocalOutbox>> open(std::filesystem::path directory, std::string from,
                                                         OnWritten on_written);

  // Errors: invalid_request (see render()), storage_failed.
  void send(processors::MailMessage message, std::function<void(core::Result<void>)> done) override;

 private:
  LocalOutbox(std::filesystem::path directory, std::string from, OnWritten on_written);

  core::Result<void> write(const processors::MailMessage& message);
  core::Result<bool> holds(const core::MailId& id) const;

  const std::filesystem::path directory_;
  const std::string from_;
  const OnWritten on_written_;
  std::mutex mutex_;  // between looking for an id and writing it
};

}  // namespace adapters::mail
