// SPDX-License-Identifier: Apache-2.0
#include "digits/memory.h"

#include <cstring>
#include <string>
#include <utility>

#include "digits/model.h"

namespace digits {
namespace {

// A note's numbers, side by side; its values follow.
struct Head {
  std::uint64_t what;
  std::uint64_t from;
  std::uint64_t step;
  std::uint64_t asker;
  std::uint64_t incarnation;
  std::uint64_t epoch;
  std::uint64_t number;
  std::uint64_t bytes;  // Of the values.
};

Head HeadOf(const Note& note) {
  return {static_cast<std::uint64_t>(note.what),
          note.from,
          note.step,
          note.request.task,
          note.request.incarnation,
          note.request.epoch,
          note.request.number,
          note.values.payload().size()};
}

Note NoteOf(const Head& head, Array<double> values) {
  return {static_cast<What>(head.what),
          static_cast<TaskId>(head.from),
          head.step,
          {static_cast<TaskId>(head.asker), head.incarnation, head.epoch,
           head.number},
          std::move(values)};
}

}  // namespace

void Memory::Take(const Note& note) {
  switch (note.what) {
    case What::kEpochBegan:
      BeginEpoch(note.step);
      break;
    case What::kModelWanted:
      wishes.push_back({note.request, note.step});
      break;
    case What::kGradientWanted:
      wishes.push_back({note.request, {}});
      break;
    case What::kAnswered:
      std::erase_if(wishes, [&](const Wish& wish) {
        return wish.request == note.request;
      });
      break;
    case What::kModel:
      models.try_emplace(StepsOf(note.values), note.values);
      break;
    case What::kClueless:
      clueless.insert(note.from);
      break;
    case What::kGradient:
      gradients[note.from] = note.values;
      break;
    case What::kSum:
      sum = note.values;
      break;
    case What::kStep:
      models[note.step + 1] = Step(models.at(note.step), sum);
      break;
    case What::kConfirmed:
      confirmed.insert(note.from);
      break;
    case What::kEnded:
      ended = true;
      break;
  }
}

// What was asked in the epoch before is void now (R9).
void Memory::BeginEpoch(Epoch epoch) {
  Memory fresh;
  fresh.models = std::move(models);
  fresh.models.erase(fresh.models.begin(), fresh.models.lower_bound(epoch));
  if (epoch == 0) fresh.models[0] = FirstModel();  // That everybody knows.
  *this = std::move(fresh);
}

Notes Memory::Summary() const {
  Notes notes;
  for (const auto& [step, model] : models) {
    notes.push_back({.what = What::kModel, .values = model});
  }
  for (TaskId task : clueless) {
    notes.push_back({.what = What::kClueless, .from = task});
  }
  for (TaskId task : confirmed) {
    notes.push_back({.what = What::kConfirmed, .from = task});
  }
  for (const auto& [task, gradient] : gradients) {
    notes.push_back(
        {.what = What::kGradient, .from = task, .values = gradient});
  }
  if (!sum.empty()) notes.push_back({.what = What::kSum, .values = sum});
  if (ended) notes.push_back({.what = What::kEnded});
  for (const Wish& wish : wishes) {
    notes.push_back(
        {.what = wish.step ? What::kModelWanted : What::kGradientWanted,
         .step = wish.step.value_or(0),
         .request = wish.request});
  }
  return notes;
}

}  // namespace digits

namespace taskgraph {

using digits::Head;
using digits::Note;
using digits::Notes;

Payload Codec<Notes>::Encode(const Notes& notes) {
  std::size_t size = 0;
  for (const Note& note : notes) {
    size += sizeof(Head) + note.values.payload().size();
  }
  std::string bytes;
  bytes.reserve(size);
  for (const Note& note : notes) {
    const Head head = digits::HeadOf(note);
    bytes.append(reinterpret_cast<const char*>(&head), sizeof head);
    bytes.append(note.values.payload().text());
  }
  return Payload::Own(std::move(bytes));
}

std::optional<Notes> Codec<Notes>::Decode(const Payload& bytes) {
  Notes notes;
  for (std::size_t at = 0; at < bytes.size();) {
    Head head;
    if (bytes.size() - at < sizeof head) return {};
    std::memcpy(&head, bytes.data() + at, sizeof head);
    at += sizeof head;
    if (bytes.size() - at < head.bytes) return {};
    auto values = Codec<Array<double>>::Decode(
        Payload(bytes.owner(), bytes.data() + at, head.bytes));
    if (!values) return {};
    at += head.bytes;
    notes.push_back(digits::NoteOf(head, *std::move(values)));
  }
  return notes;
}

}  // namespace taskgraph
