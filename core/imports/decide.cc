#include "core/imports/rules.h"

namespace core::imports {

namespace {

// The sums that the import would lead to.
bool fits(const State& state, const RecordImport& command) {
  Totals all;
  for (const DayTotals& day : command.days) {
    ImportDay key{command.org, command.provider, day.day, day.model, day.operation, {}};
    const ImportDay* known = state.find<ImportDay>(key.key());
    // A day that is named twice adds up to no more than all days together.
    const std::optional<Totals> sum = checked_add(all, day.totals);
    if (!sum || (known != nullptr && !checked_add(known->totals, *sum))) return false;
    all = *sum;
  }
  return true;
}

// An import that is known gains a key: no day of it is counted again.
ImportRecorded key_of_known(const RecordImport& command, const ImportId& import) {
  ImportRecorded keyed;
  keyed.org = command.org;
  keyed.import = import;
  keyed.provider = command.provider;
  keyed.content = command.content;
  keyed.idempotency = command.idempotency;
  return keyed;
}

}  // namespace

Result<Decision> decide_one(const State& state, const Context&, const RecordImport& command) {
  if (const ImportContent* keyed = state.find<ImportContent>({command.org, command.idempotency})) {
    const Import* first = state.find<Import>({command.org, keyed->import});
    if (first == nullptr || first->content != command.content)
      return Error{ErrorCode::idempotency_conflict,
                   "this Idempotency-Key was used with another import; use a new key for a new one", "Idempotency-Key"};
    return Decision{{}, keyed->import.value(), true};
  }
  if (const ImportContent* known = state.find<ImportContent>({command.org, command.content})) {
    Decision decision{{}, known->import.value(), true};
    if (!command.idempotency.value().empty()) decision.events.push_back(key_of_known(command, known->import));
    return decision;
  }
  if (command.days.empty()) return Error{ErrorCode::invalid_request, "there is no row to import"};
  if (command.days.size() > import_days_max)
    return Error{ErrorCode::import_too_large, "an import may have at most " + std::to_string(import_days_max) +
                                                  " days times models times operations; import it in parts"};
  if (!fits(state, command))
    return Error{ErrorCode::amount_out_of_range, "the tokens or prices of these rows add up to more than can be kept"};
  return Decision{{ImportRecorded{command.org, command.import, command.provider, command.content, command.idempotency,
                                  command.manifest, command.manifest_items, command.fault_count, command.faults,
                                  command.failure_codes, command.catalog_version, command.days}},
                  command.import.value()};
}

}  // namespace core::imports
