// If these fail, a client can read places of lists that are not its own, or walks end in the middle.
#include "api/cursor.h"

#include <gtest/gtest.h>

#include "adapters/files/temporary_directory.h"
#include "adapters/vault/local_vault.h"
#include "schemas/digest.h"

namespace api {
namespace {

class CursorTest : public testing::Test {
 protected:
  void refused(const CursorScope& other, const std::string& text) {
    const auto opened = open_cursor(*vault, other, text);
    ASSERT_TRUE(opened.has_error()) << text;
    EXPECT_EQ(opened.error().code, core::ErrorCode::invalid_cursor);
    EXPECT_EQ(opened.error().detail, invalid_cursor().detail);
  }

  adapters::files::TemporaryDirectory directory;
  std::unique_ptr<adapters::vault::LocalVault> vault = *adapters::vault::LocalVault::open(directory.path() / "keys");
  const CursorScope scope{"results", core::OrgId("org_a"), "bat_a"};
};

TEST_F(CursorTest, OpensToWhatWasSealed) {
  for (const std::string place : {"", "1", "p 12 14:100:0 15:0:200"})
    EXPECT_EQ(*open_cursor(*vault, scope, seal_cursor(*vault, scope, place)), place);
}

TEST_F(CursorTest, IsGoodForOneListOfOneOrgOnly) {
  const std::string text = seal_cursor(*vault, scope, "p 1");
  refused({"ledger_entries", scope.org, scope.subject}, text);
  refused({scope.list, core::OrgId("org_b"), scope.subject}, text);
  refused({scope.list, scope.org, "bat_b"}, text);
  refused({scope.list, scope.org}, text);
}

TEST_F(CursorTest, NoByteCanBeChangedAddedOrTakenAway) {
  const std::string bytes = *schemas::from_base64url(seal_cursor(*vault, scope, "p 12 14:100:0"));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    refused(scope, schemas::to_base64url(changed));
    refused(scope, schemas::to_base64url(bytes.substr(0, i)));
  }
  refused(scope, schemas::to_base64url(bytes + "0"));
  for (const std::string text : {"", "x", "not a cursor", "====", "\xff"}) refused(scope, text);
}

}  // namespace
}  // namespace api
