// SPDX-License-Identifier: Apache-2.0
#include "resources/course.h"

#include <algorithm>

namespace taskgraph::test {

Course::Point Course::Median(std::size_t begin, std::size_t end) const {
  std::vector<std::int64_t> values;
  double done = 0;
  for (std::size_t i = begin; i < end; ++i) {
    values.push_back(points_[i].value);
    done += points_[i].done / static_cast<double>(end - begin);
  }
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return {done, *middle};
}

Course::Growth Course::growth() const {
  const std::size_t size = points_.size();
  const Point before = Median(size / 4, size * 5 / 8);
  const Point after = Median(size * 5 / 8, size);
  return {static_cast<double>(after.value - before.value),
          after.done - before.done};
}

std::string Course::Describe() const {
  std::string text;
  for (const Point& point : points_) {
    text += (text.empty() ? "" : " ") + std::to_string(point.value);
  }
  return text;
}

}  // namespace taskgraph::test
