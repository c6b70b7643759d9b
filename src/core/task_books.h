// SPDX-License-Identifier: Apache-2.0
//
// TaskBooks: all that the framework remembers for one task.
//
// Intuition: the ledgers of a small office: metas sent and heard, requests made
// and served, what the task knows of its neighbors, which epoch it is in. They
// change by turns, and by turns alone (R15): by what caused one and by what it
// asked for. So whoever applies the same turns in the same order has the same
// books; that is how a backup keeps a copy (R17). What a primary notes besides,
// as things arrive, is repeated to its successor by those who sent it.
//
// Pure. Not thread-safe; owned by ReplicaCore or BackupCore.
#pragma once

#include <memory>
#include <optional>

#include "core/links.h"
#include "core/meta_inbox.h"
#include "core/meta_outbox.h"
#include "core/neighborhood.h"
#include "core/open_requests.h"
#include "core/served_requests.h"
#include "core/turn_content.h"

namespace taskgraph::core {

// Who carries out what turns ask for: a primary does, a backup does not.
class Clerk {
 public:
  virtual ~Clerk() = default;
  // There is something new for `to` in the books.
  virtual void Flush(TaskId to) = 0;
  virtual void Send(TaskId to, const MetaAck& ack) = 0;
  virtual void Send(TaskId to, const AnswerMessage& answer) = 0;
  // The task must hear of it.
  virtual void Tell(HearFailure failure) = 0;
};

struct TaskBooks {
  TaskBooks(TaskId whose, const Directory& directory)
      : task(whose), neighborhood(directory) {}

  // Closes the epoch's books and opens new ones; says whether the neighbors
  // must be followed and reviewed, see Neighborhood::Enter. After a change of
  // the owner they must be followed anew.
  bool Enter(Epoch epoch, SharedLists lists);

  // What a turn asked for, in its order.
  void Apply(std::vector<Effect>&& effects, Clerk& clerk);
  // The turn took effect: what it was about is done.
  void Conclude(const Cause& cause, Clerk& clerk);
  // R12: the first to settle a request tells the task.
  void Fail(RequestNumber number, Error error, Clerk& clerk);

  // The same for a turn that ran on another replica: notes what had arrived
  // there for it, applies and concludes it. Its epoch has been entered.
  void Replay(TurnContent&& turn, Clerk& clerk);

  // R20: all of it, and causes that wait, for a new backup.
  Payload Copy(const std::vector<const Cause*>& tray) const;
  // Into new books; says whether all was well. What waited and will come again
  // counts as not arrived; answers that wait come back in `unheard`.
  bool Read(FieldReader& in, const Links& links, std::vector<Cause>& unheard);

  const TaskId task;
  Neighborhood neighborhood;
  MetaOutbox metas_sent;
  MetaInbox metas_heard;
  OpenRequests requests;
  ServedRequests served;

  Epoch entered = 0;   // The epoch that the books are about; 0 with no lists:
                       // none yet.
  Epoch expected = 0;  // The next one whose EnterEpoch would skip none (R7).
  bool initialized = false;  // Init took effect.
  // R15: what took effect and may be undecided still.
  bool advance = false;  // Out of `entered`.
  std::optional<ExitStatus> finish;

 private:
  void Apply(FlagMeta&& flag, Clerk& clerk);
  void Apply(MakeRequest&& request, Clerk& clerk);
  void Apply(const CancelRequest& cancel, Clerk& clerk);
  void Apply(GiveAnswer&& answer, Clerk& clerk);
  void NoteArrival(const Cause& cause);
  void ReadWaiting(FieldReader& in, std::vector<Cause>& unheard);
};

// R13, as told to who asked.
Error NotNeighbor(TaskId from, TaskId to, Epoch epoch);

// Cuts a text of the user's that travels in the head of a message, or is kept
// at the coordinator; larger ones would be refused there, and never be heard
// of.
void Shorten(std::string& reason);

}  // namespace taskgraph::core
