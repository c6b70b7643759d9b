// SPDX-License-Identifier: Apache-2.0
//
// Softmax regression on handwritten digits: the mathematics, and nothing else.
//
// Intuition: for each digit a straight line through pixel space says how much
// an image looks like it. Training walks down the slope of the loss; the slope
// over all images is the sum of the slopes over parts of them, which is why
// many tasks can share the work. A sum's last bits depend on the order of its
// additions, so the order is fixed here, for one process as for many:
// own part, then each child's subtree.
//
// Pure functions, but for ReadRows and WriteResult.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "taskgraph/types.h"

namespace digits {

inline constexpr std::size_t kPixels = 64;
inline constexpr std::size_t kDigits = 10;
inline constexpr std::size_t kParameters = kDigits * (kPixels + 1);

// Training uses the first 1,400 images; the others say what it is worth.
inline constexpr std::size_t kTrainingRows = 1400;

struct Row {
  std::array<double, kPixels> pixels;  // 0..1
  std::size_t digit = 0;
};
using Rows = std::vector<Row>;
using RowsView = std::span<const Row>;

// The images of a gzipped file of 65 columns. Throws std::runtime_error.
Rows ReadRows(const std::string& path);

// Of `rows`: the training images of one task out of `tasks`, and those held
// out.
RowsView PartOf(const Rows& rows, taskgraph::TaskId task,
                taskgraph::TaskId tasks);
RowsView HeldOut(const Rows& rows);

// A model is its parameters and, behind them, the loss before each step that
// led to it: it carries its history, and so tells its age.
using Vector = std::vector<double>;
using View = std::span<const double>;

Vector FirstModel();
std::size_t StepsOf(View model);

// The sum over `rows` of the loss's slope; its last element is the loss.
Vector Gradient(View model, RowsView rows);
void Add(View more, Vector& sum);

// The next model, given the sum of the gradients of all parts.
Vector Step(View model, View gradient);

// All of the above by one process, adding in the order of a tree of `tasks`.
Vector Train(const Rows& rows, taskgraph::TaskId tasks, std::size_t steps);

// The loss now and then, and the share of held-out images that is recognized.
std::string Report(View model, const Rows& rows);
double Accuracy(View model, RowsView rows);

// Writes the model as text, bit for bit. Readers see the old file or the new
// one, never half of it. Throws std::runtime_error that names file and cause.
void WriteResult(const std::string& path, View model);

}  // namespace digits
