// SPDX-License-Identifier: Apache-2.0
//
// What one client can make the embedded server hold. Each limit is reached, and
// the client that reached it is told which one it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "coordination/etcd/convert.h"
#include "coordination/etcd/etcd_server.h"
#include "coordination/store_service.h"

namespace taskgraph::coordination {
namespace {

using testing::HasSubstr;

class EtcdLimitsTest : public testing::Test {
 protected:
  explicit EtcdLimitsTest(StoreOptions options = {})
      : store_({.store = {.store = options}}) {
    auto started = EtcdServer::Start(
        store_, {.watches_max = 2, .unread_bytes_max = 1 << 20});
    EXPECT_TRUE(started.ok());
    server_ = std::move(started).value();
    const auto channel = Connect();
    kv_ = pb::KV::NewStub(channel);
    lease_ = pb::Lease::NewStub(channel);
    watch_ = pb::Watch::NewStub(channel);
  }

  // A connection of its own: what breaks one of them leaves the others.
  std::shared_ptr<grpc::Channel> Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(server_->endpoints().front(),
                                     grpc::InsecureChannelCredentials(),
                                     arguments);
  }

  grpc::Status Put(const std::string& key, std::size_t bytes) {
    grpc::ClientContext context;
    pb::PutRequest request;
    request.set_key(key);
    request.set_value(std::string(bytes, 'x'));
    pb::PutResponse response;
    return kv_->Put(&context, request, &response);
  }

  grpc::Status Grant() {
    grpc::ClientContext context;
    pb::LeaseGrantRequest request;
    request.set_ttl(60);
    pb::LeaseGrantResponse response;
    return lease_->LeaseGrant(&context, request, &response);
  }

  static pb::WatchRequest Everything() {
    pb::WatchRequest request;
    request.mutable_create_request()->set_key("a");
    request.mutable_create_request()->set_range_end(std::string(1, '\0'));
    return request;
  }

  StoreService store_;
  std::unique_ptr<EtcdServer> server_;
  std::unique_ptr<pb::KV::Stub> kv_;
  std::unique_ptr<pb::Lease::Stub> lease_;
  std::unique_ptr<pb::Watch::Stub> watch_;
};

TEST_F(EtcdLimitsTest, AWatchTooManyIsCancelledAndTheOthersGoOn) {
  grpc::ClientContext context;
  const auto stream = watch_->Watch(&context);
  pb::WatchResponse response;
  for (int i = 0; i < 3; ++i) {
    stream->Write(Everything());
    ASSERT_TRUE(stream->Read(&response));
  }

  EXPECT_TRUE(response.canceled());
  EXPECT_THAT(response.cancel_reason(), HasSubstr("watches_max = 2"));
  ASSERT_TRUE(Put("key", 1).ok());
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.events_size(), 1);
  context.TryCancel();
}

TEST_F(EtcdLimitsTest, AWatcherThatDoesNotReadLosesItsStreamAndNothingElse) {
  grpc::ClientContext context;
  const auto stream = watch_->Watch(&context);
  stream->Write(Everything());
  pb::WatchResponse response;
  ASSERT_TRUE(stream->Read(&response));

  for (int i = 0; i < 64; ++i) ASSERT_TRUE(Put("key", 1 << 18).ok());

  while (stream->Read(&response)) continue;
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("unread_bytes_max = 1048576"));
  EXPECT_TRUE(Put("key", 1).ok());
}

TEST_F(EtcdLimitsTest, AMessageAboveTheLimitIsToldWithTheLimit) {
  const grpc::Status status = Put("key", 3 << 20);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("2097152"));
}

// gRPC may close the connection that such headers came by, and that alone.
TEST_F(EtcdLimitsTest, HeadersAboveTheLimitAreTurnedAwayAndOthersAreServed) {
  ASSERT_TRUE(Put("key", 1).ok());
  const auto stranger = pb::KV::NewStub(Connect());
  grpc::ClientContext context;
  context.AddMetadata("large", std::string(32 << 10, 'x'));
  pb::RangeRequest request;
  request.set_key("key");
  pb::RangeResponse response;

  EXPECT_FALSE(stranger->Range(&context, request, &response).ok());
  EXPECT_TRUE(Put("key", 1).ok());
}

class SmallStoreTest : public EtcdLimitsTest {
 protected:
  SmallStoreTest() : EtcdLimitsTest({.bytes_max = 10'000, .leases_max = 2}) {}
};

TEST_F(SmallStoreTest, WhatDoesNotFitIsRefusedAndTheRestIsTaken) {
  const grpc::Status status = Put("large", 20'000);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("bytes_max"));
  EXPECT_TRUE(Put("small", 1).ok());
}

TEST_F(SmallStoreTest, ALeaseTooManyIsRefused) {
  EXPECT_TRUE(Grant().ok());
  EXPECT_TRUE(Grant().ok());

  const grpc::Status status = Grant();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("leases_max"));
}

}  // namespace
}  // namespace taskgraph::coordination
