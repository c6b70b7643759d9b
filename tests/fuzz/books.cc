// SPDX-License-Identifier: Apache-2.0
//
// A snapshot of a task's books (core/task_books.h), and the turns that a backup
// replays into them. An input is the snapshot, then turns.
#include <algorithm>
#include <memory>
#include <optional>

#include "core/no_clerk.h"
#include "core/task_books.h"
#include "fuzz.h"
#include "samples.h"

namespace {

using namespace taskgraph;        // NOLINT(google-build-using-namespace)
using namespace taskgraph::core;  // NOLINT(google-build-using-namespace)

const Links kLinks = fuzz::SampleLinks();

// Books with what of their tray is unheard. None: not a snapshot.
struct Desk {
  explicit Desk(const Directory& directory) : books(0, directory) {}
  Payload Copy() const {
    std::vector<const Cause*> tray;
    for (const Cause& cause : unheard) tray.push_back(&cause);
    return books.Copy(tray);
  }

  TaskBooks books;
  std::vector<Cause> unheard;
};

const Directory kDirectory(kLinks.tasks());

std::unique_ptr<Desk> Read(std::string_view bytes) {
  auto desk = std::make_unique<Desk>(kDirectory);
  FieldReader in(bytes);
  if (!desk->books.Read(in, kLinks, desk->unheard)) return nullptr;
  return desk;
}

void Replay(std::string_view bytes, TaskBooks& books) {
  auto turn = DecodeTurn(Payload::Own(std::string(bytes)));
  if (!turn) return;
  if (books.neighborhood.lists() == nullptr || turn->epoch > books.entered) {
    auto lists = kLinks.Neighbors(0, turn->epoch);
    books.Enter(turn->epoch, std::move(lists).value());
  }
  NoClerk clerk;
  books.Replay(std::move(turn).value(), clerk);
}

// What a promoted backup does first (R18).
void SendAll(TaskBooks& books) {
  for (TaskId task = 0; task < kLinks.tasks(); ++task) {
    books.requests.Rewind(task);
    books.metas_sent.RewindToStart(task);
    while (const MakeRequest* request = books.requests.NextUnsent(task)) {
      fuzz::Require(request->to == task, "a request goes where it was sent to");
    }
    while (books.metas_sent.NextUnsent(task) != nullptr) continue;
  }
}

// From a copy, what is copied is the same.
void TryCopy(const Desk& desk) {
  const Payload copy = desk.Copy();
  const auto again = Read(copy.text());
  fuzz::Require(again != nullptr, "a copy of the books can be read");
  fuzz::Require(again->Copy() == copy, "a copy of a copy is the same");
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  std::vector<std::string_view> parts = Parts(bytes);
  if (parts.empty()) return;
  const auto desk = Read(parts[0]);
  if (!desk) return;
  TryCopy(*desk);
  for (std::size_t i = 1; i < parts.size(); ++i) Replay(parts[i], desk->books);
  TryCopy(*desk);
  SendAll(desk->books);
}

std::vector<std::string> fuzz::Seeds() {
  std::vector<std::string> seeds;
  std::vector<std::string> turns;
  for (const TurnContent& turn : SampleTurns()) {
    turns.emplace_back(Encode(turn).text());
  }
  Desk desk(kDirectory);
  const Cause meta = HearMeta{1, 1, 2, "star", "more", 1};
  const Cause request = ServeRequest{{1, 1, 1, 2}, "Get", {}, "", 1};
  const Cause data = TakeData{3, 1, "Get", Payload::Own("out"), {1, 1}};
  const Cause failure =
      HearFailure{{4, 1, "Get", {ErrorCode::kHandlerError, "no"}}, {1, 1}};
  const std::vector<const Cause*> tray = {&meta, &request, &data, &failure};
  for (std::size_t done = 0; done <= turns.size(); ++done) {
    if (done > 0) Replay(turns[done - 1], desk.books);
    std::vector<std::string> parts = {
        std::string(desk.books.Copy(tray).text())};
    parts.insert(parts.end(), turns.begin() + static_cast<std::ptrdiff_t>(done),
                 turns.end());
    seeds.push_back(Join(parts));
  }
  return seeds;
}
