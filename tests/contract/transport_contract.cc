// SPDX-License-Identifier: Apache-2.0
//
// What every transport does, whatever carries its frames.
#include "transport_contract.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace taskgraph::transport {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string NumberedHead(int i) { return "frame " + std::to_string(i); }

std::string PatternedBody(std::size_t bytes) {
  std::string body(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) {
    body[i] = static_cast<char>(i * 2654435761u >> 13);
  }
  return body;
}

TEST_P(TransportContract, SmallFramesArriveOnceAndInOrder) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  std::vector<std::string> expected;
  for (int i = 0; i < 5000; ++i) {
    const std::size_t body = i % 10 == 0 ? 20000 : i % 50;
    expected.push_back(NumberedHead(i));
    ASSERT_EQ(a.Send(b, TextFrame(NumberedHead(i), std::string(body, 'x'))),
              SendOutcome::kAccepted);
    if (i % 100 == 0) world.reactor.Poll(Duration::zero());
  }
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() >= 5000; }));
  EXPECT_EQ(b.Heads(), expected);
}

TEST_P(TransportContract, BothSidesHearOfThePipeBeforeItsFrames) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("hello"));
  ASSERT_TRUE(world.RunUntil([&] { return b.events.size() >= 2; }));
  ASSERT_TRUE(world.RunUntil([&] { return !a.events.empty(); }));
  EXPECT_EQ(std::get<PeerConnected>(a.events.front()).peer, "b");
  EXPECT_EQ(std::get<PeerConnected>(b.events.front()).peer, "a");
  EXPECT_EQ(std::get<FrameArrived>(b.events.back()).from, "a");
}

TEST_P(TransportContract, AnAnswerTakesTheConnectionOfTheQuestion) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);  // But b knows no address of a.
  a.Send(b, TextFrame("question"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));
  b.Send(a, TextFrame("answer"));
  ASSERT_TRUE(world.RunUntil([&] { return a.Heads().size() == 1; }));
  EXPECT_EQ(a.Count<PeerConnected>(), 1u);
  EXPECT_EQ(b.Count<PeerConnected>(), 1u);
}

TEST_P(TransportContract, TwoThatDialEachOtherGetOnePipeAndLoseNothing) {
  for (const auto& [first, second] :
       {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
    World fresh(GetParam());
    Node& x = fresh.Add(first);
    Node& y = fresh.Add(second);
    World::Acquaint(x, y);
    for (int i = 0; i < 10; ++i) {
      x.Send(y, TextFrame(NumberedHead(i)));
      y.Send(x, TextFrame(NumberedHead(i)));
    }
    ASSERT_TRUE(fresh.RunUntil(
        [&] { return x.Heads().size() == 10 && y.Heads().size() == 10; }));
    EXPECT_EQ(x.Count<PeerConnected>(), 1u);
    EXPECT_EQ(y.Count<PeerConnected>(), 1u);
    EXPECT_EQ(x.Count<PeerBroken>() + y.Count<PeerBroken>(), 0u);
  }
}

TEST_P(TransportContract, ManyNodesThatDialEachOtherAllMeet) {
  constexpr std::size_t kNodes = 12;
  std::vector<Node*> nodes;
  for (std::size_t i = 0; i < kNodes; ++i) {
    nodes.push_back(&world.Add("node " + std::to_string(i)));
  }
  for (Node* x : nodes) {
    for (Node* y : nodes) {
      if (x != y) World::Introduce(*x, *y);
    }
  }
  for (Node* x : nodes) {
    for (Node* y : nodes) {
      if (x != y) x->Send(*y, TextFrame(x->id));
    }
    world.reactor.Poll(Duration::zero());
  }
  for (Node* x : nodes) {
    ASSERT_TRUE(
        world.RunUntil([&] { return x->Heads().size() == kNodes - 1; }));
    EXPECT_EQ(x->Count<PeerConnected>(), kNodes - 1);
    EXPECT_EQ(x->Count<PeerBroken>(), 0u);
  }
}

TEST_P(TransportContract, LargeBodiesArriveIntact) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  const std::vector<std::size_t> sizes = {262144, 262145, 3000001, 20000000};
  for (const std::size_t size : sizes) {
    a.Send(b, TextFrame(std::to_string(size), PatternedBody(size)));
  }
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == sizes.size(); }));
  for (const Event& event : b.events) {
    const auto* arrived = std::get_if<FrameArrived>(&event);
    if (!arrived) continue;
    const std::size_t size = std::stoul(arrived->frame.head);
    EXPECT_EQ(arrived->frame.body.text(), PatternedBody(size)) << size;
    const auto at =
        reinterpret_cast<std::uintptr_t>(arrived->frame.body.data());
    EXPECT_EQ(at % 16, 0u);
  }
}

