#include "schemas/public_records.h"

#include "schemas/json_codec.h"
#include "schemas/public_descriptions.h"

namespace schemas {

template <class Record>
std::string_view public_topic() {
  return TypeName<Record>::value;
}

template <class Record>
std::string encode_public(const Record& record) {
  return to_json_text(record);
}

template std::string_view public_topic<PublicPosting>();
template std::string_view public_topic<PublicQuote>();
template std::string_view public_topic<PublicDispatch>();
template std::string_view public_topic<PublicBatch>();
template std::string encode_public(const PublicPosting&);
template std::string encode_public(const PublicQuote&);
template std::string encode_public(const PublicDispatch&);
template std::string encode_public(const PublicBatch&);

}  // namespace schemas
