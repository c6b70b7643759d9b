// SPDX-License-Identifier: Apache-2.0
//
// Mutator: sound inputs, spoiled in ways that parsers are known to miss.
//
// Pure: the same seed gives the same inputs, always.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace fuzz {

class Mutator {
 public:
  // `corpus` must outlive it, and not be empty.
  Mutator(const std::vector<std::string>& corpus, std::uint64_t seed)
      : corpus_(corpus), random_(seed) {}

  std::string Next();

 private:
  void Spoil(std::string& bytes);
  // Below `end`, which is not 0.
  std::size_t Below(std::size_t end) { return random_() % end; }
  const std::string& Any() { return corpus_[Below(corpus_.size())]; }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

}  // namespace fuzz
