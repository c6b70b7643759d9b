// SPDX-License-Identifier: Apache-2.0
#include "sim/digest.h"

#include <cstring>
#include <string_view>
#include <variant>

#include "sim/random.h"

namespace taskgraph::sim {
namespace {

class Mixer {
 public:
  std::uint64_t sum() const { return sum_; }

  void operator()(std::uint64_t number) { sum_ = Scatter(sum_ ^ number) + 1; }

  void operator()(std::string_view bytes) {
    (*this)(bytes.size());
    for (; bytes.size() >= sizeof(std::uint64_t); bytes.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof word);
      (*this)(word);
    }
    for (unsigned char c : bytes) (*this)(c);
  }

  void operator()(const RequestId& id) {
    (*this)(id.task);
    (*this)(id.incarnation);
    (*this)(id.epoch);
    (*this)(id.number);
  }

  void operator()(const core::FlagMeta& meta) {
    (*this)(meta.link);
    (*this)(meta.text);
  }
  void operator()(const core::MakeRequest& request) {
    (*this)(request.number);
    (*this)(request.to);
    (*this)(request.method);
    (*this)(request.key);
    (*this)(request.input.text());
  }
  void operator()(const core::CancelRequest& cancel) { (*this)(cancel.number); }
  void operator()(const core::GiveAnswer& answer) {
    (*this)(answer.id);
    if (answer.error) (*this)(answer.error->message);
    (*this)(answer.output.text());
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace

std::uint64_t Digest(const core::TurnEffects& effects) {
  Mixer mix;
  for (const Payload& update : effects.updates) mix(update.text());
  for (const core::Effect& effect : effects.ordered) {
    mix(effect.index());
    std::visit(mix, effect);
  }
  mix((effects.advance_epoch ? 2U : 0U) + (effects.retire ? 1U : 0U));
  if (effects.finish) {
    mix(static_cast<std::uint64_t>(effects.finish->code));
    mix(effects.finish->message);
  }
  if (effects.failure) mix(*effects.failure);
  if (effects.snapshot) mix(effects.snapshot->bytes.text());
  return mix.sum();
}

}  // namespace taskgraph::sim
