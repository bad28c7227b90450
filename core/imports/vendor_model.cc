#include "core/imports/vendor_model.h"

#include <algorithm>
#include <string>

namespace core::imports {
namespace {

// Whether `text` looks like `form`, in which every 0 stands for a digit.
bool has_form(std::string_view text, std::string_view form) {
  return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char character, char expected) {
    return expected == '0' ? character >= '0' && character <= '9' : character == expected;
  });
}

std::string_view without_edition(std::string_view name) {
  constexpr std::string_view forms[] = {"-0000-00-00", "-00000000", "-latest"};
  for (const std::string_view form : forms) {
    if (name.size() > form.size() && has_form(name.substr(name.size() - form.size()), form))
      return name.substr(0, name.size() - form.size());
  }
  return name;
}

}  // namespace

const Model* vendor_model(const Catalog& catalog, std::string_view name) {
  if (const Model* model = catalog.model(ModelSlug(std::string(name)))) return model;
  return catalog.model(ModelSlug(std::string(without_edition(name))));
}

const Offering* offering_at(const Catalog& catalog, const ProviderId& provider, const ModelSlug& model, Mode mode) {
  for (const std::size_t index : catalog.offerings_of(model)) {
    const Offering& offering = catalog.offerings()[index];
    if (offering.provider == provider && offering.mode == mode) return &offering;
  }
  return nullptr;
}

}  // namespace core::imports
