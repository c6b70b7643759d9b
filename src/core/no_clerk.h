// SPDX-License-Identifier: Apache-2.0
//
// NoClerk: for books that nobody acts upon, in tests.
#pragma once

#include "core/task_books.h"

namespace taskgraph::core {

class NoClerk final : public Clerk {
  void Flush(TaskId) override {}
  void Send(TaskId, const MetaAck&) override {}
  void Send(TaskId, const AnswerMessage&) override {}
  void Tell(HearFailure) override {}
};

}  // namespace taskgraph::core
