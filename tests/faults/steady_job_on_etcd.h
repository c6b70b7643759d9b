// SPDX-License-Identifier: Apache-2.0
//
// For tests: a SteadyJob without members yet, on a real etcd of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "faults/steady_job.h"
#include "support/real_etcd.h"

namespace taskgraph::test {

class SteadyJobOnEtcd : public testing::Test {
 protected:
  void SetUp() override {
    if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "there is no etcd here";
    etcd_ = std::make_unique<RealEtcd>();
    MakeJob();
  }

  // `flags`: of its controllers. In place of the one before, if nobody is of it
  // yet.
  void MakeJob(std::vector<std::string> flags = {}) {
    job_ = std::make_unique<SteadyJob>(SteadyJob::Setting{
        .endpoints = etcd_->endpoint(), .flags = std::move(flags)});
  }

  std::unique_ptr<RealEtcd> etcd_;
  std::unique_ptr<SteadyJob> job_;
};

}  // namespace taskgraph::test
