// The log as lines on a stream.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string_view>

#include "processors/ports/log.h"

namespace adapters::logging {

enum class Format {
  text,  // 2026-11-22T05:31:31.123Z info listening url=http://127.0.0.1:8080
  json,  // {"time":"2026-11-22T05:31:31.123Z","level":"info","event":"listening","url":"http://127.0.0.1:8080"}
};

struct Options {
  processors::Log::Level level_min = processors::Log::Level::info;
  Format format = Format::text;
  std::FILE* stream = stderr;     // borrowed, must outlive the log
  std::size_t lines_max = 4'096;  // that wait for the stream; beyond them the oldest are lost
};

// One event is one line whatever its values hold: controls, quotes and bytes beyond ASCII are escaped, long values cut.
// Threading: any thread; one thread of its own writes to the stream. When the stream is slower than the service, lines
// are lost, never the service's time, and a line "log_lines_lost" says how many.
// Lifetime: the destructor waits until the lines that wait are written.
class SpdlogLog final : public processors::Log {
 public:
  explicit SpdlogLog(Options options);
  ~SpdlogLog() override;

  void write(Level level, std::string_view event, processors::Fields fields) override;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace adapters::logging
