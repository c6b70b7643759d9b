// SPDX-License-Identifier: Apache-2.0
#include "resources/long_run.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "resources/course.h"
#include "resources/endless_job.h"
#include "resources/usage.h"

namespace taskgraph::test {
namespace {

constexpr std::uint64_t kLooks = 24;

// By what is counted, and in whom.
using Courses = std::map<std::string, std::map<std::string, Course>>;

void Look(const EndlessJob& job, double done, Courses& courses) {
  const StoreUsage store = UsageOfStore(job.endpoint());
  courses["keys"]["the coordinator"].Add(done, store.keys);
  courses["leases"]["the coordinator"].Add(done, store.leases);
  courses["files"]["the private folder"].Add(done, job.private_files());
  for (const auto& [name, pid] : job.survivors()) {
    const Usage usage = UsageOf(pid, job.meter_folder());
    courses["heap bytes"][name].Add(done, usage.heap_bytes);
    courses["dirty bytes"][name].Add(done, usage.dirty_bytes);
    courses["descriptors"][name].Add(done, usage.descriptors);
    courses["threads"][name].Add(done, usage.threads);
  }
}

bool Work(EndlessJob& job, const LongRun& run, std::uint64_t look) {
  if (run.takeovers == 0) {
    return job.WaitForEpoch(run.epochs * (look + 1) / kLooks);
  }
  const std::uint64_t end = run.takeovers * (look + 1) / kLooks;
  for (std::uint64_t i = run.takeovers * look / kLooks; i < end; ++i) {
    if (!job.KillBoth()) return false;
  }
  return true;
}

// A few come late: the thread for a callback that was slow, say.
constexpr double kCountsMayGrow = 2;

// Tables and pools grow in steps, of which one may fall anywhere.
constexpr double kHeapMayStep = 20'000;
constexpr double kPagesMayStep = 1'000'000;

void Judge(const LongRun& run, const Courses& courses) {
  for (const auto& [what, of_all] : courses) {
    const bool is_heap = what == "heap bytes";
    const bool is_pages = what == "dirty bytes";
#ifdef TASKGRAPH_SANITIZED  // Its allocator keeps what was freed.
    if (is_heap || is_pages) continue;
#endif
    for (const auto& [who, course] : of_all) {
      const Course::Growth growth = course.growth();
      const double leak = run.tolerance * growth.units;
      const double allowed = is_heap    ? kHeapMayStep + leak
                             : is_pages ? kPagesMayStep + leak
                                        : kCountsMayGrow;
      std::printf("%s of %s: %+.0f, %+.3f for each of %.0f; %s\n", what.c_str(),
                  who.c_str(), growth.in_all, growth.each(), growth.units,
                  course.Describe().c_str());
      EXPECT_LE(growth.in_all, allowed)
          << what << " of " << who << " grow: " << course.Describe();
    }
  }
}

}  // namespace

void ExpectFlat(const LongRun& run, const std::string& endpoint) {
  EndlessJob job(endpoint, run.requests_per_epoch, run.window);
  ASSERT_TRUE(job.WaitUntilWhole()) << job.Output();
  Courses courses;
  for (std::uint64_t look = 0; look < kLooks; ++look) {
    ASSERT_TRUE(Work(job, run, look)) << job.Output();
    const double units =
        run.takeovers > 0
            ? static_cast<double>(run.takeovers * (look + 1)) /
                  static_cast<double>(kLooks)
            : static_cast<double>(job.epoch() * run.units_per_epoch);
    Look(job, units, courses);
  }
  EXPECT_EQ(job.End(), 130) << job.Output();
  Judge(run, courses);
}

}  // namespace taskgraph::test
