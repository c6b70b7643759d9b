// SPDX-License-Identifier: Apache-2.0
//
// Texts that people write: times, addresses, settings, lists; and texts of
// anybody's that are shown to them.
#include <algorithm>
#include <chrono>

#include "fuzz.h"
#include "job/command_checks.h"
#include "job/one_line.h"
#include "runtime/duration_text.h"
#include "transport/address.h"

namespace {

using namespace taskgraph;       // NOLINT(google-build-using-namespace)
using namespace taskgraph::job;  // NOLINT(google-build-using-namespace)

void TryDuration(const std::string& text) {
  const Result<Duration> duration = runtime::ParseDuration(text);
  fuzz::Require(duration.ok() == WrongDuration(text, 0s).empty(),
                "what is no time is complained of");
  WrongSessionTime(text);
  if (!duration) return;
  fuzz::Require(*duration >= 0s && *duration <= 24h * 365,
                "a time is between nothing and a year");
  const Duration whole = *duration - *duration % 1us;
  const auto again = runtime::ParseDuration(runtime::FormatDuration(whole));
  fuzz::Require(again.ok() && *again == whole,
                "a time that is shown can be given");
}

void TryAddress(const std::string& text) {
  const auto parsed = transport::ParseAddress(text);
  if (!parsed) {
    fuzz::Require(!parsed.error().message.empty(),
                  "what is no address is complained of");
    return;
  }
  if (const auto* tcp = std::get_if<transport::TcpAddress>(&*parsed)) {
    const auto again = transport::ParseAddress(transport::Format(*tcp));
    const auto* same =
        again ? std::get_if<transport::TcpAddress>(&*again) : nullptr;
    fuzz::Require(
        same != nullptr && same->host == tcp->host && same->port == tcp->port,
        "an address that is shown can be given");
  }
}

void TrySettings(const std::string& text) {
  const std::vector<std::string> parts = SplitAtCommas({text});
  std::string joined;
  for (const std::string& part : parts) joined += part + ",";
  fuzz::Require(joined == text + ",", "a list has what was between commas");
  try {
    for (const auto& [key, value] : ReadSettings(parts)) {
      fuzz::Require(!key.empty() && key.find('=') == std::string::npos,
                    "a setting has a key");
    }
  } catch (const UsageError&) {
    return;
  }
}

void TryLine(const std::string& text) {
  const std::string line = OneLine(text);
  fuzz::Require(
      std::none_of(line.begin(), line.end(),
                   [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
      "a line has no control characters");
  fuzz::Require(line.size() <= 2 * kLineBytesMax, "a line is not long");
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  const std::string text(bytes);
  TryDuration(text);
  TryAddress(text);
  TrySettings(text);
  TryLine(text);
  WrongNumber(text, 1, 100);
  WrongLogLevel(text);
  DescribeUnknown(text, {"--nodes", "--spares"});
}

std::vector<std::string> fuzz::Seeds() {
  return {runtime::FormatDuration(200ms),
          runtime::FormatDuration(24h * 365),
          "1.5s",
          "infs",
          transport::Format({"127.0.0.1", 7000}),
          transport::Format({"::1", 0}),
          "unix:/tmp/node.sock",
          "inproc:n",
          "epochs=40,rate=0.1",
          "a,,b,",
          "--spare",
          "12",
          "\x1b[2J\xc2\x85 text\n" + std::string(kLineBytesMax, '.')};
}
