// Rows of words in columns, for people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ops::brctl {

enum class Align { left, right };

// The first row is the heading. Columns are as wide as their widest word and two blanks apart; those for which `aligns`
// says nothing begin at the left.
std::string render_table(const std::vector<std::vector<std::string>>& rows, const std::vector<Align>& aligns = {});

// "12,345"
std::string grouped(std::size_t count);

// "1 price", "2,000 prices"
std::string counted(std::size_t count, const std::string& noun);

}  // namespace ops::brctl
