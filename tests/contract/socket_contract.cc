// SPDX-License-Identifier: Apache-2.0
//
// What is peculiar to sockets: strangers, silence, and what the kernel does.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <random>

#include "raw_socket.h"
#include "transport/hello.h"
#include "transport/wire.h"
#include "transport_contract.h"

namespace taskgraph::transport {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class SocketContract : public TransportContract {};

// A peer "raw" that has said hello to `node`, was let in, and will do nothing
// by itself.
RawSocket Guest(World& world, const Node& node) {
  RawSocket guest = RawSocket::To(node.address);
  Hello hello;
  hello.dial = 1;
  hello.job = "job";
  hello.node = "raw";
  hello.expected = node.id;
  hello.token = "token";
  guest.Write(Encode(hello));
  EXPECT_TRUE(world.RunUntil([&] { return node.Count<PeerConnected>() == 1; }));
  return guest;
}

void ExpectEnded(World& world, RawSocket& socket) {
  EXPECT_TRUE(world.RunUntil([&] { return socket.Ended(); }));
}

// Whatever happened: the node still serves its own.
void ExpectAlive(World& world, Node& node) {
  Node& friendly = world.Add("friend of " + node.id);
  World::Introduce(friendly, node);
  friendly.Send(node, TextFrame("still there?"));
  EXPECT_TRUE(world.RunUntil([&] {
    const auto heads = node.Heads();
    return !heads.empty() && heads.back() == "still there?";
  }));
}

std::string HeaderOf(const FrameHeader& header) {
  std::string bytes;
  AppendHeader(bytes, header);
  return bytes;
}

Options Impatient(NodeId self) {
  Options options = World::DefaultOptions(std::move(self));
  options.connect_timeout = milliseconds(100);
  options.heartbeat_interval = milliseconds(10);
  options.heartbeat_timeout = milliseconds(100);
  return options;
}

TEST_P(SocketContract, StrangersAreEndedWithOneLineEachAndNothingElse) {
  Hello hello;
  const std::string sound = Encode(hello);
  std::string huge = sound;
  huge[10] = huge[11] = '\x7f';
  for (const std::string& words :
       {std::string("GET / HTTP/1.1\r\n\r\n"), sound.substr(0, 5),
        sound.substr(0, sound.size() - 3), huge, std::string()}) {
    World fresh(GetParam());
    Node& node = fresh.Add(Impatient("node"));
    RawSocket stranger = RawSocket::To(node.address);
    stranger.Write(words);
    EXPECT_TRUE(fresh.RunUntil([&] { return stranger.Ended(); }));
    EXPECT_EQ(stranger.received(), "");
    EXPECT_EQ(node.log.size(), 1u);
    EXPECT_TRUE(node.events.empty());
  }
}

TEST_P(SocketContract, AStrangerThatHangsUpIsForgotten) {
  Node& node = world.Add("node");
  { RawSocket stranger = RawSocket::To(node.address); }
  ASSERT_TRUE(world.RunUntil([&] { return node.log.size() == 1; }));
  EXPECT_TRUE(node.events.empty());
}

TEST_P(SocketContract, ThousandsOfStrangersKeepNoFriendOutAndFillNoLog) {
  Options options = World::DefaultOptions("node");
  options.strangers_max = 16;
  options.log_window = std::chrono::hours(1);
  Node& node = world.Add(options);
  std::vector<RawSocket> strangers;
  for (int i = 0; i < 3000; ++i) {
    strangers.push_back(RawSocket::To(node.address));
    if (i % 2) strangers.back().Write("?");
    world.reactor.Poll(Duration::zero());
    world.reactor.Poll(Duration::zero());
  }
  ExpectAlive(world, node);
  EXPECT_EQ(node.log.size(), options.log_lines_max);

  node.transport.reset();
  ASSERT_EQ(node.log.size(), options.log_lines_max + 1);
  EXPECT_THAT(node.log.back(), HasSubstr("more connections were ended"));
}

TEST_P(SocketContract, WhenTheSeatsAreTakenTheLogNamesTheirNumber) {
  Options options = World::DefaultOptions("node");
  options.strangers_max = 2;
  Node& node = world.Add(options);
  std::vector<RawSocket> strangers;
  for (int i = 0; i < 3; ++i) {
    strangers.push_back(RawSocket::To(node.address));
  }

  ASSERT_TRUE(world.RunUntil([&] { return !node.log.empty(); }));
  EXPECT_THAT(node.log.front(), HasSubstr("strangers_max = 2"));
  EXPECT_TRUE(world.RunUntil([&] { return strangers.front().Ended(); }));
}

TEST_P(SocketContract, RandomWordsOfStrangersHarmNothing) {
  Node& node = world.Add("node");
  Hello hello;
  hello.job = "job";
  hello.token = "token";
  hello.node = "x";
  hello.expected = "node";
  hello.version = 77;  // Never let in, however little is changed.
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::string words = Encode(hello);
    for (unsigned i = 0; i < seed % 5; ++i) {
      words[random() % words.size()] = static_cast<char>(random());
    }
    words += std::string(64, static_cast<char>(random()));
    RawSocket stranger = RawSocket::To(node.address);
    stranger.Write(words);
    if (seed % 10) {
      for (int i = 0; i < 4; ++i) world.reactor.Poll(Duration::zero());
    } else {
      world.reactor.Poll(Duration::zero());
    }
  }
  ExpectAlive(world, node);
}

