// Vendors name dated editions of their models; a catalog names the models.
#pragma once

#include <string_view>

#include "core/catalog.h"

namespace core::imports {

// The model that a vendor's name means: the slug itself, or one with a date behind it or "-latest"
// ("gpt-4o-mini-2024-07-18", "claude-haiku-4-5-20251001"). nullptr: none that the catalog knows.
const Model* vendor_model(const Catalog& catalog, std::string_view name);

// nullptr: the provider does not sell it so.
const Offering* offering_at(const Catalog& catalog, const ProviderId& provider, const ModelSlug& model, Mode mode);

}  // namespace core::imports
