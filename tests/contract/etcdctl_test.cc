// SPDX-License-Identifier: Apache-2.0
//
// An independent client: etcd's own command-line tool is told the same things
// at the embedded server and at a real etcd, and must say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "coordination/etcd/etcd_server.h"
#include "coordination/store_service.h"
#include "support/command.h"
#include "support/real_etcd.h"

namespace taskgraph::coordination {
namespace {

using testing::HasSubstr;

constexpr char kTool[] = "/usr/bin/etcdctl";

// One command; "LEASE" stands for the lease granted last.
struct Command {
  std::vector<std::string> arguments;
  std::string input;
};

class Server {
 public:
  explicit Server(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  std::string Say(const Command& command) {
    std::vector<std::string> arguments = {kTool, "--endpoints=" + endpoint_};
    for (const std::string& argument : command.arguments) {
      arguments.push_back(argument == "LEASE" ? lease_ : argument);
    }
    const auto outcome =
        test::RunCommand(arguments, command.input, {"ETCDCTL_API=3"});
    std::smatch granted;
    if (std::regex_search(outcome.output, granted,
                          std::regex("lease ([0-9a-f]+) granted"))) {
      lease_ = granted[1];
    }
    return Plain(outcome.output);
  }

 private:
  // Without what differs from run to run: ids, times, and the tool's own log.
  std::string Plain(std::string output) const {
    if (!lease_.empty()) {
      output = std::regex_replace(output, std::regex(lease_), "LEASE");
    }
    output = std::regex_replace(output, std::regex("remaining\\([0-9]+s\\)"),
                                "remaining()");
    return std::regex_replace(output, std::regex("\\{\"level\"[^\n]*\n"), "");
  }

  std::string endpoint_;
  std::string lease_;
};

class EtcdctlTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kTool)) {
      GTEST_SKIP() << "etcdctl is not installed";
    }
    auto started = EtcdServer::Start(store_, {});
    ASSERT_TRUE(started.ok());
    server_ = std::move(started).value();
    embedded_ = std::make_unique<Server>(server_->endpoints().front());
  }

  void ExpectSameAnswers(const std::vector<Command>& commands) {
    if (!test::RealEtcd::IsInstalled()) GTEST_SKIP() << "no etcd to compare";
    test::RealEtcd etcd;
    Server real(etcd.endpoint());
    for (const Command& command : commands) {
      const std::string expected = real.Say(command);
      EXPECT_EQ(embedded_->Say(command), expected)
          << testing::PrintToString(command.arguments);
    }
  }

  StoreService store_;
  std::unique_ptr<EtcdServer> server_;
  std::unique_ptr<Server> embedded_;
};

TEST_F(EtcdctlTest, KeysAreWrittenReadAndDeletedAsInEtcd) {
  ExpectSameAnswers({
      {{"put", "a", "1"}, ""},
      {{"put", "a", "2", "--prev-kv"}, ""},
      {{"put", "b", "3"}, ""},
      {{"put", "c/x", "4"}, ""},
      {{"get", "a"}, ""},
      {{"get", "nowhere"}, ""},
      {{"get", "", "--prefix"}, ""},
      {{"get", "c/", "--prefix", "--keys-only"}, ""},
      {{"get", "", "--prefix", "--limit=2"}, ""},
      {{"get", "", "--from-key", "--order=DESCEND", "--limit=2"}, ""},
      {{"get", "", "--prefix", "--sort-by=MODIFY", "--order=DESCEND"}, ""},
      {{"get", "", "--prefix", "--sort-by=VALUE"}, ""},
      {{"get", "", "--prefix", "--sort-by=VERSION", "--limit=1"}, ""},
      {{"get", "a", "c"}, ""},
      {{"get", "a", "--rev=2"}, ""},
      {{"get", "a", "--rev=99"}, ""},
      {{"get", "a", "--consistency=s", "--print-value-only"}, ""},
      {{"del", "a", "--prev-kv"}, ""},
      {{"del", "a"}, ""},
      {{"del", "", "--prefix"}, ""},
      {{"put", "", "x"}, ""},
      {{"put", "a", "x", "--lease=1234"}, ""},
  });
}

