// Catalogs and what changes in them, as tables and as JSON.
#pragma once

#include <string>
#include <vector>

#include "api/json_text.h"
#include "core/catalog.h"
#include "schemas/price_lists/comparison.h"

namespace ops::brctl {

std::string price_table(const core::Catalog& catalog);
std::string change_table(const std::vector<schemas::price_lists::Change>& changes);

// "gpt-5.4-mini of openai, batch"
std::string name_of(const core::Offering& offering);

// Members of the object that is open.
void write_changes(api::JsonText& json, const std::vector<schemas::price_lists::Change>& changes);
void write_offerings(api::JsonText& json, const char* name, const std::vector<core::Offering>& offerings);
void write_refusals(api::JsonText& json, const std::vector<schemas::price_lists::Refusal>& refusals);

}  // namespace ops::brctl
