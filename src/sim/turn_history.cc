// SPDX-License-Identifier: Apache-2.0
#include "sim/turn_history.h"

#include <string>

namespace taskgraph::sim {

void TurnHistory::Promoted(const core::NodeCore& at,
                           const core::AssignmentChanged& changed,
                           bool current) {
  const core::Assignment& record = changed.assignment;
  const auto found = at.backups().find(changed.task);
  if (found == at.backups().end() ||
      found->second->identity().incarnation != record.incarnation) {
    return;
  }
  const core::BackupLog& log = found->second->log();
  Life& life = lives_[{changed.task, record.incarnation}];
  for (const core::TurnRecord& one : log.tail()) {
    life.written[{one.number, record.term}] = one.term;
    if (current) CheckSame(changed.task, life, one.number, one.term);
  }
  if (current && log.applied() + log.tail().size() < life.committed.size()) {
    verdict_.Violate("R4", "task " + std::to_string(changed.task) +
                               " is taken over by " + at.self() +
                               ", which lacks turns that took effect");
  }
}

bool TurnHistory::Ended(const core::NodeCore& at, core::RecordNumber end_before,
                        Turn turn) {
  const core::TurnContext& context = turn.order.context;
  const auto replica = at.replicas().find(turn.order.replica);
  if (replica == at.replicas().end() || !replica->second->log()) return false;
  const core::RecordNumber number = replica->second->log()->end();
  if (number == end_before) return false;
  Life& life = lives_[{context.task, context.incarnation}];
  life.written[{number, context.term}] = context.term;
  life.turns[{number, context.term}] = std::move(turn);
  return true;
}

void TurnHistory::After(const core::NodeCore& at) {
  for (const auto& [id, replica] : at.replicas()) {
    if (!replica->log()) continue;
    const core::ReplicaIdentity& me = replica->identity();
    Life& life = lives_[{me.task, me.incarnation}];
    core::RecordNumber& seen = seen_[{at.self(), id}];
    while (seen < replica->log()->committed()) {
      ++seen;
      const auto writer = life.written.find({seen, me.term});
      if (seen > life.committed.size()) {
        Commit(me.task, life, seen, me.term);
      } else if (writer != life.written.end()) {
        CheckSame(me.task, life, seen, writer->second);
      }
      if (verdict_.violation()) return;
    }
  }
}

void TurnHistory::Commit(TaskId task, Life& life, core::RecordNumber number,
                         Term primary_term) {
  const auto writer = life.written.find({number, primary_term});
  const auto turn = writer == life.written.end()
                        ? life.turns.end()
                        : life.turns.find({number, writer->second});
  if (turn == life.turns.end()) {
    return verdict_.Violate(
        "R17", "record " + std::to_string(number) + " of task " +
                   std::to_string(task) + " takes effect in term " +
                   std::to_string(primary_term) + ", and nobody wrote it");
  }
  life.committed.push_back(writer->second);
  sink_(turn->second);
  life.turns.erase(turn);
}

void TurnHistory::CheckSame(TaskId task, const Life& life,
                            core::RecordNumber number, Term writer) {
  if (number > life.committed.size()) return;
  if (life.committed[number - 1] == writer) return;
  verdict_.Violate("R4", "record " + std::to_string(number) + " of task " +
                             std::to_string(task) +
                             " took effect as written in term " +
                             std::to_string(life.committed[number - 1]) +
                             ", and is another one now");
}

}  // namespace taskgraph::sim
