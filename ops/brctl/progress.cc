#include "ops/brctl/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>

#include "ops/brctl/table.h"

namespace ops::brctl {

namespace {

constexpr std::chrono::milliseconds redraw_interval(100);
constexpr std::chrono::seconds line_interval(5);
constexpr std::size_t bar_width = 20;
constexpr double seconds_left_max = 99 * 3600;

std::string bar(double fraction) {
  const auto filled = static_cast<std::size_t>(std::floor(fraction * static_cast<double>(bar_width)));
  return "[" + std::string(filled, '#') + std::string(bar_width - filled, '-') + "]";
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(std::clamp(seconds, 0.0, seconds_left_max)));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(std::ostream& out, Shown shown, std::string doing, std::string unit, Clock clock)
    : out_(out),
      shown_(shown),
      doing_(std::move(doing)),
      unit_(std::move(unit)),
      clock_(std::move(clock)),
      began_(clock_()),
      drawn_(began_) {}

void Progress::update(std::uint64_t done, std::optional<double> fraction) {
  if (shown_ == Shown::no) return;
  const auto now = clock_();
  const auto interval = shown_ == Shown::redrawn ? redraw_interval : std::chrono::milliseconds(line_interval);
  if (now - drawn_ < interval) return;
  drawn_ = now;
  draw(done, fraction, false);
}

void Progress::finish(std::uint64_t done) {
  if (shown_ != Shown::no) draw(done, std::nullopt, true);
}

void Progress::clear() {
  if (shown_ != Shown::redrawn || width_ == 0) return;
  out_ << '\r' << std::string(width_, ' ') << '\r' << std::flush;
  width_ = 0;
}

void Progress::draw(std::uint64_t done, std::optional<double> fraction, bool last) {
  const double elapsed = std::max(std::chrono::duration<double>(clock_() - began_).count(), 1e-3);
  std::string line = doing_;
  if (fraction) {
    const double part = std::clamp(*fraction, 0.0, 1.0);
    line += fmt::format("  {} {:3.0f} %", bar(part), std::floor(part * 100));
  }
  line += fmt::format("  {} {}  {} {}/s", grouped(done), unit_,
                      grouped(static_cast<std::uint64_t>(static_cast<double>(done) / elapsed)), unit_);
  if (last)
    line += "  in " + clock_text(elapsed);
  else if (fraction && *fraction > 0)
    line += "  " + clock_text(elapsed * (1 - *fraction) / *fraction) + " left";
  if (shown_ == Shown::as_lines) {
    out_ << line << '\n' << std::flush;
    return;
  }
  const std::size_t width = line.size();
  if (width < width_) line.append(width_ - width, ' ');
  out_ << '\r' << line << (last ? "\n" : "") << std::flush;
  width_ = last ? 0 : width;
}

Progress::Shown progress_shown(const Console& console, bool asked) {
  if (&console.errors == &std::cerr && ::isatty(STDERR_FILENO) == 1) return Progress::Shown::redrawn;
  return asked ? Progress::Shown::as_lines : Progress::Shown::no;
}

void add_progress_flag(CLI::App& command, bool& asked) {
  command.add_flag("--progress", asked, "Say how far it is, where that is no terminal too");
}

}  // namespace ops::brctl
