#include "schemas/dialect/shared.h"

#include <algorithm>
#include <array>

namespace schemas::dialect {
namespace {

// Members of a body that do not change the answer: for bookkeeping, caching and speed.
constexpr std::array harmless_members = {
    std::string_view("background"),
    std::string_view("cache_control"),
    std::string_view("include"),
    std::string_view("max_tool_calls"),
    std::string_view("metadata"),
    std::string_view("prediction"),
    std::string_view("prompt_cache_key"),
    std::string_view("prompt_cache_options"),
    std::string_view("prompt_cache_retention"),
    std::string_view("safety_identifier"),
    std::string_view("service_tier"),
    std::string_view("store"),
    std::string_view("stream"),
    std::string_view("stream_options"),
    std::string_view("user"),
};

bool is_harmless_member(std::string_view name) {
  return std::find(harmless_members.begin(), harmless_members.end(), name) != harmless_members.end();
}

bool contains(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string plain_word(std::string_view word) {
  constexpr std::size_t bytes_max = 40;
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  const bool plain = !word.empty() && word.size() <= bytes_max && word.find_first_not_of(letters) == word.npos;
  return plain ? std::string(word) : "that we do not know";
}

std::string plain_word(Json word) {
  return plain_word(word.quoted_part());
}

void check_members(const Object& object, Names known, std::string_view where, Reasons& reasons) {
  for (const Object::Member& member : object.members()) {
    if (!member.value.is_null() && !contains(known, member.name))
      reasons.add("the member " + plain_word(member.name) + " of " + std::string(where));
  }
  if (object.has_duplicates()) reasons.add("a member that stands twice in " + std::string(where));
}

void check_body_members(const Object& body, Names known, Reasons& reasons) {
  for (const Object::Member& member : body.members()) {
    if (!member.value.is_null() && !contains(known, member.name) && !is_harmless_member(member.name))
      reasons.add("the member " + plain_word(member.name));
  }
  if (body.has_duplicates()) reasons.add("a member that stands twice");
}

std::vector<Json> read_list(Json value, std::string_view name, Reasons& reasons) {
  if (!value.is_null() && !value.is_array()) reasons.add(std::string(name) + " that is no list");
  return value.elements();
}

Object read_object(Json value, std::string_view name, Reasons& reasons) {
  if (!value.is_null() && !value.is_object()) reasons.add(std::string(name) + " that is no object");
  return Object(value);
}

std::optional<Image> read_image(Json url, Json detail, Reasons& reasons) {
  constexpr std::string_view data_scheme = "data:";
  constexpr std::string_view base64_mark = ";base64,";
  constexpr std::array media_types = {std::string_view("image/jpeg"), std::string_view("image/png"),
                                      std::string_view("image/gif"), std::string_view("image/webp")};
  const std::string_view text = url.quoted_part();
  Image image;
  if (!detail.is_null() && !detail.equals("auto")) image.detail = detail;
  if (text.starts_with("https://") || text.starts_with("http://")) {
    image.url = text;
    return image;
  }
  const std::size_t mark = text.find(base64_mark);
  if (!text.starts_with(data_scheme) || mark == text.npos) {
    reasons.add("images that are neither URLs nor base64");
    return std::nullopt;
  }
  image.media_type = text.substr(data_scheme.size(), mark - data_scheme.size());
  image.data = text.substr(mark + base64_mark.size());
  if (std::find(media_types.begin(), media_types.end(), image.media_type) == media_types.end() || image.data.empty() ||
      image.data.find('\\') != image.data.npos) {
    reasons.add("images other than JPEG, PNG, GIF and WebP");
    return std::nullopt;
  }
  return image;
}

bool is_type(const Object& object, std::string_view type) {
  return object["type"].equals(type);
}

bool read_flag(Json value, bool otherwise, std::string_view name, Reasons& reasons) {
  if (value.is_true() || value.is_false()) return value.is_true();
  if (!value.is_null()) reasons.add(std::string(name) + " that is no boolean");
  return otherwise;
}

void read_sampling(const Object& body, Conversation& conversation) {
  conversation.temperature = body["temperature"];
  conversation.top_p = body["top_p"];
}

std::string_view optional_text(Json value) {
  return value.is_null() ? std::string_view() : value.text();
}

std::string image_url(const Image& image) {
  std::string url = "\"";
  if (image.data.empty()) {
    url += image.url;
  } else {
    url.append("data:").append(image.media_type).append(";base64,").append(image.data);
  }
  return url += '"';
}

void append_parts(const std::vector<Content>& content, std::vector<Part>& parts) {
  for (const Content& each : content) std::visit([&](const auto& part) { parts.emplace_back(part); }, each);
}

std::optional<ToolUse> tool_use_from_word(Json word) {
  if (word.equals("auto")) return ToolUse::automatic;
  if (word.equals("none")) return ToolUse::none;
  if (word.equals("required")) return ToolUse::required;
  return std::nullopt;
}

std::string_view word_of(ToolUse use) {
  switch (use) {
    case ToolUse::automatic: return "auto";
    case ToolUse::none: return "none";
    case ToolUse::required: return "required";
    case ToolUse::unspecified:
    case ToolUse::named: break;
  }
  return "";
}

}  // namespace schemas::dialect
