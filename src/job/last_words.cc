// SPDX-License-Identifier: Apache-2.0
#include "job/last_words.h"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>

#include "job/standard_streams.h"

namespace taskgraph::job {
namespace {

void SayThatMemoryIsOut() {
  constexpr std::string_view kLine =
      "taskgraph: out of memory; this process ends\n";
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, kLine.data(), kLine.size());
}

[[noreturn]] void End() {
  if (const auto exception = std::current_exception()) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::bad_alloc&) {
      SayThatMemoryIsOut();
      std::_Exit(1);
    } catch (const std::exception& error) {
      Complain(error.what());
      std::_Exit(1);
    } catch (...) {
    }
  }
  std::abort();
}

}  // namespace

void PrepareLastWords() { std::set_terminate(End); }

}  // namespace taskgraph::job
