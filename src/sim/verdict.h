// SPDX-License-Identifier: Apache-2.0
//
// Verdict: the first rule that was broken.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "sim/agenda.h"

namespace taskgraph::sim {

struct Violation {
  std::string rule;  // "R10"; or "progress", "result", "wire".
  std::string what;
  Time when{};
};

class Verdict {
 public:
  explicit Verdict(const Agenda& agenda) : agenda_(agenda) {}

  const std::optional<Violation>& violation() const { return violation_; }

  // Only the first one counts: what follows is mostly its consequence.
  void Violate(std::string rule, std::string what) {
    if (violation_) return;
    violation_ = Violation{std::move(rule), std::move(what), agenda_.now()};
  }

 private:
  const Agenda& agenda_;
  std::optional<Violation> violation_;
};

}  // namespace taskgraph::sim