TEST_P(TransportContract, AFullQueueRefusesAndSaysWhenThereIsRoom) {
  Options options = World::DefaultOptions("a");
  options.queue_bytes_max = 100000;
  Node& a = world.Add(options);
  Node& b = world.Add("b");
  World::Introduce(a, b);
  const auto next = [] {
    return TextFrame(NumberedHead(0), std::string(60000, 'x'));
  };
  std::size_t accepted = 0;
  Frame frame = next();
  while (a.transport->Send("b", std::move(frame)) == SendOutcome::kAccepted) {
    ++accepted;
    frame = next();
  }
  EXPECT_GE(accepted, 1u);
  // What was not accepted was not moved.
  // NOLINTNEXTLINE(bugprone-use-after-move)
  EXPECT_EQ(frame.head, NumberedHead(0));
  EXPECT_EQ(frame.body.size(), 60000u);
  EXPECT_EQ(a.Count<PeerWritable>(), 0u);
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerWritable>() == 1; }));
  EXPECT_EQ(a.Send(b, TextFrame("more")), SendOutcome::kAccepted);
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == accepted + 1; }));
}

TEST_P(TransportContract, OneFrameIsTakenHoweverLargeWhenTheQueueIsEmpty) {
  Options options = World::DefaultOptions("a");
  options.queue_bytes_max = 1000;
  Node& a = world.Add(options);
  Node& b = world.Add("b");
  World::Introduce(a, b);
  EXPECT_EQ(a.Send(b, TextFrame("", std::string(1 << 20, 'x'))),
            SendOutcome::kAccepted);
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));
}

TEST_P(TransportContract, AFrameAboveTheLimitIsNeverTaken) {
  Options options = World::DefaultOptions("a");
  options.head_bytes_max = 10;
  options.body_bytes_max = 1000;
  Node& a = world.Add(options);
  Node& b = world.Add("b");
  World::Introduce(a, b);
  Frame frame = TextFrame(std::string(11, 'h'));
  EXPECT_EQ(a.transport->Send("b", std::move(frame)), SendOutcome::kTooLarge);
  // NOLINTNEXTLINE(bugprone-use-after-move): see above.
  EXPECT_EQ(frame.head.size(), 11u);
  EXPECT_EQ(a.Send(b, TextFrame("", std::string(1001, 'x'))),
            SendOutcome::kTooLarge);
  EXPECT_EQ(a.Send(b, TextFrame(std::string(10, 'h'), std::string(1000, 'x'))),
            SendOutcome::kAccepted);
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));
}

TEST_P(TransportContract, ADeadPeerIsNoticedAtOnce) {  // R21
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("hello"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerConnected>() == 1; }));
  world.Kill(b);
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(a.Last<PeerBroken>()->peer, "b");
  EXPECT_EQ(a.Last<PeerBroken>()->reason, BreakReason::kReset);
}

TEST_P(TransportContract, APeerThatDialedIsNoticedWhenDeadToo) {  // R21
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("hello"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));
  world.Kill(a);
  ASSERT_TRUE(world.RunUntil([&] { return b.Count<PeerBroken>() == 1; }));
}

