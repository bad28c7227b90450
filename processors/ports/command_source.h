// The optional way in: commands that other systems have put on the bus.
#pragma once

#include <functional>
#include <string>

#include "core/ids.h"
#include "core/result.h"

namespace processors {

struct BusRecord {
  core::Offset offset;  // rising within the partition, with gaps
  std::string key;
  std::string value;  // see schemas/bus_command.h
};

// Threading: any thread; no member waits for the bus.
// Delivery:  each record at least once, in order, from the offset that is asked for. Whoever keeps the offset with what
//            the command led to, in one group of events, takes each exactly once.
class CommandSource {
 public:
  // Answers whether the record was taken. If not, it is offered again after a while, and nothing before it.
  // Called on a thread of the source's, one record at a time; must not block, nor call start() or stop().
  using Take = std::function<bool(const BusRecord&)>;

  virtual ~CommandSource() = default;
  // Hands over the records at `from` and after. What is started already is started anew.
  virtual void start(core::Partition partition, core::Offset from, Take take) = 0;
  // When this returns `take` is not called any more. Fine when nothing was started.
  virtual void stop(core::Partition partition) = 0;
};

}  // namespace processors
