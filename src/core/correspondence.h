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

  Backoff redial;          // After the connection broke.
  Backoff repeat;          // Of what is unacknowledged: time for large records.
  Backoff rejoin;          // After it could not take, or keep, its snapshot.
  int repeats = 0;         // Since it was last heard.
  RecordNumber large = 0;  // Nothing may overtake this record.

  // R20: nor its snapshot. From the order of the snapshot until its first word;
  // a snapshot may be of any size, so the patience doubles with each one.
  Backoff patience;
  bool invited = false;
  NodeId copied_by;       // By whom the snapshot is taken.
  bool by_backup = true;  // It may be one that counts; this was not tried.

  void Invite(const NodeId& copyist, Time now) {
    invited = true;
    copied_by = copyist;
    patience.Wait(now);
  }
  // Says whether it was.
  bool Disinvite() {
    patience.Resume();
    by_backup = false;
    return std::exchange(invited, false);
  }
  // It said something of its present stay.
  void Heard() {
    invited = false;
    by_backup = true;
    repeats = 0;
    for (Backoff* wait : {&redial, &repeat, &patience}) wait->Encourage();
    repeat.Resume();
    patience.Resume();
  }
  // It is no replica any more; what remains is how it kept its snapshots.
  void Close(const FailureOptions& options) {
    const Backoff bad_luck = rejoin;
    *this = Correspondence(options);
    rejoin = bad_luck;
  }

  bool MayBeInvited() const { return !redial.waiting() && !rejoin.waiting(); }
  Time deadline() const {
    return std::min(
        {redial.until(), repeat.until(), rejoin.until(), patience.until()});
  }
};

}  // namespace taskgraph::core
