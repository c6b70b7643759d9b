// SPDX-License-Identifier: Apache-2.0
#include "echo_job.h"

#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "bare_sockets.h"
#include "measure.h"
#include "processes.h"
#include "taskgraph/taskgraph.h"

namespace taskgraph::bench {
namespace {

constexpr char kAll[] = "all";
constexpr TaskId kServer = 0;
constexpr TaskId kClient = 1;

inline constexpr Method<Payload, Payload> kEcho{"Echo"};
inline constexpr Method<Empty, Array<float>> kGetArray{"GetArray"};
inline constexpr Method<Empty, std::vector<float>> kGetVector{"GetVector"};
inline constexpr Method<Empty, int> kGetProcess{"GetProcess"};

class Server final : public Task {
 public:
  Server() {
    Serve(kGetProcess, [](Turn& turn, Token<int> token, const Empty&) {
      turn.Answer(token, ::getpid());
    });
    Serve(kEcho, [](Turn& turn, Token<Payload> token, const Payload& bytes) {
      turn.Answer(token, bytes);
    });
    Serve(kGetArray, [this](Turn& turn, Token<Array<float>> token,
                            const Empty&) { turn.Answer(token, array_); });
    Serve(kGetVector,
          [this](Turn& turn, Token<std::vector<float>> token, const Empty&) {
            if (vectors_.size() == 1)
              return turn.Answer(token, vectors_.back());
            turn.Answer(token, std::move(vectors_.back()));
            vectors_.pop_back();
          });
  }
  void Init(Turn& turn) override {
    const std::size_t count =
        std::stoul(turn.config("answer_bytes")) / sizeof(float);
    const std::vector<float> floats(count, 1.0F);
    if (turn.config("ask") == kAskVector) {
      vectors_.assign(std::stoul(turn.config("trips")) + 1, floats);
    } else if (turn.config("ask") == kAskKeptVector) {
      vectors_.push_back(floats);
    } else {
      array_ = floats;
    }
  }

 private:
  Array<float> array_;
  std::vector<std::vector<float>> vectors_;  // The first is never moved away.
};

// Computes through epoch 0.
class Busy final : public Task {
 public:
  Busy() {
    Serve(kGetProcess, [](Turn& turn, Token<int> token, const Empty&) {
      turn.Answer(token, ::getpid());
    });
  }
  void EnterEpoch(Turn& turn) override {
    Computation computation;
    const std::stop_token stop = turn.stop_token();
    while (turn.epoch() == 1 && !stop.stop_requested()) computation.Step();
  }
};

// Epoch 0: are all where they should be? Epoch 1: asks. Epoch 2: ends the job,
// when nobody computes any more.
class Client final : public Task {
 public:
  Client() {
    OnData(kGetProcess, [this](Turn& turn, TaskId from, const int& pid) {
      if (from == kServer) server_ = pid;
      if (from != kServer) busy_ = pid;
      if (server_ == 0 || (turn.tasks() > 2 && busy_ == 0)) return;
      const bool apart = turn.config("apart") == "1";
      if (apart != (server_ != ::getpid()) ||
          (turn.tasks() > 2 && busy_ != server_)) {
        turn.FinishJob({1, "the tasks are not placed as this needs them"});
      }
      turn.AdvanceEpoch();
    });
    OnData(kEcho, [this](Turn& turn, TaskId, const Payload& echo) {
      std::int64_t asked = 0;
      std::memcpy(&asked, echo.data(), sizeof asked);
      if (echo.data() != last_.data()) run_.remark += 1;
      Answered(turn, asked);
    });
    OnData(kGetArray, [this](Turn& turn, TaskId, const Array<float>& floats) {
      if (floats.size() != floats_) turn.FinishJob({1, "a short answer"});
      Answered(turn, asked_);
    });
    OnData(kGetVector,
           [this](Turn& turn, TaskId, const std::vector<float>& floats) {
             if (floats.size() != floats_) turn.FinishJob({1, "short answer"});
             Answered(turn, asked_);
           });
  }

  void Init(Turn& turn) override {
    trips_ = std::stoul(turn.config("trips"));
    floats_ = std::stoul(turn.config("answer_bytes")) / sizeof(float);
    asks_for_ = turn.config("ask");
    run_.times_us.reserve(trips_);
  }

  void EnterEpoch(Turn& turn) override {
    if (turn.epoch() == 0) {
      turn.Request(kServer, kGetProcess, Empty());
      if (turn.tasks() > 2) turn.Request(2, kGetProcess, Empty());
    } else if (turn.epoch() == 1) {
      start_ns_ = NowNs();
      processor_ = std::clock();
      const int in_flight = std::stoi(turn.config("in_flight"));
      for (int i = 0; i < in_flight; ++i) Ask(turn);
    } else {
      turn.FinishJob();
    }
  }

 private:
  void Ask(Turn& turn) {
    ++asks_;
    asked_ = NowNs();
    if (asks_for_ == kAskEcho) {
      const std::int64_t bytes[kSmallBytes / 8] = {asked_, 0};
      last_ = Payload::Copy(bytes, sizeof bytes);
      turn.Request(kServer, kEcho, last_);
    } else if (asks_for_ == kAskArray) {
      turn.Request(kServer, kGetArray, Empty());
    } else {
      turn.Request(kServer, kGetVector, Empty());
    }
  }

  void Answered(Turn& turn, std::int64_t asked_ns) {
    const std::int64_t now = NowNs();
    run_.times_us.push_back(static_cast<double>(now - asked_ns) / 1e3);
    if (asks_ < trips_) return Ask(turn);
    if (run_.times_us.size() < trips_) return;
    run_.elapsed_us = static_cast<double>(now - start_ns_) / 1e3;
    run_.processor_us =
        static_cast<double>(std::clock() - processor_) * 1e6 / CLOCKS_PER_SEC;
    run_.Save(turn.config("report"));
    turn.AdvanceEpoch();
  }

  int server_ = 0, busy_ = 0;
  std::size_t trips_ = 0, asks_ = 0, floats_ = 0;
  std::string asks_for_;
  std::int64_t start_ns_ = 0, asked_ = 0;
  std::clock_t processor_ = 0;
  Payload last_;
  Run run_;
};

}  // namespace

Job EchoJob() {
  Job job("echo", /*tasks=*/2);
  job.Link(kAll, FullMesh());
  job.Config("report", "echo.run", "where to write the times");
  job.Config("ask", kAskEcho,
             "what to ask for: echo, array, vector or kept-vector");
  job.Config("trips", "1000", "questions to ask");
  job.Config("in_flight", "1", "questions asked at a time");
  job.Config("apart", "0", "1: who asks and who answers are two processes");
  job.Config("answer_bytes", "0", "size of an array or vector");
  job.Build([](TaskId id) -> std::unique_ptr<Task> {
    if (id == kServer) return std::make_unique<Server>();
    if (id == kClient) return std::make_unique<Client>();
    return std::make_unique<Busy>();
  });
  return job;
}

std::vector<std::string> Settings(const EchoLoad& load,
                                  const std::string& report) {
  return {Setting("report", report), Setting("ask", load.ask),
          Setting("trips", load.trips), Setting("in_flight", load.in_flight),
          Setting("answer_bytes", static_cast<double>(load.answer_bytes))};
}

}  // namespace taskgraph::bench
