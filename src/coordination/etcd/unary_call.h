// SPDX-License-Identifier: Apache-2.0
//
// UnaryCall: one question to a coordinator, from the first attempt to the
// answer.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "coordination/etcd/completion_loop.h"
#include "coordination/etcd/endpoints.h"
#include "coordination/etcd/grpc_headers.h"
#include "coordination/etcd/login.h"

namespace taskgraph::coordination {

// Contexts of what is under way, to be cancelled at the end.
using OpenCalls = std::set<grpc::ClientContext*>;

// What a call needs, whatever it asks.
struct CallFrame {
  CompletionLoop& loop;
  OpenCalls& open;
  const Login& login;

  // What every call says: who asks, and that only a member with a leader may
  // answer; one that lost the others must not keep us waiting in silence.
  void Address(grpc::ClientContext& context) const {
    context.AddMetadata("hasleader", "true");
    login.Show(context);
  }
};

class UnaryCallBase {
 public:
  virtual ~UnaryCallBase() = default;

  // Starts one attempt. `done` runs on the loop, with the attempt's status.
  using Done = std::function<void(const grpc::Status&)>;
  virtual void Attempt(const CallFrame& frame, const Endpoint& endpoint,
                       Done done) = 0;

  // Hands the answer, or why there is none, to who asked.
  virtual void Finish(const grpc::Status& status) = 0;

  Clock::time_point deadline{};
  Clock::time_point sent_at{};  // The last attempt's start.
  CompletionLoop::TimerId timeout{};
};

template <typename Request, typename Response>
class UnaryCall final
    : public UnaryCallBase,
      public std::enable_shared_from_this<UnaryCall<Request, Response>> {
 public:
  using Reader = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>>;
  using Method = std::function<Reader(const Endpoint&, grpc::ClientContext*,
                                      const Request&, grpc::CompletionQueue*)>;
  using Answered =
      std::function<void(const grpc::Status&, Response&, Clock::time_point)>;

  UnaryCall(Method method, Request request, Answered answered)
      : method_(std::move(method)),
        request_(std::move(request)),
        answered_(std::move(answered)) {}

  void Attempt(const CallFrame& frame, const Endpoint& endpoint,
               Done done) override {
    sent_at = Clock::now();
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(ToGrpc(deadline));
    frame.Address(*context_);
    frame.open.insert(context_.get());
    reader_ = method_(endpoint, context_.get(), request_, frame.loop.queue());
    const auto finished = [self = this->shared_from_this(), &open = frame.open,
                           done = std::move(done)](bool) {
      open.erase(self->context_.get());
      done(self->status_);
    };
    reader_->Finish(&response_, &status_, frame.loop.Tag(finished));
  }

  void Finish(const grpc::Status& status) override {
    answered_(status, response_, sent_at);
  }

 private:
  Method method_;
  Request request_;
  Answered answered_;
  Response response_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientContext> context_;
  Reader reader_;
};

}  // namespace taskgraph::coordination
