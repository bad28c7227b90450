#include "schemas/stripe_signature.h"

#include <gtest/gtest.h>

#include <vector>

namespace schemas::stripe {
namespace {

using core::ErrorCode;
using namespace std::chrono_literals;

const core::Secret secret("whsec_test_secret");
constexpr std::chrono::sys_seconds sent{1767225600s};
constexpr std::string_view body = R"({"id":"evt_1","object":"event","type":"checkout.session.completed"})";
constexpr std::string_view digits = "006f546f500cf895dfa769439cf8127ca7cae350da4ced8d7f9823f53296d1aa";
const std::string header = "t=1767225600,v1=" + std::string(digits);

ErrorCode refusal(std::string_view given, std::string_view text = body, std::chrono::sys_seconds now = sent) {
  const core::Result<void> verified = verify(secret, given, text, now);
  return verified.has_error() ? verified.error().code : ErrorCode::internal;
}

// If this failed, no payment would ever be credited, or anybody could credit themselves.
TEST(StripeSignature, VerifiesWhatStripeSigns) {
  EXPECT_EQ(sign(secret, sent, body), header);
  EXPECT_TRUE(verify(secret, header, body, sent));
}

TEST(StripeSignature, OneOfSeveralIsEnoughAndOtherSchemesDoNotCount) {
  const std::string good(digits);
  const std::string bad(64, '0');
  EXPECT_TRUE(verify(secret, "t=1767225600,v1=" + bad + ",v1=" + good, body, sent));
  EXPECT_TRUE(verify(secret, "t=1767225600,v1=" + good + ",v1=" + bad + ",v0=" + bad, body, sent));
  EXPECT_TRUE(verify(secret, "v1=" + good + ",t=1767225600", body, sent));
  EXPECT_EQ(refusal("t=1767225600,v0=" + good), ErrorCode::signature_invalid);
  EXPECT_EQ(refusal("t=1767225600,v1=" + bad + ",v1=" + bad), ErrorCode::signature_invalid);
}

TEST(StripeSignature, RefusesWhatWasChanged) {
  EXPECT_EQ(refusal(header, std::string(body) + " "), ErrorCode::signature_invalid);
  EXPECT_EQ(refusal(header, ""), ErrorCode::signature_invalid);
  EXPECT_EQ(refusal("t=1767225601,v1=" + std::string(digits)), ErrorCode::signature_invalid);
  EXPECT_EQ(refusal(sign(core::Secret("whsec_another"), sent, body)), ErrorCode::signature_invalid);
  // The same number written otherwise was not signed.
  EXPECT_EQ(refusal("t=01767225600,v1=" + std::string(digits)), ErrorCode::signature_invalid);
}

TEST(StripeSignature, RefusesWhatIsOldOrOfTheFuture) {
  EXPECT_TRUE(verify(secret, header, body, sent + 300s));
  EXPECT_EQ(refusal(header, body, sent + 301s), ErrorCode::signature_expired);
  EXPECT_TRUE(verify(secret, header, body, sent - 300s));
  EXPECT_EQ(refusal(header, body, sent - 301s), ErrorCode::signature_expired);
}

TEST(StripeSignature, RefusesWhatIsMissingOrGarbage) {
  const std::string good(digits);
  const std::vector<std::string> garbage = {"",
                                            "t=",
                                            "t=1767225600",
                                            "v1=" + good,
                                            "t=,v1=" + good,
                                            "t=-1767225600,v1=" + good,
                                            "t=17672256000000000000000,v1=" + good,
                                            "t=now,v1=" + good,
                                            "t=1767225600 ,v1=" + good,
                                            "at=1767225600,v1=" + good,
                                            ",,,=,==",
                                            std::string("\0\0\0", 3),
                                            "t=1767225600,v1=" + good.substr(1),
                                            "t=1767225600,v1=" + good + "0",
                                            "t=1767225600,v1=",
                                            header + std::string(5'000, ',')};
  for (const std::string& given : garbage) EXPECT_EQ(refusal(given), ErrorCode::signature_invalid) << given;
}

}  // namespace
}  // namespace schemas::stripe
