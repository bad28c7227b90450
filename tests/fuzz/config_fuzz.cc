// Fuzzes the files that an operator writes: TOML, client properties, the catalog. Whatever the bytes, they are read or
// refused with a reason, and a catalog that was read is written and read as the same.
#include <cstdint>
#include <fstream>
#include <string>

#include "adapters/files/temporary_directory.h"
#include "ops/config_file.h"
#include "ops/properties_file.h"
#include "schemas/catalog.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const adapters::files::TemporaryDirectory directory;
  fuzz::Input input(data, size);
  const std::size_t kind = input.choice(3);
  if (kind == 0) {
    const auto catalog = schemas::parse_catalog(input.rest());
    if (catalog.has_error()) {
      fuzz::require(!catalog.error().detail.empty());
    } else {
      const std::string once = schemas::catalog_to_json(*catalog);
      const auto again = schemas::parse_catalog(once);
      fuzz::require(again.has_value() && schemas::catalog_to_json(*again) == once);
    }
    return 0;
  }
  const std::string path = (directory.path() / "file").string();
  std::ofstream(path, std::ios::binary) << input.rest();
  if (kind == 1) {
    std::vector<std::string> faults;
    for (const ops::Setting& setting : ops::settings_of_file(path, faults))
      fuzz::require(setting.key != nullptr && setting.origin.starts_with(path));
    for (const std::string& fault : faults) fuzz::require(!fault.empty());
  } else {
    ops::read_properties_file(path);
  }
  return 0;
}
