#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ops {

// "; did you mean http.port?" when one of `known` is near enough to what was written, otherwise nothing.
std::string did_you_mean(std::string_view written, const std::vector<std::string>& known);

}  // namespace ops
