// SPDX-License-Identifier: Apache-2.0
//
// The etcd client and the embedded server among strangers: certificates, users,
// and what happens when they change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "contract/coordinator_contract.h"
#include "coordination/etcd/etcd_coordinator.h"
#include "coordination/etcd/etcd_server.h"
#include "coordination/store_service.h"
#include "support/certificates.h"
#include "support/real_etcd.h"

namespace taskgraph::coordination {
namespace {

using test::Authority;
using test::RealEtcd;
using testing::HasSubstr;

// Clients with the same options.
class OneKind final : public CoordinatorWorld {
 public:
  explicit OneKind(EtcdOptions options) : options_(std::move(options)) {}
  std::unique_ptr<Coordinator> NewClient(Sink sink) override {
    return ConnectEtcd(options_, std::move(sink)).value();
  }
  void Compact(Revision) override {}

 private:
  EtcdOptions options_;
};

std::string ReasonOfAway(OneKind world) {
  Client client(world);
  EXPECT_TRUE(client.AwaitEvent<CoordinatorAway>());
  for (const Event& event : client.recorder().events()) {
    const auto* away = std::get_if<CoordinatorAway>(&event);
    if (away != nullptr) return away->reason;
  }
  return {};
}

class SealedServer : public testing::Test {
 protected:
  void SetUp() override { Serve("127.0.0.1:0"); }
  void Serve(const std::string& address) {
    EtcdServerOptions options;
    options.listen = {address};
    options.tls = server_files_;
    server_ = EtcdServer::Start(store_, options).value();
  }
  EtcdOptions With(const TlsFiles& files) const {
    EtcdOptions options;
    options.endpoints = {"https://" + server_->endpoints().front()};
    options.tls = files;
    return options;
  }

  Authority ours_;
  Authority theirs_;
  const TlsFiles server_files_ = ours_.Issue("server");
  StoreService store_;
  std::unique_ptr<EtcdServer> server_;
};

TEST_F(SealedServer, ServesWhomItsAuthoritySigned) {
  OneKind world(With(ours_.Issue("client")));
  Client client(world);
  const Tag watch = client.Watch(KeyRange::All());

  client.Put("a", "1");

  EXPECT_TRUE(client.AwaitChange(watch, "2: a=1"));
}

TEST_F(SealedServer, RefusesAllOthers) {
  const TlsFiles good = ours_.Issue("client");
  TlsFiles foreign = theirs_.Issue("client");
  foreign.authority = good.authority;  // It trusts the server.
  EtcdOptions open = With({});
  open.endpoints = {"http://" + server_->endpoints().front()};

  EXPECT_NE(ReasonOfAway(OneKind(With(foreign))), "");
  EXPECT_NE(ReasonOfAway(OneKind(open)), "");
  // And is not trusted by who has another authority.
  EXPECT_NE(ReasonOfAway(OneKind(With(theirs_.Issue("client")))), "");
}

TEST_F(SealedServer, FilesThatAreReplacedCountForNewConnections) {
  const TlsFiles files = ours_.Issue("client");
  OneKind world(With(files));
  Client client(world);
  client.Put("a", "1");
  const std::string address = server_->endpoints().front();

  for (const TlsFiles& old : {files, server_files_}) {
    const TlsFiles next = theirs_.Issue("next");
    std::filesystem::rename(next.certificate, old.certificate);
    std::filesystem::rename(next.key, old.key);
    std::filesystem::copy_file(
        next.authority, old.authority,
        std::filesystem::copy_options::overwrite_existing);
  }
  server_.reset();
  Serve(address);

  client.Put("a", "2");
  OneKind others(With(theirs_.Issue("other")));
  Client other(others);
  EXPECT_TRUE(other.Exists("a"));
}

class UsersTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "there is no etcd here";
    etcd_ = std::make_unique<RealEtcd>(authority_.Issue("etcd"));
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"user", "add", "root:cellar"},
          {"user", "grant-role", "root", "root"},
          {"user", "add", "clerk:sesame"},
          {"role", "add", "office"},
          {"role", "grant-permission", "office", "readwrite", "desk/",
           "--prefix=true"},
          // Every client looks whether its endpoint works, and lists all.
          {"user", "grant-role", "clerk", "office"},
          {"auth", "enable"}}) {
      const test::CommandOutcome outcome = etcd_->Say(command);
      ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    }
  }
  EtcdOptions As(const std::string& user, const std::string& password) const {
    EtcdOptions options;
    options.endpoints = {etcd_->endpoint()};
    options.tls = authority_.Issue("client");
    options.user = user;
    options.password = password;
    return options;
  }

  Authority authority_;
  std::unique_ptr<RealEtcd> etcd_;
};

TEST_F(UsersTest, AUserIsLetIn) {
  OneKind world(As("clerk", "sesame"));
  Client client(world);
  const Tag watch = client.Watch(KeyRange::Prefix("desk/"));

  client.Put("desk/a", "1");

  EXPECT_TRUE(client.AwaitChange(watch, "desk/a=1"));
}

TEST_F(UsersTest, AWrongPasswordIsNamed) {
  EXPECT_THAT(ReasonOfAway(OneKind(As("clerk", "tahini"))),
              HasSubstr("authentication failed"));
}

// A restarted etcd does not know whom it let in; and changed rights make it
// forget.
TEST_F(UsersTest, AUserIsLetInAgain) {
  OneKind world(As("clerk", "sesame"));
  Client client(world);
  const Tag watch = client.Watch(KeyRange::Prefix("desk/"));
  const LeaseGranted lease = client.Grant(std::chrono::seconds(5));
  client.Put("desk/a", "1", lease.lease);

  etcd_->Restart();
  client.Put("desk/b", "2");
  EXPECT_TRUE(client.AwaitChange(watch, "desk/b=2"));

  etcd_->Say({"--user=root:cellar", "user", "add", "other:password"});
  client.Put("desk/c", "3");
  EXPECT_TRUE(client.AwaitChange(watch, "desk/c=3"));
  EXPECT_TRUE(client.Exists("desk/a"));
}

}  // namespace
}  // namespace taskgraph::coordination