TEST_P(SocketContract, APeerThatSpeaksNonsenseIsEndedAndNamed) {
  const std::vector<std::string> nonsense = {
      std::string(100, 'x'), HeaderOf({FrameKind::kWhole, 0, ~0u, 0}),
      HeaderOf({FrameKind::kWhole, 0, 0, ~std::uint64_t{0}}),
      HeaderOf({FrameKind::kPiece, 7, 0, 10})};
  for (const std::string& words : nonsense) {
    World fresh(GetParam());
    Node& node = fresh.Add("node");
    RawSocket guest = Guest(fresh, node);
    guest.Write(words);
    ASSERT_TRUE(fresh.RunUntil([&] { return node.Count<PeerBroken>() == 1; }));
    EXPECT_EQ(node.Last<PeerBroken>()->reason, BreakReason::kTurnedAway);
    ASSERT_EQ(node.log.size(), 1u);
    EXPECT_THAT(node.log.front(), HasSubstr("raw"));
    ExpectEnded(fresh, guest);
  }
}

TEST_P(SocketContract, RandomFramesOfAPeerHarmNothing) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    World fresh(GetParam());
    Node& node = fresh.Add("node");
    RawSocket guest = Guest(fresh, node);
    std::mt19937 random(seed);
    std::string words;
    for (int i = 0; i < 10; ++i) {
      words += HeaderOf({FrameKind::kWhole, 0, 8, 50}) + std::string(58, 'x');
      words += HeaderOf({FrameKind::kLarge, static_cast<StreamId>(i), 1, 30});
      words += "h";
      words += HeaderOf({FrameKind::kPiece, static_cast<StreamId>(i), 0, 30});
      words += std::string(30, 'y');
    }
    for (unsigned i = 0; i < 1 + seed % 5; ++i) {
      words[random() % words.size()] = static_cast<char>(random());
    }
    guest.Write(words);
    for (int i = 0; i < 10; ++i) fresh.reactor.Poll(Duration::zero());
    ExpectAlive(fresh, node);
  }
}

