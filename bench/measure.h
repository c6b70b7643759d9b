// SPDX-License-Identifier: Apache-2.0
//
// What all benchmarks measure with: times of many repetitions, carried from the
// process that saw them to the one that compares, and told as lines of JSON.
//
// Intuition: on a machine that others use too, only what was measured side by
// side can be compared. So contenders take turns, each turn in fresh processes,
// and the times of all turns of one contender are looked at together.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskgraph::bench {

using Clock = std::chrono::steady_clock;

double MicrosecondsSince(Clock::time_point start);

// The value that a share of `q` is not above.
double Quantile(std::vector<double> values, double q);

// Of the clock that all processes of a machine share.
std::int64_t NowNs();

// What one process measured in one turn.
struct Run {
  double elapsed_us = 0;
  double processor_us = 0;  // That this process took meanwhile, if it tells.
  double remark = 0;        // What else there is to tell; see who makes it.
  std::vector<double> times_us;

  void Save(const std::string& path) const;
  // Ends the program, with a word why, if there is no such run.
  static Run Load(const std::string& path);
};

// A figure, and how far it strays: printed as KEY, KEY_low and KEY_high.
struct Spread {
  Spread(double alone) : value(alone) {}  // NOLINT: a number is a figure, too.
  Spread(double middle, double lowest, double highest)
      : value(middle), low(lowest), high(highest), strays(true) {}

  double value, low = 0, high = 0;
  bool strays = false;
};
// The median of what each turn gave, between the lowest turn and the highest.
Spread OverTurns(const std::vector<double>& turns);
// The median of trials, between their quartiles.
Spread OverTrials(const std::vector<double>& trials);

// All turns of one contender. The first hundredth of each, at least three,
// meets cold caches and fresh pages, and is left out.
class Contender {
 public:
  void Add(const Run& run);

  // Of the times of all turns, in microseconds.
  double Quantile(double q) const { return bench::Quantile(times_us_, q); }
  double Max() const { return Quantile(1); }
  double PerSecond() const { return count_ / elapsed_us_ * 1e6; }
  double remark() const { return remark_; }
  // How many processors it kept busy.
  double processors() const { return processor_us_ / elapsed_us_; }

  // Of each turn.
  const std::vector<double>& p50s_us() const { return p50s_us_; }
  const std::vector<double>& rates() const { return rates_; }

 private:
  double elapsed_us_ = 0;
  double processor_us_ = 0;
  double count_ = 0;
  double remark_ = 0;  // The largest.
  std::vector<double> times_us_;
  std::vector<double> p50s_us_, rates_;
};

// Ours by theirs in the same turn: what changed from turn to turn, changed for
// both.
Spread Ratio(const std::vector<double>& ours,
             const std::vector<double>& theirs);
Spread P50Ratio(const Contender& ours, const Contender& theirs);
Spread RateRatio(const Contender& ours, const Contender& theirs);

// The p50 of transfers of so many bytes as a rate, with the slowest turn and
// the fastest.
Spread GigabytesPerSecond(const Contender& contender, std::size_t bytes);

// One figure, printed as one line of JSON.
class Figure {
 public:
  Figure(std::string_view bench, std::string_view name);

  Figure& With(std::string_view key, const Spread& value);
  Figure& With(std::string_view key, std::string_view text);
  // p50, p99 and rate of `contender`, as NAME_p50_us and so on.
  Figure& Times(const std::string& name, const Contender& contender);

  // Their p50, p99 and largest, as NAME_p50_ms and so on.
  Figure& TrialsMs(const std::string& name, const std::vector<double>& trials);

  // A figure that must not be above, or below, a bound; printed with both.
  // Without a bound: as With.
  Figure& AtMost(std::string_view key, const Spread& value,
                 std::optional<double> bound);
  Figure& AtLeast(std::string_view key, const Spread& value, double bound);

  void Print();

 private:
  Figure& Bounded(std::string_view key, const Spread& value,
                  const std::string& bound);
  void Missed(std::string_view key);

  std::string line_;
  std::string missed_;
};

// How long to measure: in full, or just to see that it works.
struct Plan {
  bool quick = false;
  int Count(int full, int if_quick) const { return quick ? if_quick : full; }
};

// `--quick` or nothing; says so and ends the program if it is something else.
Plan ReadPlan(int argc, char** argv);

// Prints `why` to stderr and ends the program.
[[noreturn]] void Fail(const std::string& why);

}  // namespace taskgraph::bench
