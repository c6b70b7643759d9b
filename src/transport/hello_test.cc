// SPDX-License-Identifier: Apache-2.0
#include "transport/hello.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace taskgraph::transport {
namespace {

Options Host() {
  Options options;
  options.job = "job";
  options.token = "secret";
  options.self = "host";
  return options;
}

Hello Guest() {
  Hello hello;
  hello.dial = 7;
  hello.job = "job";
  hello.node = "guest";
  hello.expected = "host";
  hello.token = "secret";
  return hello;
}

Result<Hello> Decode(const std::string& bytes) {
  std::array<std::byte, kHelloHeaderBytes> header{};
  const auto all = std::as_bytes(std::span(bytes));
  std::copy_n(all.begin(), header.size(), header.begin());
  const auto size = HelloBodyBytes(header);
  if (!size) return size.error();
  const auto body = all.subspan(header.size());
  return DecodeHello(header, body.first(std::min(*size, body.size())));
}

TEST(HelloTest, WhatIsWrittenIsRead) {
  Hello hello = Guest();
  hello.detail = "why";
  const auto read = Decode(Encode(hello));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, hello);
}

TEST(HelloTest, AGuestOfTheHouseIsAcceptedAndToldTheToken) {
  const Hello answer = Judge(Guest(), Host());
  EXPECT_EQ(answer.verdict, Verdict::kAccepted);
  EXPECT_EQ(answer.token, "secret");
  EXPECT_EQ(Objection(answer, Guest()), "");
}

TEST(HelloTest, OthersAreTurnedAwayAndNotToldTheToken) {
  const auto verdict = [](auto change) {
    Hello guest = Guest();
    change(guest);
    const Hello answer = Judge(guest, Host());
    EXPECT_EQ(answer.token, "");
    EXPECT_EQ(answer.detail.find("secret"), std::string::npos);
    return answer.verdict;
  };
  EXPECT_EQ(verdict([](Hello& h) { h.version = 9; }), Verdict::kWrongVersion);
  EXPECT_EQ(verdict([](Hello& h) { h.job = "other"; }), Verdict::kWrongJob);
  EXPECT_EQ(verdict([](Hello& h) { h.token = "secreT"; }),
            Verdict::kWrongToken);
  EXPECT_EQ(verdict([](Hello& h) { h.token = ""; }), Verdict::kWrongToken);
  EXPECT_EQ(verdict([](Hello& h) { h.expected = "x"; }), Verdict::kWrongNode);
  EXPECT_EQ(verdict([](Hello& h) { h.node = "host"; }), Verdict::kWrongNode);
}

TEST(HelloTest, ADialerMeetsOnlyWhomItWanted) {
  Hello answer = Judge(Guest(), Host());
  answer.node = "another";
  EXPECT_NE(Objection(answer, Guest()), "");

  answer = Judge(Guest(), Host());
  answer.token = "guessed";
  EXPECT_NE(Objection(answer, Guest()), "");
}

TEST(HelloTest, SecretsAreEqualOnlyWhole) {
  EXPECT_TRUE(SameSecret("", ""));
  EXPECT_TRUE(SameSecret("abc", "abc"));
  EXPECT_FALSE(SameSecret("abcabc", "abc"));
  EXPECT_FALSE(SameSecret("abc", "abcabc"));
  EXPECT_FALSE(SameSecret("", "abc"));
  EXPECT_FALSE(SameSecret("abc", ""));
}

TEST(HelloTest, AnotherVersionIsReadAsFarAsItIsUnderstood) {
  Hello hello = Guest();
  hello.version = 2;
  const auto read = Decode(Encode(hello));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, 2);
  EXPECT_EQ(read->job, "");
  EXPECT_EQ(Judge(*read, Host()).verdict, Verdict::kWrongVersion);
}

TEST(HelloTest, AnAnswerIsNeverTooLongWhateverTheGuestSaysItIs) {
  constexpr std::size_t kOthers = 100;
  Hello wrong_job = Guest();
  wrong_job.job = std::string(kHelloBytesMax - kOthers, 'j');
  Hello wrong_node = Guest();
  wrong_node.expected = wrong_job.job;
  for (const Hello& guest : {wrong_job, wrong_node}) {
    ASSERT_TRUE(Decode(Encode(guest)));

    const auto answer = Decode(Encode(Judge(guest, Host())));

    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_LT(answer->detail.size(), 600u);
  }
}

TEST(HelloTest, NoBytesHarmTheReader) {
  const std::string sound = Encode(Guest());
  for (unsigned seed = 0; seed < 20000; ++seed) {
    std::mt19937 random(seed);
    std::string bytes = sound;
    for (unsigned i = 0; i <= seed % 4; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (seed % 3 == 0) bytes.resize(kHelloHeaderBytes + random() % 60);
    const auto read = Decode(bytes);
    if (read) Judge(*read, Host());
  }
}

}  // namespace
}  // namespace taskgraph::transport
