// SPDX-License-Identifier: Apache-2.0
//
// Copied<State>: makes a simulated task Backupable whose whole state is small.
//
// Intuition: instead of a diary, a photograph: after each callback that changed
// something, all of the state is the update. Tasks of users with more of it
// would name what changed.
//
// `State` has `Write(core::FieldWriter&) const` and `Read(core::FieldReader&)`.
#pragma once

#include <string>
#include <utility>

#include "core/fields.h"
#include "sim/tasks.h"
#include "taskgraph/backupable.h"
#include "taskgraph/turn.h"

namespace taskgraph::sim {

template <typename State>
class Copied : public Backupable {
 public:
  // `accomplices` must outlive it.
  explicit Copied(const Accomplices& accomplices) : accomplices_(accomplices) {}

  void Update(const Payload& log) final { Become(log); }
  Payload Snapshot() final { return Payload::Own(Bytes()); }
  void Restore(const Payload& snapshot) final { Become(snapshot); }

 protected:
  // At the end of each callback.
  void Save(Turn& turn) {
    const std::string bytes = Bytes();
    if (bytes != saved_) turn.Update(bytes);
  }

  const Accomplices& accomplices_;
  State now_;

 private:
  void Become(const Payload& photograph) {
    core::FieldReader in(photograph.text());
    State state;
    state.Read(in);
    if (!in.AtGoodEnd()) throw std::runtime_error("a malformed copy");
    now_ = std::move(state);
    saved_ = photograph.text();
  }
  std::string Bytes() const {
    std::string bytes;
    core::FieldWriter out(bytes);
    now_.Write(out);
    return bytes;
  }

  std::string saved_;
};

}  // namespace taskgraph::sim
