#include "api/credit_packs.h"

#include <algorithm>
#include <array>

namespace api {

namespace {

constexpr std::array packs{CreditPack{"credit_10", core::Money::from_cents(10'00)},
                           CreditPack{"credit_25", core::Money::from_cents(25'00)},
                           CreditPack{"credit_100", core::Money::from_cents(100'00)},
                           CreditPack{"credit_500", core::Money::from_cents(500'00)}};

}  // namespace

std::span<const CreditPack> credit_packs() {
  return packs;
}

const CreditPack* find_credit_pack(std::string_view code) {
  const auto pack = std::ranges::find(packs, code, &CreditPack::code);
  return pack == packs.end() ? nullptr : &*pack;
}

}  // namespace api
