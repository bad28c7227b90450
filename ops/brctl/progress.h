// Long work, as a person at a terminal sees it: a bar, a rate and how long it will take.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "ops/brctl/run.h"

namespace ops::brctl {

//   auditing  [##########----------]  52 %  520,000 events  183,000 events/s  0:03 left
//
// Costs a look at the clock a call; draws a few times a second. Threading: one thread.
class Progress {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  enum class Shown { no, as_lines, redrawn };  // redrawn: one line, over and over, as a terminal can

  Progress(std::ostream& out, Shown shown, std::string doing, std::string unit,
           Clock clock = std::chrono::steady_clock::now);

  // So many units are done, which is this part (0 to 1) of the work, if that is known.
  void update(std::uint64_t done, std::optional<double> fraction = std::nullopt);
  // Draws the last line, with the rate over all.
  void finish(std::uint64_t done);
  // Takes the line away, so that something else may be written; the next update draws it again.
  void clear();

 private:
  void draw(std::uint64_t done, std::optional<double> fraction, bool last);

  std::ostream& out_;
  const Shown shown_;
  const std::string doing_;
  const std::string unit_;
  const Clock clock_;
  const std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point drawn_;
  std::size_t width_ = 0;  // of the line that stands there
};

// On the errors' stream; as lines when --progress asks for it and that is no terminal.
Progress::Shown progress_shown(const Console& console, bool asked);

// --progress. `asked` must outlive `command`.
void add_progress_flag(CLI::App& command, bool& asked);

}  // namespace ops::brctl
