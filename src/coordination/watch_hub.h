// SPDX-License-Identifier: Apache-2.0
//
// WatchHub: who is told of which changes of one store.
//
// Intuition: every watcher has a bookmark in the store's history. After each
// change the hub lets all of them read on from their bookmarks; a watch from
// the past is nothing special, its bookmark is just further back. A bookmark on
// a page that was torn out cannot be read on from: its watcher is told, and
// must list again.
//
// Pure, not thread-safe; owned by LocalStore. Listeners may add and remove
// watches, but must not change the store.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "coordination/history.h"
#include "coordination/store.h"
#include "coordination/types.h"

namespace taskgraph::coordination {

// Never reused.
using WatchId = std::uint64_t;

// Whether to tell what a change replaced.
enum class Previous : std::uint8_t { kUnwanted, kWanted };

struct WatchRequest {
  KeyRange range;
  Revision from = 0;  // 0: what changes after now.
  Previous previous = Previous::kUnwanted;
};

// The watch stands; the store is at `revision`. Before all other notices.
struct WatchStarted {
  Revision revision = 0;
};
struct WatchAdvanced {
  RevisionChanges changes;
  // If wanted, for each change what was there before; none: nothing, or it is
  // compacted.
  std::vector<std::optional<KeyValue>> previous;
};
// The watch has ended: its next revision is gone; `compacted` is the oldest.
struct WatchCompacted {
  Revision compacted = 0;
};
using WatchNotice = std::variant<WatchStarted, WatchAdvanced, WatchCompacted>;
using WatchListener = std::function<void(const WatchNotice&)>;

class WatchHub {
 public:
  explicit WatchHub(const Store& store) : store_(store) {}

  // Tells `listener` that the watch stands, and at once what it missed. `id` is
  // the caller's, who must not use it twice.
  void Add(WatchId id, WatchRequest request, WatchListener listener);
  void Remove(WatchId id) { watches_.erase(id); }

  // Tells everyone what is new. To be called after every change.
  void Pump();

 private:
  struct Bookmark {
    WatchRequest request;
    WatchListener listener;
  };

  void ReadOn(WatchId id);
  WatchAdvanced Advanced(const Bookmark& bookmark,
                         RevisionChanges changes) const;

  const Store& store_;
  std::map<WatchId, std::shared_ptr<Bookmark>> watches_;
};

}  // namespace taskgraph::coordination
