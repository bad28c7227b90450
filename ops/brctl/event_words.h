// What matters of an event, in a few words for people.
#pragma once

#include <span>
#include <string>

#include "core/effect.h"
#include "core/event.h"

namespace ops::brctl {

// "1,000 items in 2 units, at most 0.42 USD". Never a secret and nothing sealed.
std::string words_of(const core::Event& event);

// Of events of one type and shape, at least one: sums, where there are any.
std::string words_of(std::span<const core::Event* const> alike);

// What tells events of one type apart when many are shown as one; equal where nothing does.
std::string shape_of(const core::Event& event);

// "run unit 3"
std::string words_of(const core::Effect& effect);

// "1,000 items: 990 succeeded, 10 failed"
std::string tally_words(const core::batch::Tally& tally);

// "0.42 USD"
std::string usd(core::Money amount);

}  // namespace ops::brctl
