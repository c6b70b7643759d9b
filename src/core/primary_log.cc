// SPDX-License-Identifier: Apache-2.0
#include "core/primary_log.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace taskgraph::core {
namespace {

// In one message: what is behind on much must not need a message of any size.
constexpr std::size_t kRecordsMax = 1024;
constexpr std::size_t kBytesMax = 1024 * 1024;

}  // namespace

PrimaryLog::PrimaryLog(Term term, const Replicas& in_sync, RecordNumber base,
                       std::deque<TurnRecord> tail)
    : term_(term),
      term_base_(base),
      inherited_(base + tail.size()),
      base_(base),
      records_(std::move(tail)),
      committed_(base) {
  for (const TurnRecord& record : records_) bytes_ += record.content.size();
  uncommitted_bytes_ = bytes_;
  SetInSync(in_sync);
}

void PrimaryLog::SetInSync(const Replicas& in_sync) {
  for (const NodeId& node : in_sync_) {
    // It may know by now, and have thrown its copy away: it joins, or is out.
    if (!in_sync.contains(node)) copyists_.erase(node);
  }
  in_sync_ = in_sync;
  for (const NodeId& node : in_sync_) {
    // As the term begins: they have all up to its base.
    copyists_.try_emplace(node, Copyist{0, base_, base_, 0, 0, 0, 0, 0});
  }
  Commit();
}

void PrimaryLog::Propose(Replicas next) {
  if (proposed_) next.merge(*proposed_);  // R19: either may be in force.
  proposed_ = std::move(next);
}

void PrimaryLog::ProposalDecided() {
  proposed_.reset();
  Commit();
}

std::optional<JoinNumber> PrimaryLog::Join(const NodeId& node,
                                           RecordNumber snapshot) {
  if (MayCount(node) || snapshot < base_ || snapshot > end()) return {};
  const JoinNumber join = ++last_join_;
  copyists_[node] = {join, snapshot, snapshot, 0, 0, 0, 0, 0};
  return join;
}

bool PrimaryLog::MayCount(const NodeId& node) const {
  return in_sync_.contains(node) || (proposed_ && proposed_->contains(node));
}

// A snapshot of the primary's own state may contain what has not taken effect.
// Who counts must not have applied such records, so they must stand first. And
// what was inherited may have taken effect in an earlier term.
bool PrimaryLog::CanCount(const NodeId& node) const {
  const Copyist* copyist = Find(node);
  return copyist != nullptr && copyist->heard > 0 &&
         copyist->held >= std::max(committed_, inherited_) &&
         copyist->snapshot <= committed_;
}

void PrimaryLog::Drop(const NodeId& node) {
  copyists_.erase(node);
  Trim();
}

void PrimaryLog::DropAllBut(const std::vector<NodeId>& named) {
  std::erase_if(copyists_, [&](const auto& copyist) {
    return !IsIn(copyist.first, named);
  });
  Trim();
}

std::uint64_t PrimaryLog::backlog() const {
  std::uint64_t longest = 0;
  for (const auto& [node, copyist] : copyists_) {
    if (MayCount(node)) longest = std::max(longest, copyist.backlog);
  }
  return longest;
}

std::optional<NodeId> PrimaryLog::SlowestJoiner() const {
  std::optional<NodeId> slowest;
  RecordNumber least = 0;
  for (const auto& [node, copyist] : copyists_) {
    const RecordNumber has = std::max(copyist.held, copyist.snapshot);
    if (MayCount(node) || (slowest && has >= least)) continue;
    slowest = node;
    least = has;
  }
  return slowest;
}

RecordNumber PrimaryLog::Append(Payload content) {
  bytes_ += content.size();
  uncommitted_bytes_ += content.size();
  records_.push_back({end() + 1, term_, std::move(content)});
  Commit();
  return end();
}

bool PrimaryLog::Heard(Stamp began) const {
  return EveryoneWhoCounts(
      [&](const Copyist& copyist) { return copyist.heard > began; });
}

