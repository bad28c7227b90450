#include "schemas/manifest/fields.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace schemas::manifest {
namespace {

// Letters inserted, dropped or replaced between two words (Levenshtein).
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t i = 0; i <= to.size(); ++i) row[i] = i;
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t distance_max = 2;
  constexpr std::size_t word_bytes_max = 40;
  if (word.size() > word_bytes_max) return "";
  std::string_view best;
  std::size_t best_distance = distance_max + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best.empty() ? "" : " (did you mean \"" + std::string(best) + "\"?)";
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

}  // namespace

std::optional<std::string> read_string(const FaultScope& faults, std::string_view pointer, std::string_view json) {
  std::optional<std::string> text = decode_string(json);
  if (!text) faults.add("invalid_type", pointer, "must be a string");
  return text;
}

std::optional<bool> read_bool(const FaultScope& faults, std::string_view pointer, std::string_view json) {
  if (json == "true") return true;
  if (json == "false") return false;
  faults.add("invalid_type", pointer, "must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(const FaultScope& faults, std::string_view pointer, std::string_view json,
                                         std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (end != json.data() + json.size() || problem == std::errc::invalid_argument) {
    faults.add("invalid_type", pointer, "must be a whole number");
    return std::nullopt;
  }
  if (problem != std::errc{} || value < min || value > max) {
    faults.add("out_of_range", pointer, "must be from " + std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }
  return value;
}

std::optional<std::vector<std::string>> read_strings(const FaultScope& faults, std::string_view pointer,
                                                     std::string_view json, std::size_t count_max) {
  const std::optional<std::vector<std::string_view>> elements = split_array(json);
  if (!elements) {
    faults.add("invalid_type", pointer, "must be an array of strings");
    return std::nullopt;
  }
  if (elements->empty()) {
    faults.add("empty_value", pointer, "must not be empty: leave it out or name at least one");
    return std::nullopt;
  }
  if (elements->size() > count_max) {
    faults.add("too_many", pointer, "must have at most " + std::to_string(count_max) + " entries");
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    std::optional<std::string> text =
        read_string(faults, std::string(pointer) + "/" + std::to_string(i), (*elements)[i]);
    if (text) texts.push_back(std::move(*text));
  }
  if (texts.size() < elements->size()) return std::nullopt;
  return texts;
}

std::optional<std::string> read_metadata(const FaultScope& faults, std::string_view pointer, std::string_view json) {
  const std::optional<std::vector<JsonMember>> pairs = split_object(json);
  if (!pairs) {
    faults.add("invalid_type", pointer, "must be an object of strings");
    return std::nullopt;
  }
  if (pairs->size() > metadata_pairs_max) {
    faults.add("too_many", pointer, "must have at most 16 pairs");
    return std::nullopt;
  }
  bool good = true;
  const auto refuse = [&](std::string_view code, const std::string& name, std::string message) {
    faults.add(code, std::string(pointer) + pointer_step(name), std::move(message));
    good = false;
  };
  std::set<std::string_view> names;
  for (const JsonMember& pair : *pairs) {
    const std::optional<std::string> value = decode_string(pair.value);
    if (!names.insert(pair.name).second) refuse("duplicate_field", pair.name, "stands here twice: keep one of them");
    if (character_count(pair.name) > metadata_name_characters_max)
      refuse("too_long", pair.name, "the name must have at most 64 characters");
    if (!value) {
      refuse("invalid_type", pair.name, "must be a string");
    } else if (character_count(*value) > metadata_value_characters_max) {
      refuse("too_long", pair.name, "must have at most 512 characters");
    }
  }
  if (!good) return std::nullopt;
  return std::string(json);
}

void add_unknown_field(const FaultScope& faults, std::string_view name, std::span<const std::string_view> known) {
  if (faults.full()) return faults.add("unknown_field", "", "");
  faults.add("unknown_field", pointer_step(name),
             "there is no field \"" + shortened(name) + "\" here" + did_you_mean(name, known) +
                 ": remove it; fields are " + joined(known));
}

void add_duplicate_field(const FaultScope& faults, std::string_view name) {
  faults.add("duplicate_field", pointer_step(name), "\"" + shortened(name) + "\" stands here twice: keep one of them");
}

void add_unknown_word(const FaultScope& faults, std::string_view code, std::string_view pointer, std::string_view word,
                      std::span<const std::string_view> known) {
  faults.add(code, pointer, "\"" + shortened(word) + "\" is none of " + joined(known) + did_you_mean(word, known));
}

std::size_t character_count(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F; });
}

}  // namespace schemas::manifest
