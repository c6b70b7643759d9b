// SPDX-License-Identifier: Apache-2.0
//
// EpochWatch: does this node need the coordinator to learn of a new epoch (R6)?
//
// Intuition: who hears each stroke of the clock from the neighbors need not
// have a messenger sent by the town hall as well; with epochs of a millisecond
// or two, the messengers to all the houses are a third of all the work there
// is. But who has heard nothing for a while asks for the messenger again, and
// is slower to do without the next time.
//
// So the watch is given up while epochs are short and others tell of each, and
// taken up again kSilence after the last epoch; it begins with what is so by
// then, so nothing is missed.
//
// Pure. Not thread-safe; owned by NodeCore.
#pragma once

#include <algorithm>
#include <chrono>

#include "core/assignment.h"
#include "core/vocabulary.h"
#include "taskgraph/types.h"

namespace taskgraph::core {

class EpochWatch {
 public:
  using By = FollowEpoch::By;

  // An epoch that nobody tells of is learned this much later, at most, if the
  // watch was given up. Longer epochs are not worth giving it up.
  static constexpr Duration kSilence = std::chrono::milliseconds(50);

  By by() const { return by_; }

  // Another node, or the verdict on this node's own proposal, told of `epoch`.
  void HeardFromPeer(Epoch epoch) { heard_ = std::max(heard_, epoch); }

  // A new epoch follows `last`; it was `source` that told of it first.
  void Advanced(Epoch last, By source, Time now) {
    if (awaited_ && source == By::kWatch) {  // It was missed.
      needed_ = std::min(needed_ * kPatienceFactor, kPatienceMax);
    }
    awaited_ = false;
    const bool told = heard_ >= last, quick = now - since_ < kSilence;
    in_a_row_ = told && quick ? in_a_row_ + 1 : 0;
    since_ = now;
    if (in_a_row_ >= needed_) by_ = By::kPeers;
  }

  // When OnDeadline wants to be called; kNever: not at all.
  Time NextDeadline() const {
    return by_ == By::kPeers ? since_ + kSilence : kNever;
  }
  void OnDeadline(Time now) {
    if (NextDeadline() > now) return;
    by_ = By::kWatch;
    awaited_ = true;
  }

 private:
  // Short epochs in a row, told by others, before the watch is given up; more
  // each time that it was missed then.
  static constexpr int kPatienceMin = 3;
  static constexpr int kPatienceFactor = 4;
  static constexpr int kPatienceMax = 8192;

  By by_ = By::kWatch;
  Epoch heard_ = 0;  // The highest one that others told of.
  Time since_{};     // When the current one was learned of.
  int in_a_row_ = 0;
  int needed_ = kPatienceMin;
  bool awaited_ = false;  // Taken up again since; nothing has come of it yet.
};

}  // namespace taskgraph::core
