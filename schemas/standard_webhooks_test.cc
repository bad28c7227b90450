#include "schemas/standard_webhooks.h"

#include <gtest/gtest.h>

namespace schemas::standard_webhooks {
namespace {

using namespace std::chrono_literals;

const core::Secret secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
constexpr std::string_view id = "msg_br_0001";
constexpr std::chrono::sys_seconds sent{1767225600s};
constexpr std::string_view body =
    R"({"type":"batch.completed","timestamp":"2026-01-01T00:00:00Z","data":{"batch_id":"bat_1"}})";
constexpr std::string_view signature = "v1,oLvuiRvPfN/f4X4Ijm8OSCGO4vTLF7TP4UWdPEFJlrc=";

// If this failed, no receiver with a Standard Webhooks library could verify us. The vector agrees with the project's
// own Python library.
TEST(StandardWebhooks, SignsAsTheSpecificationSays) {
  EXPECT_EQ(sign(secret, id, sent, body), signature);
}

TEST(StandardWebhooks, VerifiesOneOfSeveralSignatures) {
  EXPECT_TRUE(verify(secret, id, sent, body, signature, sent));
  EXPECT_TRUE(verify(secret, id, sent, body, "v1a,other v1,bm90IG91cnM= " + std::string(signature), sent));
}

TEST(StandardWebhooks, RefusesWhatWasChanged) {
  EXPECT_FALSE(verify(core::Secret("another secret"), id, sent, body, signature, sent));
  EXPECT_FALSE(verify(secret, "msg_br_0002", sent, body, signature, sent));
  EXPECT_FALSE(verify(secret, "msg.br", sent, body, signature, sent));
  EXPECT_FALSE(verify(secret, id, sent + 1s, body, signature, sent));
  EXPECT_FALSE(verify(secret, id, sent, "{}", signature, sent));
  EXPECT_FALSE(verify(secret, id, sent, body, "", sent));
  EXPECT_FALSE(verify(secret, id, sent, body, signature.substr(3), sent));
}

TEST(StandardWebhooks, RefusesWhatIsOldOrOfTheFuture) {
  EXPECT_TRUE(verify(secret, id, sent, body, signature, sent + 300s));
  EXPECT_FALSE(verify(secret, id, sent, body, signature, sent + 301s));
  EXPECT_TRUE(verify(secret, id, sent, body, signature, sent - 300s));
  EXPECT_FALSE(verify(secret, id, sent, body, signature, sent - 301s));
}

TEST(StandardWebhooks, AcceptsSecretsThatAreNotBase64AndUsesTheirBytes) {
  EXPECT_TRUE(check_secret(secret.reveal()));
  EXPECT_TRUE(check_secret("whsec_replace_with_real_secret"));
  EXPECT_TRUE(check_secret("8 bytes!"));
  EXPECT_TRUE(check_secret(std::string(256, 's')));
  // HMAC-SHA-256 keyed by the text itself, made with the openssl command line.
  EXPECT_EQ(sign(core::Secret("whsec_replace_with_real_secret"), id, sent, body),
            "v1,6dNsC6egWAbSBVlTLmBON1VLGeX0fhPgbWZpturK21k=");
}

TEST(StandardWebhooks, RefusesSecretsThatAreTooShortOrTooLong) {
  for (const std::string& text :
       {std::string(), std::string("7 bytes"), std::string("whsec_AAECAw=="), std::string(257, 's')})
    EXPECT_EQ(check_secret(text).error().code, core::ErrorCode::invalid_request) << text;
}

}  // namespace
}  // namespace schemas::standard_webhooks
