// SPDX-License-Identifier: Apache-2.0
#include "transport/socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "transport/resolver.h"

namespace taskgraph::transport {
namespace {

constexpr Duration kForEver = Duration::max();

Socket::Bytes BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// Both ends of a connection.
class SocketTest : public ::testing::Test {
 protected:
  SocketTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                           0, ends.data()),
              0);
    near_ = Socket(reactor_.backend(), ends[0]);
    far_ = Socket(reactor_.backend(), ends[1]);
  }

  // What comes, up to `most` bytes.
  static std::string Read(const Socket& socket, std::size_t most,
                          IoError& error) {
    std::string text(most, ' ');
    const Socket::Room room = std::as_writable_bytes(std::span(text));
    text.resize(socket.Read({&room, 1}, error));
    return text;
  }
  static std::size_t Write(const Socket& socket, const std::string& text,
                           IoError& error) {
    const Socket::Bytes bytes = BytesOf(text);
    return socket.Write({&bytes, 1}, error);
  }
  // Until the system takes no more; how much it took.
  static std::size_t Fill(const Socket& socket) {
    const std::string text(64 << 10, 'x');
    IoError error;
    std::size_t total = 0;
    while (!error) total += Write(socket, text, error);
    EXPECT_TRUE(error.is_dry()) << error.message();
    return total;
  }

  Reactor reactor_;
  Socket near_;
  Socket far_;
};

TEST_F(SocketTest, PartsAreReadAndWrittenInTheirOrder) {
  const std::string texts[] = {"to ", "", "be ", "or not"};
  std::vector<Socket::Bytes> parts;
  for (const std::string& text : texts) parts.push_back(BytesOf(text));
  IoError error;
  EXPECT_EQ(near_.Write(parts, error), 12U);

  std::string first(4, ' ');
  std::string second(20, ' ');
  const Socket::Room rooms[] = {std::as_writable_bytes(std::span(first)),
                                std::as_writable_bytes(std::span(second))};
  EXPECT_EQ(far_.Read(rooms, error), 12U);
  EXPECT_FALSE(error);
  EXPECT_EQ(first + second.substr(0, 8), "to be or not");
}

TEST_F(SocketTest, WhereNothingIsItIsDry) {
  IoError error;
  EXPECT_EQ(Read(near_, 8, error), "");
  EXPECT_TRUE(error.is_dry());
  EXPECT_FALSE(error.is_end());
}

TEST_F(SocketTest, TheOtherSideEndsBehindWhatItSent) {
  IoError error;
  Write(far_, "farewell", error);
  far_.Close();
  EXPECT_EQ(Read(near_, 20, error), "farewell");
  EXPECT_FALSE(error);
  EXPECT_EQ(Read(near_, 20, error), "");
  EXPECT_TRUE(error.is_end());
}

// A read was short, and yet more is to come: the end.
TEST_F(SocketTest, AnEndThatCameWithBytesIsInSight) {
  std::string read;
  near_.OnReadable([&] {
    IoError error;
    read += Read(near_, 20, error);
  });
  reactor_.Poll(Duration::zero());
  EXPECT_FALSE(near_.has_hung_up());
  IoError error;
  Write(far_, "farewell", error);
  far_.Close();
  while (read.empty()) reactor_.Poll(kForEver);
  EXPECT_TRUE(near_.has_hung_up());
}

TEST_F(SocketTest, WhatIsThereBeforeOneListensIsTold) {
  IoError error;
  Write(far_, "early", error);
  std::string read;
  near_.AwaitReadable([&] { read = Read(near_, 20, error); });
  while (read.empty()) reactor_.Poll(kForEver);
  EXPECT_EQ(read, "early");
  // It had run dry; and it tells once.
  Write(far_, "more", error);
  for (int i = 0; i < 3; ++i) reactor_.Poll(Duration::zero());
  EXPECT_EQ(read, "early");
}

TEST_F(SocketTest, ItTellsWhenItTakesMore) {
  Fill(near_);
  bool may_write = false;
  near_.AwaitWritable([&] { may_write = true; });
  for (int i = 0; i < 3; ++i) reactor_.Poll(Duration::zero());
  EXPECT_FALSE(may_write);
  IoError error;
  while (!error) Read(far_, 64 << 10, error);
  while (!may_write) reactor_.Poll(kForEver);
  EXPECT_GT(Fill(near_), 0U);

  may_write = false;
  near_.AwaitWritable([&] { may_write = true; });
  near_.IgnoreWritable();
  for (error = {}; !error;) Read(far_, 64 << 10, error);
  for (int i = 0; i < 3; ++i) reactor_.Poll(Duration::zero());
  EXPECT_FALSE(may_write);
}

