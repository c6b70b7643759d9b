// SPDX-License-Identifier: Apache-2.0
#include "job/logging.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "job/one_line.h"
#include "job/standard_streams.h"

namespace taskgraph::job {
namespace {

spdlog::level::level_enum Translate(runtime::LogLevel level) {
  switch (level) {
    case runtime::LogLevel::kDebug:
      return spdlog::level::debug;
    case runtime::LogLevel::kInfo:
      return spdlog::level::info;
    case runtime::LogLevel::kWarning:
      return spdlog::level::warn;
    case runtime::LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// For the pattern of lines, in which '%' is special.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : OneLine(text)) {
    escaped += c == '%' ? "%%" : std::string(1, c);
  }
  return escaped;
}

// Says once that lines are missing in the file. What stderr does not take
// nobody can be told.
std::function<void(const std::string&)> ComplainOnce() {
  const auto complained = std::make_shared<std::atomic_flag>();
  return [complained](const std::string& why) {
    if (complained->test_and_set()) return;
    Complain("warning: some lines of the log are lost: " + why);
  };
}

}  // namespace

Result<runtime::Log> OpenLog(const LogOptions& options, const std::string& job,
                             const std::string& node) {
  auto logger = std::make_shared<spdlog::logger>(job);
  logger->sinks().push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (!options.file.empty()) {
    try {
      logger->sinks().push_back(
          std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
    } catch (const spdlog::spdlog_ex& error) {
      return Error{
          ErrorCode::kUnavailable,
          "can't open the log file " + options.file + ": " + error.what()};
    }
  }
  logger->set_level(spdlog::level::from_str(options.level));
  logger->flush_on(spdlog::level::trace);  // A process may be killed.
  logger->set_error_handler(ComplainOnce());
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %l " + Escaped(job) + " " +
                      Escaped(node) + ": %v");
  return runtime::Log([logger = std::move(logger)](runtime::LogLevel level,
                                                   std::string_view text) {
    if (!logger->should_log(Translate(level))) return;
    logger->log(Translate(level), OneLine(text));
  });
}

}  // namespace taskgraph::job
