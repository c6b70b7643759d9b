// SPDX-License-Identifier: Apache-2.0
//
// Nothing grows: some minutes each.
#include <gtest/gtest.h>

#include "resources/long_run.h"
#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

// A leak of some dozen bytes in each is several times as much.
constexpr LongRun kRequests{.requests_per_epoch = 1000,
                            .window = 100,
                            .epochs = 1000,
                            .requests_per_unit = 1000,
                            .tolerance = {2, 8}};
constexpr LongRun kEpochs{
    .epochs = 10'000, .requests_per_unit = 1, .tolerance = {8, 400}};
constexpr LongRun kTakeovers{.requests_per_epoch = 100,
                             .window = 2,
                             .takeovers = 1000,
                             .tolerance = {24, 4000}};

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

TEST(LongRunTest, AThousandTakeoversLeaveNothingBehind) {
  ExpectFlat(kTakeovers, {});
}

TEST(LongRunTest, AThousandTakeoversLeaveNothingBehindOnEtcd) {
  if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "no etcd on this machine";
  const RealEtcd etcd;
  ExpectFlat(kTakeovers, etcd.endpoint());
}

}  // namespace
}  // namespace taskgraph::test
