// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/connection.h"

#include <algorithm>

namespace taskgraph::coordination {
namespace {

// gRPC's word for a call that found no connection and so left nothing behind.
bool WasNeverSent(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         status.error_message().starts_with("failed to connect");
}

}  // namespace

bool IsTransient(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
      return true;
    default:
      return false;
  }
}

bool IsWorthRetrying(const grpc::Status& status) {
  // Out of space, or of patience: that can pass. A message that is too large
  // never becomes smaller.
  return IsTransient(status) ||
         (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
          status.error_message().find("larger than max") == std::string::npos);
}

Connection::Connection(EtcdOptions options, Sink sink)
    : options_(std::move(options)),
      sink_(std::move(sink)),
      login_(options_.user, options_.password),
      backoff_(options_.backoff_min) {
  for (const std::string& name : options_.endpoints) {
    endpoints_.push_back(OpenEndpoint(name, options_));
  }
}

void Connection::Start(std::function<void()> became_usable) {
  became_usable_ = std::move(became_usable);
  Probe();
}

void Connection::Stop() {
  stopped_ = true;
  waiting_.clear();
  for (grpc::ClientContext* context : open_) context->TryCancel();
}

void Connection::Run(const Call& call) {
  if (stopped_) return;
  if (!usable_) {
    call->timeout = loop_.At(call->deadline, [=, this] { TimeOut(call); });
    waiting_.push_back(call);
    return;
  }
  const Endpoint& used = endpoint();
  call->Attempt(frame(), used, [=, this, &used](const grpc::Status& status) {
    Concluded(call, used, status);
  });
}

void Connection::TimeOut(const Call& call) {
  waiting_.remove(call);
  call->Finish({grpc::StatusCode::UNAVAILABLE, "no endpoint answers"});
}

void Connection::RunWaiting() {
  std::list<Call> waiting;
  waiting.swap(waiting_);
  for (const Call& call : waiting) {
    loop_.Cancel(call->timeout);
    Run(call);
  }
}

void Connection::Concluded(const Call& call, const Endpoint& used,
                           const grpc::Status& status) {
  if (stopped_) return;
  const bool refused = login_.WasRefused(status);
  if (refused) PassLapsed(used);
  if (IsTransient(status)) Suspect(used);
  if ((refused || WasNeverSent(status)) && Clock::now() < call->deadline) {
    Run(call);
  } else {
    call->Finish(status);
  }
}

void Connection::Suspect(const Endpoint& suspect) {
  if (!usable() || &suspect != &endpoint()) return;
  usable_ = false;
  failures_ = 0;
  current_ = (current_ + 1) % endpoints_.size();
  Probe();
}

void Connection::StreamEnded(const Endpoint& used, const grpc::Status& status) {
  if (login_.WasRefused(status)) {
    PassLapsed(used);
  } else if (status.ok() || IsTransient(status)) {
    Suspect(used);
  }
}

void Connection::PassLapsed(const Endpoint& used) {
  login_.Lapsed();
  if (!usable() || &used != &endpoint()) return;
  usable_ = false;
  failures_ = 0;
  Probe();
}

// --- Is the endpoint usable? ---

// One attempt at the present endpoint.
template <typename Request, typename Response>
void Connection::Try(typename UnaryCall<Request, Response>::Method method,
                     Request request,
                     typename UnaryCall<Request, Response>::Answered answered) {
  const auto call = std::make_shared<UnaryCall<Request, Response>>(
      std::move(method), std::move(request), std::move(answered));
  call->deadline = Clock::now() + options_.probe_timeout;
  UnaryCallBase& itself = *call;
  call->Attempt(frame(), endpoint(), [this, &itself](const auto& status) {
    if (!stopped_) itself.Finish(status);
  });
}

void Connection::Probe() {
  if (stopped_) return;
  endpoint().ForgetBackoff();
  if (login_.needed()) {
    LogIn();
  } else {
    AskSomething();
  }
}

void Connection::LogIn() {
  Try<etcdserverpb::AuthenticateRequest, etcdserverpb::AuthenticateResponse>(
      [](const Endpoint& endpoint, auto* context, const auto& r, auto* queue) {
        return endpoint.auth->AsyncAuthenticate(context, r, queue);
      },
      login_.Request(),
      [this](const grpc::Status& status, const auto& response, auto) {
        if (!status.ok()) return ProbeFailed(status);
        login_.Admitted(response.token());
        AskSomething();
      });
}

void Connection::AskSomething() {
  etcdserverpb::RangeRequest request;
  request.set_key(std::string(1, '\0'));
  request.set_count_only(true);
  Try<etcdserverpb::RangeRequest, etcdserverpb::RangeResponse>(
      [](const Endpoint& endpoint, auto* context, const auto& r, auto* queue) {
        return endpoint.kv->AsyncRange(context, r, queue);
      },
      request,
      [this](const grpc::Status& status, const auto&, auto) {
        const bool refused = login_.WasRefused(status);
        if (refused) login_.Lapsed();
        // Any other answer of its own shows that it works; what it has against
        // this one is told to those who ask.
        if (refused || IsTransient(status)) {
          ProbeFailed(status);
        } else {
          ProbeSucceeded();
        }
      });
}

void Connection::ProbeSucceeded() {
  usable_ = true;
  failures_ = 0;
  backoff_ = options_.backoff_min;
  if (std::exchange(told_away_, false)) Deliver(CoordinatorBack{});
  RunWaiting();
  became_usable_();
}

void Connection::ProbeFailed(const grpc::Status& status) {
  const std::string reason = endpoint().name + ": " + status.error_message();
  current_ = (current_ + 1) % endpoints_.size();
  ++failures_;
  if (failures_ % endpoints_.size() != 0) {
    Probe();
    return;
  }
  if (!std::exchange(told_away_, true)) Deliver(CoordinatorAway{reason});
  loop_.At(Clock::now() + backoff_, [this] { Probe(); });
  backoff_ = std::min(2 * backoff_, options_.backoff_max);
}

}  // namespace taskgraph::coordination
