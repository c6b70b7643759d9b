// SPDX-License-Identifier: Apache-2.0
//
// ClusterService and MaintenanceService: what operators ask an etcd for, as far
// as an embedded store has an answer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coordination/etcd/server_answers.h"
#include "coordination/shared_store.h"

namespace taskgraph::coordination {

class ClusterService final : public pb::Cluster::CallbackService {
 public:
  ClusterService(SharedStore& store, ServerIdentity self)
      : store_(store), self_(self) {}

  // Before the first call arrives.
  void Describe(std::string name, std::vector<std::string> client_urls) {
    name_ = std::move(name);
    client_urls_ = std::move(client_urls);
  }

  grpc::ServerUnaryReactor* MemberList(
      grpc::CallbackServerContext* context, const pb::MemberListRequest*,
      pb::MemberListResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    store_.Status([=, this](Revision revision, const Outcome<StoreStatus>&) {
      self_.Sign(revision, *response->mutable_header());
      pb::Member& member = *response->add_members();
      member.set_id(self_.member_id);
      member.set_name(name_);
      for (const std::string& url : client_urls_) member.add_clienturls(url);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

 private:
  SharedStore& store_;
  const ServerIdentity self_;
  std::string name_;
  std::vector<std::string> client_urls_;
};

class MaintenanceService final : public pb::Maintenance::CallbackService {
 public:
  MaintenanceService(SharedStore& store, ServerIdentity self)
      : store_(store), self_(self) {}

  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context,
                                   const pb::StatusRequest*,
                                   pb::StatusResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    store_.Status(
        [=, this](Revision revision, const Outcome<StoreStatus>& status) {
          self_.Sign(revision, *response->mutable_header());
          response->set_version("3.4.0");  // Whose protocol this is.
          const std::int64_t bytes = std::get<StoreStatus>(status).bytes;
          response->set_dbsize(bytes);
          response->set_dbsizeinuse(bytes);
          response->set_leader(self_.member_id);
          response->set_raftindex(static_cast<std::uint64_t>(revision));
          response->set_raftappliedindex(static_cast<std::uint64_t>(revision));
          response->set_raftterm(1);
          reactor->Finish(grpc::Status::OK);
        });
    return reactor;
  }

 private:
  SharedStore& store_;
  const ServerIdentity self_;
};

}  // namespace taskgraph::coordination
