// SPDX-License-Identifier: Apache-2.0
//
// World: what happens in it, in words: the story that its records tell, and the
// points at which a process may be made to die.
#include <algorithm>
#include <utility>

#include "sim/crash_point.h"
#include "sim/world.h"

namespace taskgraph::sim {

void World::TraceRecords(const coordination::RevisionChanges& changes,
                         const std::string& writer) {
  const coordination::JobKeys keys(stage_.job.name());
  for (const coordination::Change& change : changes.changes) {
    const std::string& key = change.current.key;
    const std::string& value = change.current.value;
    const bool gone = change.kind == coordination::Change::Kind::kDelete;
    if (const auto task = keys.AssignedTask(key); task && !gone) {
      const auto record = coordination::DecodeAssignment(value);
      if (!record) continue;
      trace_.Story("task " + std::to_string(*task) + ": term " +
                   std::to_string(record->term) + ", incarnation " +
                   std::to_string(record->incarnation) + ", " +
                   (record->HasPrimary() ? "primary " + record->primary
                                         : std::string("no primary")) +
                   (record->failures > 0
                        ? ", failures " + std::to_string(record->failures)
                        : std::string()) +
                   (record->last_error.empty()
                        ? std::string()
                        : " (" + record->last_error + ")"));
    } else if (key == keys.epoch() && !gone) {
      const auto epoch = coordination::DecodeEpoch(value);
      if (epoch) trace_.Story("epoch " + std::to_string(epoch->epoch));
    } else if (key == keys.status() && !gone) {
      trace_.Story("status " + value);
    } else if (const auto node = keys.RegisteredNode(key)) {
      trace_.Story("node " + *node + (gone ? " has left" : " is registered"));
    } else if (key == keys.controller()) {
      trace_.Story(gone ? "no controller" : "controller " + writer);
    }
  }
}

// --- Crash points ---

void World::Passes(Process& process, const std::string& point) {
  const auto is = [&](const auto& at) { return at.process.get() == &process; };
  const auto node = std::find_if(nodes_.begin(), nodes_.end(), is);
  const bool is_node = node != nodes_.end();
  if (!options_.crashes((is_node ? "node " : "controller ") + point)) return;
  trace_.Story(process.id() + " dies where it " + point);
  if (is_node)
    return KillNode(static_cast<std::uint32_t>(node - nodes_.begin()));
  const auto controller =
      std::find_if(controllers_.begin(), controllers_.end(), is);
  KillController(static_cast<std::uint32_t>(controller - controllers_.begin()));
}

void World::Wrote(const coordination::RevisionChanges& changes,
                  const std::string& writer) {
  const auto found = processes_.find(writer);
  if (found == processes_.end()) return;
  const coordination::JobKeys keys(stage_.job.name());
  for (const coordination::Change& change : changes.changes) {
    const std::string key = NameOf(change, keys);
    if (key.empty() || !found->second->alive()) continue;
    Passes(*found->second, Writes(key));
  }
}

}  // namespace taskgraph::sim
