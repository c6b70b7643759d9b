// SPDX-License-Identifier: Apache-2.0
#include "transport/address.h"

#include <gtest/gtest.h>

namespace taskgraph::transport {
namespace {

TEST(AddressTest, AddressesOfEachFormComeApart) {
  const auto tcp = ParseAddress("tcp:example.org:7000");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(std::get<TcpAddress>(*tcp).host, "example.org");
  EXPECT_EQ(std::get<TcpAddress>(*tcp).port, 7000);

  const auto local = ParseAddress("unix:/tmp/a:b");
  ASSERT_TRUE(local);
  EXPECT_EQ(std::get<UnixAddress>(*local).path, "/tmp/a:b");

  const auto in_process = ParseAddress("inproc:x");
  ASSERT_TRUE(in_process);
  EXPECT_EQ(std::get<InProcessAddress>(*in_process).name, "x");
}

TEST(AddressTest, AnIpv6HostIsWrittenInBrackets) {
  const auto tcp = ParseAddress("tcp:[::1]:7000");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(std::get<TcpAddress>(*tcp).host, "::1");
  EXPECT_EQ(Format(std::get<TcpAddress>(*tcp)), "tcp:[::1]:7000");
}

TEST(AddressTest, WhatIsNoAddressIsRefusedWithWhatWouldBeRight) {
  for (const char* wrong :
       {"", "host:1", "tcp:host", "tcp:host:", "tcp::1", "tcp:host:65536",
        "tcp:host:1x", "unix:", "inproc:"}) {
    const auto parsed = ParseAddress(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument) << wrong;
  }
}

TEST(AddressTest, AUnixPathAboveTheSystemsLimitIsRefused) {
  const auto fits = ParseAddress("unix:" + std::string(107, 'a'));
  EXPECT_TRUE(fits);

  const auto longer = ParseAddress("unix:" + std::string(108, 'a'));
  ASSERT_FALSE(longer);
  EXPECT_NE(longer.error().message.find("107"), std::string::npos);
}

TEST(AddressTest, AUnixSocketIsChosenOnlyWhereItsFileExists) {
  EXPECT_EQ(ChooseAddress({"unix:/no/such/file", "tcp:h:1"}), "tcp:h:1");
  EXPECT_EQ(ChooseAddress({"unix:/dev/null", "tcp:h:1"}), "unix:/dev/null");
  EXPECT_EQ(ChooseAddress({"unix:/no/such/file"}), "unix:/no/such/file");
}

}  // namespace
}  // namespace taskgraph::transport
