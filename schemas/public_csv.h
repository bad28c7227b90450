// Records of the public topics as lines of CSV, for files that a database loads.
#pragma once

#include <string>

#include "schemas/public_records.h"

namespace schemas {

// As RFC 4180 has it, but that lines end with a line feed alone: a column for each member, by its name and in its order
// in the topic. Money is whole nano-USD, with the exact decimal USD in a second column, "<name>_usd". What is absent is
// empty; what is no plain value is JSON.
template <class Record>
std::string csv_header();
template <class Record>
std::string csv_line(const Record& record);

}  // namespace schemas
