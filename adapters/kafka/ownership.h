// Which partitions this process owns: a consumer group shares them out.
#pragma once

#include <memory>

#include "adapters/kafka/settings.h"
#include "processors/ports/log.h"
#include "processors/ports/metrics.h"
#include "processors/ports/ownership.h"

namespace adapters::kafka {

// A member of the group "<prefix>.owners", subscribed to the journal's topic for its share only: every partition is
// paused, nothing is fetched, no offset is committed. The assignor is the eager `range`: at every change all members
// give up everything and get a new share, which an owner hardly feels, since it keeps its partitions open meanwhile.
//
// The membership is not static (group.instance.id): such a member does not leave when it stops, so its partitions would
// stand still for a session time-out at every deployment, and two processes of one name would throw each other out.
//
// Threading: start() and stop() from any thread but the listener's calls, which come from a thread of its own. That
//            thread waits for `suspended`, Settings::suspend_timeout at most: after that, partitions move regardless,
//            and epochs keep the two owners apart.
// Requires:  the topics: see prepare_topics(). Log and metrics outlive it.
class GroupOwnership final : public processors::Ownership {
 public:
  GroupOwnership(Settings settings, processors::Log& log, processors::Metrics& metrics);
  ~GroupOwnership() override;  // as stop()

  // Asks the group's coordinator once, so that a missing right is found here; the first assigned() comes later.
  core::Result<void> start(processors::OwnershipListener& listener) override;
  // Leaves the group if its coordinator answers, so that others take over at once; else they do after the session
  // time-out. Takes Settings::suspend_timeout and twice Settings::close_timeout at most.
  void stop() override;

 private:
  class Member;

  const Settings settings_;
  processors::Log& log_;
  processors::Metrics& metrics_;
  std::unique_ptr<Member> member_;
};

}  // namespace adapters::kafka
