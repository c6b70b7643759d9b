// SPDX-License-Identifier: Apache-2.0
#include "runtime/node_runtime.h"

#include <algorithm>
#include <utility>

#include "core/prefetch.h"
#include "runtime/clock.h"

namespace taskgraph::runtime {
namespace {

// Short callbacks in a row before the network gets a look.
constexpr int kTurnsPerPoll = 16;

// How long messages wait for others to be written with them, while callbacks
// are quick. (The first one to a peer does not wait at all.)
constexpr Duration kUnwrittenMax = std::chrono::microseconds(50);

// How long to wait for nothing in particular.
constexpr Duration kLongWait = std::chrono::seconds(1);

}  // namespace

NodeRuntime::NodeRuntime(const Job& job, NodeOptions options, Adapters adapters)
    : job_(job),
      options_(std::move(options)),
      connector_(job.name(), options_.self, std::move(adapters),
                 [this](coordination::JobEvent&& event) {
                   OnEvent(std::move(event));
                 }),
      surroundings_{job, {}, job.options(), nullptr} {
  surroundings_.log = [this](const core::TurnContext& context,
                             std::string_view text) {
    LogTask(LogLevel::kInfo, context, text);
  };
}

NodeRuntime::~NodeRuntime() = default;

Result<core::JobEnd> NodeRuntime::Run() {
  Loop(*this, options_.threads_max).Run();
  return end();
}

Result<core::JobEnd> NodeRuntime::end() const {
  if (refused_) return *refused_;
  return *end_;
}

void NodeRuntime::Stop() {
  connector_.Post([this] {
    if (refused_ || end_) return;
    OnRefused({ErrorCode::kCancelled, "stopped by a signal"});
  });
}

void NodeRuntime::OnEvent(coordination::JobEvent&& event) {
  if (auto* input = std::get_if<core::Input>(&event)) {
    if (core_) {
      Step(std::move(*input));
    } else if (const auto* ended = std::get_if<core::JobEnded>(input)) {
      end_ = ended->end;  // It was over before this node came.
      done_ = true;
    }
  } else if (const auto* spec = std::get_if<coordination::SpecFound>(&event)) {
    OnSpec(spec->spec);
  } else if (auto* refused = std::get_if<coordination::JobRefused>(&event)) {
    OnRefused(std::move(refused->error));
  } else if (std::holds_alternative<coordination::SessionEnded>(event)) {
    done_ = true;
  } else if (const auto* remark =
                 std::get_if<coordination::JobRemark>(&event)) {
    connector_.Say(LogLevel::kWarning, remark->text);
  }
}

// Checks that this program is the job's, and takes part.
void NodeRuntime::OnSpec(const coordination::JobSpec& spec) {
  links_.emplace(job_.links(), job_.tasks());
  coordination::JobSpec mine;
  mine.tasks = job_.tasks();
  mine.links = links_->Fingerprint();
  if (!options_.instance.empty() && spec.instance != options_.instance) {
    return OnRefused({ErrorCode::kRefused, "the job '" + job_.name() +
                                               "' is another run than this "
                                               "node was started for"});
  }
  if (const auto difference = coordination::Difference(mine, spec)) {
    return OnRefused({ErrorCode::kRefused, *difference});
  }
  if (options_.objection) {
    if (auto objection = options_.objection(spec)) {
      return OnRefused(*std::move(objection));
    }
  }
  surroundings_.config = spec.config;
  surroundings_.options = spec.options;
  core_ =
      std::make_unique<core::NodeCore>(options_.self, *links_, spec.options);

  auto addresses =
      connector_.Open(PeerOptions(options_.token, spec.options, connector_));
  if (!addresses) return OnRefused(addresses.error());
  connector_.store().Join({options_.self, options_.host, options_.slots,
                           options_.reserve, std::move(addresses).value()});
}

void NodeRuntime::OnRefused(Error error) {
  if (refused_ || end_) return;
  refused_ = std::move(error);
  core::Output leave = core::LeaveJob{};
  connector_.Carry(leave);
  leave_by_ = Now() + job_.options().failure.session_time;
}

Callback* NodeRuntime::Round(MayRun may_run) {
  const bool busy = may_run == MayRun::kYes && !ready_.empty();
  // Else a wait may end later by what the last fact took: no matter.
  if (busy) now_ = Now();
  if (!busy || ++turns_since_poll_ >= kTurnsPerPoll ||
      (connector_.has_unwritten() && now_ - polled_ >= kUnwrittenMax)) {
    connector_.Poll(busy ? Duration{} : Wait());
    now_ = polled_ = Now();
    turns_since_poll_ = 0;
  }
  connector_.Drain(now_);
  if (core_ && core_->NextDeadline() <= now_) Step(core::DeadlinePassed{});
  FailLateTurns();
  if (now_ >= leave_by_) done_ = true;
  if (done_) TellIfStuck();
  if (done_ || may_run == MayRun::kNo) return nullptr;
  return NextReady();
}

void NodeRuntime::TellIfStuck() {
  if (running_.empty() || !options_.on_stuck) return;
  for (const auto& turn : running_) {
    connector_.Say(LogLevel::kWarning,
                   "task " + std::to_string(turn->order.context.task) +
                       " has not returned from " + Describe(turn->order.cause) +
                       "; this node does not wait for it any longer");
  }
  options_.on_stuck(end());
}

Duration NodeRuntime::Wait() const {
  core::Time next =
      std::min({connector_.NextDeadline(), leave_by_, now_ + kLongWait});
  if (core_) next = std::min(next, core_->NextDeadline());
  for (const auto& turn : running_) next = std::min(next, turn->late_at);
  return std::max(next - now_, Duration{});
}

// What the turns after the next one begin with: each is fetched when what leads
// to it has come.
void NodeRuntime::FetchNext() const {
  constexpr std::size_t kTaskBytes = 256;  // Of the user's object.
  if (ready_.size() > 2) {
    core::Prefetch(ready_[2].task.get());
    core_->Expect(ready_[2].order.replica);
  }
  if (ready_.size() > 1) {
    core::PrefetchBytes(ready_[1].task->task(), kTaskBytes);
  }
}

Callback* NodeRuntime::NextReady() {
  FetchNext();
  while (!ready_.empty()) {
    const core::ReplicaId replica = ready_.front().order.replica;
    if (core_->MayBegin(replica)) {
      std::unique_ptr<RunningTurn> turn =
          spare_ ? std::move(spare_) : std::make_unique<RunningTurn>();
      ready_.PopInto(*turn);
      Callback* next = turn.get();
      turn->task->Prepare();
      if (surroundings_.options.failure.turn_deadline > Duration{} &&
          !std::holds_alternative<core::ExitTask>(turn->order.cause)) {
        turn->late_at = Now() + surroundings_.options.failure.turn_deadline;
      }
      running_.push_back(std::move(turn));
      return next;
    }
    ready_.Pop();  // R2, R7: it is of no use any more.
    core::TurnEffects none;
    none.begun = false;
    Step(core::TurnFinished{replica, std::move(none)});
  }
  return nullptr;
}

// A step may add to running_, but not take away.
void NodeRuntime::FailLateTurns() {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (running_[i]->late_at <= now_) FailLate(*running_[i]);
  }
}

