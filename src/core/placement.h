// SPDX-License-Identifier: Apache-2.0
//
// Placement: which node gets the next task.
//
// Intuition: seating guests at tables in several rooms. The emptiest room comes
// first, then the emptiest table in it, measured by the seats that each has; so
// that one room on fire spoils as few dinners as possible. Reserved tables are
// for when the others are full, and nobody is sent back to the chair that broke
// under him as long as there is another.
//
// Pure; equal nodes and calls give equal places. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/assignment.h"

namespace taskgraph::core {

class Placement {
 public:
  // A node that is alive, and how many tasks it has or will have.
  void Add(const NodeRecord& node, std::uint64_t tasks);

  // Tasks for which there is room.
  std::uint64_t free_slots() const { return free_slots_; }

  // Gives a slot to one more task: not on `avoid` if another node has room
  // (Turn::Retire, R23), reserve last, evenly over hosts, then over nodes.
  // None: all are full.
  std::optional<NodeId> Place(const NodeId& avoid);

  // Gives a slot to one more replica of a task that is on `others` already:
  // on none of them, on another host if there is room, else as above.
  std::optional<NodeId> PlaceBeside(const std::vector<NodeId>& others);

 private:
  struct Share {
    std::uint64_t tasks = 0;
    std::uint64_t slots = 0;

    bool IsFull() const { return tasks >= slots; }
    // Has fewer tasks for its slots.
    bool IsEmptierThan(const Share& other) const {
      return tasks * other.slots < other.tasks * slots;
    }
  };
  struct Candidate {
    NodeId node;
    std::uint32_t reserve = 0;
    std::size_t host = 0;  // Index in hosts_.
    std::string host_name;
    Share share;
  };

  bool IsBetter(const Candidate& a, const Candidate& b) const;
  // Takes the best of those with room. `rank` goes before all else; a lower one
  // is better, none excludes.
  template <typename Rank>
  std::optional<NodeId> Best(Rank rank);

  std::vector<Candidate> nodes_;
  std::vector<Share> hosts_;
  // Reserve nodes of a host count for themselves: their empty slots must not
  // draw tasks to the others.
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> host_of_;
  std::uint64_t free_slots_ = 0;
};

}  // namespace taskgraph::core
