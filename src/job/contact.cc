// SPDX-License-Identifier: Apache-2.0
#include "job/contact.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "coordination/job_records.h"
#include "runtime/duration_text.h"

namespace taskgraph::job {
namespace {

constexpr Duration kReminder = std::chrono::seconds(5);

void WaitOn(MainLoop& loop, const Contact& contact, Duration waited,
            const Patience& patience) {
  const bool limited = patience.limit > Duration{};
  const Duration step =
      limited ? std::min(kReminder, patience.limit - waited) : kReminder;
  loop.After(step, [&loop, &contact, patience, limited, waited, step] {
    if (contact.job_found()) return;
    const std::string why = contact.DescribeMissing();
    if (limited && waited + step >= patience.limit) {
      patience.give_up(why + "; waited " +
                       runtime::FormatDuration(patience.limit));
      return;
    }
    patience.log(runtime::LogLevel::kWarning, "waiting: " + why);
    WaitOn(loop, contact, waited + step, patience);
  });
}

}  // namespace

Contact::Contact(std::string job, const std::vector<std::string>& endpoints)
    : job_(std::move(job)) {
  for (const std::string& endpoint : endpoints) {
    endpoints_ += (endpoints_.empty() ? "" : " or ") + endpoint;
  }
}

MakeCoordinator Contact::ListenIn(MakeCoordinator make) {
  return [make = std::move(make), heard = heard_,
          keys = coordination::JobKeys(job_)](coordination::Sink sink) {
    return make([sink = std::move(sink), heard,
                 keys](coordination::Event event) {
      const auto find = [&](const coordination::KeyValue& key_value) {
        if (key_value.key == keys.spec() || key_value.key == keys.status()) {
          heard->job_found.store(true);
        }
      };
      if (const auto* listed = std::get_if<coordination::WatchListed>(&event)) {
        heard->answer.store(true);
        for (const auto& key_value : listed->all) find(key_value);
      } else if (const auto* changed =
                     std::get_if<coordination::WatchChanged>(&event)) {
        for (const auto& change : changed->changes) find(change.current);
      }
      sink(std::move(event));
    });
  };
}

std::string Contact::DescribeMissing() const {
  if (!heard_->answer.load()) {
    return "no coordinator answers at " + endpoints_;
  }
  return "the coordinator at " + endpoints_ + " has no job '" + job_ +
         "'; is its name right, and its controller started?";
}

void WaitForContact(MainLoop& loop, const Contact& contact, Patience patience) {
  WaitOn(loop, contact, Duration{}, patience);
}

}  // namespace taskgraph::job
