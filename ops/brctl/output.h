// How subcommands answer: tables for people, JSON for programs, and exit codes that scripts can use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/money.h"
#include "core/result.h"
#include "core/time.h"
#include "ops/brctl/run.h"
#include "ops/brctl/table.h"
#include "ops/config_load.h"

namespace ops::brctl {

constexpr int answer_is_bad = 1;    // what was looked for is not there, what was compared differs
constexpr int wrong_arguments = 2;  // settings included
constexpr int could_not_look = 3;   // unreachable, unreadable

// Says what is wrong and sets the exit code that the error calls for.
void fail(Console& console, const core::Error& error);
void fail(Console& console, int exit_code, const std::string& what);

// --json. `json` must outlive `command`.
void add_json_flag(CLI::App& command, bool& json);

// What the service would be told by these flags; when they are wrong, says so and answers nothing.
std::optional<Config> config_of(Console& console, const ConfigFlags& flags);

// "2026-11-22T18:40:01.123Z": to a millisecond, and good for --from.
std::string time_text(core::Timestamp time);

// Nothing: "-" in a table, null in JSON.
using Cell = std::variant<std::monostate, std::string, std::int64_t, bool, core::Money, core::Timestamp>;

struct Column {
  std::string name;  // of the member in JSON; in capitals, with blanks for '_', the heading
  Align align = Align::left;
};

// Rows that are a table or JSON.
class Listing {
 public:
  explicit Listing(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // A cell for each column.
  void add(std::vector<Cell> cells);
  bool empty() const { return rows_.empty(); }

  std::string table() const;
  std::string json() const;  // an array of objects

  // The table, or the object {name: array}.
  void print(Console& console, bool as_json, const std::string& name) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace ops::brctl
