// SPDX-License-Identifier: Apache-2.0
//
// MetaInbox: which metas of this epoch a task has heard, from whom.
//
// Intuition: letters from a friend are numbered, so a gap or a repeat is seen
// at once (R10). A friend who lost his memory starts to number anew and may
// write the same letters again; those are known by their text, and by being the
// k-th of that text (R11).
//
// Pure. Not thread-safe; owned by ReplicaCore.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/fields.h"
#include "core/message.h"

namespace taskgraph::core {

class MetaInbox {
 public:
  enum class Verdict : std::uint8_t {
    kNew,     // The task must hear it; then call Heard.
    kKnown,   // It is heard, or waits to be; acknowledge what is done.
    kTooSoon  // An earlier one is missing, and will be sent again.
  };

  // Forgets everything: a new epoch began.
  void Clear() { senders_.clear(); }

  // A meta came from `from` in its `incarnation`, which is no older than any
  // before.
  Verdict Arrive(TaskId from, Incarnation incarnation, const MetaMessage& meta);

  // `meta` was heard on another replica, and all before it were either heard
  // there too or known: it counts as arrived.
  void Skip(TaskId from, Incarnation incarnation, const MetaMessage& meta);

  // All metas up to this one have arrived; 0: none.
  MetaNumber Arrived(TaskId from, Incarnation incarnation) const;

  // As if `meta`, and what came after it, had not arrived.
  void Forget(TaskId from, Incarnation incarnation, const MetaMessage& meta);

  void Write(FieldWriter& out) const;
  // What has arrived counts as heard; see Forget.
  void Read(FieldReader& in);

  // The turn that heard meta `number` took effect.
  void Heard(TaskId from, Incarnation incarnation, MetaNumber number);

  // All metas up to this one took effect; 0: none.
  MetaNumber Acknowledged(TaskId from) const;

 private:
  struct Sender {
    Incarnation incarnation = 0;
    MetaNumber arrived = 0;
    MetaNumber done = 0;         // R10: what may be acknowledged.
    std::set<MetaNumber> ahead;  // Known repeats that wait for earlier ones.
    // Of each (link, text): how often it was heard, in any incarnation (R11).
    std::map<std::pair<LinkType, std::string>, std::uint64_t> heard;
  };

  Sender& Of(TaskId from, Incarnation incarnation);
  static void Advance(Sender& sender, MetaNumber number);

  std::map<TaskId, Sender> senders_;
};

}  // namespace taskgraph::core
