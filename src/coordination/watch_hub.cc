// SPDX-License-Identifier: Apache-2.0
#include "coordination/watch_hub.h"

#include <utility>

namespace taskgraph::coordination {

void WatchHub::Add(WatchId id, WatchRequest request, WatchListener listener) {
  if (request.from <= 0) request.from = store_.revision() + 1;
  auto bookmark = std::make_shared<Bookmark>(
      Bookmark{std::move(request), std::move(listener)});
  watches_[id] = bookmark;
  bookmark->listener(WatchStarted{store_.revision()});
  ReadOn(id);
}

void WatchHub::Pump() {
  // Listeners may add and remove watches meanwhile; those added are up to date.
  std::vector<WatchId> ids;
  for (const auto& [id, bookmark] : watches_) ids.push_back(id);
  for (WatchId id : ids) ReadOn(id);
}

void WatchHub::ReadOn(WatchId id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  const std::shared_ptr<Bookmark> bookmark = found->second;
  WatchRequest& request = bookmark->request;
  if (request.from > store_.revision()) return;
  auto outcome = store_.Changes(request.range, request.from);
  if (std::holds_alternative<Refusal>(outcome)) {
    watches_.erase(found);
    bookmark->listener(WatchCompacted{store_.history().compacted()});
    return;
  }
  request.from = store_.revision() + 1;
  for (auto& changes : std::get<std::vector<RevisionChanges>>(outcome)) {
    if (!watches_.contains(id)) return;  // Removed by its own listener.
    bookmark->listener(Advanced(*bookmark, std::move(changes)));
  }
}

WatchAdvanced WatchHub::Advanced(const Bookmark& bookmark,
                                 RevisionChanges changes) const {
  WatchAdvanced advanced{std::move(changes), {}};
  if (bookmark.request.previous == Previous::kUnwanted) return advanced;
  for (const Change& change : advanced.changes.changes) {
    const KeyValue* before = store_.history().FindAt(
        change.current.key, advanced.changes.revision - 1);
    advanced.previous.push_back(before ? std::optional(*before) : std::nullopt);
  }
  return advanced;
}

}  // namespace taskgraph::coordination
