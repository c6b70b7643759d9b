// SPDX-License-Identifier: Apache-2.0
#include "sim/record_rules.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace taskgraph::sim {
namespace {

std::string Name(TaskId task) { return "task " + std::to_string(task); }

}  // namespace

RecordRules::RecordRules(const Job& job, Verdict& verdict)
    : job_(job),
      verdict_(verdict),
      keys_of_(job.name()),
      records_(job.tasks()) {}

const core::Assignment* RecordRules::At(TaskId task, Term term) const {
  const auto found = history_.find({task, term});
  return found == history_.end() ? nullptr : &found->second;
}

void RecordRules::Recorded(const coordination::RevisionChanges& changes,
                           const NodeId& writer) {
  // First who is there: a registration and a loss may be of one revision.
  for (const coordination::Change& change : changes.changes) {
    const std::string& key = change.current.key;
    const bool put = change.kind == coordination::Change::Kind::kPut;
    if (!key.starts_with(keys_of_.root())) {
      if (!writer.empty()) verdict_.Violate("R24", writer + " wrote " + key);
      continue;
    }
    put ? (void)keys_.insert(key) : (void)keys_.erase(key);
    if (const auto node = keys_of_.RegisteredNode(key)) {
      put ? (void)registered_.insert(*node) : (void)registered_.erase(*node);
    }
  }
  CheckTermKeys(changes);
  for (const coordination::Change& change : changes.changes) {
    if (change.kind != coordination::Change::Kind::kPut) continue;
    const std::string& key = change.current.key;
    const std::string& text = change.current.value;
    if (const auto task = keys_of_.AssignedTask(key)) {
      if (const auto next = coordination::DecodeAssignment(text)) {
        OnAssignment(*task, *next, writer);
      }
    } else if (key == keys_of_.epoch()) {
      if (const auto next = coordination::DecodeEpoch(text)) OnEpoch(*next);
    } else if (key == keys_of_.status()) {
      OnStatus(text);
    }
  }
}

// R1: the term's own key changes exactly when the term does.
void RecordRules::CheckTermKeys(const coordination::RevisionChanges& changes) {
  std::map<std::string, std::string> put;
  for (const coordination::Change& change : changes.changes) {
    if (change.kind == coordination::Change::Kind::kPut) {
      put[change.current.key] = change.current.value;
    }
  }
  for (const auto& [key, text] : put) {
    const auto task = keys_of_.AssignedTask(key);
    const auto next =
        task ? coordination::DecodeAssignment(text) : std::nullopt;
    if (!next) continue;
    const auto term = put.find(keys_of_.term(*task));
    const bool written = term != put.end();
    const bool changes_term = next->term != records_[*task].term;
    if (written != changes_term ||
        (written && term->second != std::to_string(next->term))) {
      verdict_.Violate("R1", "the term's key of " + Name(*task) +
                                 " does not go with its record");
    }
  }
}

// R1, R3: whoever writes says what he takes for granted.
void RecordRules::Asked(const coordination::Txn& txn, const NodeId& writer) {
  if (writer.empty()) return;
  for (const coordination::Op& op : txn.then) {
    const auto* put = std::get_if<coordination::Put>(&op);
    if (put != nullptr && !IsGuarded(txn, *put, writer)) {
      verdict_.Violate("R3",
                       writer + " writes " + put->key + " without its guard");
    }
  }
}

bool RecordRules::IsGuarded(const coordination::Txn& txn,
                            const coordination::Put& put,
                            const NodeId& writer) const {
  using Target = coordination::Compare::Target;
  const auto compares = [&](const std::string& key, Target target) {
    return std::any_of(txn.compares.begin(), txn.compares.end(),
                       [&](const coordination::Compare& compare) {
                         return compare.key == key && compare.target == target;
                       });
  };
  const auto compares_a_term = [&] {
    return std::any_of(txn.compares.begin(), txn.compares.end(),
                       [&](const coordination::Compare& compare) {
                         return compare.key.ends_with("/term");
                       });
  };
  const std::string& key = put.key;
  if (keys_of_.AssignedTask(key)) return compares(key, Target::kModRevision);
  if (key == keys_of_.epoch()) {
    const bool submits = compares(keys_of_.spec(), Target::kVersion);
    return submits || (compares(key, Target::kValue) && compares_a_term());
  }
  if (key == keys_of_.status() && !end_) {
    const bool by_node = registered_.contains(writer);
    return compares(key, Target::kVersion) && (!by_node || compares_a_term());
  }
  return true;
}

