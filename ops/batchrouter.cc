// The service. See ops/daemon.h; `batchrouter --help` lists its configuration.
#include <sys/stat.h>

#include <cstdio>
#include <string>
#include <vector>

#include "ops/config.h"
#include "ops/daemon.h"

extern char** environ;

int main(int count, char** values) {
  ::umask(::umask(0) | S_IRWXO);  // nobody else on the machine reads what it writes, RocksDB's files among them
  const std::vector<std::string> arguments(values + 1, values + count);
  if (const auto information = ops::information_asked_for(arguments)) {
    std::fputs(information->c_str(), stdout);
    return 0;
  }
  const core::Result<ops::Config> config = ops::load_config(arguments, ops::environment_of(environ));
  if (config.has_error()) {
    std::fprintf(stderr, "%s\n", config.error().detail.c_str());
    return 2;
  }
  const core::Result<std::unique_ptr<ops::Daemon>> daemon = ops::Daemon::start(*config);
  if (daemon.has_error()) {
    std::fprintf(stderr, "cannot start: %s\n", daemon.error().detail.c_str());
    return 1;
  }
  return (*daemon)->wait();
}
