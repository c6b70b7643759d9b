// SPDX-License-Identifier: Apache-2.0
#include "storm/budget.h"

#include <gtest/gtest.h>

namespace taskgraph::storm {
namespace {

// Task 0 on a and b, task 1 on b and c.
Records TwoTasks() {
  Records records;
  records.tasks[0] = {.primary = "a", .backups = {"b"}, .incarnation = 1};
  records.tasks[1] = {.primary = "b", .backups = {"c"}, .incarnation = 1};
  return records;
}

Budget Renewed(App app) {
  Budget budget(app);
  budget.Renew(TwoTasks());
  return budget;
}

TEST(BudgetTest, ALedgerKeepsACopyOfEachBranch) {
  Budget budget = Renewed(App::kLedger);

  EXPECT_FALSE(budget.Spend({"a", "b"}, Damage::kTakes));
  EXPECT_TRUE(budget.Spend({"a", "c"}, Damage::kTakes));
  EXPECT_FALSE(budget.Spend({"b"}, Damage::kTakes));

  budget.Renew(TwoTasks());
  EXPECT_TRUE(budget.Spend({"b"}, Damage::kTakes));
}

TEST(BudgetTest, ACopyThatMayHaveBeenGivenUpIsNone) {
  Budget budget = Renewed(App::kLedger);

  EXPECT_TRUE(budget.Spend({"a", "b"}, Damage::kParts));
  EXPECT_FALSE(budget.Spend({"a"}, Damage::kTakes));
  EXPECT_FALSE(budget.Spend({"b"}, Damage::kTakes));
  EXPECT_TRUE(budget.Spend({"other"}, Damage::kTakes));
}

TEST(BudgetTest, WhatIsTakenCanNoLongerBeParted) {
  Budget budget = Renewed(App::kLedger);

  EXPECT_TRUE(budget.Spend({"a"}, Damage::kTakes));
  EXPECT_FALSE(budget.Spend({"b"}, Damage::kParts));
}

TEST(BudgetTest, DigitsKeepOneTaskThatRemembers) {
  Budget budget = Renewed(App::kDigits);

  EXPECT_FALSE(budget.Spend({"a", "b"}, Damage::kTakes));
  EXPECT_TRUE(budget.Spend({"b", "c"}, Damage::kTakes));
}

TEST(BudgetTest, ARegressionKeepsNothing) {
  EXPECT_TRUE(Renewed(App::kRegression).Spend({"a", "b", "c"}, Damage::kTakes));
}

}  // namespace
}  // namespace taskgraph::storm
