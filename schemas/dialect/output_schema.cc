#include "schemas/dialect/output_schema.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "schemas/manifest/json_text.h"

namespace schemas::dialect {
namespace {

using rapidjson::Value;

constexpr int steps_max = 1'000'000;  // some milliseconds
constexpr int calls_max = 512;        // nested in each other; references may lead in a circle

std::string_view view(const Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

std::int64_t character_count(const Value& string) {
  const std::string_view text = view(string);
  return std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; });
}

class Check {
 public:
  explicit Check(const Value& root) : root_(root) {}

  bool fits(const Value& schema, const Value& value) {
    if (schema.IsBool()) return schema.GetBool() || fail("must not be here");
    if (!schema.IsObject() || !step() || calls_ == calls_max) return true;
    ++calls_;
    const bool result = fits_type(schema, value) && fits_values(schema, value) && fits_number(schema, value) &&
                        fits_size(schema, value) && fits_object(schema, value) && fits_array(schema, value) &&
                        fits_alternatives(schema, value) && fits_reference(schema, value);
    --calls_;
    return result || exhausted();
  }

  // Why fits() was false.
  SchemaFault fault() const { return fault_.value_or(SchemaFault{"", "does not fit the schema"}); }

 private:
  // Where the value is that is looked at: a member of that name, or an element.
  struct Step {
    std::string_view name;
    rapidjson::SizeType index = 0;
  };

  bool fail(std::string message, std::string_view member = {}) {
    if (fault_ || exhausted()) return false;
    std::string pointer;
    for (const Step& step : path_)
      pointer += step.name.data() == nullptr ? "/" + std::to_string(step.index) : manifest::pointer_step(step.name);
    if (member.data() != nullptr) pointer += manifest::pointer_step(member);
    fault_ = SchemaFault{std::move(pointer), std::move(message)};
    return false;
  }

  bool fits_inside(const Value& schema, const Value& value, Step step) {
    path_.push_back(step);
    const bool result = fits(schema, value);
    path_.pop_back();
    return result;
  }

