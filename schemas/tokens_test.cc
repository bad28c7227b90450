#include "schemas/tokens.h"

#include <gtest/gtest.h>

namespace schemas {
namespace {

constexpr std::string_view ulid = "01h455vb4pex5vsknk084sn02q";
const std::string secret(token_secret_digits, 'Z');

std::string api_key() {
  std::string key = "ob_live_" + std::string(ulid) + std::string(api_key_secret_digits, 'a');
  return key + api_key_checksum(key);
}

TEST(Tokens, UlidIsTwentySixLowerCaseDigitsOf128Bits) {
  EXPECT_TRUE(ulid_well_formed(ulid));
  EXPECT_TRUE(ulid_well_formed("7zzzzzzzzzzzzzzzzzzzzzzzzz"));
  EXPECT_FALSE(ulid_well_formed("8zzzzzzzzzzzzzzzzzzzzzzzzz"));
  EXPECT_FALSE(ulid_well_formed("01H455VB4PEX5VSKNK084SN02Q"));
  EXPECT_FALSE(ulid_well_formed("01h455vb4pex5vsknk084sn02i"));
  EXPECT_FALSE(ulid_well_formed("01h455vb4pex5vsknk084sn02"));
  EXPECT_FALSE(ulid_well_formed(""));
}

// If this failed, keys handed out earlier would be refused: the checksum is part of the contract.
TEST(Tokens, ChecksumIsCrc32InBase62) {
  EXPECT_EQ(api_key_checksum("123456789"), "3jZRME");  // CRC-32 0xcbf43926, the check value of the algorithm
  EXPECT_EQ(api_key_checksum(""), "000000");
}

TEST(Tokens, EachKindNamesItsOrg) {
  const core::OrgId org("org_" + std::string(ulid));
  EXPECT_EQ(org_of_token(api_key()), org);
  EXPECT_EQ(org_of_token("obs_" + std::string(ulid) + secret), org);
  EXPECT_EQ(org_of_token("obv_" + std::string(ulid) + secret), org);
}

TEST(Tokens, AMistypedKeyIsSeenWithoutALookup) {
  EXPECT_TRUE(api_key_well_formed(api_key()));
  for (std::size_t place = 0; place < api_key().size(); ++place) {
    std::string mistyped = api_key();
    mistyped[place] = mistyped[place] == '1' ? '2' : '1';
    EXPECT_FALSE(api_key_well_formed(mistyped)) << mistyped;
    EXPECT_EQ(org_of_token(mistyped), std::nullopt) << mistyped;
  }
}

TEST(Tokens, OtherTextsNameNoOrg) {
  const std::string session = "obs_" + std::string(ulid) + secret;
  for (const std::string& text :
       {std::string(), std::string("obs_"), session + "Z", session.substr(0, session.size() - 1),
        "obx_" + session.substr(4), session.substr(0, session.size() - 1) + "-", api_key() + "0"})
    EXPECT_EQ(org_of_token(text), std::nullopt) << text;
}

}  // namespace
}  // namespace schemas
