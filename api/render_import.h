// Imports, and the report that is made from them, as JSON.
#pragma once

#include <string>
#include <vector>

#include "core/imports/report.h"
#include "core/imports/state.h"
#include "processors/imports/import_faults.h"

namespace api {

// The faults that are listed, as a JSON array.
std::string render_faults(const processors::ImportFaults& faults);

// `faults`: an array, or empty in lists, which leave it out.
std::string render_import(const core::imports::Import& import, const std::string& faults = {});

struct ReportFacts {
  std::string import_provider;
  std::string window;
  std::string catalog_version;
  core::Timestamp generated_at;
  bool rows_left_out = false;   // there are more days than a report looks at
  bool simulated_lane = false;  // one is configured
  bool real_lane = false;       // the same
};
std::string render_report(const core::imports::Report& report, const ReportFacts& facts);

}  // namespace api
