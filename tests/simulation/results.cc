// What providers are asked, and what becomes of what they answer: 16 (no orphan dispatch), and in the artifacts, as a
// customer downloads them, 14 (each item once), 17 (what each is charged), 18 (the receipts add up).
#include <rapidjson/document.h>

#include <algorithm>
#include <sstream>

#include "tests/simulation/oracle.h"
#include "tests/simulation/world.h"

namespace simulation {

namespace {

constexpr std::int64_t item_tokens_max = std::int64_t{1} << 24;

// One line of an artifact.
struct Row {
  std::string item;
  std::string original;  // that this one equals, if any
  std::int64_t input = 0, cached = 0, output = 0;
  core::Money cost;
};

std::optional<core::Money> money_at(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsObject() || !member->value.HasMember("amount"))
    return std::nullopt;
  return [&]() -> std::optional<core::Money> {
    const core::Result<core::Money> amount = core::money_from_decimal(member->value["amount"].GetString());
    return amount.has_value() ? std::optional(*amount) : std::nullopt;
  }();
}

std::optional<std::vector<Row>> rows_of(const std::string& text) {
  std::vector<Row> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    rapidjson::Document document;
    document.Parse(line.c_str());
    if (document.HasParseError() || !document.IsObject() || !document.HasMember("customer_item_id"))
      return std::nullopt;
    Row row;
    row.item = document["customer_item_id"].GetString();
    if (document.HasMember("duplicate_of")) row.original = document["duplicate_of"].GetString();
    const std::optional<core::Money> cost = money_at(document, "cost");
    if (!cost) return std::nullopt;
    row.cost = *cost;
    if (document.HasMember("usage")) {
      const rapidjson::Value& usage = document["usage"];
      row.input = usage["input_tokens"].GetInt64();
      row.cached = usage["cached_tokens"].GetInt64();
      row.output = usage["output_tokens"].GetInt64();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

core::Money sum_of(const std::vector<Row>& rows) {
  core::Money sum;
  for (const Row& row : rows) sum = sum + row.cost;
  return sum;
}

// Prices are picodollars a token: in 128 bits, rounded up once.
core::Money price(const core::Prices& prices, const Row& row) {
  __extension__ using Wide = __int128;
  const Wide picos = static_cast<Wide>(prices.input.picos()) * (row.input - row.cached) +
                     static_cast<Wide>(prices.cached_input.picos()) * row.cached +
                     static_cast<Wide>(prices.output.picos()) * row.output;
  return core::Money::from_nanos(static_cast<std::int64_t>((picos + 999) / 1000));
}

bool possible(const processors::Usage& usage) {
  return usage.input_tokens > 0 && usage.cached_tokens >= 0 && usage.cached_tokens <= usage.input_tokens &&
         usage.output_tokens >= 0 && usage.input_tokens <= item_tokens_max && usage.output_tokens <= item_tokens_max;
}

}  // namespace

// --- calls ----------------------------------------------------------------------------------------------------------

void Oracle::provider_called(const processors::Attempt& attempt) {
  look();
  const std::string name = attempt.batch.value() + " unit " + std::to_string(attempt.unit.value()) + " attempt " +
                           std::to_string(attempt.number.value());
  const auto batch = model_.batches.find(attempt.batch);
  if (batch == model_.batches.end() || batch->second.org != attempt.org ||
      attempt.unit.value() >= batch->second.units.size())
    return fail(16, "a provider is called for " + name + ", of which the log knows nothing");
  const Model::Unit& unit = batch->second.units[attempt.unit.value()];
  if (attempt.number > unit.attempt)
    return fail(16, "a provider is called for " + name + " without the intent in the log");
  if (attempt.number == unit.attempt &&
      (attempt.provider != unit.provider || attempt.model != unit.model || attempt.mode != unit.mode))
    return fail(16, "another lane is called for " + name + " than was intended");
  if (attempt.resumed) reached(attempt.handle.empty() ? "unknown outcome: begun anew" : "unknown outcome: taken up");
  const auto ended = unit.ended.find(attempt.number);
  if (ended == unit.ended.end() || world_.running() == nullptr) return;
  // Who has not heard of the end yet, having been replaced, may still call: the intent was its own.
  const auto bytes = world_.running()->store().get(partition_of(attempt.org), schemas::position_key);
  if (bytes.has_error() || !*bytes) return;
  const auto position = schemas::decode_position(**bytes);
  if (position.has_value() && position->next > ended->second)
    fail(16, "a provider is called for " + name + " after that attempt had ended");
}

void Oracle::provider_answered(const processors::Attempt& attempt, const processors::LaneAnswer& answer) {
  if (answer.verdict != processors::Verdict::succeeded) return;
  std::vector<Said>& said = said_[{attempt.batch, answer.number}];
  if (!said.empty() && said.back().text != answer.text) reached("conflicting duplicate result");
  said.push_back({answer.usage, answer.text});
}

// --- artifacts ------------------------------------------------------------------------------------------------------

void Oracle::downloaded(const core::BatchId& id, const Downloads& downloads) {
  const auto found = model_.batches.find(id);
  if (found == model_.batches.end() || !found->second.over()) return fail(14, id.value() + " has artifacts already");
  const Model::Batch& batch = found->second;
  const core::batch::Progress sum = batch.progress();
  downloaded_.insert(id);
  if (downloads.output.size() != sum.segments.output || downloads.error.size() != sum.segments.error ||
      downloads.receipt.size() != sum.segments.receipt)
    return fail(14, "the artifacts of " + id.value() + " are not as long as the log says");

  const auto output = rows_of(downloads.output);
  const auto error = rows_of(downloads.error);
  if (!output || !error) return fail(14, "the artifacts of " + id.value() + " cannot be read");
  std::set<std::string> items;
  for (const auto* rows : {&*output, &*error}) {
    for (const Row& row : *rows) {
      if (!items.insert(row.item).second) return fail(14, row.item + " of " + id.value() + " has two results");
    }
  }
  if (items.size() != batch.accepted.plan.item_count || output->size() != sum.tally.succeeded)
    return fail(14, id.value() + " has " + std::to_string(output->size()) + " and " + std::to_string(error->size()) +
                        " rows; by the log " + std::to_string(sum.tally.succeeded) + " of " +
                        std::to_string(batch.accepted.plan.item_count) + " items succeeded");

  for (const Row& row : *error) {
    if (row.cost != core::Money{}) return fail(17, row.item + " of " + id.value() + " failed, and is charged");
  }
  for (const Row& row : *output) {
    if (!row.original.empty()) {
      if (row.cost != core::Money{}) return fail(17, row.item + " equals another item, and is charged");
      continue;
    }
    const processors::Usage usage{row.input, row.cached, row.output};
    if (!possible(usage)) return fail(17, row.item + " of " + id.value() + " is charged for impossible usage");
    // The dearest route: what is charged may lie below, where the quote's ceiling cuts it off.
    core::Money most;
    for (const core::quote::Route& route : batch.accepted.plan.routes) most = std::max(most, price(route.prices, row));
    if (row.cost > most) return fail(17, row.item + " of " + id.value() + " is charged more than its usage comes to");
    const std::string digits = row.item.substr(row.item.find('_') + 1);
    const std::vector<Said>& said = said_[{id, static_cast<std::uint32_t>(std::stoul(digits))}];
    const bool honest = std::all_of(said.begin(), said.end(), [](const Said& one) { return possible(one.usage); });
    const bool reported = std::any_of(said.begin(), said.end(), [&](const Said& one) {
      return one.usage.input_tokens == row.input && one.usage.output_tokens == row.output;
    });
    if (honest && !reported && batch.accepted.retry_of == std::nullopt)
      return fail(17, row.item + " of " + id.value() + " is charged for usage that nobody reported");
  }

  const auto receipts = rows_of(downloads.receipt);
  if (!receipts) return fail(18, "the receipts of " + id.value() + " cannot be read");
  std::set<std::string> charged;
  for (const Row& row : *receipts) {
    if (!charged.insert(row.item).second) return fail(18, row.item + " of " + id.value() + " has two receipts");
  }
  if (sum_of(*receipts) != batch.captured || sum_of(*output) != batch.captured)
    fail(18, "the receipts of " + id.value() + " come to " + core::to_decimal(sum_of(*receipts)) + ", its results to " +
                 core::to_decimal(sum_of(*output)) + ", and " + core::to_decimal(batch.captured) + " was captured");
}

}  // namespace simulation
