// SPDX-License-Identifier: Apache-2.0
#include "core/open_requests.h"

#include <utility>

namespace taskgraph::core {

void OpenRequests::Clear() {
  requests_.Clear();
  spare_last_sent_.Clear(last_sent_);
  unsent_.clear();
  newest_.reset();
}

void OpenRequests::Make(MakeRequest&& request) {
  const RequestNumber number = request.number;
  if (number < next_) return;  // There was one already.
  next_ = number + 1;
  if (newest_) unsent_.insert(unsent_.end(), *newest_);
  newest_ = {request.to, number};
  requests_.Add(number).request = std::move(request);
}

const MakeRequest* OpenRequests::NextUnsent(TaskId to) {
  const auto next = unsent_.lower_bound({to, 0});
  if (next != unsent_.end() && next->first == to) {
    const RequestNumber number = next->second;
    unsent_.erase(next);
    return Send(number);
  }
  if (!newest_ || newest_->first != to) return nullptr;
  const RequestNumber number = newest_->second;
  newest_.reset();
  return Send(number);
}

const MakeRequest* OpenRequests::Send(RequestNumber number) {
  Entry& entry = *requests_.Find(number);
  const TaskId to = entry.request->to;
  auto last = last_sent_.lower_bound(to);
  if (last == last_sent_.end() || last->first != to) {
    last = spare_last_sent_.Insert(last_sent_, last, to);
  }
  entry.sent = true;
  entry.before = std::exchange(last->second, number);
  if (entry.before != 0) requests_.Find(entry.before)->after = number;
  return &*entry.request;
}

void OpenRequests::Unlink(Entry& entry) {
  if (entry.before != 0) requests_.Find(entry.before)->after = entry.after;
  if (entry.after != 0) {
    requests_.Find(entry.after)->before = entry.before;
  } else {
    last_sent_.find(entry.request->to)->second = entry.before;
  }
  entry.sent = false;
  entry.before = entry.after = 0;
}

void OpenRequests::Rewind(TaskId to) {
  const auto last = last_sent_.find(to);
  if (last == last_sent_.end()) return;
  for (RequestNumber number = std::exchange(last->second, 0); number != 0;) {
    Entry& entry = *requests_.Find(number);
    unsent_.insert({to, number});
    entry.sent = false;
    entry.after = 0;
    number = std::exchange(entry.before, 0);
  }
}

std::optional<OpenRequests::Asked> OpenRequests::Settle(RequestNumber number) {
  Entry* const entry = requests_.Find(number);
  if (entry == nullptr || !entry->request) return std::nullopt;
  Asked asked{entry->request->to, std::move(entry->request->method)};
  const Place place{asked.of, number};
  if (entry->sent) {
    Unlink(*entry);
  } else if (newest_ == place) {
    newest_.reset();
  } else {
    unsent_.erase(place);
  }
  entry->request.reset();
  return asked;
}

void OpenRequests::Finish(RequestNumber number) { requests_.Erase(number); }

RequestNumber OpenRequests::first_unfinished() const {
  return requests_.empty() ? next_ : requests_.first();
}

bool OpenRequests::Awaits(TaskId to, RequestNumber number) const {
  const Entry* const entry = requests_.Find(number);
  return entry != nullptr && entry->request && entry->request->to == to;
}

bool OpenRequests::HasUnanswered(TaskId to) const {
  const auto last = last_sent_.find(to);
  if (last != last_sent_.end() && last->second != 0) return true;
  if (newest_ && newest_->first == to) return true;
  const auto first = unsent_.lower_bound({to, 0});
  return first != unsent_.end() && first->first == to;
}

}  // namespace taskgraph::core
