// Checks that header and items share. Each adds a fault and answers nullopt when its value is not what it must be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/manifest/faults.h"
#include "schemas/manifest/json_text.h"

namespace schemas::manifest {

constexpr std::size_t metadata_pairs_max = 16;
constexpr std::size_t metadata_name_characters_max = 64;
constexpr std::size_t metadata_value_characters_max = 512;

std::optional<std::string> read_string(const FaultScope& faults, std::string_view pointer, std::string_view json);
std::optional<bool> read_bool(const FaultScope& faults, std::string_view pointer, std::string_view json);
std::optional<std::int64_t> read_integer(const FaultScope& faults, std::string_view pointer, std::string_view json,
                                         std::int64_t min, std::int64_t max);
// 1 to `count_max` strings.
std::optional<std::vector<std::string>> read_strings(const FaultScope& faults, std::string_view pointer,
                                                     std::string_view json, std::size_t count_max);
// At most 16 pairs of strings, as OpenAI allows; answers the text itself.
std::optional<std::string> read_metadata(const FaultScope& faults, std::string_view pointer, std::string_view json);

void add_unknown_field(const FaultScope& faults, std::string_view name, std::span<const std::string_view> known);
void add_duplicate_field(const FaultScope& faults, std::string_view name);
// A word that is none of `known`: names them and guesses which was meant.
void add_unknown_word(const FaultScope& faults, std::string_view code, std::string_view pointer, std::string_view word,
                      std::span<const std::string_view> known);

std::size_t character_count(std::string_view utf8);
bool has_control_character(std::string_view text);

}  // namespace schemas::manifest
