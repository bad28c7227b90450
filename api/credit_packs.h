// What customers can buy.
#pragma once

#include <span>
#include <string_view>

#include "core/money.h"

namespace api {

struct CreditPack {
  std::string_view code;
  core::Money amount;  // what it costs and what it credits; whole cents
};

std::span<const CreditPack> credit_packs();

// Null when there is none.
const CreditPack* find_credit_pack(std::string_view code);

}  // namespace api
