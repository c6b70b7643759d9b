// SPDX-License-Identifier: Apache-2.0
//
// Backupable: what a task implements besides, so that it may have backups.
//
// Intuition: a band with one score. The primary plays, and writes each note
// down; the backups read along. Whatever changes the task's state is a note: an
// update, which the primary asks for by Turn::Update and which every replica
// then applies, in the same order. When the primary's node dies, a backup goes
// on from the same note, and neighbors notice nothing (R15-R18).
//
//   class Account final : public Task, public Backupable {
//     void Deposit(Turn& turn, Token<Empty> token, const Amount& amount) {
//       turn.Update(amount);            // Not: balance_ += amount.
//       turn.Answer(token, {});
//     }
//     void Update(const Payload& log) override {
//       balance_ += *Codec<Amount>::Decode(log);
//     }
//     ...
//
// Updates are applied when the callback has returned; by then all of it is to
// take effect, or, if the callback threw, nothing of it (R15). Update must do
// the same on every replica: no clock, no random numbers, no pointers in the
// log. State that is not changed by updates is lost with its node, and a backup
// begins with that of its constructor.
//
// Threads: as all callbacks of a task, one at a time.
#pragma once

#include "taskgraph/payload.h"

namespace taskgraph {

class Backupable {
 public:
  virtual ~Backupable() = default;

  // Applies what a turn gave to Turn::Update, on every replica. An exception
  // ends the replica; others go on.
  virtual void Update(const Payload& log) = 0;

  // The whole state, as it is after the updates so far; and the way back, on a
  // replica that was just built.
  virtual Payload Snapshot() = 0;
  virtual void Restore(const Payload& snapshot) = 0;

  // This replica's role. Each replica is told when it begins in it, and a
  // backup once more when it takes over: after all updates, before its first
  // turn. Nothing can be asked of the framework here.
  virtual void BecamePrimary() {}
  virtual void BecameBackup() {}
};

}  // namespace taskgraph
