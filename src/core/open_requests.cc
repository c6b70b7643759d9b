// SPDX-License-Identifier: Apache-2.0
#include "core/open_requests.h"

#include <algorithm>
#include <utility>

namespace taskgraph::core {

void OpenRequests::Clear() {
  requests_.Clear();
  for (Line& line : lines_) line.sent = 0;
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
  entry.sent = true;
  ++LineTo(entry.request->to).sent;
  return &*entry.request;
}

// Who is refused a thousand times looks at all requests once.
void OpenRequests::Rewind(TaskId to) {
  Line& line = LineTo(to);
  if (line.sent == 0) return;
  line.sent = 0;
  requests_.ForEach([&](RequestNumber number, Entry& entry) {
    if (!entry.sent || entry.request->to != to) return;
    entry.sent = false;
    unsent_.insert({to, number});
  });
}

std::optional<OpenRequests::Asked> OpenRequests::Settle(RequestNumber number) {
  Entry* const entry = requests_.Find(number);
  if (entry == nullptr || !entry->request) return std::nullopt;
  Asked asked{entry->request->to, std::move(entry->request->method)};
  entry->request.reset();
  const Place place{asked.of, number};
  if (std::exchange(entry->sent, false)) {
    --LineTo(asked.of).sent;
  } else if (newest_ == place) {
    newest_.reset();
  } else {
    unsent_.erase(place);
  }
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

bool OpenRequests::HasUnanswered(TaskId to) {
  if (LineTo(to).sent > 0 || (newest_ && newest_->first == to)) return true;
  const auto first = unsent_.lower_bound({to, 0});
  return first != unsent_.end() && first->first == to;
}

OpenRequests::Line& OpenRequests::LineTo(TaskId to) {
  auto line = std::ranges::lower_bound(lines_, to, {}, &Line::to);
  if (line == lines_.end() || line->to != to) line = lines_.insert(line, {to});
  return *line;
}

}  // namespace taskgraph::core
