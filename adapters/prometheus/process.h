#pragma once

namespace adapters::prometheus {

// This process as the kernel sees it.
struct ProcessUsage {
  double cpu_seconds = 0;  // user and system, of all threads, since the start
  double resident_bytes = 0;
  double open_files = 0;
  double open_files_max = 0;
};

ProcessUsage process_usage();

}  // namespace adapters::prometheus