// R23: as if it had thrown. Whatever it does when it returns comes too late.
void NodeRuntime::FailLate(RunningTurn& turn) {
  turn.late_at = core::kNever;
  turn.is_late = true;
  turn.task->Stop();
  core::TurnEffects effects;
  effects.failure =
      Describe(turn.order.cause) + " did not return within " +
      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                         surroundings_.options.failure.turn_deadline)
                         .count()) +
      " ms (turn_deadline)";
  LogTask(LogLevel::kWarning, turn.order.context,
          "failed: " + *effects.failure);
  Step(core::TurnFinished{turn.order.replica, std::move(effects)});
}

void NodeRuntime::Run(Callback& callback) {
  auto& turn = static_cast<RunningTurn&>(callback);
  const bool is_measured =
      std::holds_alternative<core::TakeSnapshot>(turn.order.cause);
  const core::Time begin = is_measured ? Now() : core::Time{};
  turn.task->Run(turn.order.context, turn.order.cause, turn.effects());
  if (is_measured) turn.took = Now() - begin;
}

void NodeRuntime::Finish(Callback& callback) {
  now_ = Now();
  const auto found =
      std::find_if(running_.begin(), running_.end(),
                   [&](const auto& turn) { return turn.get() == &callback; });
  std::unique_ptr<RunningTurn> finished = std::move(*found);
  running_.erase(found);
  if (finished->is_late) return;
  const core::RunTurn& order = finished->order;
  if (const auto& failure = finished->effects().failure) {
    LogTask(LogLevel::kWarning, order.context, "failed: " + *failure);
  }
  if (finished->effects().snapshot) SaySnapshot(*finished);
  if (std::holds_alternative<core::ExitTask>(order.cause)) {
    tasks_[order.replica].reset();
  }
  std::get<core::TurnFinished>(finished->fact).replica = order.replica;
  Step(std::move(finished->fact));
  finished->Clear();
  spare_ = std::move(finished);
}

