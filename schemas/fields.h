// The contract of each command, event and state row: its members by name. JSON reading, JSON writing, JSON Schemas and
// samples are all made from this one description. A member's name here is its public name: never changed, never reused.
//
// Private to schemas: include it in .cc files only.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <tuple>

namespace schemas {

template <class Class, class Member>
struct Field {
  std::string_view name;
  Member Class::*member;
};

template <class Class, class Member>
constexpr Field<Class, Member> field(std::string_view name, Member Class::*member) {
  return {name, member};
}

template <class T>
struct Fields;  // specialized by SCHEMAS_FIELDS

// Members that came after the type was first published, named by SCHEMAS_LATER: not written where they have their
// default, and not required.
template <class T>
constexpr auto later_members = std::array<std::string_view, 0>{};

template <class T>
concept Described = requires {
  Fields<T>::list;
};

template <class T>
struct EnumNames;  // specialized by SCHEMAS_ENUM: the enumerators' names, in their order

template <class T>
struct TypeName;  // specialized by SCHEMAS_TYPE: what a variant's alternative is called

template <class Class, class Member>
constexpr bool may_be_absent(const Field<Class, Member>& field) {
  for (const std::string_view later : later_members<Class>) {
    if (later == field.name) return true;
  }
  return false;
}
template <class Class, class Member>
constexpr bool may_be_absent(const Field<Class, std::optional<Member>>&) {
  return true;
}

}  // namespace schemas

#define SCHEMAS_PARENS ()
#define SCHEMAS_EXPAND(...) SCHEMAS_EXPAND_3(SCHEMAS_EXPAND_3(SCHEMAS_EXPAND_3(__VA_ARGS__)))
#define SCHEMAS_EXPAND_3(...) SCHEMAS_EXPAND_2(SCHEMAS_EXPAND_2(SCHEMAS_EXPAND_2(__VA_ARGS__)))
#define SCHEMAS_EXPAND_2(...) SCHEMAS_EXPAND_1(SCHEMAS_EXPAND_1(SCHEMAS_EXPAND_1(__VA_ARGS__)))
#define SCHEMAS_EXPAND_1(...) __VA_ARGS__
#define SCHEMAS_FOR_EACH(macro, ...) __VA_OPT__(SCHEMAS_EXPAND(SCHEMAS_FOR_EACH_STEP(macro, __VA_ARGS__)))
#define SCHEMAS_FOR_EACH_STEP(macro, first, ...) \
  macro(first) __VA_OPT__(, SCHEMAS_FOR_EACH_AGAIN SCHEMAS_PARENS(macro, __VA_ARGS__))
#define SCHEMAS_FOR_EACH_AGAIN() SCHEMAS_FOR_EACH_STEP

#define SCHEMAS_FIELD(name) ::schemas::field(#name, &Described_::name)
#define SCHEMAS_FIELDS(type, ...)                                                               \
  template <>                                                                                   \
  struct Fields<type> {                                                                         \
    using Described_ = type;                                                                    \
    static constexpr auto list = std::make_tuple(SCHEMAS_FOR_EACH(SCHEMAS_FIELD, __VA_ARGS__)); \
  }

#define SCHEMAS_NAME(name) std::string_view(#name)
#define SCHEMAS_ENUM(type, ...)                                                                \
  template <>                                                                                  \
  struct EnumNames<type> {                                                                     \
    static constexpr auto list = std::to_array({SCHEMAS_FOR_EACH(SCHEMAS_NAME, __VA_ARGS__)}); \
  }

#define SCHEMAS_LATER(type, ...) \
  template <>                    \
  inline constexpr auto later_members<type> = std::to_array({SCHEMAS_FOR_EACH(SCHEMAS_NAME, __VA_ARGS__)})

#define SCHEMAS_TYPE(type, text)                    \
  template <>                                       \
  struct TypeName<type> {                           \
    static constexpr std::string_view value = text; \
  }
