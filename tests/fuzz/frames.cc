// SPDX-License-Identifier: Apache-2.0
//
// The bytes of an established pipe (transport/frame_reader.h). The first byte
// of an input says how the rest is cut into reads.
#include <algorithm>
#include <array>
#include <utility>

#include "fuzz.h"
#include "transport/frame_reader.h"
#include "transport/write_queue.h"

namespace {

using taskgraph::Payload;
using taskgraph::transport::BufferPool;
using taskgraph::transport::Frame;
using taskgraph::transport::FrameReader;
using taskgraph::transport::WriteQueue;

constexpr FrameReader::Limits kLimits{4096, 1 << 16};
constexpr std::uint64_t kPieceBytes = 64;

// What came out of a reader: texts of all frames, and why it ended.
struct Heard {
  std::vector<std::pair<std::string, std::string>> frames;
  std::string error;
};

std::span<const std::byte> BytesOf(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// Reads `bytes` in pieces of changing sizes; what belongs to a body goes where
// it belongs, as a connection does it. `cut` 0: all at once.
Heard Read(std::string_view bytes, std::size_t cut) {
  static BufferPool pool(0);
  Heard heard;
  FrameReader reader(kLimits, pool, [&](Frame&& frame) {
    heard.frames.emplace_back(frame.head, frame.body.text());
  });
  std::size_t step = cut;
  bool sound = true;
  while (sound && !bytes.empty()) {
    step = cut == 0 ? bytes.size() : 1 + (step * 7 + 3) % (2 * cut);
    const std::span<std::byte> direct = reader.Direct();
    std::string_view piece = bytes.substr(0, step);
    if (cut != 0 && !direct.empty()) {
      piece = piece.substr(0, direct.size());
      std::copy(piece.begin(), piece.end(),
                reinterpret_cast<char*>(direct.data()));
      sound = reader.Filled(piece.size());
    } else {
      sound = reader.Feed(BytesOf(piece));
    }
    bytes.remove_prefix(piece.size());
  }
  heard.error = reader.error();
  fuzz::Require(sound == heard.error.empty(), "a reader that stops says why");
  return heard;
}

std::string Written(const Heard& heard) {
  WriteQueue queue(kPieceBytes);
  for (const auto& [head, body] : heard.frames) {
    queue.Push(Frame{head, Payload::Own(body)});
  }
  std::string bytes;
  std::array<WriteQueue::Bytes, 8> parts;
  while (!queue.empty()) {
    std::size_t written = 0;
    const std::size_t used = queue.Gather(parts);
    for (std::size_t i = 0; i < used; ++i) {
      bytes.append(reinterpret_cast<const char*>(parts[i].data()),
                   parts[i].size());
      written += parts[i].size();
    }
    queue.Written(written);
  }
  return bytes;
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  const Tagged input = Untag(bytes);
  Heard whole = Read(input.rest, 0);
  const Heard cut = Read(input.rest, 1 + input.kind);
  Require(whole.frames == cut.frames && whole.error == cut.error,
          "it does not matter how bytes are cut into reads");
  std::size_t total = 0;
  for (const auto& [head, body] : whole.frames) {
    Require(head.size() <= kLimits.head_bytes_max &&
                body.size() <= kLimits.body_bytes_max,
            "frames keep to the limits");
    total += head.size() + body.size();
  }
  Require(total <= input.rest.size(), "nothing is heard that was not said");
  Heard again = Read(Written(whole), 0);
  Require(again.error.empty(), "what was read can be written and read again");
  // Small frames may overtake large ones.
  std::sort(whole.frames.begin(), whole.frames.end());
  std::sort(again.frames.begin(), again.frames.end());
  Require(again.frames == whole.frames, "frames survive being sent on");
}

std::vector<std::string> fuzz::Seeds() {
  const std::string large(3 * kPieceBytes + 1, 'l');
  const std::vector<Heard> stories = {
      {{{"head", "body"}}, {}},
      {{{"", ""}, {"a", ""}, {"", "b"}}, {}},
      {{{"large", large}}, {}},
      {{{"large", large}, {"small", "s"}, {"other", large + large}}, {}}};
  std::vector<std::string> seeds;
  for (const Heard& story : stories) {
    seeds.push_back(Tag(0, Written(story)));
    seeds.push_back(Tag(5, Written(story)));
  }
  WriteQueue heartbeat(kPieceBytes);
  heartbeat.PushHeartbeat();
  std::array<WriteQueue::Bytes, 1> part;
  heartbeat.Gather(part);
  seeds.push_back(
      Tag(1, {reinterpret_cast<const char*>(part[0].data()), part[0].size()}));
  return seeds;
}
