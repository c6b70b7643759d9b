// SPDX-License-Identifier: Apache-2.0
//
// Sealed connections: who is let in, and what others can read or change. What
// they carry is in the transport's contract, which runs over them, too.
#include "transport/tls.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "raw_socket.h"
#include "support/certificates.h"
#include "transport_contract.h"

namespace taskgraph::transport {
namespace {

using test::Authority;
using testing::HasSubstr;
using testing::Not;

Result<std::shared_ptr<Tls>> Load(const TlsFiles& files,
                                  std::vector<std::string>* log = nullptr) {
  return Tls::Load(files, [log](const std::string& line) {
    if (log != nullptr) log->push_back(line);
  });
}

class TlsTest : public testing::Test {
 protected:
  Node& Add(NodeId id, std::shared_ptr<Tls> tls) {
    Options options = World::DefaultOptions(std::move(id));
    options.tls = std::move(tls);
    return world.Add(std::move(options));
  }
  void ExpectMet(Node& a, Node& b) {
    World::Introduce(a, b);
    a.Send(b, TextFrame("hello"));
    ASSERT_TRUE(world.RunUntil(
        [&] { return !b.Heads().empty() || a.Count<PeerBroken>() > 0; }));
    EXPECT_EQ(b.Heads().size(), 1u) << a.Last<PeerBroken>()->detail;
  }
  // Dials in vain; returns what it was told.
  PeerBroken ExpectNotMet(Node& a, const Node& b) {
    World::Introduce(a, b);
    a.Send(b, TextFrame("hello"));
    EXPECT_TRUE(world.RunUntil([&] { return a.Count<PeerBroken>() == 1; }));
    EXPECT_EQ(a.Count<PeerConnected>() + b.Count<PeerConnected>(), 0u);
    return *a.Last<PeerBroken>();
  }

