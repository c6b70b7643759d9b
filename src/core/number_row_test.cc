// SPDX-License-Identifier: Apache-2.0
#include "core/number_row.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace taskgraph::core {
namespace {

using Row = NumberRow<std::string>;
using Model = std::map<Row::Number, std::string>;

Model Contents(const Row& row) {
  Model contents;
  Row::Number last = 0;
  row.ForEach([&](Row::Number number, const std::string& item) {
    EXPECT_GT(number, last);
    last = number;
    contents[number] = item;
  });
  return contents;
}

void Add(Row& row, Model& model, Row::Number number) {
  EXPECT_EQ(row.Add(number), "");  // Nothing is left of what was there.
  *row.Find(number) = model[number] = "item " + std::to_string(number);
}

void ExpectSame(Row& row, const Model& model) {
  EXPECT_EQ(Contents(row), model);
  EXPECT_EQ(row.size(), model.size());
  if (model.empty()) return;
  EXPECT_EQ(row.first(), model.begin()->first);
}

TEST(NumberRowTest, WhatCameInOrderGoesInOrder) {
  Row row;
  Model model;
  for (Row::Number number = 1; number <= 1000; ++number) {
    Add(row, model, number);
    if (number <= 5) continue;
    row.Erase(number - 5);
    model.erase(number - 5);
    ExpectSame(row, model);
  }
}

TEST(NumberRowTest, OneThatStaysIsNotInTheWayOfOthers) {
  Row row;
  Model model;
  Add(row, model, 3);
  for (Row::Number number = 4; number <= 1000; ++number) {
    Add(row, model, number);
    ExpectSame(row, model);
    row.Erase(number);
    model.erase(number);
    ExpectSame(row, model);
  }
  EXPECT_EQ(*row.Find(3), "item 3");
  EXPECT_EQ(row.Find(4), nullptr);
}

TEST(NumberRowTest, WhatCameTooLateIsFoundAllTheSame) {
  Row row;
  Model model;
  for (const Row::Number number : {10, 7, 20, 15, 1, 30}) {
    Add(row, model, number);
    ExpectSame(row, model);
  }
  row.EraseIf(7, 20, [](const std::string& item) { return item != "item 10"; });
  model.erase(7);
  model.erase(15);
  ExpectSame(row, model);
  row.Clear();
  ExpectSame(row, {});
  EXPECT_TRUE(row.empty());
}

// As a std::map does, whatever is done in whatever order.
TEST(NumberRowTest, DoesAsATreeDoes) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned bound) { return random() % bound; };
    Row row;
    Model model;
    Row::Number newest = 0;
    for (int step = 0; step < 500; ++step) {
      const unsigned what = below(100);
      if (what < 45) {
        newest += 1 + below(10) / 9 * below(1000);
        Add(row, model, newest);
      } else if (what < 50) {
        const Row::Number late = 1 + below(static_cast<unsigned>(newest + 1));
        if (model.contains(late)) continue;
        Add(row, model, late);
        newest = std::max(newest, late);
      } else if (what < 75 && !model.empty()) {
        const Row::Number first = model.begin()->first;
        row.Erase(first);
        model.erase(first);
      } else if (what < 90) {
        const Row::Number any = below(static_cast<unsigned>(newest + 2));
        EXPECT_EQ(row.Find(any) != nullptr, model.contains(any));
        row.Erase(any);
        model.erase(any);
      } else if (what < 98) {
        const Row::Number from = below(static_cast<unsigned>(newest + 2));
        const Row::Number end = from + below(50);
        const auto may_go = [](const std::string& item) {
          return item.back() % 2 == 0;
        };
        row.EraseIf(from, end, may_go);
        std::erase_if(model, [&](const auto& entry) {
          return entry.first >= from && entry.first < end &&
                 may_go(entry.second);
        });
      } else if (what == 99 && below(5) == 0) {
        row.Clear();
        model.clear();
      }
      ExpectSame(row, model);
    }
    for (const auto& [number, item] : model) EXPECT_EQ(*row.Find(number), item);
  }
}

TEST(NumberRowTest, WhatIsErasedIsReleasedAtOnce) {
  NumberRow<std::shared_ptr<int>> row;
  const auto item = std::make_shared<int>(1);
  for (const std::uint64_t number : {1, 2, 3}) row.Add(number) = item;
  row.Erase(2);
  EXPECT_EQ(item.use_count(), 3);
  row.Clear();
  EXPECT_EQ(item.use_count(), 1);
}

}  // namespace
}  // namespace taskgraph::core