TEST_P(SocketContract, HalfAFrameIsNotDelivered) {
  Node& node = world.Add("node");
  {
    RawSocket guest = Guest(world, node);
    guest.Write(HeaderOf({FrameKind::kWhole, 0, 4, 100}) + "head" + "bod");
  }
  ASSERT_TRUE(world.RunUntil([&] { return node.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(node.Count<FrameArrived>(), 0u);
  EXPECT_EQ(node.Last<PeerBroken>()->reason, BreakReason::kReset);
}

TEST_P(SocketContract, ASilentPeerIsNoticed) {  // R21
  Node& node = world.Add(Impatient("node"));
  RawSocket guest = Guest(world, node);
  ASSERT_TRUE(world.RunUntil([&] { return node.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(node.Last<PeerBroken>()->reason, BreakReason::kSilent);
}

TEST_P(SocketContract, APeerThatNeverReadsIsNoticed) {
  Node& node = world.Add(Impatient("node"));
  RawSocket guest = Guest(world, node);
  node.transport->Send("raw", TextFrame("", std::string(32 << 20, 'x')));
  ASSERT_TRUE(world.RunUntil([&] {
    guest.Write(HeaderOf({}));
    return node.Count<PeerBroken>() == 1;
  }));
  EXPECT_EQ(node.Last<PeerBroken>()->reason, BreakReason::kStalled);
}

TEST_P(SocketContract, AnIdlePipeIsKeptByHeartbeats) {
  Node& a = world.Add(Impatient("a"));
  RawSocket guest = Guest(world, a);
  std::size_t heard = 0;
  ASSERT_TRUE(world.RunUntil([&] {  // Answers each heartbeat by one.
    guest.Ended();
    for (; heard + kFrameHeaderBytes <= guest.received().size();
         heard += kFrameHeaderBytes) {
      guest.Write(HeaderOf({}));
    }
    return heard >= 60 * kFrameHeaderBytes || a.Count<PeerBroken>() > 0;
  }));
  EXPECT_EQ(a.Count<PeerBroken>(), 0u);
}

// A process that did not run for many times the heartbeat timeout reads what
// has come meanwhile, and accuses nobody.
TEST_P(SocketContract, AProcessThatWasStalledAccusesNobody) {  // R21
  Node& a = world.Add(Impatient("a"));
  Node& b = world.Add(Impatient("b"));
  World::Introduce(a, b);
  a.Send(b, TextFrame("one"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < start + milliseconds(500)) {
  }
  b.Send(a, TextFrame("two"));
  ASSERT_TRUE(world.RunUntil([&] { return a.Heads().size() == 1; }));
  EXPECT_EQ(a.Count<PeerBroken>() + b.Count<PeerBroken>(), 0u);
}

TEST_P(SocketContract, ASmallFrameOvertakesLargeBodies) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("large", std::string(24 << 20, 'x')));
  a.Send(b, TextFrame("large", std::string(24 << 20, 'x')));
  a.Send(b, TextFrame("small"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 3; }));
  EXPECT_EQ(b.Heads().front(), "small");
}

TEST_P(SocketContract, AQueueFullOfLargeBodiesHasRoomForSmallFrames) {
  Options options = World::DefaultOptions("a");
  options.queue_bytes_max = 1 << 20;
  Node& a = world.Add(options);
  Node& b = world.Add("b");
  World::Introduce(a, b);
  const std::string body(8 << 20, 'x');

  EXPECT_EQ(a.Send(b, TextFrame("large", body)), SendOutcome::kAccepted);
  EXPECT_EQ(a.Send(b, TextFrame("larger", body)), SendOutcome::kQueueFull);
  EXPECT_EQ(a.Send(b, TextFrame("small")), SendOutcome::kAccepted);

  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 2; }));
  EXPECT_EQ(b.Heads().front(), "small");
  EXPECT_TRUE(world.RunUntil([&] { return a.Count<PeerWritable>() == 1; }));
}

TEST_P(SocketContract, AVectorArrivesAsOne) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  const std::vector<double> sent(300'000, 1.5);

  a.Send(b, {"numbers", Payload::Own(sent)});

  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));
  const Payload& body = b.Last<FrameArrived>()->frame.body;
  ASSERT_NE(body.AsVector<double>(), nullptr);
  EXPECT_EQ(*body.AsVector<double>(), sent);
}

TEST_P(SocketContract, ABodyArrivesAligned) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("h", std::string(1000, 'x')));
  a.Send(b, TextFrame("he", std::string(1 << 20, 'x')));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 2; }));
  for (const Event& event : b.events) {
    const auto* arrived = std::get_if<FrameArrived>(&event);
    if (!arrived) continue;
    const auto at =
        reinterpret_cast<std::uintptr_t>(arrived->frame.body.data());
    EXPECT_EQ(at % 64, 0u);
  }
}

TEST_P(SocketContract, ANewConnectionOfAPeerTakesThePlaceOfTheOld) {
  Node& node = world.Add("node");
  RawSocket old_one = Guest(world, node);
  old_one.Write(HeaderOf({FrameKind::kWhole, 0, 3, 0}) + "old");
  ASSERT_TRUE(world.RunUntil([&] { return node.Heads().size() == 1; }));

  RawSocket new_one = RawSocket::To(node.address);
  Hello hello;
  hello.dial = 2;
  hello.job = "job";
  hello.node = "raw";
  hello.expected = "node";
  hello.token = "token";
  new_one.Write(Encode(hello));
  ASSERT_TRUE(world.RunUntil([&] { return node.Count<PeerConnected>() == 2; }));
  EXPECT_EQ(node.Count<PeerBroken>(), 1u);
  ExpectEnded(world, old_one);

  // A leftover of an earlier dial changes nothing.
  RawSocket leftover = RawSocket::To(node.address);
  leftover.Write(Encode(hello));
  ExpectEnded(world, leftover);
  new_one.Write(HeaderOf({FrameKind::kWhole, 0, 3, 0}) + "new");
  ASSERT_TRUE(world.RunUntil([&] { return node.Heads().size() == 2; }));
  EXPECT_EQ(node.Count<PeerBroken>(), 1u);
}