TEST_P(TransportContract, AClosedPipeIsLaidAgainByTheNextFrame) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("one"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 1; }));
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerConnected>() == 1; }));

  a.transport->Close("b");
  EXPECT_EQ(a.Count<PeerBroken>(), 0u);  // Never from within a call.
  a.Send(b, TextFrame("two"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 2; }));
  EXPECT_EQ(a.Last<PeerBroken>()->reason, BreakReason::kClosed);
  EXPECT_EQ(a.Count<PeerBroken>(), 1u);
  EXPECT_EQ(b.Count<PeerBroken>(), 1u);
  EXPECT_EQ(b.Count<PeerConnected>(), 2u);
}

TEST_P(TransportContract, NoFrameOfAnOldPipeComesAfterOneOfItsSuccessor) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Acquaint(a, b);
  int number = 0;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 20; ++i) a.Send(b, TextFrame(NumberedHead(++number)));
    if (round % 3 == 0) b.Send(a, TextFrame("back"));
    for (int i = 0; i < round % 7; ++i) world.reactor.Poll(Duration::zero());
    (round % 2 ? a : b).transport->Close(round % 2 ? "b" : "a");
  }
  a.Send(b, TextFrame("last"));
  ASSERT_TRUE(world.RunUntil([&] {
    const auto heads = b.Heads();
    if (!heads.empty() && heads.back() == "last") return true;
    // The last close may have taken it along.
    if (a.events.empty() ||
        !std::holds_alternative<PeerBroken>(a.events.back()))
      return false;
    a.events.clear();
    a.Send(b, TextFrame("last"));
    return false;
  }));
  int before = 0;
  for (const std::string& head : b.Heads()) {
    if (head == "last") break;
    const int now = std::stoi(head.substr(6));
    EXPECT_GT(now, before);
    before = now;
  }
}

TEST_P(TransportContract, EventsOfAPipeAlternate) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Acquaint(a, b);
  for (int round = 0; round < 40; ++round) {
    a.Send(b, TextFrame("x"));
    b.Send(a, TextFrame("y"));
    for (int i = 0; i < round % 9; ++i) world.reactor.Poll(Duration::zero());
    a.transport->Close("b");
  }
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() > 0; }));
  for (const Node* node : {&a, &b}) {
    int connected = 0;
    for (const Event& event : node->events) {
      if (std::holds_alternative<PeerConnected>(event)) {
        EXPECT_EQ(connected++, 0);
      } else if (std::holds_alternative<PeerBroken>(event)) {
        connected = 0;
      } else {
        EXPECT_EQ(connected, 1);
      }
    }
  }
}

TEST_P(TransportContract, WhereNobodyListensThePeerIsRefused) {  // R21
  Node& a = world.Add("a");
  a.transport->SetAddresses("b", {world.kind().DeadAddress()});
  a.transport->Send("b", TextFrame("hello"));
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(a.Last<PeerBroken>()->reason, BreakReason::kRefused);
  EXPECT_EQ(a.Last<PeerBroken>()->peer, "b");
}

TEST_P(TransportContract, APeerWithoutAnAddressIsUnreachable) {
  Node& a = world.Add("a");
  a.transport->Send("b", TextFrame("hello"));
  EXPECT_EQ(a.events.size(), 0u);  // Never from within a call.
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(a.Last<PeerBroken>()->reason, BreakReason::kUnreachable);
}

TEST_P(TransportContract, ANodeHasNoPipeToItself) {
  Node& a = world.Add("a");
  World::Introduce(a, a);
  a.Send(a, TextFrame("hello"));
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(a.Last<PeerBroken>()->reason, BreakReason::kTurnedAway);
}

