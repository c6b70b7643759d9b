// SPDX-License-Identifier: Apache-2.0
//
// Jobs among strangers: certificates between members and to etcd, and users of
// etcd, on real processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "driver/running_app.h"
#include "support/certificates.h"
#include "support/command.h"
#include "support/real_etcd.h"

namespace taskgraph::test {
namespace {

using testing::HasSubstr;

std::vector<std::string> Flags(const TlsFiles& files) {
  return {"--tls-cert=" + files.certificate, "--tls-key=" + files.key,
          "--tls-ca=" + files.authority};
}

std::vector<std::string> operator+(std::vector<std::string> a,
                                   const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(SecurityTest, WrongFilesAreNamedAtTheStart) {
  const Authority authority;
  TlsFiles files = authority.Issue("member");
  files.key = "/nowhere/key.pem";
  for (const char* command : {"run", "node", "controller"}) {
    const CommandOutcome outcome = RunCommand(
        std::vector<std::string>{DRIVER_APP, command, "--coordinator",
                                 "unix:/nowhere", "--wait", "0s"} +
        Flags(files));

    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.output, HasSubstr("/nowhere/key.pem"));
  }
  const CommandOutcome expired = RunCommand(
      std::vector<std::string>{DRIVER_APP} + Flags(authority.Issue("old", -1)));
  EXPECT_EQ(expired.exit_code, 1);
  EXPECT_THAT(expired.output, HasSubstr("expired"));
}

TEST(SecurityTest, EtcdctlLooksIntoTheEmbeddedCoordinatorByCertificate) {
  const Authority authority;
  const Authority other;
  const TlsFiles files = authority.Issue("launcher");
  RunningApp app(std::vector<std::string>{"--listen-coordinator", "127.0.0.1:0",
                                          "--config", "mode=idle"} +
                 Flags(files));
  ASSERT_FALSE(app.NextEvent("assigned").is_null());
  const std::string line = app.Output();
  const std::size_t begin = line.find("https://127.0.0.1:");
  ASSERT_NE(begin, std::string::npos) << line;
  const std::string endpoint =
      line.substr(begin, line.find(' ', begin) - begin);
  const auto look = [&](const TlsFiles& with) {
    return RunCommand({"/usr/bin/etcdctl", "--endpoints", endpoint, "--cert",
                       with.certificate, "--key", with.key, "--cacert",
                       files.authority, "--command-timeout=2s", "get",
                       "--prefix", "/taskgraph/driver-app/"},
                      {}, {"ETCDCTL_API=3"})
        .output;
  };

  EXPECT_THAT(look(authority.Issue("operator")),
              HasSubstr("tasks/3/assignment"));
  EXPECT_THAT(look(other.Issue("stranger")),
              testing::Not(HasSubstr("assignment")));
  app.Signal(SIGTERM);
  EXPECT_EQ(app.Wait(), 143);
}

class SealedJob : public testing::Test {
 protected:
  void SetUp() override {
    if (!RealEtcd::IsInstalled()) GTEST_SKIP() << "there is no etcd here";
    etcd_ = std::make_unique<RealEtcd>(authority_.Issue("etcd"));
    folder_.Write("token", "sesame");
    folder_.Write("password", "cellar\n");
  }

  std::vector<std::string> Member(const std::string& command,
                                  const TlsFiles& files) const {
    return std::vector<std::string>{
               command, "--coordinator=" + etcd_->endpoint(),
               "--listen=tcp:127.0.0.1:0",
               "--token-file=" + (folder_ / "token").string()} +
           Flags(files);
  }

  Authority authority_;
  std::unique_ptr<RealEtcd> etcd_;
  TestFolder folder_;
};

TEST_F(SealedJob, MembersMeetByCertificate) {
  RunningApp controller(
      Member("controller", authority_.Issue("controller")) +
      std::vector<std::string>{"--nodes-expected=2", "--config=mode=count"});
  RunningApp one(Member("node", authority_.Issue("one")) +
                 std::vector<std::string>{"--slots=2"});
  RunningApp two(Member("node", authority_.Issue("two")) +
                 std::vector<std::string>{"--slots=2"});

  for (RunningApp* app : {&controller, &one, &two}) {
    EXPECT_EQ(app->Wait(), 0) << app->Output();
  }
}

TEST_F(SealedJob, AUserOfEtcdRunsAJob) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"user", "add", "root:cellar"},
        {"user", "grant-role", "root", "root"},
        {"auth", "enable"}}) {
    ASSERT_EQ(etcd_->Say(command).exit_code, 0);
  }
  const std::vector<std::string> run =
      std::vector<std::string>{"run", "--coordinator", etcd_->endpoint(),
                               "--nodes=2", "--config=mode=count"} +
      Flags(authority_.Issue("launcher"));

  RunningApp user(
      run + std::vector<std::string>{
                "--etcd-user=root",
                "--etcd-password-file=" + (folder_ / "password").string()});
  EXPECT_EQ(user.Wait(), 0) << user.Output();
}

}  // namespace
}  // namespace taskgraph::test
