// SPDX-License-Identifier: Apache-2.0
//
// ServerStream: one open stream of a client, answered from the store's thread.
//
// gRPC allows one write at a time, and aborts the process at a second one; so
// answers wait in a queue; a client that does not read them loses its stream.
// The stream lives until gRPC is done with it and nobody else holds it.
//
// Thread-safe: Answer may be called from any thread, and does nothing once the
// stream has ended.
#pragma once

#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "coordination/etcd/grpc_headers.h"
#include "threads/mutex.h"

namespace taskgraph::coordination {

template <typename Request, typename Response>
class ServerStream
    : public grpc::ServerBidiReactor<Request, Response>,
      public std::enable_shared_from_this<ServerStream<Request, Response>> {
 public:
  explicit ServerStream(std::size_t unread_bytes_max)
      : unread_bytes_max_(unread_bytes_max) {}

  // Begins to read. Call once, on an object held by a shared_ptr.
  void Start() {
    self_ = this->shared_from_this();
    this->StartRead(&request_);
  }

  void Answer(Response response) {
    const threads::Lock lock(mutex_);
    if (finished_) return;
    unread_bytes_ += response.ByteSizeLong();
    if (!queue_.empty() && unread_bytes_ > unread_bytes_max_) {
      GiveUp();
      return;
    }
    queue_.push_back(std::move(response));
    if (queue_.size() == 1) this->StartWrite(&queue_.front());
  }

 protected:
  // One request arrived; on gRPC's thread, never two at a time.
  virtual void Handle(const Request& request) = 0;
  // The stream has ended; nothing arrives any more.
  virtual void Ended() {}

 private:
  void OnReadDone(bool ok) final {
    if (!ok) {
      Finish(grpc::Status::OK);  // The client has said all it wanted to.
      return;
    }
    Handle(request_);
    this->StartRead(&request_);
  }

  void OnWriteDone(bool ok) final {
    const threads::Lock lock(mutex_);
    unread_bytes_ -= queue_.front().ByteSizeLong();
    queue_.pop_front();
    if (ok && !finished_ && !queue_.empty()) this->StartWrite(&queue_.front());
  }

  void OnCancel() final { Finish(grpc::Status::CANCELLED); }

  void OnDone() final {
    Ended();
    self_.reset();
  }

  void Finish(const grpc::Status& status) {
    const threads::Lock lock(mutex_);
    if (std::exchange(finished_, true)) return;
    grpc::ServerBidiReactor<Request, Response>::Finish(status);
  }

  // What is being written has to stay.
  void GiveUp() TASKGRAPH_REQUIRES(mutex_) {
    finished_ = true;
    queue_.erase(std::next(queue_.begin()), queue_.end());
    grpc::ServerBidiReactor<Request, Response>::Finish(
        {grpc::StatusCode::RESOURCE_EXHAUSTED,
         "this client reads too slowly: more than unread_bytes_max = " +
             std::to_string(unread_bytes_max_) +
             " bytes wait for it; watch again from the last revision seen"});
  }

  const std::size_t unread_bytes_max_;
  Request request_;
  std::shared_ptr<ServerStream> self_;  // Until gRPC is done with it.

  threads::Mutex mutex_;
  bool finished_ TASKGRAPH_GUARDED_BY(mutex_) = false;
  // The first is being written.
  std::deque<Response> queue_ TASKGRAPH_GUARDED_BY(mutex_);
  // Of all of them.
  std::size_t unread_bytes_ TASKGRAPH_GUARDED_BY(mutex_) = 0;
};

}  // namespace taskgraph::coordination
