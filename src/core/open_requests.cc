// SPDX-License-Identifier: Apache-2.0
#include "core/open_requests.h"

#include <utility>

namespace taskgraph::core {

void OpenRequests::Clear() {
  unanswered_.clear();
  unfinished_.clear();
  by_target_.clear();
  sent_.clear();
}

void OpenRequests::Make(MakeRequest request) {
  const RequestNumber number = request.number;
  next_ = number + 1;
  by_target_[request.to].insert(number);
  unfinished_.insert(number);
  unanswered_.emplace(number, std::move(request));
}

const MakeRequest* OpenRequests::NextUnsent(TaskId to) {
  const auto found = by_target_.find(to);
  if (found == by_target_.end()) return nullptr;
  RequestNumber& sent = sent_[to];
  const auto next = found->second.upper_bound(sent);
  if (next == found->second.end()) return nullptr;
  sent = *next;
  return &unanswered_.at(sent);
}

void OpenRequests::Rewind(TaskId to) { sent_.erase(to); }

std::optional<MakeRequest> OpenRequests::Settle(RequestNumber number) {
  const auto found = unanswered_.find(number);
  if (found == unanswered_.end()) return std::nullopt;
  MakeRequest request = std::move(found->second);
  unanswered_.erase(found);
  const auto target = by_target_.find(request.to);
  target->second.erase(number);
  if (target->second.empty()) by_target_.erase(target);
  return request;
}

void OpenRequests::Finish(RequestNumber number) { unfinished_.erase(number); }

RequestNumber OpenRequests::first_unfinished() const {
  return unfinished_.empty() ? next_ : *unfinished_.begin();
}

}  // namespace taskgraph::core
