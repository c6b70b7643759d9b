// SPDX-License-Identifier: Apache-2.0
//
// Tasks that pull large answers from task 0, and count what that costs the
// process that they are in. Each tells it in a file.
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "large/counters.h"
#include "taskgraph/taskgraph.h"

namespace {

using namespace taskgraph;  // NOLINT(google-build-using-namespace)

constexpr TaskId kSource = 0;

inline constexpr Method<Empty, Array<float>> kGetArray{"GetArray"};
inline constexpr Method<Empty, std::vector<float>> kGetVector{"GetVector"};
inline constexpr Method<std::vector<float>, int> kPutVector{"PutVector"};
inline constexpr Method<Empty, Empty> kEnd{"End"};

std::size_t CountOf(const Turn& turn) {
  return std::stoul(turn.config("bytes")) / sizeof(float);
}

std::vector<float> Make(const Turn& turn) {
  return std::vector<float>(CountOf(turn), 1.5F);
}

template <typename Values>
void Check(Turn& turn, const Values& values) {
  if (values.size() != CountOf(turn) || values[0] != 1.5F ||
      values[values.size() / 2] != 1.5F || values[values.size() - 1] != 1.5F) {
    turn.FinishJob({1, "not what was sent"});
  }
}

void Tell(const Turn& turn) {
  std::ofstream out(turn.config("folder") + "/" + std::to_string(turn.task()));
  out << test::AllocatedBytes() << ' ' << test::CopiedBytes() << ' '
      << test::PeakBytes() << '\n';
}

class Source final : public Task {
 public:
  Source() {
    Serve(kGetArray, [this](Turn& turn, Token<Array<float>> token,
                            const Empty&) { turn.Answer(token, array_); });
    Serve(kGetVector,
          [this](Turn& turn, Token<std::vector<float>> token, const Empty&) {
            turn.Answer(token, kept_.empty() ? Make(turn) : kept_);
          });
    Serve(kPutVector,
          [](Turn& turn, Token<int> token, const std::vector<float>& values) {
            Check(turn, values);
            turn.Answer(token, 0);
          });
    Serve(kEnd, [this](Turn& turn, Token<Empty> token, const Empty&) {
      turn.Answer(token, Empty());
      if (++ended_ + 1 < turn.tasks()) return;
      Tell(turn);
      turn.FinishJob();
    });
  }
  void Init(Turn& turn) override {
    if (turn.config("ask") == "array") array_ = Make(turn);
    if (turn.config("ask") == "kept") kept_ = Make(turn);
  }

 private:
  Array<float> array_;
  std::vector<float> kept_;
  TaskId ended_ = 0;
};

class Sink final : public Task {
 public:
  Sink() {
    OnData(kGetArray, [this](Turn& turn, TaskId, const Array<float>& array) {
      Check(turn, array);
      GoOn(turn);
    });
    OnData(kGetVector,
           [this](Turn& turn, TaskId, const std::vector<float>& vector) {
             Check(turn, vector);
             GoOn(turn);
           });
    OnData(kPutVector, [this](Turn& turn, TaskId, const int&) { GoOn(turn); });
    OnData(kEnd, [](Turn&, TaskId, const Empty&) {});
  }
  void EnterEpoch(Turn& turn) override {
    left_ = std::stoi(turn.config("pulls"));
    Ask(turn);
  }

 private:
  void GoOn(Turn& turn) {
    if (--left_ > 0) return Ask(turn);
    Tell(turn);
    turn.Request(kSource, kEnd, Empty());
  }
  static void Ask(Turn& turn) {
    const std::string& what = turn.config("ask");
    if (what == "array") turn.Request(kSource, kGetArray, Empty());
    if (what == "vector" || what == "kept")
      turn.Request(kSource, kGetVector, Empty());
    if (what == "put") turn.Request(kSource, kPutVector, Make(turn));
  }

  int left_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Job job("large", /*tasks=*/2);
  job.Link("all", FullMesh());
  job.Config("folder", ".", "where to write what was counted");
  job.Config("ask", "array",
             "array, vector, kept: a vector kept; or put: send one");
  job.Config("bytes", "1000000", "size of an answer");
  job.Config("pulls", "1", "answers for each task");
  job.Build([](TaskId id) -> std::unique_ptr<Task> {
    if (id == kSource) return std::make_unique<Source>();
    return std::make_unique<Sink>();
  });
  return Main(job, argc, argv);
}
