// SPDX-License-Identifier: Apache-2.0
//
// MetaOutbox: the metas that a task flagged in its current epoch.
//
// Intuition: a notice board with a checklist for each neighbor. A notice stays
// until the epoch ends, because a neighbor that restarts must read all of them
// again; the list says up to which one each neighbor has read (R10).
//
// Pure. Not thread-safe; owned by ReplicaCore.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/fields.h"
#include "core/message.h"
#include "taskgraph/topology.h"

namespace taskgraph::core {

class MetaOutbox {
 public:
  // Forgets everything: a new epoch began.
  void Clear();

  std::size_t size() const { return metas_.size(); }

  // Adds a meta for `neighbors`.
  void Flag(const LinkType& link, std::string text, const TaskList& neighbors);

  // The next meta that `to` was not sent; marks it as sent. None: all were.
  const MetaMessage* NextUnsent(TaskId to);

  // `to` heard all up to `number`.
  void Acknowledge(TaskId to, MetaNumber number);

  // What was sent to `to` and not acknowledged may be lost: send it again.
  void Rewind(TaskId to);

  // `to` lost its state, or what it acknowledged: it must hear all of this
  // epoch's metas.
  void RewindToStart(TaskId to);

  bool HasUnacknowledged(TaskId to) const;

  // All that Flag was given, in order.
  void Write(FieldWriter& out) const;

  // How many metas `to` must hear.
  MetaNumber CountFor(TaskId to) const;

 private:
  struct Flagged {
    LinkType link;
    std::string text;
    std::uint64_t occurrence = 0;
  };
  struct Reader {
    std::vector<std::size_t> metas;  // Indices of those it must hear, in order.
    MetaNumber sent = 0;
    MetaNumber acknowledged = 0;
  };

  std::vector<Flagged> metas_;
  std::map<std::pair<LinkType, std::string>, std::uint64_t>
      occurrences_;  // R11
  std::map<TaskId, Reader> readers_;
  MetaMessage next_;
};

}  // namespace taskgraph::core
