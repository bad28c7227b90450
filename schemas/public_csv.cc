#include "schemas/public_csv.h"

#include "schemas/json_codec.h"
#include "schemas/public_descriptions.h"

namespace schemas {

namespace {

// Cells are appended with a comma behind each; the last one becomes the end of the line.
std::string ended(std::string line) {
  line.back() = '\n';
  return line;
}

void add_cell(std::string& line, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    line += text;
  } else {
    line += '"';
    for (const char letter : text) line.append(letter == '"' ? 2 : 1, letter);
    line += '"';
  }
  line += ',';
}

void add(std::string& line, const std::string& value) {
  add_cell(line, value);
}

template <class T>
requires std::is_integral_v<T>
void add(std::string& line, T value) {
  add_cell(line, std::to_string(value));
}

template <class T>
requires std::is_enum_v<T>
void add(std::string& line, T value) {
  add_cell(line, EnumNames<T>::list[static_cast<std::size_t>(value)]);
}

template <class Tag, class Rep>
void add(std::string& line, const core::StrongId<Tag, Rep>& value) {
  add(line, value.value());
}

void add(std::string& line, core::Timestamp value) {
  add_cell(line, to_rfc3339(value));
}

void add(std::string& line, core::Money value) {
  add(line, value.nanos());
  add_cell(line, core::to_decimal(value));
}

template <class T>
void add(std::string& line, const std::vector<T>& values) {
  add_cell(line, to_json_text(values));
}

template <class T>
constexpr std::size_t columns_of = std::is_same_v<T, core::Money> ? 2 : 1;

template <class T>
void add(std::string& line, const std::optional<T>& value) {
  if (value)
    add(line, *value);
  else
    line.append(columns_of<T>, ',');
}

template <class T>
struct Plain {
  using Type = T;
};
template <class T>
struct Plain<std::optional<T>> {
  using Type = T;
};

template <class Class, class Member>
void add_name(std::string& line, const Field<Class, Member>& field) {
  add_cell(line, field.name);
  if constexpr (columns_of<typename Plain<Member>::Type> == 2) add_cell(line, std::string(field.name) + "_usd");
}

}  // namespace

template <class Record>
std::string csv_header() {
  std::string line;
  std::apply([&](const auto&... field) { (add_name(line, field), ...); }, Fields<Record>::list);
  return ended(std::move(line));
}

template <class Record>
std::string csv_line(const Record& record) {
  std::string line;
  std::apply([&](const auto&... field) { (add(line, record.*field.member), ...); }, Fields<Record>::list);
  return ended(std::move(line));
}

template std::string csv_header<PublicPosting>();
template std::string csv_header<PublicQuote>();
template std::string csv_header<PublicBatch>();
template std::string csv_line(const PublicPosting&);
template std::string csv_line(const PublicQuote&);
template std::string csv_line(const PublicBatch&);

}  // namespace schemas
