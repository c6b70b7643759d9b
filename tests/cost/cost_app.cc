// SPDX-License-Identifier: Apache-2.0
//
// Two tasks, one of which asks the other `trips` times, with so many requests
// `in_flight`; it says how often each of their processes took memory meanwhile.
// With `trips` 0 there are as many idle tasks as the command line says; the
// last one to begin says how much memory the process holds.
#include <malloc.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "taskgraph/taskgraph.h"

namespace {

std::atomic<std::uint64_t> allocations{0};
std::atomic<std::int64_t> bytes_held{0};

}  // namespace

// The rest of the family goes through these.
void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  allocations.fetch_add(1, std::memory_order_relaxed);
  bytes_held.fetch_add(static_cast<std::int64_t>(::malloc_usable_size(memory)),
                       std::memory_order_relaxed);
  return memory;
}
void operator delete(void* memory) noexcept {
  bytes_held.fetch_sub(static_cast<std::int64_t>(::malloc_usable_size(memory)),
                       std::memory_order_relaxed);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace {

using taskgraph::TaskId;
using taskgraph::Turn;

inline constexpr taskgraph::Method<std::uint64_t, std::uint64_t> kCount{
    "Count"};

class Server final : public taskgraph::Task {
 public:
  Server() {
    Serve(kCount, [](Turn& turn, taskgraph::Token<std::uint64_t> token,
                     const std::uint64_t&) {
      turn.Answer(token, allocations.load(std::memory_order_relaxed));
    });
  }
};

class Asker final : public taskgraph::Task {
 public:
  Asker() {
    OnData(kCount, [this](Turn& turn, TaskId, const std::uint64_t& theirs) {
      Heard(turn, theirs);
    });
  }

  void EnterEpoch(Turn& turn) override {
    trips_ = std::stoull(turn.config("trips"));
    in_flight_ = std::stoull(turn.config("in_flight"));
    for (std::uint64_t i = 0; i < in_flight_; ++i) Ask(turn);
  }

 private:
  void Ask(Turn& turn) { turn.Request(0, kCount, asked_++); }

  // The first half is for whatever grows only once.
  void Heard(Turn& turn, std::uint64_t theirs) {
    ++heard_;
    if (heard_ == trips_ / 2) {
      theirs_ = theirs;
      ours_ = allocations.load(std::memory_order_relaxed);
    }
    if (heard_ < trips_) return Ask(turn);
    turn.FinishJob(
        {0,
         std::to_string(allocations.load(std::memory_order_relaxed) - ours_) +
             " " + std::to_string(theirs - theirs_)});
  }

  std::uint64_t trips_ = 0, in_flight_ = 0;
  std::uint64_t asked_ = 0, heard_ = 0;
  std::uint64_t ours_ = 0, theirs_ = 0;
};

class Idle final : public taskgraph::Task {
 public:
  void EnterEpoch(Turn& turn) override {
    static std::atomic<TaskId> entered{0};  // All tasks are in this process.
    if (++entered == turn.tasks()) {
      turn.FinishJob({0, std::to_string(bytes_held.load())});
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  taskgraph::Job job("cost-app", /*tasks=*/2);
  job.Link("all", taskgraph::Ring());
  job.Config("trips", "1000", "requests to make; 0: idle tasks");
  job.Config("in_flight", "1", "of them at a time");
  job.Build(
      [](TaskId task,
         const taskgraph::Config& config) -> std::unique_ptr<taskgraph::Task> {
        if (config.at("trips") == "0") return std::make_unique<Idle>();
        if (task == 0) return std::make_unique<Server>();
        return std::make_unique<Asker>();
      });
  return taskgraph::Main(job, argc, argv);
}
