// SPDX-License-Identifier: Apache-2.0
//
// OpenRequests: what a task has asked in this epoch and not yet done with.
//
// Intuition: a list of questions sent by post. A question stays until its
// answer has been read, not merely delivered; while it is unanswered it may be
// sent again, with the same number, so that the other side knows it for the
// same (R12, R14).
//
// Pure. Not thread-safe; owned by ReplicaCore.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/fields.h"
#include "core/message.h"
#include "core/number_row.h"
#include "core/spare_nodes.h"
#include "core/turn.h"

namespace taskgraph::core {

class OpenRequests {
 public:
  // Voids everything: a new epoch began (R9). Numbers go on rising.
  void Clear();

  // The number of the next request.
  RequestNumber next() const { return next_; }

  // How many are unfinished.
  std::size_t size() const { return requests_.size(); }

  // Notes a request that was made; does nothing if its number is below next().
  void Make(MakeRequest&& request);

  // The next request to `to` that is unanswered and unsent; marks it as sent.
  const MakeRequest* NextUnsent(TaskId to);

  // What was sent to `to` and is not answered may be lost: send it again.
  void Rewind(TaskId to);

  // An answer came, or the request was withdrawn: it is not sent any more.
  // Returns what it was the first time only (R12).
  struct Asked {
    TaskId of = 0;
    std::string method;
  };
  std::optional<Asked> Settle(RequestNumber number);

  // The turn that handled the answer took effect.
  void Finish(RequestNumber number);

  // R14: no answer below it is needed any more.
  RequestNumber first_unfinished() const;

  bool HasUnanswered(TaskId to) const;
  // Whether that request to `to` is one of those.
  bool Awaits(TaskId to, RequestNumber number) const;

  void Write(FieldWriter& out) const;
  // Nothing counts as sent.
  void Read(FieldReader& in);

 private:
  struct Entry {
    std::optional<MakeRequest> request;  // None: its answer is being handled.
    bool sent = false;                   // And unanswered.
    // Those to the same task that were sent before and after it; 0: none.
    RequestNumber before = 0, after = 0;
  };
  using Place = std::pair<TaskId, RequestNumber>;
  using LastSent = std::map<TaskId, RequestNumber>;
  const MakeRequest* Send(RequestNumber number);
  void Unlink(Entry& entry);

  RequestNumber next_ = 1;
  NumberRow<Entry> requests_;    // All that are unfinished.
  LastSent last_sent_;           // Of those that are unanswered; 0: none.
  std::set<Place> unsent_;       // Mostly empty: all but `newest_`.
  std::optional<Place> newest_;  // Made last, if it is unsent.
  SpareNodes<LastSent> spare_last_sent_;
};

}  // namespace taskgraph::core