TEST_F(EtcdctlTest, TransactionsAnswerAsInEtcd) {
  ExpectSameAnswers({
      {{"txn"}, "ver(\"k\") = \"0\"\n\nput k one\n\nget k\n\n"},
      {{"txn"}, "ver(\"k\") = \"0\"\n\nput k two\n\nget k\n\n"},
      {{"txn"},
       "val(\"k\") = \"one\"\nmod(\"k\") > \"1\"\n\n"
       "put k three --prev-kv\nget k\ndel x\n\n\n"},
      {{"txn"}, "create(\"k\") < \"2\"\n\nput y 1\n\nput z 1\n\n"},
      {{"txn"}, "\nput k 1\nput k 2\n\n\n"},
      {{"get", "", "--prefix"}, ""},
  });
}

TEST_F(EtcdctlTest, WatchesTellThePastAsInEtcd) {
  // The tool watches until it is ended; its own child does that at the end.
  const std::vector<std::string> until_last = {
      "--", "/bin/sh", "-c",
      "case $ETCD_WATCH_KEY in *last*) kill -INT $PPID;; esac"};
  const auto watch = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), until_last.begin(), until_last.end());
    return Command{arguments, ""};
  };
  ExpectSameAnswers({
      {{"put", "w/a", "1"}, ""},
      {{"put", "w/a", "2"}, ""},
      {{"del", "w/a"}, ""},
      {{"put", "other", "1"}, ""},
      {{"put", "w/last", "1"}, ""},
      watch({"watch", "w/", "--prefix", "--rev=2"}),
      watch({"watch", "w/", "--prefix", "--rev=3", "--prev-kv"}),
  });
}

TEST_F(EtcdctlTest, LeasesAreGrantedKeptShownAndRevokedAsInEtcd) {
  ExpectSameAnswers({
      {{"lease", "grant", "100"}, ""},
      {{"put", "l", "1", "--lease", "LEASE"}, ""},
      {{"lease", "keep-alive", "--once", "LEASE"}, ""},
      {{"lease", "timetolive", "LEASE"}, ""},
      {{"lease", "timetolive", "LEASE", "--keys"}, ""},
      {{"lease", "list"}, ""},
      {{"lease", "revoke", "LEASE"}, ""},
      {{"get", "l"}, ""},
      {{"lease", "revoke", "LEASE"}, ""},
      {{"lease", "timetolive", "LEASE"}, ""},
      {{"lease", "keep-alive", "--once", "LEASE"}, ""},
      {{"lease", "list"}, ""},
  });
}

TEST_F(EtcdctlTest, CompactionIsFeltAsInEtcd) {
  ExpectSameAnswers({
      {{"put", "a", "1"}, ""},
      {{"put", "a", "2"}, ""},
      {{"put", "a", "3"}, ""},
      {{"compaction", "3"}, ""},
      {{"compaction", "3"}, ""},
      {{"compaction", "99"}, ""},
      {{"get", "a", "--rev=2"}, ""},
      {{"get", "a", "--rev=3"}, ""},
      {{"watch", "a", "--rev=2"}, ""},
  });
}

TEST_F(EtcdctlTest, OperatorsFindOneHealthyMember) {
  EXPECT_THAT(embedded_->Say({{"endpoint", "health"}, ""}),
              HasSubstr("is healthy"));
  EXPECT_THAT(embedded_->Say({{"endpoint", "status"}, ""}),
              HasSubstr(", 3.4.0, 0 B, true, false, 1, 1, 1,"));
  EXPECT_THAT(embedded_->Say({{"member", "list"}, ""}),
              HasSubstr("started, embedded, , http://" +
                        server_->endpoints().front() + ", false"));
  EXPECT_THAT(embedded_->Say({{"put", "a", "1", "--ignore-lease"}, ""}),
              HasSubstr("does not support"));
}

}  // namespace
}  // namespace taskgraph::coordination