void NodeRuntime::RunningTurn::Clear() {
  effects().Clear();
  order.cause.emplace<core::InitTask>();
  order.context.neighbors.reset();
  task.reset();
  took = {};
  late_at = core::kNever;
}

void NodeRuntime::FinishLater(Callback& callback) {
  connector_.Post([this, &callback] { Finish(callback); });
}

// Orders of one fact are carried out before the next fact is looked at.
void NodeRuntime::Step(core::Input&& input) {
  if (stepping_) return inputs_.push_back(std::move(input));
  stepping_ = true;
  StepOnce(std::move(input));
  while (!inputs_.empty()) StepOnce(inputs_.Pop());
  stepping_ = false;
  if (core_->end() && !end_) {
    end_ = core_->end();
    leave_by_ = Now() + surroundings_.options.failure.exit_grace;
  }
}

void NodeRuntime::StepOnce(core::Input&& input) {
  core::Outputs& orders = core_->Step(std::move(input), now_);
  for (core::Output& order : orders) Do(order);
  orders.clear();  // A large body need not live until the next fact.
}

void NodeRuntime::Do(core::Output& order) {
  if (auto* turn = std::get_if<core::RunTurn>(&order)) {
    Do(*turn);
  } else if (const auto* stop = std::get_if<core::StopTurn>(&order)) {
    if (const auto& task = tasks_[stop->replica]) task->Stop();
  } else if (const auto* drop = std::get_if<core::DropTask>(&order)) {
    tasks_[drop->replica].reset();
  } else {
    connector_.Carry(order);
  }
}

void NodeRuntime::Do(core::RunTurn& order) {
  if (order.replica >= tasks_.size()) tasks_.resize(order.replica + 1);
  std::shared_ptr<HostedTask>& task = tasks_[order.replica];
  if (!task) {
    task = std::make_shared<HostedTask>(surroundings_);
  }
  SayRole(order);
  ReadyTurn& ready = ready_.emplace_back();
  ready.order = std::move(order);
  ready.task = task;
}

void NodeRuntime::SayRole(const core::RunTurn& order) const {
  const core::TurnContext& context = order.context;
  std::string what;
  if (std::holds_alternative<core::InitTask>(order.cause)) {
    what = " begins incarnation ";
  } else if (const auto* role = std::get_if<core::ChangeRole>(&order.cause)) {
    what = role->to == core::ChangeRole::To::kPrimary
               ? " goes on here, in incarnation "
               : " has a backup here, of incarnation ";
  } else {
    return;
  }
  connector_.Say(LogLevel::kInfo,
                 "task " + std::to_string(context.task) + what +
                     std::to_string(context.incarnation) + " (term " +
                     std::to_string(context.term) + ", epoch " +
                     std::to_string(context.epoch) + ")");
}

// R20: nothing else of the task's ran meanwhile.
void NodeRuntime::SaySnapshot(const RunningTurn& turn) const {
  const bool is_usual = surroundings_.options.backups.check_every > 0;
  connector_.Say(
      is_usual ? LogLevel::kDebug : LogLevel::kInfo,
      "task " + std::to_string(turn.order.context.task) +
          " gave a snapshot of " +
          std::to_string(turn.effects().snapshot->bytes.size()) + " bytes in " +
          std::to_string(
              std::chrono::duration_cast<std::chrono::microseconds>(turn.took)
                  .count()) +
          " us");
}

void NodeRuntime::LogTask(LogLevel level, const core::TurnContext& context,
                          std::string_view text) const {
  connector_.Say(level, "task " + std::to_string(context.task) + " term " +
                            std::to_string(context.term) + " epoch " +
                            std::to_string(context.epoch) + ": " +
                            std::string(text));
}

}  // namespace taskgraph::runtime