TEST_F(SocketTest, ItMayBeClosedFromWhatItCalls) {
  bool closed = false;
  near_.OnReadable([&] {
    near_.Close();
    closed = true;
  });
  IoError error;
  Write(far_, "x", error);
  while (!closed) reactor_.Poll(kForEver);
  reactor_.Poll(Duration::zero());
  EXPECT_EQ(near_.descriptor(), -1);
}

TEST_F(SocketTest, WhatItTellsGoesWithItWhenItMoves) {
  int told = 0;
  near_.OnReadable([&] { ++told; });
  const Socket moved = std::move(near_);
  while (told < 1) reactor_.Poll(kForEver);
  IoError error;
  Write(far_, "x", error);
  while (told < 2) reactor_.Poll(kForEver);
}

// --- Connecting ---

TEST_F(SocketTest, WhereNobodyListensItIsRefused) {
  // A port that was free a moment ago.
  const Result<std::vector<Endpoint>> loopback =
      LookUp({"127.0.0.1", 0}, HostIs::kNumber);
  ASSERT_TRUE(loopback);
  Endpoint port;
  {
    const Socket taken(reactor_.backend(),
                       ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(taken.descriptor(), &loopback->front().address(),
                     loopback->front().size()),
              0);
    port = Endpoint::Local(taken.descriptor());
  }
  IoError error;
  Socket socket = Socket::Connect(reactor_.backend(), port, error);
  if (error.is_under_way()) {
    bool is_known = false;
    socket.AwaitWritable([&] { is_known = true; });
    while (!is_known) reactor_.Poll(kForEver);
    error = socket.Outcome();
  }
  EXPECT_EQ(error.number(), ECONNREFUSED) << error.message();
  EXPECT_FALSE(error.is_shortage());
}

TEST_F(SocketTest, AFileThatIsNotThereIsSaidAtOnce) {
  IoError error;
  Socket::Connect(reactor_.backend(), Endpoint(UnixAddress{"/nowhere/at/all"}),
                  error);
  EXPECT_EQ(error.number(), ENOENT);
}

// --- Names ---

TEST(EndpointTest, NumbersAreTakenAsTheyAre) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    const auto found = LookUp({host, 80}, HostIs::kNumber);
    ASSERT_TRUE(found) << host;
    EXPECT_EQ(found->front().Text(), Format(TcpAddress{host, 80}));
    EXPECT_EQ(found->front().port(), 80);
  }
  EXPECT_FALSE(LookUp({"localhost", 80}, HostIs::kNumber));
}

TEST(ResolverTest, NamesAreFoundWhileTheLoopGoesOn) {
  Reactor reactor;
  Resolver resolver(reactor.backend());
  std::vector<std::string> answers;
  const auto keep = [&](const Resolver::Found& found) {
    answers.push_back(found ? found->front().Text() : "none");
  };
  const auto first = resolver.Find({"localhost", 7}, keep);
  const auto second = resolver.Find({"no such name", 7}, keep);
  while (answers.size() < 2) reactor.Poll(kForEver);
  EXPECT_TRUE(answers[0] == "tcp:127.0.0.1:7" || answers[0] == "tcp:[::1]:7")
      << answers[0];
  EXPECT_EQ(answers[1], "none");
}

// Names that take their time to be not found would be asked for behind each
// other.
TEST(ResolverTest, WhatNobodyWaitsForAnyMoreIsNotTold) {
  Reactor reactor;
  Resolver resolver(reactor.backend());
  int dropped = 0;
  bool told = false;
  for (int i = 0; i < 100; ++i) {
    (void)resolver.Find({"localhost", 7},
                        [&](const Resolver::Found&) { ++dropped; });
  }
  const auto kept = resolver.Find({"localhost", 7},
                                  [&](const Resolver::Found&) { told = true; });
  while (!told) reactor.Poll(kForEver);
  EXPECT_EQ(dropped, 0);
}

}  // namespace
}  // namespace taskgraph::transport