TEST_P(TransportContract, ANodeOfAnotherJobIsTurnedAwayAndHeardOnce) {
  Options options = World::DefaultOptions("a");
  options.job = "another job";
  Node& a = world.Add(options);
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("hello"));
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(a.Last<PeerBroken>()->reason, BreakReason::kTurnedAway);
  EXPECT_THAT(a.Last<PeerBroken>()->detail, HasSubstr("job"));
  ASSERT_TRUE(world.RunUntil([&] { return !b.log.empty(); }));
  EXPECT_THAT(b.log, ElementsAre(HasSubstr("another job")));
  EXPECT_TRUE(b.events.empty());
}

TEST_P(TransportContract, ANodeWithAWrongTokenIsTurnedAwayAndNoTokenLogged) {
  Options options = World::DefaultOptions("a");
  options.token = "guessed";
  Node& a = world.Add(options);
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("hello"));
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(a.Last<PeerBroken>()->reason, BreakReason::kTurnedAway);
  ASSERT_TRUE(world.RunUntil([&] { return !b.log.empty(); }));
  EXPECT_THAT(b.log.front(), HasSubstr("token"));
  EXPECT_THAT(b.log.front(), testing::Not(HasSubstr("guessed")));
  EXPECT_TRUE(b.events.empty());
}

TEST_P(TransportContract, ANewProcessAtAnOldAddressMeansTheOldOneIsGone) {
  Node& a = world.Add("a");  // R21
  Node& c = world.Add("c");
  a.transport->SetAddresses("b", {c.address});
  a.transport->Send("b", TextFrame("hello"));
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() == 1; }));
  EXPECT_EQ(a.Last<PeerBroken>()->reason, BreakReason::kRefused);
  EXPECT_TRUE(c.events.empty());

  a.transport->Probe("b");
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerProbed>() == 1; }));
  EXPECT_EQ(a.Last<PeerProbed>()->verdict, PeerProbed::Verdict::kGone);
}

TEST_P(TransportContract, AProbeTellsTheLivingFromTheGone) {  // R21
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.transport->Probe("b");
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerProbed>() == 1; }));
  EXPECT_EQ(a.Last<PeerProbed>()->peer, "b");
  EXPECT_EQ(a.Last<PeerProbed>()->verdict, PeerProbed::Verdict::kAlive);
  EXPECT_TRUE(b.events.empty());

  world.Kill(b);
  a.transport->Probe("b");
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerProbed>() == 2; }));
  EXPECT_EQ(a.Last<PeerProbed>()->verdict, PeerProbed::Verdict::kGone);
}

TEST_P(TransportContract, AProbeWithoutAnAddressProvesNothing) {
  Node& a = world.Add("a");
  a.transport->Probe("b");
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerProbed>() == 1; }));
  EXPECT_EQ(a.Last<PeerProbed>()->verdict, PeerProbed::Verdict::kSilent);
}

TEST_P(TransportContract, AProbeDoesNotDisturbThePipe) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  a.Send(b, TextFrame("one"));
  a.transport->Probe("b");
  ASSERT_TRUE(world.RunUntil([&] { return a.Count<PeerProbed>() == 1; }));
  a.Send(b, TextFrame("two"));
  ASSERT_TRUE(world.RunUntil([&] { return b.Heads().size() == 2; }));
  EXPECT_EQ(a.Count<PeerBroken>() + b.Count<PeerBroken>(), 0u);
}

TEST_P(TransportContract, TwoCannotListenAtOneAddress) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  const auto second = b.transport->Listen(a.address);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr(a.address));
}

TEST_P(TransportContract, WhatIsUnderWayEndsWithItsTransport) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Acquaint(a, b);
  a.Send(b, TextFrame("", std::string(30 << 20, 'x')));
  b.Send(a, TextFrame("", std::string(30 << 20, 'x')));
  a.transport->Probe("b");
  for (int i = 0; i < 20; ++i) world.reactor.Poll(Duration::zero());
  world.Kill(a);
  for (int i = 0; i < 20; ++i) world.reactor.Poll(Duration::zero());
  world.Kill(b);
  for (int i = 0; i < 20; ++i) world.reactor.Poll(Duration::zero());
}

