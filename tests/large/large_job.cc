// SPDX-License-Identifier: Apache-2.0
#include "large/large_job.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/program.h"

namespace taskgraph::test {
namespace {

std::string Setting(const std::string& name, const std::string& value) {
  return "--config=" + name + "=" + value;
}

Counted Read(const std::string& path) {
  Counted counted;
  std::ifstream in(path);
  in >> counted.allocated_bytes >> counted.copied_bytes >> counted.peak_bytes;
  EXPECT_TRUE(in) << path;
  return counted;
}

}  // namespace

LargeJob::LargeJob(const LargeLoad& load) {
  const Folder folder;
  Program run(
      {LARGE_APP, "run", "--quiet", "--nodes=" + std::to_string(load.nodes),
       "--tasks=" + std::to_string(load.sinks + 1),
       // On a busy machine, silence is no sign of death.
       "--heartbeat-timeout=60s", "--session-time=60s",
       Setting("folder", folder.path().string()), Setting("ask", load.ask),
       Setting("bytes", std::to_string(load.bytes)),
       Setting("pulls", std::to_string(load.pulls))});
  EXPECT_EQ(run.Wait(), 0);
  source_ = Read(folder / "0");
  sink_ = Read(folder / "1");
}

}  // namespace taskgraph::test