void RecordRules::OnAssignment(TaskId task, const core::Assignment& next,
                               const NodeId& writer) {
  const core::Assignment before = std::exchange(records_[task], next);
  history_[{task, next.term}] = next;
  const bool same_life =
      next.primary == before.primary && next.incarnation == before.incarnation;
  if (next.term != before.term + (same_life ? 0 : 1)) {
    verdict_.Violate("R1", Name(task) + ": the term goes from " +
                               std::to_string(before.term) + " to " +
                               std::to_string(next.term) + ", the primary " +
                               "from '" + before.primary + "' to '" +
                               next.primary + "'");
  }
  const Incarnation lost =
      next.incarnation - (before.incarnation == 0 ? 1 : before.incarnation);
  const bool promoted =
      lost == 0 && before.HasPrimary() && next.primary != before.primary;
  if (promoted) {
    ++promotions_;
    CheckPromotion(task, before, next);
  }
  if (same_life && next.backups.size() > before.backups.size()) ++joins_;
  if (same_life && next.backups != before.backups && before.HasPrimary()) {
    CheckInSync(task, before, next, writer);
  }
  if (lost > 1) {
    verdict_.Violate("R5", Name(task) + ": from '" + before.primary + "' to '" +
                               next.primary + "', incarnation " +
                               std::to_string(next.incarnation));
  }
  if (lost == 1) {
    ++losses_;
    CheckLoss(task, before, next, writer);
  }
  const bool failed = next.failures == before.failures + 1;
  if ((lost == 1 || promoted) && !failed && writer == before.primary &&
      threw_.contains({task, before.term})) {
    verdict_.Violate("R23", Name(task) + " threw, and that is not counted");
  }
  if (next.failures != before.failures &&
      !(failed && (lost == 1 || promoted) && writer == before.primary &&
        threw_.contains({task, before.term}))) {
    verdict_.Violate("R23", Name(task) + ": " + std::to_string(next.failures) +
                                " failures are recorded, after " +
                                std::to_string(before.failures));
  }
  if (!next.primary.empty() && next.primary != before.primary &&
      end_.has_value()) {
    verdict_.Violate("R24", Name(task) + " is placed after the job's end");
  }
}

// R4: to one of those that have all that took effect, and the others stay.
void RecordRules::CheckPromotion(TaskId task, const core::Assignment& before,
                                 const core::Assignment& next) {
  if (next.backups == before.PromotedTo(next.primary).backups &&
      core::IsIn(next.primary, before.backups)) {
    return;
  }
  verdict_.Violate("R4", Name(task) + ": from '" + before.primary + "' to '" +
                             next.primary + "', which is no in-sync backup");
}

// R19: within a term by its primary alone.
void RecordRules::CheckInSync(TaskId task, const core::Assignment& before,
                              const core::Assignment& next,
                              const NodeId& writer) {
  if (writer == next.primary && before.HasPrimary()) return;
  verdict_.Violate("R19", Name(task) + ": the in-sync set is changed by " +
                              writer + ", which is not its primary");
}

// R5, R25: only by itself, or when its process is dead, or when its session
// ended and was not taken up again.
void RecordRules::CheckLoss(TaskId task, const core::Assignment& before,
                            const core::Assignment&, const NodeId& writer) {
  const NodeId& node = before.primary;
  const bool heir = std::any_of(
      before.backups.begin(), before.backups.end(), [&](const NodeId& backup) {
        return IsAlive(backup) && registered_.contains(backup);
      });
  if (heir) {
    verdict_.Violate("R5", Name(task) + " is given up by " + writer +
                               ", though it has a live backup");
  }
  if (writer == node || !IsAlive(node) || !registered_.contains(node)) return;
  verdict_.Violate("R5", Name(task) + " is taken from node " + node + " by " +
                             writer +
                             ", though its process and its session live");
}

void RecordRules::GivesUp(TaskId task, const NodeId& node,
                          Duration since_back) {
  const Duration session = job_.options().failure.session_time;
  if (!IsAlive(node) || since_back >= session) return;
  verdict_.Violate("R25", Name(task) + " on living node " + node +
                              " is given up too soon after the controller " +
                              "has come back to the coordinator");
}

void RecordRules::EndsSession(const NodeId& node) {
  if (!IsAlive(node)) return;
  verdict_.Violate(
      "R5", "the session of node " + node + " is ended, but its process lives");
}

void RecordRules::OnEpoch(const core::EpochAdvanced& next) {
  const bool first = generation_ == 0;
  const bool one_more =
      next.generation == generation_ && next.epoch == epoch_ + 1;
  if (!first && !one_more) {
    verdict_.Violate("R6", "the epoch goes from " + std::to_string(epoch_) +
                               " to " + std::to_string(next.epoch));
  }
  generation_ = next.generation;
  epoch_ = next.epoch;
}

void RecordRules::OnStatus(const std::string& text) {
  if (end_ && text != status_) {
    verdict_.Violate("R24", "the status is written again: " + text);
  }
  status_ = text;
  end_ = coordination::DecodeEnd(text);
}

}  // namespace taskgraph::sim
