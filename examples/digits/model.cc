// SPDX-License-Identifier: Apache-2.0
#include "digits/model.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "digits/atomic_file.h"

namespace digits {
namespace {

constexpr double kPixelMax = 16;
constexpr double kStepLength = 2;
constexpr std::size_t kReportedLosses = 10;

std::string Unzip(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(
      gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw std::runtime_error("cannot open " + path);
  std::string text;
  std::array<char, 1 << 16> buffer;
  int size = 0;
  while ((size = gzread(file.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  if (size < 0) throw std::runtime_error("cannot unpack " + path);
  return text;
}

// Reads one number and the comma or line end behind it.
int TakeNumber(std::string_view& text) {
  int number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) throw std::runtime_error("not a table of numbers");
  text.remove_prefix(std::min<std::size_t>(end - text.data() + 1, text.size()));
  return number;
}

// How much the image looks like each digit: a bias, and a weight per pixel.
using Scores = std::array<double, kDigits>;
Scores ScoresOf(View model, const Row& row) {
  Scores scores;
  for (std::size_t digit = 0; digit < kDigits; ++digit) {
    const View line = model.subspan(digit * (kPixels + 1), kPixels + 1);
    double score = line[kPixels];
    for (std::size_t i = 0; i < kPixels; ++i) score += line[i] * row.pixels[i];
    scores[digit] = score;
  }
  return scores;
}

// The scores as probabilities.
Scores Softmax(Scores scores) {
  const double max = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - max);
  for (double& score : scores) score /= sum;
  return scores;
}

Vector SubtreeGradient(View model, const std::vector<RowsView>& parts,
                       std::size_t task) {
  Vector sum = Gradient(model, parts[task]);
  for (std::size_t child : {2 * task + 1, 2 * task + 2}) {
    if (child < parts.size()) Add(SubtreeGradient(model, parts, child), sum);
  }
  return sum;
}

}  // namespace

Rows ReadRows(const std::string& path) {
  const std::string text = Unzip(path);
  Rows rows;
  for (std::string_view rest = text; !rest.empty();) {
    Row& row = rows.emplace_back();
    for (double& pixel : row.pixels) pixel = TakeNumber(rest) / kPixelMax;
    row.digit = static_cast<std::size_t>(TakeNumber(rest));
  }
  if (rows.size() <= kTrainingRows) {
    throw std::runtime_error(path + " has too few rows");
  }
  return rows;
}

RowsView PartOf(const Rows& rows, taskgraph::TaskId task,
                taskgraph::TaskId tasks) {
  const auto bound = [&](std::size_t i) { return kTrainingRows * i / tasks; };
  return RowsView(rows).subspan(bound(task), bound(task + 1) - bound(task));
}

RowsView HeldOut(const Rows& rows) {
  return RowsView(rows).subspan(kTrainingRows);
}

Vector FirstModel() { return Vector(kParameters); }

std::size_t StepsOf(View model) { return model.size() - kParameters; }

Vector Gradient(View model, RowsView rows) {
  Vector gradient(kParameters + 1);
  for (const Row& row : rows) {
    Scores slope = Softmax(ScoresOf(model, row));
    gradient.back() -= std::log(slope[row.digit]);
    slope[row.digit] -= 1;
    auto element = gradient.begin();
    for (double s : slope) {
      for (double pixel : row.pixels) *element++ += s * pixel;
      *element++ += s;
    }
  }
  return gradient;
}

void Add(View more, Vector& sum) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
}

Vector Step(View model, View gradient) {
  Vector next(model.begin(), model.end());
  for (std::size_t i = 0; i < kParameters; ++i) {
    next[i] -= kStepLength * gradient[i] / kTrainingRows;
  }
  next.push_back(gradient.back() / kTrainingRows);
  return next;
}

Vector Train(const Rows& rows, taskgraph::TaskId tasks, std::size_t steps) {
  std::vector<RowsView> parts;
  for (taskgraph::TaskId task = 0; task < tasks; ++task) {
    parts.push_back(PartOf(rows, task, tasks));
  }
  Vector model = FirstModel();
  while (StepsOf(model) < steps) {
    model = Step(model, SubtreeGradient(model, parts, /*task=*/0));
  }
  return model;
}

double Accuracy(View model, RowsView rows) {
  const auto recognized = std::ranges::count_if(rows, [&](const Row& row) {
    const Scores scores = ScoresOf(model, row);
    const auto best = std::max_element(scores.begin(), scores.end());
    return best - scores.begin() == static_cast<std::ptrdiff_t>(row.digit);
  });
  return static_cast<double>(recognized) / static_cast<double>(rows.size());
}

std::string Report(View model, const Rows& rows) {
  const View losses = model.subspan(kParameters);
  const std::size_t stride =
      std::max<std::size_t>(1, losses.size() / kReportedLosses);
  std::string text;
  for (std::size_t i = 0; i < losses.size(); i += stride) {
    text += "epoch " + std::to_string(i) + ": loss " +
            std::to_string(losses[i]) + "\n";
  }
  return text + "held-out accuracy " +
         std::to_string(Accuracy(model, HeldOut(rows)));
}

void WriteResult(const std::string& path, View model) {
  AtomicFile file(path);
  for (std::size_t i = 0; i < model.size(); ++i) {
    std::array<char, 32> number;
    const auto end = std::to_chars(number.data(), number.data() + number.size(),
                                   model[i], std::chars_format::hex);
    file.Write(i < kParameters ? "parameter " : "loss ");
    file.Write({number.data(), end.ptr});
    file.Write("\n");
  }
  file.Publish();
}

}  // namespace digits
