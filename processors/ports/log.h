// What the service tells its operator: an event, a stable word such as "batch_ended", and a few named values.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace processors {

// A name from our code and a short value: an id, a word, a number. Never a secret, never a payload.
// The texts live as long as the call that they are handed to.
struct Field {
  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  template <std::integral Number>
  requires(!std::same_as<Number, bool> && !std::same_as<Number, char>) Field(std::string_view field_name, Number number)
      : name(field_name) {
    if constexpr (std::signed_integral<Number>) {
      value = std::int64_t{number};
    } else {
      value = std::uint64_t{number};
    }
  }

  std::string_view name;  // not "time", "level" or "event"
  std::variant<std::string_view, std::int64_t, std::uint64_t> value;
};

using Fields = std::initializer_list<Field>;

// Threading: any thread. A line may be lost, so nothing may depend on one. `write` does not wait for a slow reader.
class Log {
 public:
  enum class Level { debug, info, warning, error };

  virtual ~Log() = default;
  virtual void write(Level level, std::string_view event, Fields fields) = 0;
};

inline void debug(Log& log, std::string_view event, Fields fields = {}) {
  log.write(Log::Level::debug, event, fields);
}
inline void info(Log& log, std::string_view event, Fields fields = {}) {
  log.write(Log::Level::info, event, fields);
}
inline void warn(Log& log, std::string_view event, Fields fields = {}) {
  log.write(Log::Level::warning, event, fields);
}
inline void error(Log& log, std::string_view event, Fields fields = {}) {
  log.write(Log::Level::error, event, fields);
}

}  // namespace processors
