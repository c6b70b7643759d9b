// SPDX-License-Identifier: Apache-2.0
#include "core/meta_outbox.h"

#include <algorithm>

namespace taskgraph::core {

void MetaOutbox::Clear() {
  metas_.clear();
  occurrences_.clear();
  readers_.clear();
}

void MetaOutbox::Flag(const LinkType& link, std::string text,
                      const TaskList& neighbors) {
  const std::uint64_t occurrence = ++occurrences_[{link, text}];
  metas_.push_back({link, std::move(text), occurrence});
  for (TaskId to : neighbors) readers_[to].metas.push_back(metas_.size() - 1);
}

const MetaMessage* MetaOutbox::NextUnsent(TaskId to) {
  const auto found = readers_.find(to);
  if (found == readers_.end()) return nullptr;
  Reader& reader = found->second;
  if (reader.sent == reader.metas.size()) return nullptr;
  const Flagged& flagged = metas_[reader.metas[reader.sent]];
  next_ = {++reader.sent, flagged.occurrence, flagged.link, flagged.text};
  return &next_;
}

void MetaOutbox::Acknowledge(TaskId to, MetaNumber number) {
  const auto found = readers_.find(to);
  if (found == readers_.end()) return;
  Reader& reader = found->second;
  if (number > reader.metas.size()) return;  // Of some other life of ours.
  reader.acknowledged = std::max(reader.acknowledged, number);
  reader.sent = std::max(reader.sent, reader.acknowledged);
}

void MetaOutbox::Rewind(TaskId to) {
  const auto found = readers_.find(to);
  if (found != readers_.end()) found->second.sent = found->second.acknowledged;
}

void MetaOutbox::RewindToStart(TaskId to) {
  const auto found = readers_.find(to);
  if (found == readers_.end()) return;
  found->second.sent = 0;
  found->second.acknowledged = 0;
}

MetaNumber MetaOutbox::CountFor(TaskId to) const {
  const auto found = readers_.find(to);
  return found == readers_.end() ? 0 : found->second.metas.size();
}

bool MetaOutbox::HasUnacknowledged(TaskId to) const {
  const auto found = readers_.find(to);
  return found != readers_.end() &&
         found->second.acknowledged < found->second.metas.size();
}

}  // namespace taskgraph::core
