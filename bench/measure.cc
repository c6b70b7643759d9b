// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace taskgraph::bench {
namespace {

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
  const double head[] = {elapsed_us, remark};
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
  if (numbers.size() < 2) Fail("nothing was measured in " + path);
  return {numbers[0], numbers[1], {numbers.begin() + 2, numbers.end()}};
}

void Contender::Add(const Run& run) {
  const auto count = static_cast<std::ptrdiff_t>(run.times_us.size());
  const auto cold = std::min(count, std::max<std::ptrdiff_t>(3, count / 100));
  times_us_.insert(times_us_.end(), run.times_us.begin() + cold,
                   run.times_us.end());
  elapsed_us_ += run.elapsed_us;
  count_ += static_cast<double>(count);
  remark_ = std::max(remark_, run.remark);
}

Figure::Figure(std::string_view bench, std::string_view name) {
  line_ = "{\"bench\":\"" + std::string(bench) + "\",\"figure\":\"" +
          std::string(name) + '"';
}

Figure& Figure::With(std::string_view key, double value) {
  line_ += ",\"" + std::string(key) + "\":" + Number(value);
  return *this;
}

Figure& Figure::With(std::string_view key, std::string_view text) {
  line_ += ",\"" + std::string(key) + "\":\"" + std::string(text) + '"';
  return *this;
}

Figure& Figure::Times(const std::string& name, const Contender& contender) {
  With(name + "_p50_us", contender.Quantile(0.5));
  With(name + "_p99_us", contender.Quantile(0.99));
  return With(name + "_per_second", contender.PerSecond());
}

Figure& Figure::AtMost(std::string_view key, double value, double bound) {
  if (value > bound) missed_ += (missed_.empty() ? "" : " ") + std::string(key);
  return Bounded(key, value, "<= " + Number(bound));
}

Figure& Figure::AtLeast(std::string_view key, double value, double bound) {
  if (value < bound) missed_ += (missed_.empty() ? "" : " ") + std::string(key);
  return Bounded(key, value, ">= " + Number(bound));
}

Figure& Figure::Bounded(std::string_view key, double value, std::string bound) {
  return With(key, value).With(std::string(key) + "_target", bound);
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
