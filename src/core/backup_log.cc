// SPDX-License-Identifier: Apache-2.0
#include "core/backup_log.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace taskgraph::core {

BackupLog::BackupLog(Term term, JoinNumber join, RecordNumber applied)
    : term_(term), join_(join), applied_(applied), held_(applied) {}

void BackupLog::Follow(Term term) {
  if (term <= term_) return;
  term_ = term;
  join_ = 0;
  // The tail stays, but whether the new primary has the same is not known.
  held_ = applied_;
  committed_ = applied_;
  stamp_ = 0;
}

std::optional<LogAck> BackupLog::Take(const LogAppend& append) {
  if (append.term != term_ || append.join != join_ || broken_) return {};
  if (join_ == 0) {
    if (applied_ + tail_.size() < append.base) {
      broken_ = true;
      return {};
    }
    held_ = std::max(held_, append.base);
  }
  for (const TurnRecord& record : append.records) Place(record);
  committed_ = std::max(committed_, append.committed);
  stamp_ = std::max(stamp_, append.stamp);
  return LogAck{term_, join_, held_, stamp_};
}

// A record that is known adds nothing, one behind a gap must come again.
void BackupLog::Place(const TurnRecord& record) {
  if (record.number != held_ + 1) return;
  const std::size_t at = record.number - applied_ - 1;
  if (at < tail_.size() && tail_[at].term != record.term) {
    tail_.resize(at);  // It was never everywhere, nor was what followed it.
  }
  if (at == tail_.size()) tail_.push_back(record);
  held_ = record.number;
}

std::optional<TurnRecord> BackupLog::NextToApply() {
  if (applied_ >= std::min(committed_, held_)) return {};
  TurnRecord next = std::move(tail_.front());
  tail_.pop_front();
  ++applied_;
  return next;
}

std::string BackupLog::Words() const {
  std::ostringstream words;
  words << "term " << term_ << " stay " << join_ << " applied " << applied_
        << " held " << held_ << " committed " << committed_ << " stamp "
        << stamp_ << (broken_ ? " broken" : "");
  for (const TurnRecord& record : tail_) {
    words << " " << record.number << "@" << record.term;
  }
  return words.str();
}

}  // namespace taskgraph::core
