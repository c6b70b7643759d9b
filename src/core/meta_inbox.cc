// SPDX-License-Identifier: Apache-2.0
#include "core/meta_inbox.h"

#include <algorithm>

namespace taskgraph::core {

MetaInbox::Verdict MetaInbox::Arrive(TaskId from, Incarnation incarnation,
                                     const MetaMessage& meta) {
  Sender& sender = Of(from, incarnation);
  if (meta.number <= sender.arrived) return Verdict::kKnown;
  if (meta.number > sender.arrived + 1) return Verdict::kTooSoon;
  sender.arrived = meta.number;
  std::uint64_t& heard = sender.heard[{meta.link, meta.text}];
  if (meta.occurrence <= heard) {  // R11
    Advance(sender, meta.number);
    return Verdict::kKnown;
  }
  heard = meta.occurrence;
  return Verdict::kNew;
}

void MetaInbox::Skip(TaskId from, Incarnation incarnation,
                     const MetaMessage& meta) {
  Sender& sender = Of(from, incarnation);
  if (incarnation == sender.incarnation) {  // Else of an earlier life's.
    sender.arrived = std::max(sender.arrived, meta.number);
    sender.done = std::max(sender.done, meta.number - 1);
  }
  std::uint64_t& heard = sender.heard[{meta.link, meta.text}];
  heard = std::max(heard, meta.occurrence);
}

void MetaInbox::Forget(TaskId from, Incarnation incarnation,
                       const MetaMessage& meta) {
  Sender& sender = Of(from, incarnation);
  if (meta.number == 0) return;
  // What an earlier life said comes again from the present one, which may have
  // said it before what arrived of it: so all of it must come again.
  const MetaNumber stays =
      incarnation == sender.incarnation ? meta.number - 1 : 0;
  sender.arrived = std::min(sender.arrived, stays);
  sender.done = std::min(sender.done, stays);
  std::uint64_t& heard = sender.heard[{meta.link, meta.text}];
  if (meta.occurrence > 0) heard = std::min(heard, meta.occurrence - 1);
}

// Its numbers begin anew with each incarnation.
MetaInbox::Sender& MetaInbox::Of(TaskId from, Incarnation incarnation) {
  Sender& sender = senders_[from];
  if (incarnation > sender.incarnation) {
    sender.incarnation = incarnation;
    sender.arrived = sender.done = 0;
    sender.ahead.clear();
  }
  return sender;
}

MetaNumber MetaInbox::Arrived(TaskId from, Incarnation incarnation) const {
  const auto found = senders_.find(from);
  return found == senders_.end() || found->second.incarnation != incarnation
             ? 0
             : found->second.arrived;
}

void MetaInbox::Heard(TaskId from, Incarnation incarnation, MetaNumber number) {
  const auto found = senders_.find(from);
  if (found == senders_.end() || found->second.incarnation != incarnation)
    return;
  Advance(found->second, number);
}

MetaNumber MetaInbox::Acknowledged(TaskId from) const {
  const auto found = senders_.find(from);
  return found == senders_.end() ? 0 : found->second.done;
}

void MetaInbox::Advance(Sender& sender, MetaNumber number) {
  sender.ahead.insert(number);
  while (!sender.ahead.empty() && *sender.ahead.begin() == sender.done + 1) {
    sender.ahead.erase(sender.ahead.begin());
    ++sender.done;
  }
}

}  // namespace taskgraph::core
