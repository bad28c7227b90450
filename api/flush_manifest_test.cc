#include "api/flush_manifest.h"

#include <gtest/gtest.h>

namespace api {
namespace {

// Passes until `asked` jobs are found behind `faulty` ones that no lane takes, in a queue with `good` ones after them.
int passes_for(std::size_t asked, std::size_t faulty, std::size_t good) {
  std::size_t looked_for = asked;
  for (int pass = 1;; ++pass) {
    const std::size_t picked = std::min(looked_for, faulty + good);
    const std::size_t out = std::min(picked, faulty);
    if (out == 0 && picked <= asked) return pass;
    faulty -= out;
    looked_for = jobs_of_next_pass(asked, looked_for, picked, out);
  }
}

// Broken: jobs that no lane takes, at the head of a queue, would keep all others from ever being flushed.
TEST(Flush, gets_past_jobs_that_no_lane_takes) {
  EXPECT_EQ(passes_for(100, 0, 1'000), 1);
  EXPECT_EQ(passes_for(100, 30, 0), 2) << "nothing is left";
  EXPECT_LE(passes_for(100, 700, 50), flush_passes_max);
  EXPECT_LE(passes_for(1, 700, 1'000), flush_passes_max);
  EXPECT_LE(passes_for(1, core::job_queue::waiting_jobs_max - 1, 1), flush_passes_max);
  EXPECT_LE(passes_for(10'000, 90'000, 10'000), flush_passes_max);
}

}  // namespace
}  // namespace api
