// SPDX-License-Identifier: Apache-2.0
//
// The long runs, shortly: they find what leaks much, and that they still run.
#include <gtest/gtest.h>

#include "resources/long_run.h"

namespace taskgraph::test {
namespace {

TEST(ShortRunTest, RequestsAndEpochsLeaveNothingBehind) {
  ExpectFlat({.requests_per_epoch = 100,
              .window = 50,
              .epochs = 480,
              .units_per_epoch = 100,
              .tolerance = 16},
             {});
}

TEST(ShortRunTest, TakeoversLeaveNothingBehind) {
  ExpectFlat({.requests_per_epoch = 100,
              .window = 2,
              .takeovers = 24,
              .tolerance = 1000},
             {});
}

}  // namespace
}  // namespace taskgraph::test
