// SPDX-License-Identifier: Apache-2.0
#include "script.h"

#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace scenarios {
namespace {

using taskgraph::Duration;
using taskgraph::FailedRequest;
using taskgraph::LinkType;
using taskgraph::Method;
using taskgraph::Neighbor;
using taskgraph::RequestNumber;
using taskgraph::TaskId;
using taskgraph::Token;
using taskgraph::Turn;

constexpr Method<std::string, std::string> kEcho{"Echo"};

class Actor final : public taskgraph::Task {
 public:
  explicit Actor(Script& script) : script_(script) {
    Serve(kEcho, [this](Turn& turn, Token<std::string> token,
                        const std::string& input) {
      held_.push_back({token, input});
      if (!Follow(turn, "serves", "Echo")) Answer(turn);
    });
    OnData(kEcho, [this](Turn& turn, TaskId, const std::string& output) {
      Follow(turn, "takes", output);
    });
  }

  void Init(Turn& turn) override { Follow(turn, "begins", ""); }
  void EnterEpoch(Turn& turn) override {
    held_.clear();
    Follow(turn, "enters", std::to_string(turn.epoch()));
  }
  void MetaReady(Turn& turn, TaskId, const LinkType&,
                 const std::string& meta) override {
    Follow(turn, "hears", meta);
  }
  void RequestFailed(Turn& turn, const FailedRequest& failed) override {
    Follow(turn, "fails", failed.method);
  }
  void NeighborFailed(Turn& turn, const Neighbor& neighbor) override {
    Follow(turn, "loses", std::to_string(neighbor.task));
  }
  void NeighborRestarted(Turn& turn, const Neighbor& neighbor) override {
    Follow(turn, "regains", std::to_string(neighbor.task));
  }

 private:
  // Does what the script says to this event; says whether there was anything.
  bool Follow(Turn& turn, const std::string& event, const std::string& about) {
    bool any = false;
    for (std::size_t i = 0; i < script_.rules().size(); ++i) {
      const Rule rule = script_.rules()[i];
      if (rule.task != turn.task() || rule.event != event ||
          rule.about != about || done_.contains(i) ||
          (rule.life != 0 && rule.life != turn.incarnation())) {
        continue;
      }
      done_.insert(i);
      any = true;
      Do(turn, rule.action);
    }
    return any;
  }

  void Do(Turn& turn, const Line& action) {
    const std::string& verb = action.words.at(0);
    if (verb == "flag") {
      turn.FlagMeta(action.Text("link", "next"), action.Text("text"));
    } else if (verb == "request") {
      turn.Request(static_cast<TaskId>(action.Number("to")), kEcho,
                   action.Text("input", "hello"), action.Text("key"));
    } else if (verb == "answer") {
      Answer(turn);
    } else if (verb == "hold") {
      // The token stays; a later "answer" gives it back.
    } else if (verb == "advance") {
      turn.AdvanceEpoch();
    } else if (verb == "finish") {
      turn.FinishJob({static_cast<int>(action.Number("code")),
                      action.Text("message", "done")});
    } else if (verb == "retire") {
      turn.Retire();
    } else if (verb == "throw") {
      throw std::runtime_error(action.Text("text", "thrown"));
    } else if (verb == "take") {
      script_.Slow(turn.task(), action.Time("time"));
    } else {
      throw std::logic_error("no actor knows how to " + verb);
    }
  }

  void Answer(Turn& turn) {
    for (auto& [token, input] : std::exchange(held_, {})) {
      turn.Answer(token, input);
    }
  }

  Script& script_;
  std::set<std::size_t> done_;
  std::vector<std::pair<Token<std::string>, std::string>> held_;
};

}  // namespace

std::string Line::Text(const std::string& name,
                       const std::string& otherwise) const {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : found->second;
}

std::uint64_t Line::Number(const std::string& name,
                           std::uint64_t otherwise) const {
  return Has(name) ? std::stoull(values.at(name)) : otherwise;
}

Duration Line::Time(const std::string& name) const {
  const std::string& text = values.at(name);
  std::size_t used = 0;
  const auto count = static_cast<std::int64_t>(std::stoull(text, &used));
  return text.substr(used) == "ms" ? Duration(std::chrono::milliseconds(count))
                                   : Duration(std::chrono::seconds(count));
}

Line Parse(const std::string& text) {
  Line line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      line.words.push_back(word);
    } else {
      line.values[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  return line;
}

void Script::Add(const std::string& text) {
  const std::size_t at = text.find(" do ");
  if (at == std::string::npos) {
    throw std::logic_error("a rule says what to do: " + text);
  }
  Line when = Parse(text.substr(0, at));
  Rule rule;
  rule.task = static_cast<TaskId>(when.Number("task"));
  rule.life = when.Number("life");
  when.values.erase("task");
  when.values.erase("life");
  if (when.values.size() != 1) {
    throw std::logic_error("a rule waits for one event: " + text);
  }
  rule.event = when.values.begin()->first;
  rule.about = when.values.begin()->second;
  rule.action = Parse(text.substr(at + 4));
  rules_.push_back(std::move(rule));
}

Duration Script::TakeSlowness(TaskId task) {
  const auto found = slow_.extract(task);
  return found ? found.mapped() : Duration{};
}

std::unique_ptr<taskgraph::Task> MakeActor(Script& script) {
  return std::make_unique<Actor>(script);
}

}  // namespace scenarios
