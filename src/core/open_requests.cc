// SPDX-License-Identifier: Apache-2.0
#include "core/open_requests.h"

#include <utility>

namespace taskgraph::core {

void OpenRequests::Clear() {
  requests_.clear();
  unanswered_.clear();
  unsent_.clear();
}

void OpenRequests::Make(MakeRequest request) {
  const RequestNumber number = request.number;
  next_ = number + 1;
  unanswered_.emplace(request.to, number);
  unsent_.emplace(request.to, number);
  requests_.emplace(number, std::move(request));
}

const MakeRequest* OpenRequests::NextUnsent(TaskId to) {
  const auto next = unsent_.lower_bound({to, 0});
  if (next == unsent_.end() || next->first != to) return nullptr;
  const RequestNumber number = next->second;
  unsent_.erase(next);
  return &*requests_.at(number);
}

void OpenRequests::Rewind(TaskId to) {
  for (auto it = unanswered_.lower_bound({to, 0});
       it != unanswered_.end() && it->first == to; ++it) {
    unsent_.insert(*it);
  }
}

std::optional<MakeRequest> OpenRequests::Settle(RequestNumber number) {
  const auto found = requests_.find(number);
  if (found == requests_.end()) return std::nullopt;
  std::optional<MakeRequest> request = std::move(found->second);
  found->second.reset();
  if (!request) return std::nullopt;
  unanswered_.erase({request->to, number});
  unsent_.erase({request->to, number});
  return request;
}

void OpenRequests::Finish(RequestNumber number) { requests_.erase(number); }

RequestNumber OpenRequests::first_unfinished() const {
  return requests_.empty() ? next_ : requests_.begin()->first;
}

bool OpenRequests::HasUnanswered(TaskId to) const {
  const auto first = unanswered_.lower_bound({to, 0});
  return first != unanswered_.end() && first->first == to;
}

}  // namespace taskgraph::core
