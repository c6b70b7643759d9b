// SPDX-License-Identifier: Apache-2.0
//
// ReplicaCore: new backups (R20).
#include <algorithm>
#include <utility>

#include "core/replica_core.h"

namespace taskgraph::core {

// Who is to become a backup gets a snapshot. A backup takes it, where there is
// one; else the task has a turn of its own for it.
void ReplicaCore::CallJoiners(Time now) {
  const Assignment& record = around_.directory.of(me_.task);
  if (!active() || !log_ || record.term != me_.term) return;
  for (const NodeId& node : record.joining) {
    if (around_.suspects.contains(node)) AskAfter(node, now);
    if (!MayInvite(node)) continue;
    const NodeId* taker = SnapshotTakerFor(node);
    if (taker == nullptr) {
      OrderSnapshot();
    } else if (auto order = Join(node, log_->base(), *taker, now)) {
      Post(*taker, *std::move(order));
    }
  }
}

bool ReplicaCore::MayInvite(const NodeId& node) const {
  const auto with = correspondences_.find(node);
  return !log_->copyists().contains(node) && !around_.suspects.contains(node) &&
         (with == correspondences_.end() || with->second.MayBeInvited());
}

// It was silent once; where it has nothing to say to this node, it would never
// be heard again (R21).
void ReplicaCore::AskAfter(const NodeId& suspect, Time now) {
  Correspondence& with = With(suspect);
  if (with.redial.waiting()) return;
  with.redial.Wait(now);
  if (!around_.probed.insert(suspect).second) return;  // For another task.
  around_.outputs.push_back(ProbePeer{suspect});
}

// A backup that counts and answers; once, then the primary does it itself.
const NodeId* ReplicaCore::SnapshotTakerFor(const NodeId& joiner) const {
  const auto with = correspondences_.find(joiner);
  if (with != correspondences_.end() && !with->second.may_try_backup)
    return nullptr;
  const Assignment& record = around_.directory.of(me_.task);
  const auto found = std::find_if(
      record.backups.begin(), record.backups.end(), [&](const NodeId& node) {
        const auto its = log_->copyists().find(node);
        const auto talk = correspondences_.find(node);
        return its != log_->copyists().end() && its->second.heard > 0 &&
               talk != correspondences_.end() &&
               !talk->second.redial.waiting() && talk->second.repeats == 0 &&
               !gone_.contains(node) && !around_.suspects.contains(node);
      });
  return found == record.backups.end() ? nullptr : &*found;
}

// None: it can't be now.
std::optional<SnapshotOrder> ReplicaCore::Join(const NodeId& joiner,
                                               RecordNumber base,
                                               const NodeId& taker, Time now) {
  const std::optional<JoinNumber> join = log_->Join(joiner, base);
  if (!join) return {};
  With(joiner).Invite(taker, now);
  return SnapshotOrder{me_.term, *join, around_.directory.of(me_.task).joins,
                       base, joiner};
}

void ReplicaCore::OrderSnapshot() {
  if (!std::exchange(snapshot_is_due_, true)) {
    prologue_.push_back(TakeSnapshot{});
  }
}

void ReplicaCore::TakeSnapshotOf(const TurnEffects& effects, Time now) {
  snapshot_is_due_ = false;
  if (effects.snapshot) {
    Invite(*effects.snapshot, now);
    if (check_.enabled() && Records()) {  // On each backup, too.
      Append(check_.Take(log_->end(), effects.snapshot->bytes), {});
    }
  } else {  // It threw, or is too large: the task goes on without.
    check_.Skip();
    for (const NodeId& node : around_.directory.of(me_.task).joining) {
      With(node).Reject(now);
    }
  }
}

void ReplicaCore::Invite(const Sealed& state, Time now) {
  const Assignment& record = around_.directory.of(me_.task);
  if (!log_ || record.term != me_.term) return;
  std::vector<const Cause*> tray;
  queue_.ForEach([&](const Cause& cause) { tray.push_back(&cause); });
  for (const Cause& cause : unheard_) tray.push_back(&cause);
  const Sealed books = Seal(books_.Copy(tray));
  for (const NodeId& node : record.joining) {
    if (!MayInvite(node)) continue;
    if (const auto order = Join(node, log_->end(), around_.self, now)) {
      Post(node, Invitation{order->term, order->join, order->joins, order->base,
                            books, state});
    }
  }
}

void ReplicaCore::Disinvite(const NodeId& joiner) {
  log_->Drop(joiner);
  With(joiner).Disinvite();
}

// It begins again, not at once.
void ReplicaCore::GiveUp(const NodeId& joiner, Time now) {
  Disinvite(joiner);
  With(joiner).Reject(now);
}

}  // namespace taskgraph::core
