// Reads the JSON bodies of the AI Batch queue: every fault is listed, not only the first.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/request.h"
#include "api/request_faults.h"
#include "core/result.h"
#include "core/time.h"

namespace api {

// What a member answers after it has added a fault is of no use; ask faults.none() before anything is done.
class CheckedBody {
 public:
  // An object with no members but those named, each once. An empty body counts as {}. Errors: unsupported_media_type.
  static core::Result<CheckedBody> read(const http::Request& request, std::initializer_list<std::string_view> members,
                                        RequestFaults& faults);

  // Required.
  std::string object(std::string_view name, std::size_t bytes_max);  // as compact JSON
  std::string text(std::string_view name, std::size_t bytes_max);    // not empty
  std::string word(std::string_view name, const std::vector<std::string>& words);

  // Absent or null: the fallback, or nothing.
  std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max, std::int64_t fallback);
  std::optional<std::string> optional_text(std::string_view name, std::size_t bytes_max);
  std::optional<core::Timestamp> optional_time(std::string_view name);
  std::vector<std::string> optional_words(std::string_view name, const std::vector<std::string>& words);

 private:
  struct Member {
    std::string name;
    std::string json;  // compact
  };
  explicit CheckedBody(RequestFaults& faults) : faults_(&faults) {}

  const std::string* find(std::string_view name) const;   // nullptr: absent
  const std::string* given(std::string_view name) const;  // and not null
  const std::string* required(std::string_view name);
  std::string checked_text(std::string_view name, const std::string& json, std::size_t bytes_max);

  RequestFaults* faults_;
  bool readable_ = true;  // no object: nothing else is looked for
  std::vector<Member> members_;
};

}  // namespace api
