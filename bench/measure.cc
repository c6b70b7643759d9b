// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

namespace taskgraph::bench {
namespace {

constexpr std::size_t kHead = 3;  // Numbers before the times of a Run.

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  // Large ones are counts, and easier to read without an exponent.
  if (std::strchr(text, 'e') != nullptr) {
    std::snprintf(text, sizeof text, "%.0f", value);
  }
  return text;
}

}  // namespace

double MicrosecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start)
      .count();
}

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) Fail("too little was measured");
  const auto rank =
      static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             Clock::now().time_since_epoch())
      .count();
}

void Run::Save(const std::string& path) const {
  std::ofstream file(path, std::ios::binary);
  const double head[kHead] = {elapsed_us, processor_us, remark};
  file.write(reinterpret_cast<const char*>(head), sizeof head);
  file.write(reinterpret_cast<const char*>(times_us.data()),
             static_cast<std::streamsize>(times_us.size() * sizeof(double)));
  if (!file.flush()) Fail("cannot write " + path);
}

Run Run::Load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<double> numbers(bytes.size() / sizeof(double));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(double));
  if (numbers.size() < kHead) Fail("nothing was measured in " + path);
  return {numbers[0],
          numbers[1],
          numbers[2],
          {numbers.begin() + kHead, numbers.end()}};
}

Spread OverTurns(const std::vector<double>& turns) {
  return {Quantile(turns, 0.5), Quantile(turns, 0), Quantile(turns, 1)};
}

Spread OverTrials(const std::vector<double>& trials) {
  return {Quantile(trials, 0.5), Quantile(trials, 0.25),
          Quantile(trials, 0.75)};
}

void Contender::Add(const Run& run) {
  const auto count = static_cast<std::ptrdiff_t>(run.times_us.size());
  const auto cold = std::min(count, std::max<std::ptrdiff_t>(3, count / 100));
  const std::vector<double> warm(run.times_us.begin() + cold,
                                 run.times_us.end());
  times_us_.insert(times_us_.end(), warm.begin(), warm.end());
  p50s_us_.push_back(bench::Quantile(warm, 0.5));
  rates_.push_back(static_cast<double>(count) / run.elapsed_us * 1e6);
  elapsed_us_ += run.elapsed_us;
  processor_us_ += run.processor_us;
  count_ += static_cast<double>(count);
  remark_ = std::max(remark_, run.remark);
}

Spread Ratio(const std::vector<double>& ours,
             const std::vector<double>& theirs) {
  if (ours.size() != theirs.size()) Fail("contenders had unequal turns");
  std::vector<double> ratios(ours.size());
  std::transform(ours.begin(), ours.end(), theirs.begin(), ratios.begin(),
                 std::divides<>());
  return OverTurns(ratios);
}

Spread P50Ratio(const Contender& ours, const Contender& theirs) {
  return Ratio(ours.p50s_us(), theirs.p50s_us());
}

Spread RateRatio(const Contender& ours, const Contender& theirs) {
  return Ratio(ours.rates(), theirs.rates());
}

Spread GigabytesPerSecond(const Contender& contender, std::size_t bytes) {
  const auto rate = [&](double us) {
    return static_cast<double>(bytes) / us / 1e3;
  };
  const Spread turns = OverTurns(contender.p50s_us());
  return {rate(contender.Quantile(0.5)), rate(turns.high), rate(turns.low)};
}

Figure::Figure(std::string_view bench, std::string_view name) {
  line_ = "{\"bench\":\"" + std::string(bench) + "\",\"figure\":\"" +
          std::string(name) + '"';
}

Figure& Figure::With(std::string_view key, const Spread& value) {
  const std::string name(key);
  line_ += ",\"" + name + "\":" + Number(value.value);
  if (!value.strays) return *this;
  line_ += ",\"" + name + "_low\":" + Number(value.low);
  line_ += ",\"" + name + "_high\":" + Number(value.high);
  return *this;
}

Figure& Figure::With(std::string_view key, std::string_view text) {
  line_ += ",\"" + std::string(key) + "\":\"" + std::string(text) + '"';
  return *this;
}

Figure& Figure::Times(const std::string& name, const Contender& contender) {
  // The value is that of all turns together, so it may lie beside the middle.
  const Spread p50 = OverTurns(contender.p50s_us());
  const Spread rate = OverTurns(contender.rates());
  With(name + "_p50_us", {contender.Quantile(0.5), p50.low, p50.high});
  With(name + "_p99_us", contender.Quantile(0.99));
  return With(name + "_per_second",
              {contender.PerSecond(), rate.low, rate.high});
}

Figure& Figure::TrialsMs(const std::string& name,
                         const std::vector<double>& trials) {
  With(name + "_p50_ms", OverTrials(trials));
  With(name + "_p99_ms", Quantile(trials, 0.99));
  return With(name + "_max_ms", Quantile(trials, 1));
}

Figure& Figure::AtMost(std::string_view key, const Spread& value,
                       std::optional<double> bound) {
  if (!bound) return With(key, value);
  if (value.value > *bound) Missed(key);
  return Bounded(key, value, "<= " + Number(*bound));
}

Figure& Figure::AtLeast(std::string_view key, const Spread& value,
                        double bound) {
  if (value.value < bound) Missed(key);
  return Bounded(key, value, ">= " + Number(bound));
}

Figure& Figure::Bounded(std::string_view key, const Spread& value,
                        const std::string& bound) {
  return With(key, value).With(std::string(key) + "_target", bound);
}

void Figure::Missed(std::string_view key) {
  missed_ += (missed_.empty() ? "" : " ") + std::string(key);
}

void Figure::Print() {
  if (!missed_.empty()) With("missed", missed_);
  std::printf("%s}\n", line_.c_str());
  std::fflush(stdout);
}

Plan ReadPlan(int argc, char** argv) {
  if (argc == 1) return {};
  if (argc == 2 && std::string_view(argv[1]) == "--quick") return {true};
  std::fprintf(stderr, "usage: %s [--quick]\n", argv[0]);
  std::exit(2);
}

void Fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

}  // namespace taskgraph::bench