  bool exhausted() const { return steps_ >= steps_max; }
  bool step(std::size_t count = 1) {
    steps_ = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(steps_) + count, steps_max));
    return !exhausted();
  }

  // RapidJSON compares name by name.
  const Value* find(const Value& object, std::string_view name) {
    if (!step(object.MemberCount())) return nullptr;
    const auto found =
        object.FindMember(Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
    return found == object.MemberEnd() ? nullptr : &found->value;
  }

  bool equal(const Value& left, const Value& right) {
    if (!step()) return true;
    if (left.IsNumber() && right.IsNumber()) return left == right;
    if (left.GetType() != right.GetType()) return false;
    if (left.IsString()) return view(left) == view(right);
    if (left.IsArray()) {
      return left.Size() == right.Size() &&
             std::equal(left.Begin(), left.End(), right.Begin(),
                        [this](const Value& one, const Value& other) { return equal(one, other); });
    }
    if (!left.IsObject()) return true;
    return left.MemberCount() == right.MemberCount() &&
           std::all_of(left.MemberBegin(), left.MemberEnd(), [&](const auto& member) {
             const Value* other = find(right, view(member.name));
             return exhausted() || (other != nullptr && equal(member.value, *other));
           });
  }

  static bool is_of_type(std::string_view type, const Value& value) {
    if (type == "object") return value.IsObject();
    if (type == "array") return value.IsArray();
    if (type == "string") return value.IsString();
    if (type == "number") return value.IsNumber();
    if (type == "boolean") return value.IsBool();
    if (type == "null") return value.IsNull();
    if (type == "integer")
      return value.IsInt64() || value.IsUint64() ||
             (value.IsNumber() && std::trunc(value.GetDouble()) == value.GetDouble());
    return true;
  }

  bool fits_type(const Value& schema, const Value& value) {
    const Value* type = find(schema, "type");
    if (type == nullptr) return true;
    if (const Value* nullable = find(schema, "nullable"); value.IsNull() && nullable != nullptr && nullable->IsTrue())
      return true;  // as OpenAPI has it
    if (type->IsString()) return is_of_type(view(*type), value) || fail("must be of type " + std::string(view(*type)));
    if (!type->IsArray() || type->Empty()) return true;
    return std::any_of(type->Begin(), type->End(),
                       [&](const Value& each) { return !each.IsString() || is_of_type(view(each), value); }) ||
           fail("must be of another type");
  }

  bool fits_values(const Value& schema, const Value& value) {
    const Value* constant = find(schema, "const");
    if (constant != nullptr && !equal(*constant, value)) return fail("must be the one value that is allowed");
    const Value* values = find(schema, "enum");
    return values == nullptr || !values->IsArray() ||
           std::any_of(values->Begin(), values->End(), [&](const Value& each) { return equal(each, value); }) ||
           fail("must be " + alternatives(*values));
  }

  // The words of an enum, as far as they are words and few.
  static std::string alternatives(const Value& values) {
    constexpr std::size_t bytes_max = 200;
    std::string text;
    for (const Value& value : values.GetArray()) {
      if (!value.IsString() || text.size() + value.GetStringLength() > bytes_max) return "one of the values allowed";
      text += (text.empty() ? "" : ", ") + std::string(view(value));
    }
    return values.Size() == 1 ? text : "one of: " + text;
  }

  bool fits_number(const Value& schema, const Value& value) {
    if (!value.IsNumber()) return true;
    const double number = value.GetDouble();
    const Value* low = find(schema, "minimum");
    const Value* high = find(schema, "maximum");
    const Value* above = find(schema, "exclusiveMinimum");
    const Value* below = find(schema, "exclusiveMaximum");
    const auto is_number = [](const Value* bound) { return bound != nullptr && bound->IsNumber(); };
    const auto is_true = [](const Value* flag) { return flag != nullptr && flag->IsTrue(); };
    if (is_number(low) && (is_true(above) ? number <= low->GetDouble() : number < low->GetDouble()))
      return fail("is too small");
    if (is_number(high) && (is_true(below) ? number >= high->GetDouble() : number > high->GetDouble()))
      return fail("is too large");
    if (is_number(above) && number <= above->GetDouble()) return fail("is too small");
    return !is_number(below) || number < below->GetDouble() || fail("is too large");
  }

  bool within(const Value& schema, const char* low_name, const char* high_name, std::int64_t count, const char* what) {
    const Value* low = find(schema, low_name);
    const Value* high = find(schema, high_name);
    if (low != nullptr && low->IsInt64() && count < low->GetInt64())
      return fail("must have at least " + std::to_string(low->GetInt64()) + " " + what);
    return high == nullptr || !high->IsInt64() || count <= high->GetInt64() ||
           fail("must have at most " + std::to_string(high->GetInt64()) + " " + what);
  }

  bool fits_size(const Value& schema, const Value& value) {
    if (value.IsString()) return within(schema, "minLength", "maxLength", character_count(value), "characters");
    if (value.IsArray()) return within(schema, "minItems", "maxItems", value.Size(), "elements");
    if (value.IsObject()) return within(schema, "minProperties", "maxProperties", value.MemberCount(), "members");
    return true;
  }

  bool fits_object(const Value& schema, const Value& value) {
    if (!value.IsObject()) return true;
    const Value* required = find(schema, "required");
    if (required != nullptr && required->IsArray()) {
      for (const Value& name : required->GetArray()) {
        if (name.IsString() && find(value, view(name)) == nullptr) return fail("is required", view(name));
      }
    }
    const Value* properties = find(schema, "properties");
    const Value* others = find(schema, "patternProperties") == nullptr ? find(schema, "additionalProperties") : nullptr;
    for (const auto& member : value.GetObject()) {
      const Value* property =
          properties == nullptr || !properties->IsObject() ? nullptr : find(*properties, view(member.name));
      const Value* rule = property == nullptr ? others : property;
      if (rule == others && others != nullptr && others->IsFalse())
        return fail("is no member of this object", view(member.name));
      if (rule != nullptr && !fits_inside(*rule, member.value, {view(member.name)})) return false;
    }
    return true;
  }

  bool fits_array(const Value& schema, const Value& value) {
    if (!value.IsArray()) return true;
    const Value* items = find(schema, "items");
    const Value* first = find(schema, "prefixItems");
    if (items != nullptr && items->IsArray()) std::swap(items, first);  // as it was before draft 2020-12
    if (items != nullptr && items->IsArray()) items = nullptr;
    rapidjson::SizeType i = 0;
    if (first != nullptr && first->IsArray()) {
      for (; i < std::min(value.Size(), first->Size()); ++i) {
        if (!fits_inside((*first)[i], value[i], {{}, i})) return false;
      }
    }
    for (; items != nullptr && i < value.Size(); ++i) {
      if (!fits_inside(*items, value[i], {{}, i})) return false;
    }
    return true;
  }

  bool fits_alternatives(const Value& schema, const Value& value) {
    const auto fits_one = [&](const Value& each) { return fits(each, value); };
    if (const Value* all = find(schema, "allOf");
        all != nullptr && all->IsArray() && !std::all_of(all->Begin(), all->End(), fits_one))
      return false;
    // Two of oneOf may seem to fit when they differ in what is not looked at.
    for (const char* name : {"anyOf", "oneOf"}) {
      const Value* any = find(schema, name);
      if (any == nullptr || !any->IsArray() || any->Empty()) continue;
      const std::optional<SchemaFault> before = fault_;
      const bool found = std::any_of(any->Begin(), any->End(), fits_one);
      if (found || any->Size() > 1) fault_ = before;  // none of several faults is the one to tell
      if (!found) return fail("fits none of the forms allowed");
    }
    return true;
  }

  bool fits_reference(const Value& schema, const Value& value) {
    const Value* reference = find(schema, "$ref");
    if (reference == nullptr || !reference->IsString() || !view(*reference).starts_with('#')) return true;
    const rapidjson::Pointer pointer(reference->GetString(), reference->GetStringLength());
    const Value* target = pointer.IsValid() ? pointer.Get(root_) : nullptr;
    return target == nullptr || fits(*target, value);
  }

  const Value& root_;
  int steps_ = 0;
  int calls_ = 0;
  std::vector<Step> path_;
  std::optional<SchemaFault> fault_;
};

}  // namespace

std::optional<SchemaFault> schema_fault(const Value& schema, const Value& value) {
  Check check(schema);
  if (check.fits(schema, value)) return std::nullopt;
  return check.fault();
}

}  // namespace schemas::dialect
