#include "schemas/rfc3339.h"

#include <optional>

namespace schemas {
namespace {

constexpr core::Timestamp earliest = std::chrono::sys_days{std::chrono::year{1970} / 1 / 1};
constexpr core::Timestamp end = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31} + std::chrono::days{1};

// Reads a text from the left; every member answers whether it found what it looked for.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }

  bool one_of(std::string_view letters) {
    if (text_.empty() || letters.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool number(int digits, int max, int& value) {
    value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!digit()) return false;
      value = value * 10 + last_;
    }
    return value <= max;
  }

  // One to nine decimals, as microseconds.
  bool fraction(std::chrono::microseconds& value) {
    int places = 0;
    int micros = 0;
    while (digit()) {
      if (++places > 9) return false;
      if (places <= 6) micros = micros * 10 + last_;
    }
    for (int place = places; place < 6; ++place) micros *= 10;
    value = std::chrono::microseconds{micros};
    return places > 0;
  }

 private:
  bool digit() {
    if (text_.empty() || text_.front() < '0' || text_.front() > '9') return false;
    last_ = text_.front() - '0';
    text_.remove_prefix(1);
    return true;
  }

  std::string_view text_;
  int last_ = 0;
};

std::optional<core::Timestamp> parse(std::string_view text) {
  Scanner scan(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::chrono::microseconds fraction{};
  if (!scan.number(4, 9999, year) || !scan.one_of("-") || !scan.number(2, 12, month) || !scan.one_of("-") ||
      !scan.number(2, 31, day) || !scan.one_of("Tt") || !scan.number(2, 23, hour) || !scan.one_of(":") ||
      !scan.number(2, 59, minute) || !scan.one_of(":") || !scan.number(2, 59, second))
    return std::nullopt;
  if (scan.one_of(".") && !scan.fraction(fraction)) return std::nullopt;

  std::chrono::minutes offset{};
  if (!scan.one_of("Zz")) {
    int offset_hours = 0, offset_minutes = 0;
    const bool east = scan.one_of("+");
    if ((!east && !scan.one_of("-")) || !scan.number(2, 23, offset_hours) || !scan.one_of(":") ||
        !scan.number(2, 59, offset_minutes))
      return std::nullopt;
    offset = std::chrono::hours{offset_hours} + std::chrono::minutes{offset_minutes};
    if (!east) offset = -offset;
  }
  if (!scan.done()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const core::Timestamp time = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                               std::chrono::seconds{second} + fraction - offset;
  if (time < earliest || time >= end) return std::nullopt;
  return time;
}

}  // namespace

core::Result<core::Timestamp> parse_rfc3339(std::string_view text) {
  const std::optional<core::Timestamp> time = parse(text);
  if (!time) {
    return core::Error{
        core::ErrorCode::invalid_request,
        "a time is written as in RFC 3339 with its offset, such as \"2026-01-31T08:00:00Z\", between the "
        "years 1970 and 9999"};
  }
  return *time;
}

std::string to_rfc3339(core::Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<core::Duration> clock{time - day};
  std::string text;
  text.reserve(27);
  const auto write = [&](auto number, std::size_t digits, char behind) {
    const std::size_t begin = text.size();
    text.append(digits, '0');
    auto rest = static_cast<unsigned>(number);
    for (std::size_t at = begin + digits; at > begin; rest /= 10) text[--at] = static_cast<char>('0' + rest % 10);
    text.push_back(behind);
  };
  write(static_cast<int>(date.year()), 4, '-');
  write(static_cast<unsigned>(date.month()), 2, '-');
  write(static_cast<unsigned>(date.day()), 2, 'T');
  write(clock.hours().count(), 2, ':');
  write(clock.minutes().count(), 2, ':');
  const auto micros = clock.subseconds().count();
  write(clock.seconds().count(), 2, micros == 0 ? 'Z' : '.');
  if (micros != 0) write(micros, 6, 'Z');
  return text;
}

}  // namespace schemas
