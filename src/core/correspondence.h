// SPDX-License-Identifier: Apache-2.0
//
// Correspondence: of a primary with a node that is, or is to be, one of its
// backups.
//
// Intuition: what a patient writer notes about each of her readers: when to
// knock again, when to repeat a question, and how long to wait for who was
// asked to join.
//
// Pure. Not thread-safe; owned by ReplicaCore.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/backoff.h"
#include "core/turn_log.h"

namespace taskgraph::core {

struct Correspondence {
  explicit Correspondence(const FailureOptions& options)
      : redial(options),
        repeat(options.heartbeat_timeout / 2, options.heartbeat_timeout * 2),
        rejoin(options.backoff_min, std::chrono::seconds(30)),
        patience(options.heartbeat_timeout * 10, std::chrono::hours(1)) {}

  // After that one more counts as the first.
  static constexpr Duration kRejectionCounts = std::chrono::minutes(1);

  Backoff redial;  // After the connection broke.
  Backoff repeat;  // Of what is unacknowledged: time for large records.
  Backoff rejoin;  // After it was rejected.
  Time rejected_at{};
  int repeats = 0;         // Since it was last heard.
  RecordNumber large = 0;  // Nothing may overtake this record.

  // R20: nor its snapshot. From the order of the snapshot until its first word;
  // a snapshot may be of any size, so the patience doubles with each one.
  Backoff patience;
  bool invited = false;
  NodeId snapshot_by;          // Whose part it is to take it.
  bool may_try_backup = true;  // To have one take it that counts.

  void Invite(const NodeId& taker, Time now) {
    invited = true;
    snapshot_by = taker;
    patience.Wait(now);
    large = 0;
    repeats = 0;
    repeat.Resume();
  }
  // The invitation came to nothing, or the joiner does not keep up.
  void Disinvite() {
    if (std::exchange(invited, false)) may_try_backup = false;
    patience.Resume();
  }
  // It could not take, or keep, its snapshot. After a good while such things
  // are forgotten.
  void Reject(Time now) {
    if (now - rejected_at > kRejectionCounts) rejoin.Encourage();
    rejected_at = now;
    rejoin.Wait(now);
  }
  // It said something of its present stay.
  void Heard() {
    invited = false;
    may_try_backup = true;
    repeats = 0;
    for (Backoff* wait : {&redial, &repeat, &patience}) wait->Encourage();
    repeat.Resume();
    patience.Resume();
  }
  // It is no replica any more; what remains is how it kept its snapshots.
  void Close(const FailureOptions& options) {
    Correspondence fresh(options);
    fresh.rejoin = rejoin;
    fresh.rejected_at = rejected_at;
    *this = fresh;
  }

  // It was closed, and nothing that it would tell is of use any more.
  bool MayBeForgotten(Time now) const {
    return rejected_at == Time{} ||
           (!rejoin.waiting() && now - rejected_at > kRejectionCounts);
  }

  bool MayBeInvited() const { return !redial.waiting() && !rejoin.waiting(); }
  Time deadline() const {
    return std::min(
        {redial.until(), repeat.until(), rejoin.until(), patience.until()});
  }
};

}  // namespace taskgraph::core
