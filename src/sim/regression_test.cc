// SPDX-License-Identifier: Apache-2.0
//
// What the simulator has found, in the fewest steps that show it. (Seeds do not
// last: whoever adds a draw to the simulator deals all cards anew.)
#include <gtest/gtest.h>

#include <string>

#include "core/controller_core.h"

namespace taskgraph::sim {
namespace {

using namespace std::chrono_literals;

bool GivesUpATask(const core::Outputs& orders) {
  for (const core::Output& order : orders) {
    const auto* proposal = std::get_if<core::ProposeAssignments>(&order);
    if (proposal != nullptr && proposal->changes[0].expected.HasPrimary()) {
      return true;
    }
  }
  return false;
}

// R25: the grace that the election began ran out during the absence, and none
// was left for when the coordinator was back.
TEST(Regression, AnElectionHeardOfDuringAnAbsenceGetsItsGraceAfterIt) {
  core::ControllerCore core("c", 1, {});
  const Duration session = JobOptions().failure.session_time;
  core::Assignment assignment;
  assignment.term = assignment.incarnation = 1;
  assignment.primary = "a";
  core.Step(core::CoordinatorCameBack{}, 0s);
  core.Step(core::NodeJoined{{"a", "host", 1, 0, {"x"}}}, 0s);
  core.Step(core::AssignmentChanged{0, assignment}, 0s);

  core.Step(core::CoordinatorWentAway{}, 1s);
  core.Step(core::ElectionWon{}, 2s);
  core.Step(core::DeadlinePassed{}, 2s + session);
  core.Step(core::CoordinatorCameBack{}, 9s);
  EXPECT_FALSE(GivesUpATask(core.Step(core::NodeLeft{"a"}, 9s)));

  EXPECT_TRUE(GivesUpATask(core.Step(core::DeadlinePassed{}, 9s + session)));
}

}  // namespace
}  // namespace taskgraph::sim