  Authority ours;
  Authority theirs;
  World world{kTcp};
};

TEST_F(TlsTest, WhoHasACertificateOfTheAuthorityIsLetIn) {
  ExpectMet(Add("a", Load(ours.Issue("a")).value()),
            Add("b", Load(ours.Issue("b")).value()));
}

TEST_F(TlsTest, ACertificateOfAnotherAuthorityIsRefused) {
  // It knows the token, and trusts ours; but is not of ours.
  TlsFiles files = theirs.Issue("a");
  Node& b = Add("b", Load(ours.Issue("b")).value());
  Node& a = Add("a", Load(files).value());
  EXPECT_EQ(ExpectNotMet(a, b).reason, BreakReason::kTurnedAway);
  EXPECT_THAT(a.Last<PeerBroken>()->detail, HasSubstr("certificate"));
  ASSERT_TRUE(world.RunUntil([&] { return b.log.size() == 1; }));

  Node& c = Add("c", Load(theirs.Issue("c")).value());
  EXPECT_EQ(ExpectNotMet(b, c).reason, BreakReason::kTurnedAway);
}

TEST_F(TlsTest, WhoDoesNotSealIsRefusedOnEitherSide) {
  Node& sealed = Add("sealed", Load(ours.Issue("sealed")).value());
  Node& open = Add("open", nullptr);
  ExpectNotMet(open, sealed);
  ASSERT_TRUE(world.RunUntil([&] { return sealed.log.size() == 1; }));
  EXPECT_THAT(sealed.log.front(), HasSubstr("TLS"));

  Node& other = Add("other", nullptr);
  ExpectNotMet(sealed, other);
}

TEST_F(TlsTest, StrangersAreEndedWithOneLineEachAndNothingElse) {
  Options options = World::DefaultOptions("node");
  options.connect_timeout = std::chrono::milliseconds(100);
  options.tls = Load(ours.Issue("node")).value();
  for (const std::string& words :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\x16\x03\x01"),
        std::string("\x16\x03\x01\x40\x00", 5) + std::string(20'000, '\x01'),
        std::string()}) {
    World fresh(kTcp);
    Node& node = fresh.Add(options);
    RawSocket stranger = RawSocket::To(node.address);
    stranger.Write(words);
    EXPECT_TRUE(fresh.RunUntil([&] { return stranger.Ended(); }));
    EXPECT_EQ(node.log.size(), 1u);
    EXPECT_TRUE(node.events.empty());
  }
}

TEST_F(TlsTest, FilesThatAreReplacedCountForNewConnections) {
  const TlsFiles files = ours.Issue("a");
  std::vector<std::string> log;
  const auto tls = Load(files, &log).value();
  ExpectMet(Add("a1", tls), Add("b1", Load(ours.Issue("b1")).value()));

  // Half of a change: what was read before stays.
  std::ofstream(files.key) << "nonsense";
  ExpectMet(Add("a2", tls), Add("b2", Load(ours.Issue("b2")).value()));
  ASSERT_FALSE(log.empty());
  EXPECT_THAT(log.front(), HasSubstr(files.key));

  // From one authority to another.
  const TlsFiles next = theirs.Issue("a");
  std::filesystem::rename(next.certificate, files.certificate);
  std::filesystem::rename(next.key, files.key);
  std::filesystem::copy_file(next.authority, files.authority,
                             std::filesystem::copy_options::overwrite_existing);
  ExpectMet(Add("a3", tls), Add("b3", Load(theirs.Issue("b3")).value()));
}

TEST_F(TlsTest, WrongFilesAreNamedWithWhatIsWrong) {
  const TlsFiles good = ours.Issue("good");
  const TlsFiles other = ours.Issue("other");
  const auto objection = [](const TlsFiles& files) {
    const auto tls = Load(files);
    return tls ? std::string() : tls.error().message;
  };
  EXPECT_EQ(objection(good), "");
  EXPECT_THAT(objection({"/nowhere.pem", good.key, good.authority}),
              HasSubstr("certificate '/nowhere.pem' can't be read"));
  EXPECT_THAT(objection({good.key, good.key, good.authority}),
              HasSubstr("'" + good.key + "' holds no certificate"));
  EXPECT_THAT(objection({good.certificate, other.key, good.authority}),
              HasSubstr("'" + other.key + "' holds no private key"));
  EXPECT_THAT(objection({good.certificate, good.key, good.key}),
              HasSubstr("'" + good.key + "' holds no authority"));
  EXPECT_THAT(
      objection({good.certificate, good.key, theirs.Issue("good").authority}),
      HasSubstr("would not be accepted"));
  EXPECT_THAT(objection(ours.Issue("old", -1)), HasSubstr("expired"));
}

// Both ends of a conversation at one table.
struct Table {
  explicit Table(Tls& tls)
      : client(tls.Begin(TlsSession::Role::kClient)),
        server(tls.Begin(TlsSession::Role::kServer)) {
    for (int i = 0; i < 4; ++i) {
      client->Greet();
      Carry(*client, *server);
      server->Greet();
      Carry(*server, *client);
    }
  }
  static void Carry(TlsSession& from, TlsSession& to) {
    while (!from.ToSend().empty()) {
      const auto bytes = from.ToSend();
      const auto room = to.Room();
      const std::size_t count = std::min(bytes.size(), room.size());
      std::copy_n(bytes.begin(), count, room.begin());
      to.Came(count);
      from.Sent(count);
    }
  }
  static std::string TextOf(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static std::string Read(TlsSession& session) {
    std::array<std::byte, 1000> into;
    return TextOf(std::span(into).first(session.Read(into)));
  }

  std::unique_ptr<TlsSession> client;
  std::unique_ptr<TlsSession> server;
};

TEST_F(TlsTest, NobodyElseCanReadOrChangeWhatIsSaid) {
  const auto tls = Load(ours.Issue("a")).value();
  Table table(*tls);
  ASSERT_EQ(table.client->Greet(), TlsSession::Greeting::kDone);
  ASSERT_EQ(table.server->Greet(), TlsSession::Greeting::kDone);

  const std::string secret = "the token of the job";
  table.client->Write(std::as_bytes(std::span(secret)));
  EXPECT_THAT(Table::TextOf(table.client->ToSend()), Not(HasSubstr(secret)));
  Table::Carry(*table.client, *table.server);
  EXPECT_EQ(Table::Read(*table.server), secret);
  EXPECT_EQ(Table::Read(*table.server), "");
  EXPECT_EQ(table.server->failure(), "");

  table.client->Write(std::as_bytes(std::span(secret)));
  const auto bytes = table.client->ToSend();
  const auto room = table.server->Room();
  std::copy(bytes.begin(), bytes.end(), room.begin());
  room[bytes.size() / 2] ^= std::byte{1};
  table.server->Came(bytes.size());
  EXPECT_EQ(Table::Read(*table.server), "");
  EXPECT_THAT(table.server->failure(), HasSubstr("TLS"));
}

}  // namespace
}  // namespace taskgraph::transport