TEST_P(SocketContract, AListenerThatSpeaksNonsenseIsNotAPeer) {
  Node& node = world.Add("node");
  RawListener other(world.kind().NewAddress());
  node.transport->SetAddresses("peer", {other.address()});
  node.transport->Send("peer", TextFrame("hello"));
  RawSocket accepted = other.Accept();
  accepted.Write("220 mail.example.org ready\r\n");
  ASSERT_TRUE(world.RunUntil([&] { return node.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(node.Last<PeerBroken>()->reason, BreakReason::kTurnedAway);
}

TEST_P(SocketContract, AListenerThatSaysNothingIsGivenUp) {  // R21
  Node& node = world.Add(Impatient("node"));
  RawListener other(world.kind().NewAddress());
  node.transport->SetAddresses("peer", {other.address()});
  node.transport->Send("peer", TextFrame("hello"));
  node.transport->Probe("peer");
  ASSERT_TRUE(world.RunUntil([&] {
    return node.Count<PeerBroken>() == 1 && node.Count<PeerProbed>() == 1;
  }));
  EXPECT_EQ(node.Last<PeerBroken>()->reason, BreakReason::kUnreachable);
  EXPECT_EQ(node.Last<PeerProbed>()->verdict, PeerProbed::Verdict::kSilent);
}

INSTANTIATE_TEST_SUITE_P(Every, SocketContract, testing::Values(kUnix, kTcp),
                         [](const auto& kind) { return kind.param.name; });

class UnixSocketTest : public testing::Test {
 protected:
  static bool Exists(const Address& address) {
    struct stat status {};
    return ::stat(address.c_str() + 5, &status) == 0;
  }
  World world{kUnix};
};

TEST_F(UnixSocketTest, ItsFileGoesWithTheTransport) {
  Node& node = world.Add("node");
  const Address address = node.address;
  EXPECT_TRUE(Exists(address));
  world.Kill(node);
  EXPECT_FALSE(Exists(address));
}

TEST_F(UnixSocketTest, AnAbandonedFileIsReplaced) {
  const Address address = world.kind().NewAddress();
  { RawListener killed(address); }  // Leaves its file behind.
  EXPECT_TRUE(Exists(address));
  Node& node = world.Add("node");
  EXPECT_TRUE(node.transport->Listen(address));
}

TEST_F(UnixSocketTest, AFileThatIsNoSocketIsNot) {
  const Address address = world.kind().NewAddress();
  { std::ofstream(address.substr(5)) << "precious"; }
  Node& node = world.Add("node");
  EXPECT_FALSE(node.transport->Listen(address));
  EXPECT_TRUE(Exists(address));
}

TEST_F(UnixSocketTest, TheFileOfALivingListenerIsNot) {
  RawListener living(world.kind().NewAddress());
  Node& node = world.Add("node");
  EXPECT_FALSE(node.transport->Listen(living.address()));
  EXPECT_TRUE(Exists(living.address()));
}

TEST_F(UnixSocketTest, ATooLongPathIsToldWithTheLimit) {
  Node& node = world.Add("node");
  const auto listening =
      node.transport->Listen("unix:/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(listening);
  EXPECT_THAT(listening.error().message, HasSubstr("107"));
}

TEST_F(UnixSocketTest, OfSeveralAddressesTheUnixSocketIsDialedWhereItIs) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  const Address tcp = b.transport->Listen("tcp:127.0.0.1:0").value();
  a.transport->SetAddresses("b", {"unix:/no/such/file", tcp});
  a.Send(b, TextFrame("by tcp"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));

  a.transport->Close("b");
  a.transport->SetAddresses("b", {b.address, "tcp:127.0.0.1:1"});
  a.Send(b, TextFrame("by unix socket"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 2; }));
}

}  // namespace
}  // namespace taskgraph::transport
