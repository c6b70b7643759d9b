// SPDX-License-Identifier: Apache-2.0
#include "tree_job.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "measure.h"
#include "processes.h"
#include "taskgraph/taskgraph.h"

namespace taskgraph::bench {
namespace {

constexpr char kParents[] = "parents";
constexpr char kChildren[] = "children";
constexpr char kParameterReady[] = "ParameterReady";
constexpr char kGradientReady[] = "GradientReady";

using Floats = Array<float>;

inline constexpr Method<Empty, Floats> kGetParameter{"GetParameter"};
inline constexpr Method<Empty, Floats> kGetGradient{"GetGradient"};

// Adds to the end of the file, whole, whoever else does.
void Write(const std::string& path, const Stamp& stamp) {
  if (path.empty()) return;
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const bool written =
      ::write(file, &stamp, sizeof stamp) == static_cast<ssize_t>(sizeof stamp);
  ::close(file);
  if (!written) throw std::runtime_error("cannot write " + path);
}

// Something known in the course of an epoch, and who asked for it before.
class Answerable {
 public:
  void Reset() { *this = {}; }
  bool known() const { return floats_.has_value(); }
  const Floats& floats() const { return *floats_; }

  void Give(Turn& turn, Token<Floats> token) {
    if (known()) return turn.Answer(token, *floats_);
    waiting_.push_back(token);
  }
  void Know(Turn& turn, Floats floats) {
    floats_ = std::move(floats);
    for (const auto& token : std::exchange(waiting_, {})) {
      turn.Answer(token, *floats_);
    }
  }

 private:
  std::optional<Floats> floats_;
  std::vector<Token<Floats>> waiting_;
};

class TreeTask : public Task {
 public:
  TreeTask() {
    Serve(kGetParameter, [this](Turn& turn, Token<Floats> token, const Empty&) {
      parameter_.Give(turn, token);
    });
    Serve(kGetGradient, [this](Turn& turn, Token<Floats> token, const Empty&) {
      sum_.Give(turn, token);
    });
    OnData(kGetParameter, [this](Turn& turn, TaskId, const Floats& parameter) {
      ParameterKnown(turn, parameter);
    });
    OnData(kGetGradient,
           [this](Turn& turn, TaskId child, const Floats& gradient) {
             gradients_[child] = gradient;
             TrySum(turn);
           });
  }

  void Init(Turn& turn) override {
    waits_for_meta_ = turn.config("style") == "meta";
    Write(turn.config("stamps"),
          {Stamp::What::kTaskBegan, turn.task(), turn.epoch(), NowNs()});
  }

  void EnterEpoch(Turn& turn) override {
    parameter_.Reset();
    sum_.Reset();
    gradients_.clear();
    if (waits_for_meta_) return;
    for (const TaskId parent : turn.Neighbors(kParents)) {
      turn.Request(parent, kGetParameter, Empty());
    }
    for (const TaskId child : turn.Neighbors(kChildren)) {
      turn.Request(child, kGetGradient, Empty());
    }
  }

  void MetaReady(Turn& turn, TaskId from, const LinkType&,
                 const std::string& meta) override {
    if (meta == kParameterReady) turn.Request(from, kGetParameter, Empty());
    if (meta == kGradientReady) turn.Request(from, kGetGradient, Empty());
  }

 protected:
  void ParameterKnown(Turn& turn, const Floats& parameter) {
    parameter_.Know(turn, parameter);
    if (waits_for_meta_) turn.FlagMeta(kChildren, kParameterReady);
    TrySum(turn);
  }
  virtual void SumKnown(Turn& turn, const Floats& sum) = 0;

  // The sum of these children is complete, and of this task's own gradient,
  // which is the parameter itself.
  void TrySum(Turn& turn) {
    if (!parameter_.known()) return;
    if (gradients_.size() < turn.Neighbors(kChildren).size()) return;
    sum_.Know(turn, Sum());
    if (waits_for_meta_) turn.FlagMeta(kParents, kGradientReady);
    SumKnown(turn, sum_.floats());
  }

 private:
  Floats Sum() const {
    if (gradients_.empty()) return parameter_.floats();  // Shared.
    std::vector<float> sum(parameter_.floats().begin(),
                           parameter_.floats().end());
    for (const auto& [child, gradient] : gradients_) {
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += gradient[i];
    }
    return sum;
  }

  bool waits_for_meta_ = false;
  // Of this epoch:
  Answerable parameter_;
  Answerable sum_;
  std::map<TaskId, Floats> gradients_;  // The children's.
};

class Worker final : public TreeTask {
  void SumKnown(Turn&, const Floats&) override {}
};

class Root final : public TreeTask {
 public:
  void EnterEpoch(Turn& turn) override {
    const std::int64_t now = NowNs();
    Write(turn.config("stamps"),
          {Stamp::What::kEpochEntered, turn.task(), turn.epoch(), now});
    if (entered_ns_ != 0) {
      run_.times_us.push_back(static_cast<double>(now - entered_ns_) / 1e3);
    } else {
      first_ns_ = now;
    }
    entered_ns_ = now;
    if (turn.epoch() == std::stoull(turn.config("epochs"))) return End(turn);
    TreeTask::EnterEpoch(turn);
    const auto floats = std::stoul(turn.config("floats"));
    ParameterKnown(turn, std::vector<float>(floats, Parameter(turn)));
  }

 private:
  // Small whole numbers: their sums are exact in any order.
  static float Parameter(const Turn& turn) {
    return static_cast<float>(1 + turn.epoch() % 100);
  }

  void SumKnown(Turn& turn, const Floats& sum) override {
    const float expected = Parameter(turn) * static_cast<float>(turn.tasks());
    if (sum[0] != expected || sum[sum.size() - 1] != expected) {
      turn.FinishJob({1, "the sum is wrong"});
    }
    turn.AdvanceEpoch();
  }

  void End(Turn& turn) {
    run_.elapsed_us = static_cast<double>(entered_ns_ - first_ns_) / 1e3;
    run_.remark = ResidentBytes();
    run_.Save(turn.config("report"));
    turn.FinishJob();
  }

  std::int64_t first_ns_ = 0, entered_ns_ = 0;
  Run run_;
};

}  // namespace

Job TreeJob() {
  Job job("tree", /*tasks=*/15);
  job.Link(kParents, TreeParents(2));
  job.Link(kChildren, TreeChildren(2));
  job.Config("epochs", "100", "how many epochs to run");
  job.Config("style", "pull", "pull: ask at once; meta: wait for a meta first");
  job.Config("floats", "1", "length of parameter and gradient");
  job.Config("report", "tree.run", "where to write the times");
  job.Config("stamps", "", "where to write who began and entered when");
  job.Build([](TaskId id) -> std::unique_ptr<Task> {
    if (id == 0) return std::make_unique<Root>();
    return std::make_unique<Worker>();
  });
  return job;
}

std::vector<std::string> Settings(const TreeLoad& load,
                                  const std::string& report,
                                  const std::string& stamps) {
  const bool meta = load.style == TreeLoad::Style::kWaitForMeta;
  return {Setting("epochs", load.epochs),
          Setting("style", std::string(meta ? "meta" : "pull")),
          Setting("floats", load.floats), Setting("report", report),
          Setting("stamps", stamps)};
}

std::vector<Stamp> ReadStamps(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<Stamp> stamps(bytes.size() / sizeof(Stamp));
  std::memcpy(stamps.data(), bytes.data(), stamps.size() * sizeof(Stamp));
  return stamps;
}

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace taskgraph::bench
