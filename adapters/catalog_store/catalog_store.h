#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/result.h"

namespace adapters::catalog_store {

// The versions of the catalog that an operator has made, beside the one that is built in:
//
//   <directory>/<version>.json   a catalog, never changed
//   <directory>/current          the name of the version that the service sells by, on a line
//
// A version is named after the day it was made on, "2026-11-22", and "2026-11-22.2" for the second of that day. Where
// there is no `current`, the built-in version counts, and a new release brings its own; from the first version added
// on the built-in one of that time is kept as a file too, so that going back to it works for ever.
//
// Threading:  any thread. Keeps nothing in memory.
// Processes:  any number. A version is there whole or not at all, `current` names the old or the new one.
class CatalogStore {
 public:
  explicit CatalogStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Errors: storage_failed (also: a file is damaged, with its name and the remedy).
  core::Result<core::Catalog> load_current() const;
  core::Result<std::string> current_version() const;

  // Errors: invalid_request (no version's name), not_found, storage_failed.
  core::Result<core::Catalog> load(const std::string& version) const;

  // With the built-in one, oldest first. Errors: storage_failed.
  core::Result<std::vector<std::string>> versions() const;

  // A name that no version has, for one made at `day` ("2026-11-22"). Errors: storage_failed.
  core::Result<std::string> next_version(std::string_view day) const;

  // Not current yet. The same catalog once more is fine. Errors: those of schemas::parse_catalog; invalid_request (no
  // version's name, or the version is there with another content); storage_failed.
  core::Result<void> add(std::string_view catalog_json);

  // Makes a version the current one. Errors: those of load().
  core::Result<void> use(const std::string& version);

 private:
  std::filesystem::path file_of(const std::string& version) const { return directory_ / (version + ".json"); }
  core::Result<void> create(const std::string& version, std::string_view catalog_json);

  std::filesystem::path directory_;
};

// "2026-11-22" or "2026-11-22.2".
bool is_version(std::string_view name);

}  // namespace adapters::catalog_store
