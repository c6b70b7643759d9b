// SPDX-License-Identifier: Apache-2.0
#include "sim/message_text.h"

#include <variant>

namespace taskgraph::sim {
namespace {

std::string Number(std::uint64_t number) { return std::to_string(number); }

struct Kind {
  std::string operator()(const core::MetaMessage& meta) const {
    return "meta " + Number(meta.number) + " \"" + meta.text + "\"";
  }
  std::string operator()(const core::MetaAck& ack) const {
    return "acknowledgement up to meta " + Number(ack.number);
  }
  std::string operator()(const core::RequestMessage& request) const {
    return "request " + Number(request.id.number) + " for " + request.method;
  }
  std::string operator()(const core::AnswerMessage& answer) const {
    return (answer.error ? "refusal of request " : "answer to request ") +
           Number(answer.id.number);
  }
  std::string operator()(const core::Refusal& refusal) const {
    return "refusal: " + std::string(Name(refusal.code));
  }
};

struct Describer {
  std::string operator()(const core::Message& message) const {
    const core::Route& route = message.route;
    return std::visit(Kind{}, message.body) + " of task " + Number(route.from) +
           " (term " + Number(route.term) + ") to task " + Number(route.to) +
           " (term " + Number(route.to_term) + "), epoch " +
           Number(route.epoch);
  }
  std::string operator()(const core::EpochNews& news) const {
    return "news of epoch " + Number(news.epoch);
  }
  std::string operator()(const core::ReplicaMessage& message) const {
    std::string who = "task " + std::to_string(message.task) + ": ";
    if (const auto* append = std::get_if<core::LogAppend>(&message.body)) {
      std::string text = who + "term " + std::to_string(append->term) +
                         ", up to " + std::to_string(append->committed) +
                         " stands, stamp " + std::to_string(append->stamp);
      for (const core::TurnRecord& record : append->records) {
        text += ", record " + std::to_string(record.number);
      }
      return text;
    }
    if (const auto* ack = std::get_if<core::LogAck>(&message.body)) {
      return who + "term " + std::to_string(ack->term) + ", has " +
             std::to_string(ack->held) + ", heard stamp " +
             std::to_string(ack->stamp);
    }
    if (const auto* invitation = std::get_if<core::Invitation>(&message.body)) {
      return who + "term " + std::to_string(invitation->term) + ", stay " +
             std::to_string(invitation->join) + ", a copy after record " +
             std::to_string(invitation->applied);
    }
    return who + "has no copy";
  }
  std::string operator()(const core::Suspicion& suspicion) const {
    return "suspicion of node " + suspicion.node;
  }
};

}  // namespace

std::string Describe(const core::NodeMessage& message) {
  return std::visit(Describer{}, message);
}

}  // namespace taskgraph::sim
