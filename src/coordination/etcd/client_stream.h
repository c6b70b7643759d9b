// SPDX-License-Identifier: Apache-2.0
//
// ClientStream: one open stream to an endpoint, with a queue of writes.
//
// All functions, and all callbacks, with the loop's mutex held. After Close no
// callback comes any more.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "coordination/etcd/connection.h"
#include "coordination/etcd/grpc_headers.h"

namespace taskgraph::coordination {

template <typename Request, typename Response>
class ClientStream
    : public std::enable_shared_from_this<ClientStream<Request, Response>> {
 public:
  using Wire =
      std::unique_ptr<grpc::ClientAsyncReaderWriter<Request, Response>>;
  using Prepare = std::function<Wire(const Endpoint&, grpc::ClientContext*,
                                     grpc::CompletionQueue*)>;
  struct Callbacks {
    std::function<void(const Response&)> arrived;
    // The stream broke, or was ended by the server.
    std::function<void(const grpc::Status&)> ended;
  };

  ClientStream(Connection& connection, Callbacks callbacks)
      : connection_(connection),
        endpoint_(connection.endpoint()),
        callbacks_(std::move(callbacks)) {}

  const Endpoint& endpoint() const { return endpoint_; }

  void Open(const Prepare& prepare) {
    connection_.frame().Address(context_);
    connection_.frame().open.insert(&context_);
    wire_ = prepare(endpoint_, &context_, connection_.loop().queue());
    wire_->StartCall(Tag(&ClientStream::Started));
  }

  void Write(Request request) {
    if (ending_) return;
    queue_.push_back(std::move(request));
    if (started_ && !writing_) WriteNext();
  }

  void Close() {
    callbacks_ = {};
    context_.TryCancel();
  }

 private:
  void* Tag(void (ClientStream::*step)(bool)) {
    ++under_way_;
    return connection_.loop().Tag(
        [self = this->shared_from_this(), step](bool ok) {
          --self->under_way_;
          (self.get()->*step)(ok);
        });
  }

  void Started(bool ok) {
    started_ = ok;
    if (!ok) {
      End();
      return;
    }
    wire_->Read(&response_, Tag(&ClientStream::HaveRead));
    if (!queue_.empty()) WriteNext();
  }

  void HaveRead(bool ok) {
    if (!ok) {
      End();
      return;
    }
    // A copy: the callback may close this stream.
    if (const auto arrived = callbacks_.arrived) arrived(response_);
    wire_->Read(&response_, Tag(&ClientStream::HaveRead));
  }

  void WriteNext() {
    writing_ = true;
    wire_->Write(queue_.front(), Tag(&ClientStream::HaveWritten));
  }

  void HaveWritten(bool ok) {
    writing_ = false;
    queue_.pop_front();
    // A failed write shows as a failed read as well, which ends the stream.
    if (ok && !ending_ && !queue_.empty()) WriteNext();
    if (finished_) TellEnd();
  }

  void End() {
    if (std::exchange(ending_, true)) return;
    wire_->Finish(&status_, Tag(&ClientStream::Finished));
  }

  void Finished(bool) {
    finished_ = true;
    TellEnd();
  }

  // When nothing is under way: gRPC must not find the context gone.
  void TellEnd() {
    if (under_way_ != 0) return;
    connection_.frame().open.erase(&context_);
    if (const auto ended = callbacks_.ended) ended(status_);
  }

  Connection& connection_;
  const Endpoint& endpoint_;
  Callbacks callbacks_;
  grpc::ClientContext context_;
  Wire wire_;
  Response response_;
  grpc::Status status_;
  std::deque<Request> queue_;  // The first is being written, if `writing_`.
  int under_way_ = 0;
  bool started_ = false;
  bool writing_ = false;
  bool ending_ = false;
  bool finished_ = false;
};

}  // namespace taskgraph::coordination
