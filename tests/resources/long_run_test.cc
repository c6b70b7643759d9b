// SPDX-License-Identifier: Apache-2.0
//
// Nothing grows: some minutes each.
#include "resources/long_run.h"

#include <gtest/gtest.h>

#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

// A leak of some dozen bytes in each is several times as much: see
// kHeapMayStep, too.
constexpr LongRun kRequests{.requests_per_epoch = 1000,
                            .window = 100,
                            .epochs = 1000,
                            .units_per_epoch = 1000,
                            .tolerance = 2};
constexpr LongRun kEpochs{.epochs = 10'000, .tolerance = 8};
// More than a thousand, since each leaves less than an epoch could.
constexpr LongRun kTakeovers{
    .requests_per_epoch = 100, .window = 2, .takeovers = 3000, .tolerance = 4};

TEST(LongRunTest, AMillionRequestsLeaveNothingBehind) {
  ExpectFlat(kRequests, {});
}

TEST(LongRunTest, AMillionRequestsLeaveNothingBehindOnEtcd) {
  if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "no etcd on this machine";
  const RealEtcd etcd;
  ExpectFlat(kRequests, etcd.endpoint());
}

TEST(LongRunTest, TenThousandEpochsLeaveNothingBehind) {
  ExpectFlat(kEpochs, {});
}

TEST(LongRunTest, TenThousandEpochsLeaveNothingBehindOnEtcd) {
  if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "no etcd on this machine";
  const RealEtcd etcd;
  ExpectFlat(kEpochs, etcd.endpoint());
}

TEST(LongRunTest, ThreeThousandTakeoversLeaveNothingBehind) {
  ExpectFlat(kTakeovers, {});
}

TEST(LongRunTest, ThreeThousandTakeoversLeaveNothingBehindOnEtcd) {
  if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "no etcd on this machine";
  const RealEtcd etcd;
  ExpectFlat(kTakeovers, etcd.endpoint());
}

}  // namespace
}  // namespace taskgraph::test