std::optional<LogAppend> PrimaryLog::NextFor(const NodeId& node,
                                             std::optional<Stamp> awaited,
                                             News news) {
  const auto found = copyists_.find(node);
  if (found == copyists_.end()) return {};
  Copyist& copyist = found->second;
  const bool asks = copyist.asked == 0 ||  // Does it follow, has it come up?
                    (awaited && copyist.asked <= *awaited);
  const bool has_news = news == News::kNow && copyist.told != committed_;
  if (copyist.sent == end() && !has_news && !asks) return {};
  LogAppend append{term_, copyist.join, term_base_, committed_, ++stamp_, {}};
  std::size_t bytes = 0;
  while (copyist.sent < end() && append.records.size() < kRecordsMax &&
         bytes < kBytesMax) {
    append.records.push_back(records_[copyist.sent - base_]);
    bytes += append.records.back().content.size();
    ++copyist.sent;
  }
  copyist.told = committed_;
  copyist.asked = stamp_;
  return append;
}

void PrimaryLog::Take(const NodeId& node, const LogAck& ack) {
  const auto found = copyists_.find(node);
  if (found == copyists_.end()) return;
  Copyist& copyist = found->second;
  if (ack.term != term_ || ack.join != copyist.join) return;
  copyist.held = std::max(copyist.held, std::min(ack.held, end()));
  copyist.sent = std::max(copyist.sent, copyist.held);  // If rewound since.
  copyist.heard = std::max(copyist.heard, std::min(ack.stamp, stamp_));
  copyist.backlog = ack.backlog;
  Commit();
}

void PrimaryLog::Rewind(const NodeId& node) {
  const auto found = copyists_.find(node);
  if (found == copyists_.end()) return;
  Copyist& copyist = found->second;
  copyist.sent = std::max(copyist.held, copyist.snapshot);
  copyist.asked = 0;  // So the next one repeats the news as well.
}

const PrimaryLog::Copyist* PrimaryLog::Find(const NodeId& node) const {
  const auto found = copyists_.find(node);
  return found == copyists_.end() ? nullptr : &found->second;
}

// R19: the union of the sets that may be in force.
template <typename Predicate>
bool PrimaryLog::EveryoneWhoCounts(Predicate predicate) const {
  const auto holds = [&](const NodeId& node) {
    const Copyist* copyist = Find(node);
    return copyist != nullptr && predicate(*copyist);
  };
  return std::all_of(in_sync_.begin(), in_sync_.end(), holds) &&
         (!proposed_ ||
          std::all_of(proposed_->begin(), proposed_->end(), holds));
}

void PrimaryLog::Commit() {
  while (committed_ < end() && EveryoneWhoCounts([&](const Copyist& copyist) {
           return copyist.held > committed_;
         })) {
    uncommitted_bytes_ -= records_[committed_ - base_].content.size();
    ++committed_;
  }
  Trim();
}

// What took effect and is held by all, joiners too, is sent to nobody again.
void PrimaryLog::Trim() {
  RecordNumber everywhere = committed_;
  for (const auto& [node, copyist] : copyists_) {
    everywhere = std::min(everywhere, std::max(copyist.held, copyist.snapshot));
  }
  for (; base_ < everywhere; ++base_) {
    bytes_ -= records_.front().content.size();
    records_.pop_front();
  }
}

std::string PrimaryLog::Words() const {
  const auto list = [](const Replicas& nodes) {
    std::string words;
    for (const NodeId& node : nodes) words += node + ",";
    return words;
  };
  std::ostringstream words;
  words << "term " << term_ << " base " << base_ << " of " << term_base_
        << " committed " << committed_ << " stamp " << stamp_ << " joins "
        << last_join_ << " in-sync " << list(in_sync_);
  if (proposed_) words << " or " << list(*proposed_);
  for (const TurnRecord& record : records_) {
    words << " " << record.number << "@" << record.term;
  }
  for (const auto& [node, copyist] : copyists_) {
    words << "; " << node << " stay " << copyist.join << " snapshot "
          << copyist.snapshot << " sent " << copyist.sent << " held "
          << copyist.held << " told " << copyist.told << " asked "
          << copyist.asked << " heard " << copyist.heard;
  }
  return words.str();
}

}  // namespace taskgraph::core
