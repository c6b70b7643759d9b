// SPDX-License-Identifier: Apache-2.0
#include "core/open_requests.h"

#include <utility>

namespace taskgraph::core {

void OpenRequests::Clear() {
  spare_requests_.Clear(requests_);
  spare_places_.Clear(sent_);
  unsent_.clear();
  newest_.reset();
}

void OpenRequests::Make(MakeRequest&& request) {
  const RequestNumber number = request.number;
  if (number < next_) return;  // There was one already.
  next_ = number + 1;
  if (newest_) spare_places_.Insert(unsent_, unsent_.end(), *newest_);
  newest_ = {request.to, number};
  spare_requests_.Insert(requests_, requests_.end(), number)->second =
      std::move(request);
}

const MakeRequest* OpenRequests::NextUnsent(TaskId to) {
  const auto next = unsent_.lower_bound({to, 0});
  if (next != unsent_.end() && next->first == to) {
    const RequestNumber number = next->second;
    sent_.insert(unsent_.extract(next));
    return &*requests_.at(number);
  }
  if (!newest_ || newest_->first != to) return nullptr;
  const Place place = *newest_;
  newest_.reset();
  spare_places_.Insert(sent_, sent_.end(), place);
  return &*requests_.at(place.second);
}

void OpenRequests::Rewind(TaskId to) {
  for (auto it = sent_.lower_bound({to, 0});
       it != sent_.end() && it->first == to;) {
    unsent_.insert(sent_.extract(it++));
  }
}

std::optional<OpenRequests::Asked> OpenRequests::Settle(RequestNumber number) {
  const auto found = requests_.find(number);
  if (found == requests_.end() || !found->second) return std::nullopt;
  MakeRequest& request = *found->second;
  Asked asked{request.to, std::move(request.method)};
  found->second.reset();
  const Place place{asked.of, number};
  if (newest_ == place) {
    newest_.reset();
  } else if (!spare_places_.Erase(sent_, place)) {
    spare_places_.Erase(unsent_, place);
  }
  return asked;
}

void OpenRequests::Finish(RequestNumber number) {
  spare_requests_.Erase(requests_, number);
}

RequestNumber OpenRequests::first_unfinished() const {
  return requests_.empty() ? next_ : requests_.begin()->first;
}

bool OpenRequests::Awaits(TaskId to, RequestNumber number) const {
  const Place place{to, number};
  return sent_.contains(place) || newest_ == place || unsent_.contains(place);
}

bool OpenRequests::HasUnanswered(TaskId to) const {
  return Has(sent_, to) || (newest_ && newest_->first == to) ||
         Has(unsent_, to);
}

bool OpenRequests::Has(const Index& index, TaskId to) {
  const auto first = index.lower_bound({to, 0});
  return first != index.end() && first->first == to;
}

}  // namespace taskgraph::core