// A node on a thread and a reactor of its own, as in production; it sends back
// every frame, until it has sent `count`.
class Echo {
 public:
  Echo(Duration busy_poll, TransportKind& kind, std::size_t count)
      : reactor_(busy_poll),
        node(kind, reactor_, World::DefaultOptions("echo")),
        thread_([this, count] { Run(count); }) {}
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  ~Echo() {
    given_up_ = true;
    reactor_.Wake();
    thread_.join();
  }

 private:
  void Run(std::size_t count) {
    for (std::size_t sent = 0; sent < count && !given_up_;) {
      reactor_.Poll(std::chrono::milliseconds(10));
      for (; !node.events.empty(); node.events.pop_front()) {
        auto* arrived = std::get_if<FrameArrived>(&node.events.front());
        if (!arrived) continue;
        node.transport->Send(arrived->from, std::move(arrived->frame));
        ++sent;
      }
    }
    while (!given_up_) reactor_.Poll(std::chrono::milliseconds(10));
  }

  Reactor reactor_;
  std::atomic<bool> given_up_ = false;

 public:
  Node node;

 private:
  std::thread thread_;
};

TEST_P(TransportContract, NodesOnThreadsOfTheirOwnExchangeFrames) {
  constexpr std::size_t kFrames = 2000;
  Echo echo(GetParam().busy_poll, world.kind(), kFrames);
  Node& a = world.Add("a");
  World::Introduce(a, echo.node);
  for (std::size_t i = 0; i < kFrames; ++i) {
    a.transport->Send("echo",
                      TextFrame(NumberedHead(static_cast<int>(i)), "body"));
  }
  EXPECT_TRUE(world.RunUntil([&] { return a.Heads().size() == kFrames; }));
}

// The reader keeps up, so that large writes end in every possible way.
TEST_P(TransportContract, SmallFramesGoOnAfterLargeOnesOfAnySize) {
  constexpr std::size_t kRounds = 30;
  Echo echo(GetParam().busy_poll, world.kind(), 2 * kRounds);
  Node& a = world.Add("a");
  World::Introduce(a, echo.node);
  for (std::size_t round = 1; round <= kRounds; ++round) {
    a.transport->Send("echo",
                      TextFrame("large", std::string(round << 18, 'x')));
    ASSERT_TRUE(
        world.RunUntil([&] { return a.Heads().size() == 2 * round - 1; }));
    a.transport->Send("echo", TextFrame("small"));
    ASSERT_TRUE(world.RunUntil([&] { return a.Heads().size() == 2 * round; }));
  }
  EXPECT_EQ(a.Count<PeerBroken>(), 0u);
}

// Whatever a read ends with, the next one begins: also where a frame fills
// exactly what it has room for.
TEST_P(TransportContract, AfterAFrameOfAnySizeTheNextOneComes) {
  Node& a = world.Add("a");
  Node& b = world.Add("b");
  World::Introduce(a, b);
  std::size_t sent = 0;
  const auto exchange = [&](std::size_t bytes) {
    a.Send(b, TextFrame("", std::string(bytes, 'x')));
    ++sent;
    return world.RunUntil([&] { return b.Heads().size() == sent; });
  };
  ASSERT_TRUE(exchange(1));
  for (const std::size_t room : {4 << 10, 8 << 10, 16 << 10, 256 << 10}) {
    for (std::size_t less = 0; less <= 32; ++less) {
      ASSERT_TRUE(exchange(room - less)) << less << " less than " << room;
      ASSERT_TRUE(exchange(1)) << less << " less than " << room;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, TransportContract,
                         testing::Values(kInProcess, kUnix, kBusyUnix, kTcp,
                                         kTls),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace taskgraph::transport
