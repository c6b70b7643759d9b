// SPDX-License-Identifier: Apache-2.0
#include "job/side_thread.h"

#include <exception>
#include <new>
#include <utility>

namespace taskgraph::job {
namespace {

Result<core::JobEnd> RunSafely(const SideThread::Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kUnavailable, "out of memory"};
  } catch (const std::exception& exception) {
    return Error{ErrorCode::kInvalidArgument, exception.what()};
  }
}

}  // namespace

SideThread::SideThread(MainLoop& loop, Work work,
                       std::function<void(Result<core::JobEnd>)> finished)
    : thread_([&loop, work = std::move(work), finished = std::move(finished)] {
        Result<core::JobEnd> result = RunSafely(work);
        loop.Post([result = std::move(result), finished] { finished(result); });
      }) {}

}  // namespace taskgraph::job
