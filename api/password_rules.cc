#include "api/password_rules.h"

#include <algorithm>
#include <array>
#include <string>

namespace api {

namespace {

// Those with at least eight characters among the most common of published leaks, and the obvious ones here.
constexpr auto common_passwords = std::to_array<std::string_view>({
    "0123456789",    "0987654321",  "11223344",     "1122334455",   "12121212",   "123123123",  "12341234",
    "1234512345",    "123454321",   "12345678",     "123456789",    "1234567890", "123456789a", "12345678910",
    "1234qwer",      "123qwe123",   "12qwaszx",     "147258369",    "159357456",  "1a2b3c4d",   "1q2w3e4r",
    "1q2w3e4r5t",    "1qaz2wsx",    "1qaz2wsx3edc", "1qazxsw2",     "20202020",   "21212121",   "31415926",
    "789456123",     "87654321",    "987654321",    "a1234567",     "a12345678",  "a1b2c3d4",   "aa123456",
    "aa12345678",    "abc12345",    "abcd1234",     "abcdefgh",     "access14",   "admin123",   "admin1234",
    "administrator", "alexander",   "anthony1",     "asdf1234",     "asdfasdf",   "asdfghjk",   "asdfghjkl",
    "asdfghjkl1",    "babygirl",    "babygirl1",    "barcelona",    "baseball",   "baseball1",  "basketball",
    "batchrouter",   "benjamin",    "brooklyn",     "butterfly",    "caroline",   "changeme",   "changeme1",
    "changeme123",   "charlie1",    "charlotte",    "chelsea1",     "chocolate",  "christian",  "christopher",
    "computer",      "corvette",    "danielle",     "diamond1",     "dragon123",  "einstein",   "elephant",
    "elizabeth",     "fernando",    "football",     "football1",    "forever1",   "freedom1",   "garfield",
    "gfhjkmgfhjkm",  "google123",   "hello123",     "hellohello",   "iloveyou",   "iloveyou1",  "iloveyou2",
    "infinity",      "internet",    "isabella",     "jennifer",     "jessica1",   "jonathan",   "jordan23",
    "letmein1",      "letmein123",  "liverpool",    "liverpool1",   "lovelove",   "loveyou1",   "manchester",
    "marlboro",      "maverick",    "mercedes",     "michael1",     "michelle",   "midnight",   "minecraft",
    "monkey123",     "mustang1",    "myspace1",     "nicholas",     "ninja123",   "overlord",   "p@ssw0rd",
    "p@ssword",      "pass1234",    "passport",     "passw0rd",     "passwort",   "password",   "password!",
    "password1",     "password12",  "password123",  "password1234", "password2",  "patricia",   "pokemon1",
    "portugal",      "princess",    "princess1",    "q1w2e3r4",     "q1w2e3r4t5", "qazwsx123",  "qazwsxedc",
    "qq123456",      "qwer1234",    "qwerasdf",     "qwertyui",     "qwertyuiop", "qwerty12",   "qwerty123",
    "qwerty1234",    "qwerty12345", "qwerty123456", "qwertyqwerty", "rockyou1",   "samantha",   "samsung1",
    "scorpion",      "secret123",   "sebastian",    "shadow123",    "slipknot",   "spiderman",  "starwars",
    "steelers",      "sunshine",    "sunshine1",    "superman",     "superman1",  "superstar",  "test1234",
    "test12345",     "testtest",    "thomas123",    "trustno1",     "valentina",  "veronica",   "victoria",
    "welcome1",      "welcome123",  "whatever",     "william1",     "woaini1314", "zaq12wsx",   "zxcvbnm1",
    "zxcvbnm123",
});

core::Error refusal(std::string detail) {
  return {core::ErrorCode::invalid_request, std::move(detail), "password"};
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

}  // namespace

core::Result<void> check_new_password(std::string_view password) {
  if (characters(password) < password_characters_min) return refusal("'password' must have at least 8 characters");
  std::string lower(password);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (std::find(common_passwords.begin(), common_passwords.end(), lower) != common_passwords.end() ||
      lower.find_first_not_of(lower.front()) == std::string::npos)
    return refusal("'password' is one of those that are guessed first; choose another");
  return {};
}

}  // namespace api
