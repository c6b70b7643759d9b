// SPDX-License-Identifier: Apache-2.0
//
// A callback that does not return for longer than any timeout, on a real etcd:
// its node is as alive as before, and so are the others.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "faults/steady_job.h"
#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

TEST(CallbackTest, OneThatBlocksForLongCostsNobodyHisSession) {
  if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "there is no etcd here";
  RealEtcd etcd;
  const TestFolder folder;
  const std::string gate = folder / "gate";
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  SteadyJob job({.endpoints = etcd.endpoint(),
                 .flags = {"--backups=0", "--config=forgets=yes",
                           "--config=gate=" + gate}});
  job.StartController();
  job.StartNode();
  job.StartNode();
  ASSERT_TRUE(job.Await([&](const storm::Records&) {
    return std::filesystem::exists(gate + ".reached");
  }));
  const storm::Records before = job.Look();

  // Three session times, six heartbeat timeouts.
  job.AwaitLease(6);

  EXPECT_TRUE(job.MovesOn());
  const storm::Records after = job.Look();
  EXPECT_EQ(after.nodes, before.nodes);
  for (const auto& [task, record] : after.tasks) {
    EXPECT_EQ(record.primary, before.tasks.at(task).primary);
    EXPECT_EQ(record.incarnation, 1U);
  }
  // Nothing is written: who was waiting may be gone from the pipe at once.
  { const std::ofstream open(gate); }
  EXPECT_EQ(job.Finish(), "");
}

}  // namespace
}  // namespace taskgraph::test
