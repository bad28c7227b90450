#include "processors/intake/equal_items.h"

#include <algorithm>
#include <charconv>

#include "schemas/digest.h"

namespace processors {

namespace {

std::uint64_t number_of(std::string_view hexadecimal) {
  std::uint64_t number = 0;
  std::from_chars(hexadecimal.data(), hexadecimal.data() + hexadecimal.size(), number, 16);
  return number;
}

}  // namespace

void EqualItems::add(const core::ManifestItem& item, const Place& place) {
  schemas::Sha256 digest;
  digest.update(core::to_string(item.operation));
  for (const core::ModelSlug& model : item.models) {
    digest.update("\n");
    digest.update(model.value());
  }
  digest.update("\n" + (item.max_cost ? std::to_string(item.max_cost->nanos()) : "") + "\n");
  digest.update(item.input);
  const std::string text = digest.finish().value();
  asked_.push_back(
      {{number_of(std::string_view(text).substr(0, 16)), number_of(std::string_view(text).substr(16, 16))}, place});
}

void EqualItems::finish() {
  std::sort(asked_.begin(), asked_.end(), [](const Asked& a, const Asked& b) {
    return a.digest != b.digest ? a.digest < b.digest : a.place.number < b.place.number;
  });
  for (std::size_t i = 0, original = 0; i < asked_.size(); ++i) {
    if (asked_[i].digest != asked_[original].digest || i - original > equals_max) original = i;
    if (i == original) continue;
    equals_.push_back({asked_[original].place.number, asked_[i].place});
    const std::uint32_t number = asked_[i].place.number;
    if (is_equal_.size() <= number) is_equal_.resize(number + 1);
    is_equal_[number] = true;
  }
  asked_ = {};
  std::sort(equals_.begin(), equals_.end(), [](const Equal& a, const Equal& b) {
    return a.original != b.original ? a.original < b.original : a.place.number < b.place.number;
  });
}

std::vector<EqualItems::Place> EqualItems::equals_of(std::uint32_t number) const {
  std::vector<Place> places;
  auto equal = std::lower_bound(equals_.begin(), equals_.end(), number,
                                [](const Equal& one, std::uint32_t original) { return one.original < original; });
  for (; equal != equals_.end() && equal->original == number; ++equal) places.push_back(equal->place);
  return places;
}

}  // namespace processors
