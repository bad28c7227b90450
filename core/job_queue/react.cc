#include "core/job_queue/rules.h"

namespace core::job_queue {

std::vector<Effect> react_one(const JobsReady& event) {
  return {CollectJobs{event.org, event.batch}};
}

}  // namespace core::job_queue
