#include "adapters/mail/local_outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "adapters/files/files.h"
#include "adapters/files/temporary_directory.h"

namespace adapters::mail {
namespace {

class LocalOutboxTest : public testing::Test {
 protected:
  core::Result<void> send(const std::string& id, const std::string& to = "ada@example.org") {
    std::optional<core::Result<void>> outcome;
    outbox->send({core::MailId(id), to, "Verify", "secret link\n"},
                 [&](core::Result<void> result) { outcome = result; });
    return *outcome;
  }

  std::size_t messages() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(root()), {}));
  }
  std::filesystem::path root() const { return directory.path() / "outbox"; }
  std::unique_ptr<LocalOutbox> open() {
    return *LocalOutbox::open(root(), "no-reply@example.com", [this](std::string path) { written.push_back(path); });
  }

  files::TemporaryDirectory directory;
  std::vector<std::string> written;
  std::unique_ptr<LocalOutbox> outbox = open();
};

TEST_F(LocalOutboxTest, AMessageIsAFileWhosePathIsTold) {
  ASSERT_TRUE(send("mail_1"));
  ASSERT_EQ(written.size(), 1u);
  EXPECT_THAT(std::filesystem::path(written[0]).filename().string(),
              testing::MatchesRegex("[0-9]{8}T[0-9]{6}Z_mail_1\\.eml"));
  EXPECT_THAT(*files::read_whole(written[0]), testing::HasSubstr("\r\n\r\nsecret link\r\n"));
}

// If this failed, a retry after a crash would send a person the same mail again.
TEST_F(LocalOutboxTest, TheSameIdIsWrittenOnceAlsoAfterReopening) {
  ASSERT_TRUE(send("mail_1"));
  ASSERT_TRUE(send("mail_1"));
  outbox = open();
  ASSERT_TRUE(send("mail_1"));
  EXPECT_EQ(messages(), 1u);
  ASSERT_TRUE(send("1"));  // ends like the other, and is another
  EXPECT_EQ(messages(), 2u);
  EXPECT_EQ(written.size(), 2u);
}

TEST_F(LocalOutboxTest, RefusalsAndFailuresAreTold) {
  EXPECT_EQ(send("mail_1", "not an address").error().code, core::ErrorCode::invalid_request);
  EXPECT_EQ(messages(), 0u);
  std::filesystem::remove(root());
  EXPECT_EQ(send("mail_1").error().code, core::ErrorCode::storage_failed);
  EXPECT_TRUE(written.empty());
}

TEST_F(LocalOutboxTest, ManyThreadsWriteOneFile) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) threads.emplace_back([this] { EXPECT_TRUE(send("mail_1")); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(messages(), 1u);
}

}  // namespace
}  // namespace adapters::mail
