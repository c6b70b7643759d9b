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

  EXPECT_FALSE(budget.Spend({"a", "b"}, Damage::kKills));
  EXPECT_TRUE(budget.Spend({"a", "c"}, Damage::kKills));
  EXPECT_FALSE(budget.Spend({"b"}, Damage::kKills));

  budget.Renew(TwoTasks());
  EXPECT_TRUE(budget.Spend({"b"}, Damage::kKills));
}

TEST(BudgetTest, WhoMayHaveGivenUpTheOtherMayBeTheLastOne) {
  for (const Damage damage : {Damage::kParts, Damage::kTakes}) {
    Budget budget = Renewed(App::kLedger);

    EXPECT_TRUE(budget.Spend({"a"}, damage));
    EXPECT_FALSE(budget.Spend({"a"}, Damage::kKills));
    EXPECT_FALSE(budget.Spend({"b"}, Damage::kKills));
    EXPECT_FALSE(budget.Spend({"b"}, Damage::kTakes));
    EXPECT_TRUE(budget.Spend({"c"}, Damage::kKills));
  }
}

TEST(BudgetTest, ToPartAgainAndAgainTakesNothing) {
  Budget budget = Renewed(App::kLedger);

  EXPECT_TRUE(budget.Spend({"a", "b", "c"}, Damage::kParts));
  EXPECT_TRUE(budget.Spend({"a", "b", "c"}, Damage::kParts));
}

TEST(BudgetTest, WhatTakesAllCopiesIsTooMuch) {
  Budget budget = Renewed(App::kLedger);

  EXPECT_FALSE(budget.Spend({"a", "b"}, Damage::kTakes));
  EXPECT_TRUE(budget.Spend({"a", "c"}, Damage::kTakes));
}

TEST(BudgetTest, WhoJoinedSinceHasACopy) {
  Budget budget = Renewed(App::kLedger);
  ASSERT_TRUE(budget.Spend({"a"}, Damage::kKills));
  Records now = TwoTasks();
  now.tasks[0] = {.primary = "b", .backups = {"d"}, .incarnation = 1};

  budget.Note(now);

  EXPECT_FALSE(budget.Spend({"d"}, Damage::kParts));
  EXPECT_TRUE(budget.Spend({"d"}, Damage::kKills));
}

TEST(BudgetTest, DigitsKeepOneTaskThatRemembers) {
  Budget budget = Renewed(App::kDigits);

  EXPECT_FALSE(budget.Spend({"a", "b"}, Damage::kKills));
  EXPECT_TRUE(budget.Spend({"b", "c"}, Damage::kKills));
  EXPECT_FALSE(budget.Spend({"a"}, Damage::kTakes));
  EXPECT_TRUE(budget.Spend({"a"}, Damage::kParts));
}

TEST(BudgetTest, ARegressionKeepsNothing) {
  EXPECT_TRUE(Renewed(App::kRegression).Spend({"a", "b", "c"}, Damage::kKills));
}

}  // namespace
}  // namespace taskgraph::storm
