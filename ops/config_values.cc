#include "ops/config_values.h"

#include <array>

namespace ops {

namespace {

struct Unit {
  std::string_view name;
  int shift;
};
constexpr std::array units{Unit{"TiB", 40}, Unit{"GiB", 30}, Unit{"MiB", 20}, Unit{"KiB", 10}};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Browsers compare with what they send, which is in lower case.
bool is_origin(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view host = text.substr(scheme.size());
    return !host.empty() && std::ranges::all_of(host, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view(".-:[]").find(c) != std::string::npos;
    });
  }
  return false;
}

}  // namespace

std::string toml_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (byte < ' ' || byte == 0x7f) {
      result += "\\u00";
      result += {digits[byte >> 4], digits[byte & 0xf]};
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::optional<std::uint64_t> bytes_from(std::string_view text) {
  int shift = 0;
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    text.remove_suffix(unit.name.size());
    if (text.ends_with(' ')) text.remove_suffix(1);
    shift = unit.shift;
    break;
  }
  const std::optional<std::uint64_t> number = whole_number_from<std::uint64_t>(text);
  if (!number || *number > UINT64_MAX >> shift) return std::nullopt;
  return *number << shift;
}

std::string bytes_to_text(std::uint64_t bytes) {
  for (const Unit& unit : units) {
    const std::uint64_t size = std::uint64_t{1} << unit.shift;
    if (bytes >= size && bytes % size == 0) return std::to_string(bytes >> unit.shift) + " " + std::string(unit.name);
  }
  return std::to_string(bytes);
}

std::optional<std::vector<std::string>> origins_from(std::string_view text) {
  constexpr std::size_t origins_max = 100;
  std::vector<std::string> origins;
  if (trimmed(text).empty()) return origins;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view origin = trimmed(text.substr(begin, end - begin));
    begin = end + 1;
    if (origins.size() == origins_max || !(origin == "*" || is_origin(origin))) return std::nullopt;
    origins.emplace_back(origin);
  }
  return origins;
}

ValueType<std::string> text(std::string allowed, bool (*is_allowed)(std::string_view)) {
  return {.kind = Kind::text,
          .allowed = std::move(allowed),
          .parse = [is_allowed](std::string_view given) -> std::optional<std::string> {
            return is_allowed(given) ? std::optional<std::string>(given) : std::nullopt;
          },
          .format = [](const std::string& value) { return toml_string(value); }};
}

ValueType<std::string> secret() {
  return {.kind = Kind::text,
          .allowed = "a key as the provider gave it, or \"\"; it is never shown again",
          .parse = [](std::string_view given) -> std::optional<std::string> {
            const bool printable = std::ranges::all_of(given, [](char c) { return c > ' ' && c <= '~'; });
            return printable ? std::optional<std::string>(given) : std::nullopt;
          },
          .format = [](const std::string& given) { return std::string(given.empty() ? "\"\"" : "\"***\""); },
          .is_secret = true};
}

ValueType<bool> boolean() {
  return {.kind = Kind::boolean,
          .allowed = "true or false",
          .parse = [](std::string_view given) -> std::optional<bool> {
            if (given == "true") return true;
            if (given == "false") return false;
            return std::nullopt;
          },
          .format = [](const bool& value) -> std::string { return value ? "true" : "false"; }};
}

ValueType<core::Money> money(core::Money max) {
  return {.kind = Kind::text,
          .allowed = "an amount of USD in quotes, from \"0.00\" to " + toml_string(core::to_decimal(max)),
          .parse = [max](std::string_view given) -> std::optional<core::Money> {
            const core::Result<core::Money> amount = core::money_from_decimal(given);
            if (!amount || *amount < core::Money() || *amount > max) return std::nullopt;
            return *amount;
          },
          .format = [](const core::Money& amount) { return toml_string(core::to_decimal(amount)); }};
}

ValueType<double> rate() {
  return {.kind = Kind::number,
          .allowed = "a number from 0.0 to 1.0",
          .parse = [](std::string_view given) -> std::optional<double> {
            double number = 0;
            const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), number);
            if (error != std::errc() || end != given.data() + given.size()) return std::nullopt;
            return number >= 0 && number <= 1 ? std::optional(number) : std::nullopt;
          },
          .format =
              [](const double& number) {
                std::array<char, 32> digits{};
                const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
                const std::string shortest(digits.data(), end);
                return shortest.find_first_of(".e") == std::string::npos ? shortest + ".0" : shortest;
              }};
}

ValueType<std::uint64_t> byte_count(std::uint64_t min, std::uint64_t max) {
  return {.kind = Kind::byte_count,
          .allowed =
              "bytes from " + bytes_to_text(min) + " to " + bytes_to_text(max) + ", as a number or such as \"64 MiB\"",
          .parse = [min, max](std::string_view given) -> std::optional<std::uint64_t> {
            const std::optional<std::uint64_t> bytes = bytes_from(given);
            return bytes && *bytes >= min && *bytes <= max ? bytes : std::nullopt;
          },
          .format =
              [](const std::uint64_t& bytes) {
                const std::string shown = bytes_to_text(bytes);
                return shown.ends_with("B") ? toml_string(shown) : shown;
              }};
}

ValueType<std::vector<std::chrono::seconds>> seconds_list(std::size_t size_max, std::chrono::seconds max) {
  using List = std::vector<std::chrono::seconds>;
  return {.kind = Kind::list,
          .allowed = "at most " + std::to_string(size_max) + " whole numbers from 0 to " + std::to_string(max.count()) +
                     ", such as [5, 300]",
          .parse = [size_max, max](std::string_view given) -> std::optional<List> {
            if (given.starts_with('[') && given.ends_with(']') && given.size() >= 2)
              given = given.substr(1, given.size() - 2);
            List list;
            given = trimmed(given);
            while (!given.empty()) {
              const std::size_t comma = std::min(given.find(','), given.size());
              const auto number = whole_number_from<std::uint32_t>(trimmed(given.substr(0, comma)));
              if (!number || *number > max.count() || list.size() == size_max) return std::nullopt;
              list.emplace_back(*number);
              if (comma + 1 == given.size()) return std::nullopt;
              given.remove_prefix(std::min(comma + 1, given.size()));
            }
            return list;
          },
          .format =
              [](const List& list) {
                std::string text = "[";
                for (const std::chrono::seconds& wait : list)
                  text += (text.size() > 1 ? ", " : "") + std::to_string(wait.count());
                return text + "]";
              }};
}

}  // namespace ops
