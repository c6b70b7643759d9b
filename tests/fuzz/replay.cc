// SPDX-License-Identifier: Apache-2.0
//
// Replay: a target's corpus, and a fixed number of spoiled copies of it. It
// learns nothing, but needs no other compiler, takes a second, and does the
// same each time.
//
//   fuzz_TARGET FOLDER [ROUNDS]      tries FOLDER's files, then ROUNDS
//   mutations fuzz_TARGET --write-seeds FOLDER
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz.h"
#include "mutator.h"

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeed = 20240229;
constexpr std::string_view kSeedPrefix = "seed-";

// No input may make us reserve more than this; sanitizers need more themselves,
// and have a limit of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr rlim_t kAddressSpaceMax = rlim_t{1} << 30;
#else
constexpr rlim_t kAddressSpaceMax = RLIM_INFINITY;
#endif

const std::string* trying = nullptr;
const char* finding = nullptr;

// The last thing that this process does.
void KeepFinding(int signal) {
  std::signal(signal, SIG_DFL);
  if (trying != nullptr) {
    std::FILE* file = std::fopen(finding, "wb");
    if (file != nullptr) {
      std::fwrite(trying->data(), 1, trying->size(), file);
      std::fclose(file);
    }
    std::fprintf(stderr,
                 "fuzz: the input is in %s; when the fault is mended, "
                 "it belongs into the target's corpus\n",
                 finding);
  }
  std::raise(signal);
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string SeedName(std::size_t number) {
  return std::string(kSeedPrefix) + (number < 10 ? "0" : "") +
         std::to_string(number);
}

bool IsSeed(const fs::path& path) {
  return path.filename().string().starts_with(kSeedPrefix);
}

int WriteSeeds(const fs::path& folder) {
  fs::create_directories(folder);
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (IsSeed(entry.path())) fs::remove(entry.path());
  }
  const std::vector<std::string> seeds = fuzz::Seeds();
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream(folder / SeedName(i), std::ios::binary) << seeds[i];
  }
  return 0;
}

// Seeds that are not well formed any more find little.
bool SeedsAreThere(const std::vector<fs::path>& files) {
  const std::vector<std::string> seeds = fuzz::Seeds();
  std::size_t sound = 0;
  for (const fs::path& file : files) {
    if (!IsSeed(file)) continue;
    const auto same = [&](std::size_t i) {
      return file.filename() == SeedName(i) && ReadFile(file) == seeds[i];
    };
    for (std::size_t i = 0; i < seeds.size(); ++i) sound += same(i) ? 1 : 0;
  }
  const auto there = static_cast<std::size_t>(
      std::count_if(files.begin(), files.end(), IsSeed));
  return sound == seeds.size() && there == seeds.size();
}

void TryOne(const std::string& bytes) {
  trying = &bytes;
  fuzz::Try(bytes);
  trying = nullptr;
}

int Replay(const fs::path& folder, std::uint64_t rounds) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (!SeedsAreThere(files)) {
    std::fprintf(stderr,
                 "fuzz: the seeds in %s are not what the code encodes now; "
                 "write them anew: scripts/fuzz --write-seeds\n",
                 folder.c_str());
    return 1;
  }
  std::vector<std::string> corpus;
  for (const fs::path& file : files) corpus.push_back(ReadFile(file));
  for (const std::string& bytes : corpus) TryOne(bytes);
  fuzz::Mutator mutator(corpus, kSeed);
  for (; rounds > 0; --rounds) TryOne(mutator.Next());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--write-seeds") == 0) {
    return WriteSeeds(argv[2]);
  }
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s FOLDER [ROUNDS] | --write-seeds FOLDER\n",
                 argv[0]);
    return 2;
  }
  const rlimit limit{kAddressSpaceMax, kAddressSpaceMax};
  ::setrlimit(RLIMIT_AS, &limit);
  const std::string name = "finding-" + fs::path(argv[0]).filename().string();
  finding = name.c_str();
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) {
    std::signal(signal, KeepFinding);
  }
  return Replay(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0);
}
