#include "adapters/catalog_store/catalog_store.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "adapters/files/files.h"
#include "schemas/catalog.h"

namespace adapters::catalog_store {

namespace {

using core::Error;
using core::ErrorCode;

constexpr std::string_view extension = ".json";
constexpr std::string_view current_name = "current";
constexpr std::string_view day_shape = "dddd-dd-dd";
constexpr std::size_t number_digits_max = 6;

struct VersionName {
  std::string day;
  int number = 1;  // among those of the day
  friend auto operator<=>(const VersionName&, const VersionName&) = default;
};

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

std::optional<VersionName> parse_version(std::string_view name) {
  if (name.size() < day_shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < day_shape.size(); ++i) {
    if (day_shape[i] == 'd' ? !is_digit(name[i]) : name[i] != day_shape[i]) return std::nullopt;
  }
  VersionName version{std::string(name.substr(0, day_shape.size()))};
  name.remove_prefix(day_shape.size());
  if (name.empty()) return version;
  if (!name.starts_with('.')) return std::nullopt;
  name.remove_prefix(1);
  if (name.empty() || name.size() > number_digits_max || name.front() == '0' ||
      !std::all_of(name.begin(), name.end(), is_digit))
    return std::nullopt;
  std::from_chars(name.data(), name.data() + name.size(), version.number);
  if (version.number < 2) return std::nullopt;
  return version;
}

core::Result<void> check_version(const std::string& version) {
  if (is_version(version)) return {};
  return Error{ErrorCode::invalid_request, "\"" + version + "\" is no version of the catalog; one is named as in " +
                                               "2026-11-22 or 2026-11-22.2, see 'brctl catalog versions'"};
}

Error damaged(const std::filesystem::path& path, const std::string& how) {
  return {ErrorCode::storage_failed,
          path.string() + " is damaged: " + how +
              "; restore it from a backup, or choose another version with 'brctl catalog use VERSION'"};
}

core::Result<bool> is_there(const std::filesystem::path& path) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (!error) return there;
  errno = error.value();
  return files::failure("cannot look at", path);
}

}  // namespace

bool is_version(std::string_view name) {
  return parse_version(name).has_value();
}

core::Result<std::string> CatalogStore::current_version() const {
  const std::filesystem::path path = directory_ / current_name;
  const auto there = is_there(path);
  if (!there) return there.error();
  if (!*there) return schemas::built_in_catalog().version();
  auto name = files::read_whole(path);
  if (!name) return name.error();
  if (name->ends_with('\n')) name->pop_back();
  if (!is_version(*name)) return damaged(path, "it does not name a version");
  return name;
}

core::Result<core::Catalog> CatalogStore::load_current() const {
  const auto version = current_version();
  if (!version) return version.error();
  auto catalog = load(*version);
  if (!catalog && catalog.error().code == ErrorCode::not_found)
    return damaged(directory_ / current_name, "it names " + *version + ", which is not there");
  return catalog;
}

core::Result<core::Catalog> CatalogStore::load(const std::string& version) const {
  if (auto checked = check_version(version); !checked) return checked.error();
  const std::filesystem::path path = file_of(version);
  const auto there = is_there(path);
  if (!there) return there.error();
  if (!*there) {
    core::Catalog built_in = schemas::built_in_catalog();
    if (built_in.version() == version) return built_in;
    return Error{ErrorCode::not_found,
                 "there is no version " + version + " of the catalog; 'brctl catalog versions' lists those there are"};
  }
  const auto json = files::read_whole(path);
  if (!json) return json.error();
  auto catalog = schemas::parse_catalog(*json);
  if (!catalog) return damaged(path, catalog.error().detail);
  if (catalog->version() != version) return damaged(path, "it holds version " + catalog->version());
  return catalog;
}

core::Result<std::vector<std::string>> CatalogStore::versions() const {
  std::vector<std::string> names = {schemas::built_in_catalog().version()};
  const auto there = is_there(directory_);
  if (!there) return there.error();
  if (*there) {
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(directory_, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const std::filesystem::path& path = entry->path();
      const std::string name = path.stem().string();
      if (path.extension() == extension && is_version(name)) names.push_back(name);
    }
    if (error) {
      errno = error.value();
      return files::failure("cannot list", directory_);
    }
  }
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return parse_version(a) < parse_version(b); });
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

core::Result<std::string> CatalogStore::next_version(std::string_view day) const {
  const auto names = versions();
  if (!names) return names.error();
  int number = 0;
  for (const std::string& name : *names) {
    const auto version = parse_version(name);
    if (version && version->day == day) number = std::max(number, version->number);
  }
  return number == 0 ? std::string(day) : std::string(day) + "." + std::to_string(number + 1);
}

core::Result<void> CatalogStore::add(std::string_view catalog_json) {
  const auto catalog = schemas::parse_catalog(catalog_json);
  if (!catalog) return catalog.error();
  if (auto checked = check_version(catalog->version()); !checked) return checked;
  const core::Catalog built_in = schemas::built_in_catalog();
  if (catalog->version() == built_in.version() &&
      schemas::catalog_to_json(*catalog) != schemas::catalog_to_json(built_in))
    return Error{ErrorCode::invalid_request, "version " + built_in.version() + " is built in, with another content"};
  const auto built_in_is_kept = is_there(file_of(built_in.version()));
  if (!built_in_is_kept) return built_in_is_kept.error();
  if (!*built_in_is_kept) {
    if (auto kept = create(built_in.version(), schemas::catalog_to_json(built_in)); !kept) return kept;
  }
  return create(catalog->version(), catalog_json);
}

core::Result<void> CatalogStore::create(const std::string& version, std::string_view catalog_json) {
  constexpr auto abandoned_after = std::chrono::hours(24);
  const std::filesystem::path path = file_of(version);
  if (auto made = files::make_directories(directory_); !made) return made;
  if (auto removed = files::remove_temporary_files(directory_, abandoned_after); !removed) return removed;
  if (auto created = files::create_durably(path, catalog_json); !created) return created;
  // Whoever came first has made the file.
  const auto written = load(version);
  if (!written) return written.error();
  const auto meant = schemas::parse_catalog(catalog_json);
  if (schemas::catalog_to_json(*written) == schemas::catalog_to_json(*meant)) return {};
  return Error{ErrorCode::invalid_request,
               "version " + version + " is there with another content, and versions never change: name this one anew"};
}

core::Result<void> CatalogStore::use(const std::string& version) {
  const auto catalog = load(version);
  if (!catalog) return catalog.error();
  if (auto kept = create(version, schemas::catalog_to_json(*catalog)); !kept) return kept;
  return files::write_durably(directory_ / current_name, version + "\n");
}

}  // namespace adapters::catalog_store
