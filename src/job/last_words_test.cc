// SPDX-License-Identifier: Apache-2.0
#include "job/last_words.h"

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <stdexcept>

namespace taskgraph::job {
namespace {

// As at the bottom of a thread.
void NobodyCatches(const std::function<void()>& work) noexcept { work(); }

TEST(LastWordsTest, WithoutMemoryAProcessEndsWithOneLine) {
  EXPECT_EXIT(
      {
        PrepareLastWords();
        NobodyCatches([] { throw std::bad_alloc(); });
      },
      testing::ExitedWithCode(1),
      "^taskgraph: out of memory; this process ends\n$");
}

TEST(LastWordsTest, SoItDoesByWhatNobodyCaught) {
  EXPECT_EXIT(
      {
        PrepareLastWords();
        NobodyCatches([] { throw std::runtime_error("too bad"); });
      },
      testing::ExitedWithCode(1), "^taskgraph: too bad\n$");
}

}  // namespace
}  // namespace taskgraph::job
