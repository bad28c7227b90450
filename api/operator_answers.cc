#include "api/operator_answers.h"

#include <rapidjson/document.h>

#include <optional>
#include <utility>

#include "schemas/rfc3339.h"

namespace api {

namespace {

using rapidjson::Value;

core::Error no_such_answer() {
  return {core::ErrorCode::network_failed,
          "the answer is none of a batchrouter of this version: is something else listening there?"};
}

// Reads members; after the first that is missing or of another kind, `good` stays false.
// Lifetime: of the document.
class Members {
 public:
  Members(const Value& value, bool& good) : value_(value), good_(good) {
    if (!value.IsObject()) good_ = false;
  }

  std::string text(const char* name) const {
    const Value* member = find(name);
    if (member == nullptr || !member->IsString()) return fail<std::string>();
    return {member->GetString(), member->GetStringLength()};
  }
  std::string text_or_null(const char* name) const {
    const Value* member = find(name);
    if (member != nullptr && member->IsNull()) return {};
    return text(name);
  }
  std::uint64_t number(const char* name) const {
    const Value* member = find(name);
    return member == nullptr || !member->IsUint64() ? fail<std::uint64_t>() : member->GetUint64();
  }
  bool boolean(const char* name) const {
    const Value* member = find(name);
    return member == nullptr || !member->IsBool() ? fail<bool>() : member->GetBool();
  }
  core::Timestamp time(const char* name) const {
    const core::Result<core::Timestamp> time = schemas::parse_rfc3339(text(name));
    return time.has_value() ? *time : fail<core::Timestamp>();
  }
  Members object(const char* name) const {
    const Value* member = find(name);
    if (member == nullptr) good_ = false;
    return {member == nullptr ? value_ : *member, good_};
  }
  template <class Visit>
  void each(const char* name, Visit visit) const {
    const Value* member = find(name);
    if (member == nullptr || !member->IsArray()) {
      good_ = false;
      return;
    }
    for (const Value& element : member->GetArray()) visit(Members(element, good_));
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> all;
    const Value* member = find(name);
    if (member == nullptr || !member->IsArray()) return fail<std::vector<std::string>>();
    for (const Value& element : member->GetArray()) {
      if (!element.IsString()) return fail<std::vector<std::string>>();
      all.emplace_back(element.GetString(), element.GetStringLength());
    }
    return all;
  }

 private:
  template <class T>
  T fail() const {
    good_ = false;
    return T{};
  }
  const Value* find(const char* name) const {
    if (!value_.IsObject()) return nullptr;
    const auto member = value_.FindMember(name);
    return member == value_.MemberEnd() ? nullptr : &member->value;
  }

  const Value& value_;
  bool& good_;
};

std::optional<core::ErrorCode> code_from(std::string_view word) {
  using core::ErrorCode;
#define X(name) \
  if (word == #name) return ErrorCode::name;
  CORE_ERROR_CODES(X)
#undef X
  return std::nullopt;
}

// `read(members)` makes the answer.
template <class T, class Read>
core::Result<T> read_answer(std::string_view json, Read read) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return no_such_answer();
  bool good = true;
  T answer = read(Members(document, good));
  if (!good) return no_such_answer();
  return answer;
}

}  // namespace

core::Result<NodeStatus> read_node_status(std::string_view json) {
  return read_answer<NodeStatus>(json, [](const Members& members) {
    NodeStatus status;
    status.instance = members.text("instance");
    status.version = members.text("version");
    status.time = members.time("time");
    members.each("halted_partitions", [&](const Members& halted) {
      status.halted.push_back({core::Partition(static_cast<std::uint32_t>(halted.number("partition"))),
                               halted.text("code"), halted.text("detail")});
    });
    status.closed_lanes = members.number("closed_lanes");
    return status;
  });
}

core::Result<NodeLanes> read_node_lanes(std::string_view json) {
  return read_answer<NodeLanes>(json, [](const Members& members) {
    NodeLanes lanes;
    lanes.instance = members.text("instance");
    members.each("providers", [&](const Members& provider) {
      ProviderLanes one;
      one.provider = provider.text("provider");
      one.modes = provider.texts("modes");
      provider.each("closures", [&](const Members& closure) {
        one.closures.push_back({closure.text_or_null("model"), closure.text_or_null("mode"), closure.text("state"),
                                closure.text("reason"), closure.time("since"), closure.time("until")});
      });
      lanes.providers.push_back(std::move(one));
    });
    return lanes;
  });
}

core::Result<CreditChange> read_credit_change(std::string_view json) {
  return read_answer<CreditChange>(json, [](const Members& members) {
    CreditChange change;
    change.transfer = members.text("transfer");
    change.replayed = members.boolean("replayed");
    const core::Result<core::Money> available = core::money_from_decimal(members.object("available").text("amount"));
    if (available.has_value()) change.available = *available;
    return change;
  });
}

core::Result<bool> read_replayed(std::string_view json) {
  return read_answer<bool>(json, [](const Members& members) { return members.boolean("replayed"); });
}

core::Result<std::uint64_t> read_closures_ended(std::string_view json) {
  return read_answer<std::uint64_t>(json, [](const Members& members) { return members.number("closures_ended"); });
}

core::Error read_problem(int status, std::string_view json) {
  struct Problem {
    std::string code;
    std::string detail;
  };
  const core::Result<Problem> problem = read_answer<Problem>(json, [](const Members& members) {
    const Members error = members.object("error");
    return Problem{error.text("code"), error.text("message")};
  });
  if (problem.has_value()) {
    const std::optional<core::ErrorCode> code = code_from(problem->code);
    if (code) return {*code, problem->detail};
  }
  return {core::ErrorCode::unavailable, "HTTP status " + std::to_string(status) + ", and not why"};
}

}  // namespace api
