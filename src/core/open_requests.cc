// SPDX-License-Identifier: Apache-2.0
#include "core/open_requests.h"

#include <utility>

namespace taskgraph::core {

void OpenRequests::Clear() {
  requests_.clear();
  sent_.clear();
  unsent_.clear();
}

void OpenRequests::Make(MakeRequest&& request) {
  const RequestNumber number = request.number;
  if (number < next_) return;  // There was one already.
  next_ = number + 1;
  unsent_.emplace(request.to, number);
  requests_.emplace(number, std::move(request));
}

const MakeRequest* OpenRequests::NextUnsent(TaskId to) {
  const auto next = unsent_.lower_bound({to, 0});
  if (next == unsent_.end() || next->first != to) return nullptr;
  const RequestNumber number = next->second;
  sent_.insert(unsent_.extract(next));
  return &*requests_.at(number);
}

void OpenRequests::Rewind(TaskId to) {
  for (auto it = sent_.lower_bound({to, 0});
       it != sent_.end() && it->first == to;) {
    unsent_.insert(sent_.extract(it++));
  }
}

std::optional<MakeRequest> OpenRequests::Settle(RequestNumber number) {
  const auto found = requests_.find(number);
  if (found == requests_.end()) return std::nullopt;
  std::optional<MakeRequest> request = std::move(found->second);
  found->second.reset();
  if (!request) return std::nullopt;
  if (sent_.erase({request->to, number}) == 0) {
    unsent_.erase({request->to, number});
  }
  return request;
}

void OpenRequests::Finish(RequestNumber number) { requests_.erase(number); }

RequestNumber OpenRequests::first_unfinished() const {
  return requests_.empty() ? next_ : requests_.begin()->first;
}

bool OpenRequests::HasUnanswered(TaskId to) const {
  return Has(sent_, to) || Has(unsent_, to);
}

bool OpenRequests::Has(const Index& index, TaskId to) {
  const auto first = index.lower_bound({to, 0});
  return first != index.end() && first->first == to;
}

}  // namespace taskgraph::core
