#include "adapters/logging/spdlog_log.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <string>

#include "adapters/logging/line.h"

namespace adapters::logging {

namespace {

spdlog::level::level_enum level_of(processors::Log::Level level) {
  switch (level) {
    case processors::Log::Level::debug: return spdlog::level::debug;
    case processors::Log::Level::info: return spdlog::level::info;
    case processors::Log::Level::warning: return spdlog::level::warn;
    case processors::Log::Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string pattern_of(Format format) {
  switch (format) {
    case Format::text: return "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
    case Format::json: return R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
  }
  return "%v";
}

// Needs no lock: only the one thread of `pool` calls it.
class StreamSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  StreamSink(const Options& options, spdlog::details::thread_pool& pool)
      : base_sink(std::make_unique<spdlog::pattern_formatter>(pattern_of(options.format),
                                                              spdlog::pattern_time_type::utc, "\n")),
        format_(options.format),
        stream_(options.stream),
        pool_(pool) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (const std::size_t lost = pool_.overrun_counter(); lost != lost_) {
      const std::string line = line_of(format_, "log_lines_lost", {{"lines", lost - lost_}});
      lost_ = lost;
      write(spdlog::details::log_msg(message.time, {}, {}, spdlog::level::warn, line));
    }
    write(message);
  }
  void flush_() override { std::fflush(stream_); }

  void write(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), stream_);
    std::fflush(stream_);
  }

  Format format_;
  std::FILE* stream_;
  spdlog::details::thread_pool& pool_;
  std::size_t lost_ = 0;
};

}  // namespace

struct SpdlogLog::Implementation {
  explicit Implementation(const Options& options)
      : format(options.format),
        pool(std::make_shared<spdlog::details::thread_pool>(options.lines_max, 1)),
        logger(std::make_shared<spdlog::async_logger>("", std::make_shared<StreamSink>(options, *pool), pool,
                                                      spdlog::async_overflow_policy::overrun_oldest)) {
    logger->set_level(level_of(options.level_min));
  }

  Format format;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // its destructor writes what waits, then joins
  std::shared_ptr<spdlog::async_logger> logger;
};

SpdlogLog::SpdlogLog(Options options) : implementation_(std::make_unique<Implementation>(options)) {}

SpdlogLog::~SpdlogLog() = default;

void SpdlogLog::write(Level level, std::string_view event, processors::Fields fields) {
  const spdlog::level::level_enum spdlog_level = level_of(level);
  if (!implementation_->logger->should_log(spdlog_level)) return;
  implementation_->logger->log(spdlog_level, line_of(implementation_->format, event, fields));
}

}  // namespace adapters::logging
