// SPDX-License-Identifier: Apache-2.0
//
// The wall clock is turned by an hour, and by more, under a running job on a
// real etcd: nobody may care. (clock_shift.cc turns it for the job's processes
// alone.)
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "faults/steady_job.h"
#include "support/command.h"
#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

using Seconds = std::atomic<std::int64_t>;
constexpr std::int64_t kHour = 3600;

// The hands of the clock.
class WallClock {
 public:
  explicit WallClock(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_EQ(::ftruncate(fd, sizeof(Seconds)), 0);
    shift_ = static_cast<Seconds*>(::mmap(
        nullptr, sizeof(Seconds), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ::close(fd);
  }
  ~WallClock() { ::munmap(shift_, sizeof(Seconds)); }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  void Turn(std::int64_t seconds) { shift_->store(seconds); }

 private:
  Seconds* shift_ = nullptr;
};

class WallClockTest : public testing::Test {
 protected:
  void SetUp() override {
#ifdef TASKGRAPH_SANITIZED
    GTEST_SKIP() << "a sanitizer wants to be preloaded first";
#endif
    if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "there is no etcd here";
  }

  const TestFolder folder_;
  const std::string file_ = folder_ / "shift";
  WallClock clock_{file_};
  const std::vector<std::string> environment_ = {
      std::string("LD_PRELOAD=") + CLOCK_SHIFT, "CLOCK_SHIFT_FILE=" + file_};
};

// The test of the test.
TEST_F(WallClockTest, WhoPreloadsTheLibrarySeesAnotherYear) {
  clock_.Turn(24 * 365 * 100 * kHour);

  EXPECT_THAT(RunCommand({"/bin/date", "+%Y"}, {}, environment_).output,
              testing::StartsWith("21"));
}

TEST_F(WallClockTest, AnHourEitherWayDisturbsNoJob) {
  RealEtcd etcd;
  SteadyJob job({.endpoints = etcd.endpoint(), .environment = environment_});
  job.StartController();
  job.StartNode();
  job.StartNode();
  ASSERT_TRUE(job.IsWhole(2));
  const auto before = job.Look().tasks;

  for (const std::int64_t hours : {1, -1, 24 * 365, 0}) {
    clock_.Turn(hours * kHour);
    // Longer than a session, and than any heartbeat.
    job.AwaitLease(4);
    ASSERT_TRUE(job.MovesOn()) << hours;
  }

  for (const auto& [task, record] : job.Look().tasks) {
    EXPECT_EQ(record.primary, before.at(task).primary);
    EXPECT_EQ(record.backups, before.at(task).backups);
    EXPECT_EQ(record.incarnation, 1U);
  }
  EXPECT_EQ(job.Finish(), "");
}

// What must be found by time is found by another clock.
TEST_F(WallClockTest, ALossIsFoundWhileTheClockGoesWrong) {
  RealEtcd etcd;
  SteadyJob job({.endpoints = etcd.endpoint(), .environment = environment_});
  job.StartController();
  const std::string one = job.StartNode();
  job.StartNode();
  ASSERT_TRUE(job.IsWhole(2));

  job.member(one).Signal(SIGSTOP);  // Only its silence tells.
  clock_.Turn(-kHour);
  job.StartNode();
  ASSERT_TRUE(job.IsWhole(2));
  clock_.Turn(kHour);
  job.member(one).Signal(SIGCONT);
  ASSERT_TRUE(job.IsWhole(3));

  EXPECT_EQ(job.Finish(), "");
}

}  // namespace
}  // namespace taskgraph::test
