// SPDX-License-Identifier: Apache-2.0
//
// Login: the user by whom a client is known to an etcd that asks for one.
//
// Intuition: a pass that is shown with every call. It is issued against user
// and password, and lapses when etcd likes: after some minutes without a call,
// when a member restarts, when rights change. Then a new one is asked for.
//
// All functions with the loop's mutex held.
#pragma once

#include <string>
#include <utility>

#include "coordination/etcd/grpc_headers.h"

namespace taskgraph::coordination {

class Login {
 public:
  Login(std::string user, std::string password)
      : user_(std::move(user)), password_(std::move(password)) {}

  bool needed() const { return !user_.empty() && pass_.empty(); }

  etcdserverpb::AuthenticateRequest Request() const {
    etcdserverpb::AuthenticateRequest request;
    request.set_name(user_);
    request.set_password(password_);
    return request;
  }
  void Admitted(const std::string& pass) { pass_ = pass; }
  void Lapsed() { pass_.clear(); }

  void Show(grpc::ClientContext& context) const {
    if (!pass_.empty()) context.AddMetadata("token", pass_);
  }

  // Says whether the call was refused for a pass that does not count any more:
  // it had no effect.
  bool WasRefused(const grpc::Status& status) const {
    return !user_.empty() &&
           (status.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
            status.error_message().find("revision of auth store is old") !=
                std::string::npos);
  }

 private:
  const std::string user_;
  const std::string password_;
  std::string pass_;
};

}  // namespace taskgraph::coordination
