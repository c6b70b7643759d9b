// SPDX-License-Identifier: Apache-2.0
#include "storm/papers.h"

#include <gtest/gtest.h>

#include "storm/job_processes.h"

namespace taskgraph::storm {
namespace {

TEST(PapersTest, MembersGetOthersAndServersKeepTheirs) {
  Papers papers;
  const TlsFiles member = papers.ForMember("host0");
  const TlsFiles server = papers.ForServer("etcd", "10.1.2.3");
  const std::string certificate = ReadFile(member.certificate);
  const std::string key = ReadFile(member.key);
  const std::string of_server = ReadFile(server.certificate);

  papers.Rotate();

  EXPECT_NE(ReadFile(member.certificate), certificate);
  EXPECT_NE(ReadFile(member.key), key);
  EXPECT_EQ(ReadFile(server.certificate), of_server);
  EXPECT_EQ(member.authority, server.authority);
}

}  // namespace
}  // namespace taskgraph::storm
