#include "ops/brctl/output.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <optional>
#include <ostream>

#include "api/json_text.h"
#include "core/invariant.h"
#include "core/overloaded.h"
#include "schemas/rfc3339.h"

namespace ops::brctl {

namespace {

bool says_not_found(core::ErrorCode code) {
  return core::to_string(code).ends_with("not_found");
}

std::string text_of(const Cell& cell) {
  return std::visit(core::Overloaded{
                        [](std::monostate) { return std::string("-"); },
                        [](const std::string& text) { return text; },
                        [](std::int64_t number) { return std::to_string(number); },
                        [](bool value) { return std::string(value ? "yes" : "no"); },
                        [](core::Money money) { return core::to_decimal(money); },
                        [](core::Timestamp time) { return time_text(time); },
                    },
                    cell);
}

void write(api::JsonText& json, const std::string& name, const Cell& cell) {
  std::visit(core::Overloaded{
                 [&](std::monostate) { json.null(name); },
                 [&](const std::string& text) { json.text(name, text); },
                 [&](std::int64_t number) { json.number(name, number); },
                 [&](bool value) { json.boolean(name, value); },
                 [&](core::Money money) { json.money(name, money); },
                 [&](core::Timestamp time) { json.time(name, time); },
             },
             cell);
}

}  // namespace

void fail(Console& console, int exit_code, const std::string& what) {
  console.errors << what << '\n';
  console.exit_code = exit_code;
}

void fail(Console& console, const core::Error& error) {
  int exit_code = could_not_look;
  if (says_not_found(error.code)) exit_code = answer_is_bad;
  if (error.code == core::ErrorCode::invalid_request || error.code == core::ErrorCode::configuration_invalid)
    exit_code = wrong_arguments;
  fail(console, exit_code, error.detail);
}

void add_json_flag(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "As JSON");
}

std::optional<Config> config_of(Console& console, const ConfigFlags& flags) {
  auto effective = load_effective_config(flags, console.environment);
  if (effective) return std::move(effective->config);
  fail(console, effective.error());
  return std::nullopt;
}

std::string time_text(core::Timestamp time) {
  const std::string text = schemas::to_rfc3339(time);
  const std::size_t point = text.find('.');
  return point == std::string::npos ? text : text.substr(0, point + 4) + "Z";
}

void Listing::add(std::vector<Cell> cells) {
  INVARIANT(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Listing::table() const {
  std::vector<std::vector<std::string>> rows;
  std::vector<Align> aligns;
  std::vector<std::string>& heading = rows.emplace_back();
  for (const Column& column : columns_) {
    std::string name = column.name;
    for (char& letter : name)
      letter = letter == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    heading.push_back(std::move(name));
    aligns.push_back(column.align);
  }
  for (const auto& cells : rows_) std::ranges::transform(cells, std::back_inserter(rows.emplace_back()), text_of);
  return render_table(rows, aligns);
}

std::string Listing::json() const {
  std::string text = "[";
  for (const auto& cells : rows_) {
    api::JsonText object;
    for (std::size_t i = 0; i < cells.size(); ++i) write(object, columns_[i].name, cells[i]);
    if (text.size() > 1) text += ',';
    text += std::move(object).finish();
  }
  return text + "]";
}

void Listing::print(Console& console, bool as_json, const std::string& name) const {
  if (as_json) {
    console.out << std::move(api::JsonText().json(name, json())).finish() << '\n';
    return;
  }
  console.out << table();
}

}  // namespace ops::brctl
